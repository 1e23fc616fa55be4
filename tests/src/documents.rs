//! The Markdown files of the repository: where they link to, and which numbers somebody typed.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// Folders that hold nothing of ours to read.
const SKIPPED: [&str; 4] = [".git", ".local", "target", "node_modules"];
/// Units of what can be measured.
const UNITS: [&str; 13] = [
    "ms",
    "µs",
    "s",
    "seconds",
    "minutes",
    "kB",
    "MB",
    "GB",
    "×",
    "%",
    "/s",
    "buffers",
    "statements",
];

/// Every Markdown file below `root`.
///
/// # Errors
/// When a folder cannot be read.
pub fn markdown_files(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(root)? {
        let path = entry?.path();
        let skipped = path.file_name().is_some_and(|name| SKIPPED.iter().any(|it| name == *it));
        if path.is_dir() && !skipped {
            files.extend(markdown_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Links of a file that lead to no file, or to no heading of it.
///
/// # Errors
/// When a file that is linked to cannot be read.
pub fn broken_links(file: &Path) -> io::Result<Vec<String>> {
    let text = fs::read_to_string(file)?;
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut broken = Vec::new();
    let lines: Vec<String> = prose(&text).map(without_examples).collect();
    let targets = lines.iter().flat_map(|line| targets(line));
    for target in targets.filter(|target| !target.contains(':')) {
        let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
        let linked = if path.is_empty() { file.to_path_buf() } else { folder.join(path) };
        let leads_on = linked.exists()
            && (anchor.is_empty() || anchors(&fs::read_to_string(&linked)?).any(|it| it == anchor));
        if !leads_on {
            broken.push(target.to_owned());
        }
    }
    Ok(broken)
}

/// Lines outside code fences and generated parts.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut fenced = false;
    let mut generated = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        generated |= line.contains(":begin -->") || line.starts_with("<!-- scale:");
        let own = !fenced && !fence && !generated;
        generated &= !line.contains(":end -->") && !line.starts_with("<!-- /scale");
        own
    })
}

/// Targets of the inline links of a line, without their titles.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next())
}

/// What a heading is linked by, as the common renderers make it.
fn anchors(text: &str) -> impl Iterator<Item = String> {
    let headings = text.lines().filter_map(|line| line.strip_prefix('#'));
    headings.map(|heading| {
        let words = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = |letter: &char| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_');
        words.chars().filter(kept).collect::<String>().replace(' ', "-")
    })
}

/// Numbers with a unit that stand in the prose of a document, outside code, generated parts and
/// inline values: no measurement may be typed.
#[must_use]
pub fn typed_numbers(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in prose(text) {
        let line = without_code(&without_values(line));
        let words: Vec<&str> = line.split([' ', '|', '(', ')', ',']).collect();
        for (at, word) in words.iter().enumerate() {
            let number = word.trim_end_matches(['.', ';', ':']);
            let digits = number.trim_end_matches(|letter: char| !letter.is_ascii_digit());
            let attached = &number[digits.len()..];
            let next = words.get(at + 1).map_or("", |next| next.trim_end_matches(['.', ';', ':']));
            let unit = if attached.is_empty() { next } else { attached };
            if number.starts_with(|letter: char| letter.is_ascii_digit()) && UNITS.contains(&unit) {
                found.push(format!("{digits} {unit}"));
            }
        }
    }
    found
}

fn without_values(line: &str) -> String {
    let mut kept = String::new();
    for (nth, part) in line.split("<!-- v:").enumerate() {
        let part =
            if nth == 0 { part } else { part.split_once("<!-- /v -->").map_or("", |it| it.1) };
        kept.push_str(part);
    }
    kept
}

/// The line without code that may hold backticks itself, such as a link that is quoted.
fn without_examples(line: &str) -> String {
    line.split("``").step_by(2).collect::<Vec<&str>>().join(" ")
}

fn without_code(line: &str) -> String {
    without_examples(line).split('`').step_by(2).collect::<Vec<&str>>().join(" ")
}
