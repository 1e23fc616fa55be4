//! The four lists that name every answer, and how a line comes into each and out again.

use std::path::{Path, PathBuf};

use super::{LayoutError, NewAnswer, read};

/// The list of questions, which also holds each title.
pub(super) const QUESTIONS: &str = "crates/backend/src/questions.rs";
const BACKEND: &str = "backend = { path = \"crates/backend\" }";
/// Long enough that the formatter leaves each argument of an entry on a line of its own.
const TO_REPLACE: &str = "what an interviewer listens for, comma by comma: replace these words before anybody reads them";

type Edit = fn(&NewAnswer, &str) -> Option<String>;

/// A file that lists the answers.
#[derive(Clone, Copy, Debug)]
pub struct List {
    /// Its place below the root.
    pub path: &'static str,
    pub(super) insert: Edit,
    pub(super) remove: Edit,
}

/// Every list that is written by hand; all else is derived from these.
pub const LISTS: [List; 4] = [
    List { path: "Cargo.toml", insert: into_workspace, remove: out_of_workspace },
    List { path: "crates/backend/Cargo.toml", insert: into_backend, remove: out_of_backend },
    List { path: "crates/backend/src/answers.rs", insert: into_answers, remove: out_of_answers },
    List { path: QUESTIONS, insert: into_questions, remove: out_of_questions },
];

/// What every list becomes; nothing is written.
pub(super) fn edited(
    root: &Path,
    edit: impl Fn(&List, &str) -> Option<String>,
) -> Result<Vec<(PathBuf, String)>, LayoutError> {
    LISTS
        .iter()
        .map(|list| {
            let path = root.join(list.path);
            let text = edit(list, &read(&path)?).ok_or(LayoutError::NoPlace(list.path))?;
            Ok((path, text))
        })
        .collect()
}

fn path_line(new: &NewAnswer) -> String {
    format!("{} = {{ path = \"{}\" }}\n", new.slug, new.folder().display())
}

fn into_workspace(new: &NewAnswer, text: &str) -> Option<String> {
    insert_at(text, text.find(BACKEND)?, &path_line(new))
}

fn out_of_workspace(new: &NewAnswer, text: &str) -> Option<String> {
    without(text, &path_line(new))
}

fn dependency(new: &NewAnswer) -> String {
    format!("{}.workspace = true\n", new.slug)
}

/// Alphabetically, before the first dependency that comes after it.
fn into_backend(new: &NewAnswer, text: &str) -> Option<String> {
    let begin = text.find("[dependencies]\n")? + "[dependencies]\n".len();
    let mut at = begin;
    for line in text[begin..].split_inclusive('\n') {
        let name = line.split(['.', ' ', '\n']).next().unwrap_or_default();
        if name.is_empty() || name > new.slug.as_str() {
            break;
        }
        at += line.len();
    }
    insert_at(text, at, &dependency(new))
}

fn out_of_backend(new: &NewAnswer, text: &str) -> Option<String> {
    without(text, &dependency(new))
}

fn static_line(new: &NewAnswer) -> String {
    format!("    &{}::ANSWER,\n", new.slug.replace('-', "_"))
}

fn into_answers(new: &NewAnswer, text: &str) -> Option<String> {
    insert_at(text, end_of(text, "pub static ANSWERS")?, &static_line(new))
}

fn out_of_answers(new: &NewAnswer, text: &str) -> Option<String> {
    without(text, &static_line(new))
}

fn into_questions(new: &NewAnswer, text: &str) -> Option<String> {
    let NewAnswer { number, slug, title } = new;
    let entry = format!(
        "    ask(\n        {number},\n        \"{slug}\",\n        \"{title}\",\n        \
         \"{TO_REPLACE}\",\n        Level::Middle,\n    ),\n"
    );
    insert_at(text, end_of(text, "pub const QUESTIONS")?, &entry)
}

fn out_of_questions(new: &NewAnswer, text: &str) -> Option<String> {
    let name = text.find(&format!("\"{}\"", new.slug))?;
    let begin = text[..name].rfind("    ask(")?;
    let end = name + text[name..].find("),\n")? + "),\n".len();
    Some(format!("{}{}", &text[..begin], &text[end..]))
}

/// The title in the entry of a question: the string after the slug.
pub(super) fn title_of(text: &str, slug: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("\"{slug}\","))?;
    rest.split('"').nth(1).map(str::to_owned)
}

/// Where the array that begins with `declaration` ends.
fn end_of(text: &str, declaration: &str) -> Option<usize> {
    let begin = text.find(declaration)?;
    Some(begin + text[begin..].find("\n];")? + 1)
}

fn insert_at(text: &str, at: usize, line: &str) -> Option<String> {
    Some(format!("{}{line}{}", text.get(..at)?, text.get(at..)?))
}

fn without(text: &str, line: &str) -> Option<String> {
    text.contains(line).then(|| text.replacen(line, "", 1))
}
