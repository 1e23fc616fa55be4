//! The table of questions in the repository's README, derived from the answers.

use std::io;
use std::path::Path;

use evidence::{Answer, Event, Verdict, record};

use crate::answers::ANSWERS;
use crate::questions::QUESTIONS;

const BEGIN: &str = "<!-- index:begin -->\n";
const END: &str = "<!-- index:end -->";

/// The table as Markdown.
#[must_use]
pub fn table() -> String {
    let mut table = "| | question | answer in one line | claims |\n|--:|---|---|--:|\n".to_owned();
    for question in QUESTIONS {
        let answer = ANSWERS.iter().find(|answer| answer.slug == question.slug);
        let (line, claims) = match answer {
            Some(answer) => last_run(answer),
            None => ("*not built yet*".to_owned(), String::new()),
        };
        let title =
            answer.map_or_else(|| question.title.to_owned(), |answer| link(answer, question.title));
        table.push_str(&format!("| {} | {title} | {line} | {claims} |\n", question.number));
    }
    table
}

fn link(answer: &Answer, title: &str) -> String {
    let Answer { number, slug, .. } = answer;
    format!("[{title}](crates/answers/{number:02}-{slug})")
}

/// The answer's line and the number of claims proven, both of the recorded run.
fn last_run(answer: &Answer) -> (String, String) {
    let events = record::load(answer.recorded);
    let passed = events.iter().find_map(|event| match event {
        Event::Finished { verdict: Verdict::Passed, passed, .. } => Some(passed.to_string()),
        _ => None,
    });
    let line = record::headline(answer.readme, &events);
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "none".to_owned());
    (or_none(line), or_none(passed))
}

/// The README with the table brought up to date; none where its markers are missing.
#[must_use]
pub fn updated(readme: &str) -> Option<String> {
    let (before, rest) = readme.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{}{END}{after}", table()))
}

/// Brings the table in a file up to date.
///
/// # Errors
/// When the file cannot be read or written, or has no markers.
pub fn update(path: &Path) -> io::Result<()> {
    let readme = std::fs::read_to_string(path)?;
    let missing = || io::Error::other("it has no `<!-- index:begin -->` and `<!-- index:end -->`");
    std::fs::write(path, updated(&readme).ok_or_else(missing)?)
}
