//! The README of an answer, taken apart along its fixed headings.

use std::ops::Range;

/// The headings of every answer's README, in this order.
pub const HEADINGS: [&str; 9] = [
    "Question",
    "Say it",
    "Show it",
    "Run it",
    "The tempting wrong version",
    "Why this, not that",
    "When this answer is wrong",
    "Follow-ups",
    "Left out",
];

/// Headings inside "Say it", in this order.
pub const SPOKEN: [&str; 2] = ["30 seconds", "Two minutes"];

/// Begins the part of "Run it" that [`crate::record::write`] fills in.
pub const RECORDED_BEGIN: &str = "<!-- recorded:begin -->";
/// Ends that part.
pub const RECORDED_END: &str = "<!-- recorded:end -->";

/// A README in sections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readme {
    /// Text of the first-level heading.
    pub title: String,
    /// The answer in one line, with the number to remember: what stands between the title and the
    /// first section, as Markdown.
    pub headline: String,
    /// The second-level sections, as they stand.
    pub sections: Vec<Section>,
}

/// A heading and what follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The heading without its signs.
    pub heading: String,
    /// Everything up to the next heading of that level, as Markdown.
    pub text: String,
}

/// One row of "Show it".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShowRow {
    /// What you say.
    pub say: String,
    /// The code it is about: a link and an item, `` [`src/store.rs`](src/store.rs) `insert` ``.
    pub code: Option<CodeRef>,
    /// What proves it.
    pub proof: Vec<Proof>,
}

/// An item in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeRef {
    /// Path below the answer's folder.
    pub path: String,
    /// Name of the item, as [`crate::source::find`] takes it.
    pub item: String,
}

/// What proves a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// A check of the demo, written `` `check:ID` ``.
    Check(String),
    /// A test, written `` `test:NAME` ``.
    Test(String),
}

/// A folded question of "Follow-ups".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowUp {
    /// What they ask next: the text of `<summary>`.
    pub question: String,
    /// The short answer.
    pub answer: String,
}

/// A value that a recording keeps up to date: `<!-- v:ID -->12 ms<!-- /v -->`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InlineValue {
    /// The id of the measurement.
    pub id: String,
    /// What stands there now.
    pub shown: String,
    /// Bytes of `shown` in the README.
    pub range: Range<usize>,
}

impl Readme {
    /// Takes Markdown apart; headings inside code fences are text. Never fails: what is missing
    /// is for [`crate::rules`] to say.
    #[must_use]
    pub fn parse(markdown: &str) -> Self {
        let mut readme = Self::default();
        for (line, fenced) in lines(markdown) {
            if let (Some(heading), false) = (line.strip_prefix("## "), fenced) {
                let heading = heading.trim().to_owned();
                readme.sections.push(Section { heading, text: String::new() });
            } else if let Some(section) = readme.sections.last_mut() {
                section.text.push_str(line);
                section.text.push('\n');
            } else if let (Some(title), false) = (line.strip_prefix("# "), fenced) {
                title.trim().clone_into(&mut readme.title);
            } else {
                readme.headline.push_str(line);
                readme.headline.push('\n');
            }
        }
        readme.headline = readme.headline.trim().to_owned();
        readme
    }

    /// The text below a heading.
    #[must_use]
    pub fn section(&self, heading: &str) -> Option<&str> {
        let section = self.sections.iter().find(|section| section.heading == heading)?;
        Some(&section.text)
    }

    /// The text below a third-level heading of "Say it": one of [`SPOKEN`].
    #[must_use]
    pub fn spoken(&self, heading: &str) -> Option<String> {
        let mut found = None;
        for (line, fenced) in lines(self.section("Say it")?) {
            match line.strip_prefix("### ").filter(|_| !fenced) {
                Some(name) if name.trim() == heading => found = Some(String::new()),
                Some(_) if found.is_some() => break,
                Some(_) => {}
                None => {
                    if let Some(text) = &mut found {
                        text.push_str(line);
                        text.push('\n');
                    }
                }
            }
        }
        found
    }

    /// The rows of the "Show it" table.
    #[must_use]
    pub fn show_rows(&self) -> Vec<ShowRow> {
        let text = self.section("Show it").unwrap_or_default();
        // The first two lines of a table are its header and the rule below it.
        text.lines().filter(|line| line.trim_start().starts_with('|')).skip(2).map(row).collect()
    }

    /// The folded questions of "Follow-ups".
    #[must_use]
    pub fn follow_ups(&self) -> Vec<FollowUp> {
        let text = self.section("Follow-ups").unwrap_or_default();
        text.split("<details>").skip(1).map(follow_up).collect()
    }
}

/// Lines of Markdown with whether each belongs to a code fence.
pub(crate) fn lines(markdown: &str) -> impl Iterator<Item = (&str, bool)> {
    let mut inside = false;
    markdown.lines().map(move |line| {
        let start = line.trim_start();
        let fence = start.starts_with("```") || start.starts_with("~~~");
        let fenced = inside || fence;
        inside ^= fence;
        (line, fenced)
    })
}

fn row(line: &str) -> ShowRow {
    let cells = cells(line);
    let cell = |index: usize| cells.get(index).map_or("", String::as_str);
    let proof = backticked(cell(2)).filter_map(proof).collect();
    ShowRow { say: cell(0).to_owned(), code: code_ref(cell(1)), proof }
}

/// Splits a table row at the bars that are neither escaped nor inside backticks.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let (mut code, mut escaped) = (false, false);
    for letter in line.trim().trim_start_matches('|').chars() {
        let cell = cells.len() - 1;
        match letter {
            '|' if !code && !escaped => cells.push(String::new()),
            '|' if escaped => {
                cells[cell].pop();
                cells[cell].push('|');
            }
            letter => {
                code ^= letter == '`';
                cells[cell].push(letter);
            }
        }
        escaped = letter == '\\' && !escaped;
    }
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}

/// Texts between single backticks.
pub(crate) fn backticked(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2).map(str::trim).filter(|text| !text.is_empty())
}

pub(crate) fn proof(text: &str) -> Option<Proof> {
    let (kind, name) = text.split_once(':')?;
    match kind {
        "check" => Some(Proof::Check(name.to_owned())),
        "test" => Some(Proof::Test(name.to_owned())),
        _ => None,
    }
}

fn code_ref(cell: &str) -> Option<CodeRef> {
    let (_, rest) = cell.split_once("](")?;
    let (path, rest) = rest.split_once(')')?;
    let item = backticked(rest).next()?;
    Some(CodeRef { path: path.to_owned(), item: item.to_owned() })
}

fn follow_up(text: &str) -> FollowUp {
    let text = text.split("</details>").next().unwrap_or_default();
    let (question, answer) = text.split_once("</summary>").unwrap_or(("", text));
    let question = question.split_once("<summary>").map_or(question, |(_, question)| question);
    FollowUp { question: question.trim().to_owned(), answer: answer.trim().to_owned() }
}

/// The inline values of a README, in order.
#[must_use]
pub fn inline_values(markdown: &str) -> Vec<InlineValue> {
    const OPEN: &str = "<!-- v:";
    const CLOSE: &str = "<!-- /v -->";
    let mut values = Vec::new();
    let mut at = 0;
    while let Some(open) = markdown[at..].find(OPEN) {
        let id_start = at + open + OPEN.len();
        let Some(id_length) = markdown[id_start..].find("-->") else { break };
        let start = id_start + id_length + "-->".len();
        let Some(length) = markdown[start..].find(CLOSE) else { break };
        let range = start..start + length;
        let id = markdown[id_start..id_start + id_length].trim().to_owned();
        at = range.end + CLOSE.len();
        values.push(InlineValue { id, shown: markdown[range.clone()].to_owned(), range });
    }
    values
}

#[cfg(test)]
mod tests;
