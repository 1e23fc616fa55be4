//! What happens on a [`crate::Stage`], as data.
//!
//! The terminal, the study pages and the recorded runs all render these events, so a demo is
//! written once and looks the same everywhere.

use serde::{Deserialize, Serialize};

use crate::{Chart, Machine, Quantity, Scale, Unit};

/// One thing that happened during a demo run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The run began.
    Started {
        /// Slug of the answer.
        answer: String,
        /// The question in a few words.
        title: String,
        /// How much data the run uses.
        scale: Scale,
        /// Seed of every random choice in the run.
        seed: u64,
        /// Where it runs, and when it began.
        machine: Machine,
        /// Names of the switches that were flipped; none in a run that may be quoted.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        switches: Vec<String>,
    },
    /// What else the run stands on became known; completes the stamp of [`Event::Started`].
    Environment {
        /// PostgreSQL version, such as `17.6`.
        postgres: String,
    },
    /// A new step of the demo began.
    Step {
        /// What is about to happen.
        title: String,
    },
    /// A sentence for the reader.
    Note {
        /// The sentence.
        text: String,
    },
    /// Long work moved on; sent at most a few times per second.
    Progress {
        /// Which progress bar, counted from 0 within the run.
        bar: u32,
        /// What is being done.
        label: String,
        /// Units finished so far.
        done: u64,
        /// Units in total.
        total: u64,
        /// What is counted, such as `rows`.
        unit: String,
        /// Time since the bar appeared, in milliseconds.
        elapsed_ms: u64,
    },
    /// Text shown in a fixed-width block: code, SQL or a query plan.
    Block {
        /// What kind of text it is.
        kind: BlockKind,
        /// Title above the block.
        title: String,
        /// The text itself.
        text: String,
    },
    /// The run told as situation, task, action and result.
    Story(Story),
    /// A ladder began: its rungs follow one by one.
    Ladder {
        /// Which ladder, counted from 0 within the run.
        ladder: u32,
        /// The fixed load that every rung is put under.
        title: String,
        /// Column names, without the first one, which holds the rung's name.
        columns: Vec<String>,
    },
    /// One rung of a ladder was measured.
    Rung {
        /// The ladder it belongs to.
        ladder: u32,
        /// Whether it is wrong, tempting, right or right at another price.
        kind: RungKind,
        /// What was tried.
        name: String,
        /// One cell for each column of the ladder.
        cells: Vec<Cell>,
    },
    /// A claim was put to the test.
    Check {
        /// Stable id that READMEs refer to, such as `pruning-reads-one-partition`.
        id: String,
        /// The claim as a sentence, with the numbers of this run.
        claim: String,
        /// Whether it holds.
        passed: bool,
    },
    /// A value a reader may quote.
    Measurement(Measurement),
    /// Two variants measured alternately.
    Comparison(Comparison),
    /// A picture of the numbers.
    Chart(Chart),
    /// Something the reader may guess before it is measured.
    Prediction {
        /// Ties the question to its [`Event::Reveal`].
        id: String,
        /// The question.
        question: String,
        /// The unit of the guess.
        unit: Unit,
    },
    /// The answer to a [`Event::Prediction`].
    Reveal {
        /// The id of the prediction.
        id: String,
        /// The measured value.
        value: Quantity,
    },
    /// The run ended; nothing follows.
    Finished {
        /// How it ended.
        verdict: Verdict,
        /// Number of checks that held.
        passed: u32,
        /// Number of checks that did not hold.
        failed: u32,
        /// Wall-clock length of the run in seconds.
        seconds: f64,
        /// Why the run stopped early, where it did.
        error: Option<String>,
    },
}

/// What a [`Event::Block`] holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockKind {
    /// Rust, SQL, HTTP or shell text.
    Code,
    /// A query plan as PostgreSQL prints it.
    Plan,
    /// Output of a program.
    Output,
}

/// The same run as an interview story.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Story {
    /// Where we were.
    pub situation: String,
    /// What had to be achieved.
    pub task: String,
    /// What was done.
    pub action: String,
    /// What came of it, in numbers.
    pub result: String,
}

/// Where a rung stands on its ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RungKind {
    /// What one starts from, and it fails.
    Wrong,
    /// Plausible, and still wrong.
    Tempting,
    /// The recommended answer.
    Right,
    /// Right as well, at another price.
    Costly,
}

impl RungKind {
    /// The sign that stands for the kind wherever colour may be missing.
    #[must_use]
    pub fn mark(self) -> &'static str {
        match self {
            Self::Wrong => "✕",
            Self::Tempting => "?",
            Self::Right => "✓",
            Self::Costly => "◇",
        }
    }

    /// The kind in one word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Wrong => "wrong",
            Self::Tempting => "tempting",
            Self::Right => "right",
            Self::Costly => "costly",
        }
    }
}

/// One table cell of a rung.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Cell {
    /// A number with its unit; right-aligned.
    Quantity(Quantity),
    /// Anything else; left-aligned.
    Text(String),
}

/// One measured value with its spread.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// Stable id that READMEs refer to.
    pub id: String,
    /// What was measured.
    pub label: String,
    /// The median, or the single value where `samples` is 1.
    pub value: Quantity,
    /// Lower end of the 95 % interval of the median; equals the value for counts.
    pub low: f64,
    /// Upper end of the 95 % interval of the median; equals the value for counts.
    pub high: f64,
    /// How many samples were taken.
    pub samples: u32,
}

/// Two variants, sampled alternately so that drift hits both.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Stable id that READMEs refer to.
    pub id: String,
    /// What was compared.
    pub label: String,
    /// The first variant.
    pub left: Measurement,
    /// The second variant.
    pub right: Measurement,
    /// Which one is lower, or that this cannot be told.
    pub verdict: Lower,
}

/// The outcome of a [`Comparison`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lower {
    /// The first variant's interval lies wholly below the second's.
    Left,
    /// The second variant's interval lies wholly below the first's.
    Right,
    /// The intervals overlap.
    NoVerdict,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every check held.
    Passed,
    /// At least one check did not hold, or the demo could not go on.
    Failed,
    /// The reader stopped it.
    Interrupted,
}
