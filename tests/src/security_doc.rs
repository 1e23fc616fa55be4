//! What docs/security.md claims, as data that can be checked.

use std::collections::BTreeSet;
use std::path::Path;

/// One row about requirements of OWASP ASVS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row<'doc> {
    /// An id, several, or a range such as `1.2.6–1.2.8`.
    pub requirements: &'doc str,
    /// `met`, `n/a` or `open`.
    pub state: &'doc str,
    /// Why, with links and names of tests.
    pub how: &'doc str,
}

/// The rows whose first cell begins with a requirement's id.
#[must_use]
pub fn rows(doc: &str) -> Vec<Row<'_>> {
    let is_id =
        |cell: &str| cell.starts_with(|first: char| first.is_ascii_digit()) && cell.contains('.');
    doc.lines()
        .filter(|line| line.starts_with('|'))
        .filter_map(|line| {
            let mut cells = line.trim_matches('|').splitn(3, '|').map(str::trim);
            let (requirements, state, how) = (cells.next()?, cells.next()?, cells.next()?);
            is_id(requirements).then_some(Row { requirements, state, how })
        })
        .collect()
}

/// Everything that is wrong: an id of `ids` that no row answers or that two do, a state that is none,
/// a reason that is missing, a link or item that leads nowhere, a test that does not exist.
#[must_use]
pub fn violations(doc: &str, ids: &[&str], folder: &Path, tests: &BTreeSet<String>) -> Vec<String> {
    let rows = rows(doc);
    let mut wrong = Vec::new();
    for id in ids {
        let answers = rows.iter().filter(|row| covers(row.requirements, id, ids)).count();
        if answers != 1 {
            wrong.push(format!("{id} is answered {answers} times"));
        }
    }
    for row in &rows {
        if !["met", "n/a", "open"].contains(&row.state) || row.how.is_empty() {
            wrong.push(format!("{}: neither met, n/a nor open with a reason", row.requirements));
        }
    }
    wrong.extend(links(doc).into_iter().filter_map(|link| link.violation(folder)));
    let missing = named_tests(doc).into_iter().filter(|name| !tests.contains(*name));
    wrong.extend(missing.map(|name| format!("there is no test `{name}`")));
    wrong
}

/// Whether a cell of ids and ranges, separated by commas, holds the id. A range holds what stands
/// between its ends in the list.
fn covers(cell: &str, id: &str, ids: &[&str]) -> bool {
    let place = |id: &str| ids.iter().position(|other| *other == id);
    cell.split(',').map(str::trim).any(|part| match part.split_once('–') {
        Some((first, last)) => match (place(first), place(last), place(id)) {
            (Some(first), Some(last), Some(at)) => (first..=last).contains(&at),
            _ => false,
        },
        None => part == id,
    })
}

struct Link<'doc> {
    text: &'doc str,
    target: &'doc str,
}

fn links(doc: &str) -> Vec<Link<'_>> {
    let mut links = Vec::new();
    let mut rest = doc;
    while let Some((before, after)) = rest.split_once("](") {
        let text = before.rsplit('[').next().unwrap_or_default();
        let Some((target, further)) = after.split_once(')') else { break };
        links.push(Link { text, target });
        rest = further;
    }
    links
}

impl Link<'_> {
    /// The file must exist, and hold the item that the text names in backquotes: as a word in it, or
    /// as its name or path.
    fn violation(&self, folder: &Path) -> Option<String> {
        let file = self.target.split('#').next().unwrap_or_default();
        if file.starts_with("https://") {
            return None;
        }
        let Ok(content) = std::fs::read_to_string(folder.join(file)) else {
            return Some(format!("{} is not there", self.target));
        };
        let item = self.text.strip_prefix('`')?.strip_suffix('`')?;
        let there = file.ends_with(item) || content.contains(item);
        (!there).then(|| format!("{file} has no {item}"))
    }
}

/// Names in backquotes that are sentences, as those of tests are here.
fn named_tests(doc: &str) -> Vec<&str> {
    let is_sentence = |name: &&str| {
        name.matches('_').count() >= 3
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    doc.split('`').skip(1).step_by(2).filter(is_sentence).collect()
}
