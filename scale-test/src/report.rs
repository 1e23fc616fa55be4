//! What was checked and measured: told as it comes, and once more as a table.

use std::fmt::Write as _;
use std::time::Duration;

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{ContentArrangement, Table};

/// Whether something held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// As promised.
    Held,
    /// Not as promised.
    Failed,
    /// A figure that promises nothing.
    Figure,
}

impl Verdict {
    const fn word(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Failed => "FAILED",
            Self::Figure => "–",
        }
    }
}

/// One line of the table.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) step: &'static str,
    /// What prose calls its figure by, together with the step.
    pub(crate) id: &'static str,
    pub(crate) sentence: String,
    pub(crate) figure: String,
    pub(crate) verdict: Verdict,
}

/// Everything so far.
#[derive(Debug, Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
    step: &'static str,
}

impl Report {
    /// What follows belongs to this step.
    pub(crate) fn begin(&mut self, step: &'static str) {
        self.step = step;
    }

    /// Tells what happens now.
    pub(crate) fn progress(&self, what: &str) {
        eprintln!("  {}: {what} …", self.step);
    }

    /// A promise, and whether it held.
    pub(crate) fn check(
        &mut self,
        id: &'static str,
        sentence: &str,
        figure: impl Into<String>,
        held: bool,
    ) {
        let verdict = if held { Verdict::Held } else { Verdict::Failed };
        self.add(id, sentence, figure.into(), verdict);
    }

    /// A figure without a promise.
    pub(crate) fn figure(&mut self, id: &'static str, sentence: &str, figure: impl Into<String>) {
        self.add(id, sentence, figure.into(), Verdict::Figure);
    }

    fn add(&mut self, id: &'static str, sentence: &str, figure: String, verdict: Verdict) {
        let row = Row { step: self.step, id, sentence: sentence.to_owned(), figure, verdict };
        eprintln!("  {}: [{}] {}: {}", row.step, verdict.word(), row.sentence, row.figure);
        self.rows.push(row);
    }

    /// Rows of everything.
    pub(crate) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// How many promises did not hold.
    pub(crate) fn failures(&self) -> usize {
        self.rows.iter().filter(|row| row.verdict == Verdict::Failed).count()
    }

    /// The table for a terminal.
    pub(crate) fn table(&self) -> String {
        let mut table = Table::new();
        table.load_style(UTF8_HORIZONTAL_ONLY);
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_header(["step", "check", "figure", "verdict"]);
        for row in &self.rows {
            table.add_row([row.step, &row.sentence, &row.figure, row.verdict.word()]);
        }
        table.to_string()
    }

    /// The rows of one step as a table in Markdown.
    pub(crate) fn markdown(&self, step: &str) -> String {
        let mut text = String::from("| check | figure | verdict |\n|---|---|---|\n");
        for row in self.rows.iter().filter(|row| row.step == step) {
            let figure = row.figure.replace('|', "\\|");
            let _ = writeln!(text, "| {} | {figure} | {} |", row.sentence, row.verdict.word());
        }
        text
    }
}

/// Milliseconds, as everything here takes some.
pub(crate) fn milliseconds(time: Duration) -> String {
    let milliseconds = time.as_secs_f64() * 1e3;
    match milliseconds {
        short if short < 10.0 => format!("{short:.1} ms"),
        long if long >= 10_000.0 => format!("{:.1} s", long / 1e3),
        middle => format!("{middle:.0} ms"),
    }
}
