//! Runs that are kept: in the repository, embedded in the binary, and quoted by READMEs.

mod numbers;
mod text;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub use numbers::typed_numbers;
pub use text::{output, stamp};

use crate::readme::{RECORDED_BEGIN, RECORDED_END, Readme, inline_values};
use crate::{Chart, Event, Verdict};

/// Largest recording that is kept, as each is compiled into the binary.
const LARGEST: usize = 200_000;

/// Why a run was not recorded.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// Only what passed may be quoted.
    #[error("the run did not pass, and only a run that passed may be quoted")]
    NotPassed,
    /// Times of a debug build would mislead whoever quotes them.
    #[error("this is a debug build, whose times mean little: run it with --release")]
    DebugBuild,
    /// The README has no place for the output.
    #[error("the README has no `{RECORDED_BEGIN}` followed by `{RECORDED_END}`")]
    NoPlace,
    /// An inline value names nothing that was measured.
    #[error("the README quotes `v:{0}`, which this run did not measure")]
    UnknownValue(String),
    /// The id becomes a file name.
    #[error("the chart id `{0}` is not made of a to z, 0 to 9 and hyphens")]
    ChartId(String),
    /// The recording would bloat the binary.
    #[error("the recording is {0} bytes long, above the {LARGEST} that are kept")]
    TooLarge(usize),
    /// A file could not be read or written.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        error: io::Error,
    },
}

/// Reads a recording. Lines that are no event, such as those of an older version, are left out.
#[must_use]
pub fn load(recorded: &str) -> Vec<Event> {
    recorded.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// Keeps a run in the folder of its answer: `recorded/run.jsonl`, one `recorded/<id>.svg` for each
/// chart, the recorded part of the README's "Run it", and every inline value of the README.
///
/// Pictures of charts that no longer exist are removed. `force` records a debug build as well.
///
/// # Errors
/// [`RecordError`]. Nothing is written before the run and the README are known to be fit.
pub fn write(folder: &Path, events: &[Event], force: bool) -> Result<(), RecordError> {
    refuse(events, force)?;
    let lines = json_lines(events)?;
    // As they will be read again: a number may come back one digit off, and round to another one.
    let events = &load(&lines)[..];
    let readme_path = folder.join("README.md");
    let readme = fs::read_to_string(&readme_path).map_err(at(&readme_path))?;
    let readme = filled_in(&readme, events)?;
    let recorded = folder.join("recorded");
    fs::create_dir_all(&recorded).map_err(at(&recorded))?;
    remove_pictures(&recorded)?;
    for chart in charts(events) {
        put(&recorded.join(format!("{}.svg", chart.id)), &chart.to_svg())?;
    }
    put(&recorded.join("run.jsonl"), &lines)?;
    put(&readme_path, &readme)
}

fn refuse(events: &[Event], force: bool) -> Result<(), RecordError> {
    if !matches!(events.last(), Some(Event::Finished { verdict: Verdict::Passed, .. })) {
        return Err(RecordError::NotPassed);
    }
    let debug = events.iter().any(
        |event| matches!(event, Event::Started { machine, .. } if machine.profile != "release"),
    );
    if debug && !force {
        return Err(RecordError::DebugBuild);
    }
    let fit = |letter: char| matches!(letter, 'a'..='z' | '0'..='9' | '-');
    match charts(events).find(|chart| chart.id.is_empty() || !chart.id.chars().all(fit)) {
        Some(chart) => Err(RecordError::ChartId(chart.id.clone())),
        None => Ok(()),
    }
}

/// The events as JSON lines, without the progress between the beginning and the end of a bar.
fn json_lines(events: &[Event]) -> Result<String, RecordError> {
    let between = |event: &&Event| !matches!(event, Event::Progress { done, total, .. } if *done != 0 && done != total);
    let mut lines = String::new();
    for event in events.iter().filter(between) {
        // Events hold only numbers, strings and lists; writing them to a string cannot fail.
        lines.push_str(&serde_json::to_string(event).unwrap_or_default());
        lines.push('\n');
    }
    if lines.len() > LARGEST { Err(RecordError::TooLarge(lines.len())) } else { Ok(lines) }
}

/// The README with its generated parts renewed.
fn filled_in(readme: &str, events: &[Event]) -> Result<String, RecordError> {
    let text = with_values(readme, events)?;
    let (before, rest) = text.split_once(RECORDED_BEGIN).ok_or(RecordError::NoPlace)?;
    let (_, after) = rest.split_once(RECORDED_END).ok_or(RecordError::NoPlace)?;
    let block = block(events);
    Ok(format!("{before}{RECORDED_BEGIN}\n{block}{RECORDED_END}{after}"))
}

/// The Markdown with every inline value as these events have it.
fn with_values(markdown: &str, events: &[Event]) -> Result<String, RecordError> {
    let values = values(events);
    let mut text = String::with_capacity(markdown.len());
    let mut at = 0;
    for inline in inline_values(markdown) {
        let value = values.get(&inline.id).ok_or(RecordError::UnknownValue(inline.id))?;
        text.push_str(&markdown[at..inline.range.start]);
        text.push_str(value);
        at = inline.range.end;
    }
    text.push_str(&markdown[at..]);
    Ok(text)
}

/// The one line of a README with the numbers of these events, as plain text. `None` where it
/// quotes something that they did not measure.
#[must_use]
pub fn headline(markdown: &str, events: &[Event]) -> Option<String> {
    let line = with_values(&Readme::parse(markdown).headline, events).ok()?;
    let visible = line.split("<!--").enumerate().map(|(nth, part)| match part.split_once("-->") {
        Some((_, visible)) if nth > 0 => visible,
        _ => part,
    });
    let text = visible.collect::<String>().replace(['*', '`'], "");
    // Not at every white space: numbers are grouped by one that does not break.
    let words: Vec<&str> = text.split([' ', '\n']).filter(|word| !word.is_empty()).collect();
    Some(words.join(" "))
}

/// Stamp, output and pictures, as they stand in "Run it".
fn block(events: &[Event]) -> String {
    let mut block = format!("{}\n\n```text\n{}```\n", stamp(events), output(events));
    for chart in charts(events) {
        let alt = chart.title.replace(['[', ']'], "");
        block.push_str(&format!("\n![{alt}](recorded/{}.svg)\n", chart.id));
    }
    block
}

/// Every value that a README may quote, by its id, written as everywhere else.
#[must_use]
pub fn values(events: &[Event]) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    for event in events {
        match event {
            Event::Measurement(one) => drop(values.insert(one.id.clone(), one.value.to_string())),
            Event::Comparison(two) => {
                values.insert(format!("{}.left", two.id), two.left.value.to_string());
                values.insert(format!("{}.right", two.id), two.right.value.to_string());
            }
            _ => {}
        }
    }
    values
}

/// Sentences about inline values of a README that are not those of the recording.
#[must_use]
pub fn stale(readme: &str, events: &[Event]) -> Vec<String> {
    let values = values(events);
    let problem = |inline: crate::readme::InlineValue| match values.get(&inline.id) {
        None => Some(format!("`v:{}` names nothing that the recorded run measured", inline.id)),
        Some(value) if *value != inline.shown => Some(format!(
            "`v:{}` shows \"{}\" where the recorded run measured \"{value}\"",
            inline.id, inline.shown
        )),
        Some(_) => None,
    };
    inline_values(readme).into_iter().filter_map(problem).collect()
}

fn charts(events: &[Event]) -> impl Iterator<Item = &Chart> {
    events.iter().filter_map(|event| match event {
        Event::Chart(chart) => Some(chart),
        _ => None,
    })
}

fn remove_pictures(folder: &Path) -> Result<(), RecordError> {
    for entry in fs::read_dir(folder).map_err(at(folder))? {
        let path = entry.map_err(at(folder))?.path();
        if path.extension().is_some_and(|extension| extension == "svg") {
            fs::remove_file(&path).map_err(at(&path))?;
        }
    }
    Ok(())
}

fn put(path: &Path, text: &str) -> Result<(), RecordError> {
    fs::write(path, text).map_err(at(path))
}

fn at(path: &Path) -> impl Fn(io::Error) -> RecordError + '_ {
    move |error| RecordError::Io { path: path.to_path_buf(), error }
}

#[cfg(test)]
mod tests;
