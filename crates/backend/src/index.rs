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
    let mut table = "| | question | answer | last recorded run |\n|--:|---|---|---|\n".to_owned();
    for question in QUESTIONS {
        let answer = ANSWERS.iter().find(|answer| answer.slug == question.slug);
        let (link, run) = match answer {
            Some(answer) => (link(answer), last_run(answer)),
            None => ("*not built yet*".to_owned(), String::new()),
        };
        let (number, title) = (question.number, question.title);
        table.push_str(&format!("| {number} | {title} | {link} | {run} |\n"));
    }
    table
}

fn link(answer: &Answer) -> String {
    let Answer { number, slug, .. } = answer;
    format!("[{slug}](crates/answers/{number:02}-{slug})")
}

fn last_run(answer: &Answer) -> String {
    record::load(answer.recorded)
        .iter()
        .find_map(|event| match event {
            Event::Finished { verdict: Verdict::Passed, passed, seconds, .. } => {
                Some(format!("{passed} claims proven in {seconds:.0} s"))
            }
            _ => None,
        })
        .unwrap_or_else(|| "none".to_owned())
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
