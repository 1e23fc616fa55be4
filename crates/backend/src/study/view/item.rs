//! The things that a step shows.

use evidence::{
    BlockKind, Cell, Chart, Comparison, Event, Measurement, Quantity, RungKind, Story, Unit,
};

/// One thing on the page.
#[derive(Debug)]
pub(in crate::study) enum Item {
    Note(String),
    Bar(Bar),
    Block {
        kind: BlockKind,
        title: String,
        text: String,
    },
    /// Query plans that follow each other, shown side by side.
    Plans(Vec<(String, String)>),
    Story(Story),
    Ladder(Ladder),
    Checks(Vec<Check>),
    Measurements(Vec<Measurement>),
    Comparison(Comparison),
    Chart(Chart),
    Prediction(Prediction),
}

/// Something to guess, and what the run measured once it got that far.
#[derive(Clone, Debug)]
pub(in crate::study) struct Prediction {
    pub(in crate::study) id: String,
    pub(in crate::study) question: String,
    pub(in crate::study) unit: Unit,
    pub(in crate::study) measured: Option<Quantity>,
}

#[derive(Debug)]
pub(in crate::study) struct Bar {
    pub(in crate::study) number: u32,
    pub(in crate::study) label: String,
    pub(in crate::study) done: u64,
    pub(in crate::study) total: u64,
    pub(in crate::study) unit: String,
    pub(in crate::study) elapsed_ms: u64,
}

#[derive(Clone, Debug)]
pub(in crate::study) struct Ladder {
    pub(in crate::study) number: u32,
    pub(in crate::study) title: String,
    pub(in crate::study) columns: Vec<String>,
    pub(in crate::study) rungs: Vec<Rung>,
}

#[derive(Clone, Debug)]
pub(in crate::study) struct Rung {
    pub(in crate::study) kind: RungKind,
    pub(in crate::study) name: String,
    pub(in crate::study) cells: Vec<Cell>,
}

#[derive(Debug)]
pub(in crate::study) struct Check {
    pub(in crate::study) id: String,
    pub(in crate::study) claim: String,
    pub(in crate::study) passed: bool,
}

impl Item {
    /// What an event shows by itself; `None` for those that change the run or another item.
    pub(super) fn of(event: &Event) -> Option<Self> {
        Some(match event.clone() {
            Event::Note { text } => Self::Note(text),
            Event::Progress { bar: number, label, done, total, unit, elapsed_ms } => {
                Self::Bar(Bar { number, label, done, total, unit, elapsed_ms })
            }
            Event::Block { kind: BlockKind::Plan, title, text } => Self::Plans(vec![(title, text)]),
            Event::Block { kind, title, text } => Self::Block { kind, title, text },
            Event::Story(story) => Self::Story(story),
            Event::Ladder { ladder: number, title, columns } => {
                Self::Ladder(Ladder { number, title, columns, rungs: Vec::new() })
            }
            Event::Check { id, claim, passed } => Self::Checks(vec![Check { id, claim, passed }]),
            Event::Measurement(measurement) => Self::Measurements(vec![measurement]),
            Event::Comparison(comparison) => Self::Comparison(comparison),
            Event::Chart(chart) => Self::Chart(chart),
            Event::Prediction { id, question, unit } => {
                Self::Prediction(Prediction { id, question, unit, measured: None })
            }
            _ => return None,
        })
    }
}
