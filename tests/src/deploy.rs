//! What deploy/ refers to: metrics of the server, its settings, and run-books.

use std::collections::BTreeSet;

use serde_json::Value;

/// One alert or recorded series of a file of rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// The series that it records, or the alert.
    pub name: String,
    /// Whether it is an alert.
    pub is_alert: bool,
    /// What it asks for.
    pub query: String,
    /// The address of its run-book; empty where there is none.
    pub run_book: String,
}

/// The rules of a file, which has to be written as ours are: a rule begins with `- alert:`, `- record:`
/// or `- {record: …, expr: …}`, and `expr` stands in one line or in a block. Chosen over a parser of all
/// of YAML, which is ten thousand lines for three keys; promtool reads the files in earnest.
#[must_use]
pub fn rules(text: &str) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    let mut block = None;
    for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
        let indent = line.len() - line.trim_start().len();
        let body = line.trim_start();
        if let (Some(from), Some(rule)) = (block, rules.last_mut())
            && indent > from
        {
            rule.query.push_str(body);
            rule.query.push(' ');
            continue;
        }
        block = None;
        if let Some(name) = body.strip_prefix("- alert: ") {
            rules.push(Rule { name: name.to_owned(), is_alert: true, ..Rule::default() });
        } else if let Some(name) = body.strip_prefix("- record: ") {
            rules.push(Rule { name: unquoted(name), ..Rule::default() });
        } else if let Some(inline) = body.strip_prefix("- {record: ") {
            let (name, rest) = inline.split_once(',').unwrap_or((inline, ""));
            let (_, query) = rest.split_once("expr: ").unwrap_or_default();
            let query = query.trim_end_matches('}').to_owned();
            rules.push(Rule { name: unquoted(name), query, ..Rule::default() });
        } else if let (Some(query), Some(rule)) = (body.strip_prefix("expr: "), rules.last_mut()) {
            match query {
                "|" => block = Some(indent),
                query => query.clone_into(&mut rule.query),
            }
        } else if let (Some(address), Some(rule)) =
            (body.strip_prefix("runbook_url: "), rules.last_mut())
        {
            rule.run_book = unquoted(address);
        }
    }
    rules
}

fn unquoted(text: &str) -> String {
    text.trim().trim_matches(['"', '\'']).to_owned()
}

/// Every query of a Grafana dashboard, those of its annotations too.
#[must_use]
pub fn dashboard_queries(dashboard: &Value) -> Vec<String> {
    match dashboard {
        Value::Object(members) => {
            let own = members.get("expr").and_then(Value::as_str).map(str::to_owned);
            own.into_iter().chain(members.values().flat_map(dashboard_queries)).collect()
        }
        Value::Array(items) => items.iter().flat_map(dashboard_queries).collect(),
        _ => Vec::new(),
    }
}

/// Words of PromQL that are no metric, though nothing in brackets follows them.
const WORDS: [&str; 13] = [
    "and",
    "or",
    "unless",
    "on",
    "ignoring",
    "by",
    "without",
    "group_left",
    "group_right",
    "bool",
    "offset",
    "inf",
    "nan",
];

/// The names of the series that a PromQL query reads.
#[must_use]
pub fn series(query: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut rest = without_labels(query);
    while let Some(start) = rest.find(|first: char| first.is_ascii_alphabetic() || first == '_') {
        let from = rest.split_off(start);
        let end = from.find(|one: char| !is_of_a_name(one)).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        // `sum(…)`, and `sum by (…) (…)`, whose labels are gone by now.
        let called = ["(", "by;", "without;"].iter().any(|it| after.trim_start().starts_with(it));
        if !called && !WORDS.contains(&word.to_ascii_lowercase().as_str()) {
            found.insert(word.to_owned());
        }
        rest = after.to_owned();
    }
    found
}

const fn is_of_a_name(one: char) -> bool {
    one.is_ascii_alphanumeric() || one == '_' || one == ':'
}

/// Without matchers, ranges, numbers, and the labels of `by (…)` and its like.
fn without_labels(query: &str) -> String {
    let mut text = String::new();
    let mut rest = query;
    while let Some(next) = rest.chars().next() {
        let close = match next {
            '{' => Some('}'),
            '[' => Some(']'),
            '(' if takes_labels(&text) => Some(')'),
            _ => None,
        };
        let length = match close {
            Some(close) => {
                text.truncate(text.trim_end().len());
                text.push(';');
                rest.find(close).map_or(rest.len(), |end| end + 1)
            }
            // A number and its unit, unless it ends a name.
            None if next.is_ascii_digit() && !text.ends_with(is_of_a_name) => rest
                .find(|one: char| !one.is_ascii_alphanumeric() && one != '.')
                .unwrap_or(rest.len()),
            None => {
                text.push(next);
                next.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    text
}

fn takes_labels(before: &str) -> bool {
    let word = before.trim_end().rsplit(|one: char| !is_of_a_name(one)).next().unwrap_or_default();
    ["by", "without", "on", "ignoring", "group_left", "group_right"].contains(&word)
}

/// The names of all samples of a scrape.
#[must_use]
pub fn scraped(text: &str) -> BTreeSet<String> {
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    let names = samples.filter_map(|line| line.split(['{', ' ']).next());
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// The anchors of a Markdown page, as its readers' programs make them from headings.
#[must_use]
pub fn anchors(page: &str) -> BTreeSet<String> {
    let headings = page.lines().filter_map(|line| line.strip_prefix('#'));
    let anchors = headings.map(|heading| {
        let heading = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = heading.chars().filter(|one| one.is_alphanumeric() || " -_".contains(*one));
        kept.collect::<String>().replace(' ', "-")
    });
    anchors.collect()
}

/// The names of environment variables that a manifest sets: keys in capitals.
#[must_use]
pub fn variables(manifest: &str) -> BTreeSet<String> {
    let is_variable = |word: &str| {
        word.len() > 2
            && word
                .bytes()
                .all(|one| one.is_ascii_uppercase() || one.is_ascii_digit() || one == b'_')
    };
    let mut found = BTreeSet::new();
    for line in manifest.lines().filter(|line| !line.trim_start().starts_with('#')) {
        let keys = line.split([' ', '{', ',']).filter_map(|word| word.strip_suffix(':'));
        found.extend(keys.filter(|word| is_variable(word)).map(str::to_owned));
    }
    found
}
