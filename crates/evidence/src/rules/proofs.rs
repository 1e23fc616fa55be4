//! Every sentence about the code names the code, and what proves it.

use std::collections::BTreeSet;
use std::path::Path;

use crate::readme::{CodeRef, Proof, Readme, ShowRow, backticked, lines, proof};
use crate::{Event, Source, source};

/// How many rows "Show it" has: enough for a conversation, few enough to remember.
const ROWS: std::ops::RangeInclusive<usize> = 6..=9;
/// How many follow-ups an answer prepares for.
const FOLLOW_UPS: std::ops::RangeInclusive<usize> = 5..=7;

/// Rows of "Show it" whose code does not exist or that name no proof, and a wrong number of rows.
#[must_use]
pub fn show_violations(readme: &Readme, sources: &[Source]) -> Vec<String> {
    let rows = readme.show_rows();
    let mut violations = Vec::new();
    if !ROWS.contains(&rows.len()) {
        let (least, most) = (ROWS.start(), ROWS.end());
        violations.push(format!("\"Show it\" has {} rows, not {least} to {most}", rows.len()));
    }
    for row in &rows {
        violations.extend(row_violations(row, sources));
    }
    violations
}

fn row_violations(row: &ShowRow, sources: &[Source]) -> Vec<String> {
    let mut violations = Vec::new();
    let say = &row.say;
    match &row.code {
        None => violations.push(format!(
            "\"{say}\" names no code, written as [`src/file.rs`](src/file.rs) `item`"
        )),
        Some(code) => violations.extend(code_violation(code, sources)),
    }
    if row.proof.is_empty() {
        violations.push(format!("\"{say}\" has no proof: `check:ID` or `test:NAME`"));
    }
    violations
}

/// Proofs that are named anywhere in the README and do not exist or did not hold.
#[must_use]
pub fn proof_violations(
    markdown: &str,
    quick_run: &[Event],
    test_names: &BTreeSet<String>,
) -> Vec<String> {
    lines(markdown)
        .filter(|(_, fenced)| !fenced)
        .flat_map(|(line, _)| backticked(line).filter_map(proof))
        .filter_map(|proof| match proof {
            Proof::Check(id) => check_violation(&id, quick_run),
            Proof::Test(name) => test_violation(&name, test_names),
        })
        .collect()
}

fn code_violation(code: &CodeRef, sources: &[Source]) -> Option<String> {
    let CodeRef { path, item } = code;
    match sources.iter().find(|source| source.path == path) {
        None => Some(format!("`{path}` is not among the answer's `sources!`")),
        Some(source) if source::find(path, source.text, item).is_none() => {
            Some(format!("`{path}` holds no `{item}`"))
        }
        Some(_) => None,
    }
}

fn check_violation(wanted: &str, quick_run: &[Event]) -> Option<String> {
    let mut results = quick_run.iter().filter_map(|event| match event {
        Event::Check { id, passed, .. } if id == wanted => Some(*passed),
        _ => None,
    });
    match results.next() {
        None => Some(format!("the quick demo has no check `{wanted}`")),
        Some(first) if first && results.all(|passed| passed) => None,
        Some(_) => Some(format!("the check `{wanted}` did not hold in the quick demo")),
    }
}

fn test_violation(wanted: &str, test_names: &BTreeSet<String>) -> Option<String> {
    let suffix = format!("::{wanted}");
    let exists = test_names.iter().any(|name| name == wanted || name.ends_with(&suffix));
    (!exists).then(|| format!("there is no test `{wanted}`"))
}

/// Follow-ups that name no symbol of the sources, and a wrong number of them.
#[must_use]
pub fn follow_up_violations(readme: &Readme, sources: &[Source]) -> Vec<String> {
    let follow_ups = readme.follow_ups();
    let mut violations = Vec::new();
    if !FOLLOW_UPS.contains(&follow_ups.len()) {
        let (least, most) = (FOLLOW_UPS.start(), FOLLOW_UPS.end());
        violations.push(format!(
            "\"Follow-ups\" has {} folded questions, not {least} to {most}",
            follow_ups.len()
        ));
    }
    for follow_up in &follow_ups {
        let question = &follow_up.question;
        if question.is_empty() {
            violations.push("a follow-up has no `<summary>`".to_owned());
        }
        if !backticked(&follow_up.answer).any(|symbol| is_in_sources(symbol, sources)) {
            violations.push(format!(
                "the follow-up \"{question}\" names no symbol of the sources in backticks"
            ));
        }
    }
    violations
}

fn is_in_sources(symbol: &str, sources: &[Source]) -> bool {
    sources.iter().any(|source| {
        source.path == symbol || source::find(source.path, source.text, symbol).is_some()
    })
}

/// Relative links whose target does not exist below `folder`.
#[must_use]
pub fn link_violations(markdown: &str, folder: &Path) -> Vec<String> {
    let outside = |target: &str| target.contains("://") || target.starts_with("mailto:");
    lines(markdown)
        .filter(|(_, fenced)| !fenced)
        .flat_map(|(line, _)| targets(line))
        .filter(|target| !outside(target))
        .filter_map(|target| {
            let path = target.split('#').next().unwrap_or_default();
            let broken = !path.is_empty() && !folder.join(path).exists();
            broken.then(|| format!("the link to `{path}` leads nowhere"))
        })
        .collect()
}

/// Targets of the inline links of a line, without their titles.
fn targets(line: &str) -> Vec<&str> {
    line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next()).collect()
}
