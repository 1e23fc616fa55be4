//! Headings and lengths: an answer has to be read in minutes and said in two.

use crate::readme::{HEADINGS, RECORDED_BEGIN, RECORDED_END, Readme, SPOKEN, inline_values, lines};

/// Longest README in words, without code, generated parts and comments.
const WHOLE: usize = 650;
const QUESTION: usize = 40;
/// Longest line below the title: it is a row of the table of all answers.
const HEADLINE: usize = 20;
/// Longest texts of [`SPOKEN`]: what fits at about 130 spoken words a minute, with room to breathe.
const SPOKEN_WORDS: [usize; 2] = [80, 220];

/// Headings that are missing, unknown or out of order, and a missing place for the recorded run.
#[must_use]
pub fn heading_violations(readme: &Readme) -> Vec<String> {
    let found: Vec<&str> = readme.sections.iter().map(|section| section.heading.as_str()).collect();
    let mut violations = Vec::new();
    if readme.title.is_empty() {
        violations.push("the README has no title (`# …`)".to_owned());
    }
    if inline_values(&readme.headline).is_empty() {
        violations
            .push("no line below the title gives the answer with a measured number".to_owned());
    }
    for heading in HEADINGS.iter().filter(|heading| !found.contains(heading)) {
        violations.push(format!("the heading \"## {heading}\" is missing"));
    }
    for heading in found.iter().filter(|heading| !HEADINGS.contains(heading)) {
        violations.push(format!("\"## {heading}\" is none of the fixed headings"));
    }
    let known: Vec<&str> =
        found.iter().copied().filter(|heading| HEADINGS.contains(heading)).collect();
    let expected: Vec<&str> =
        HEADINGS.iter().copied().filter(|heading| found.contains(heading)).collect();
    if known.len() > expected.len() {
        violations.push("a heading occurs twice".to_owned());
    } else if let Some((one, other)) = known.iter().zip(&expected).find(|(one, two)| one != two) {
        violations.push(format!("\"## {one}\" stands where \"## {other}\" belongs"));
    }
    let run_it = readme.section("Run it").unwrap_or_default();
    let place =
        run_it.split_once(RECORDED_BEGIN).is_some_and(|(_, rest)| rest.contains(RECORDED_END));
    if !place {
        violations.push(format!("\"Run it\" has no `{RECORDED_BEGIN}` and `{RECORDED_END}`"));
    }
    violations
}

/// Parts that are too long to read or to say.
#[must_use]
pub fn length_violations(markdown: &str, readme: &Readme) -> Vec<String> {
    let mut violations = Vec::new();
    let mut limit = |name: &str, count: usize, most: usize| {
        if count > most {
            violations.push(format!("{name} has {count} words, more than {most}"));
        }
    };
    limit("the README", words(markdown), WHOLE);
    limit("the line below the title", words(&readme.headline), HEADLINE);
    limit("\"Question\"", words(readme.section("Question").unwrap_or_default()), QUESTION);
    for (heading, most) in SPOKEN.into_iter().zip(SPOKEN_WORDS) {
        limit(&format!("\"{heading}\""), words(&readme.spoken(heading).unwrap_or_default()), most);
    }
    let missing = SPOKEN.iter().filter(|heading| readme.spoken(heading).is_none());
    violations.extend(missing.map(|heading| format!("\"Say it\" has no \"### {heading}\"")));
    violations
}

/// Words a reader reads: without code fences, the recorded part, HTML and link targets.
#[must_use]
pub fn words(markdown: &str) -> usize {
    let own = match (markdown.split_once(RECORDED_BEGIN), markdown.split_once(RECORDED_END)) {
        (Some((before, _)), Some((_, after))) => format!("{before}\n{after}"),
        _ => markdown.to_owned(),
    };
    let prose: Vec<&str> =
        lines(&own).filter(|(_, fenced)| !fenced).map(|(line, _)| line).collect();
    let text = without(&without(&prose.join("\n"), "<!--", "-->"), "](", ")");
    let text = without_tags(&text);
    // Spaces that do not break group the digits of one number.
    let breaks = |letter: char| letter.is_whitespace() && !matches!(letter, '\u{202f}' | '\u{a0}');
    text.split(breaks).filter(|word| word.contains(char::is_alphanumeric)).count()
}

/// The text without every part from `open` to the next `close`.
fn without(text: &str, open: &str, close: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(open) {
        kept.push_str(before);
        match after.split_once(close) {
            Some((_, after)) => rest = after,
            None => return kept,
        }
    }
    kept + rest
}

/// The text with a space for each HTML tag; a lone `<` as in `a < b` stays.
fn without_tags(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        kept.push_str(before);
        kept.push(' ');
        let tag = after.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '/');
        rest = match after.split_once('>') {
            Some((_, after)) if tag => after,
            _ => after,
        };
    }
    kept + rest
}
