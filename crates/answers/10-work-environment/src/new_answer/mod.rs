//! Lays out a nineteenth answer so that it compiles and keeps every rule at once, and takes one away
//! again. Rust instead of a shell script, as the layout is then tested like everything else.

mod lists;
mod template;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub use lists::LISTS;
pub use template::{FILES, Template};

/// Numbers up to this one belong to the answers that this project came with.
const LAST_OF_OURS: u8 = 18;
const LONGEST_SLUG: usize = 40;
const LONGEST_TITLE: usize = 80;
/// Names of crates that come with the compiler.
const TAKEN: [&str; 6] = ["alloc", "core", "proc-macro", "self", "std", "test"];

/// Why an answer was not laid out or not removed.
#[derive(Debug, thiserror::Error)]
pub enum LayoutError {
    /// The slug is no package name that can be used.
    #[error("`{0}` cannot be the slug: {1}")]
    Slug(String, &'static str),
    /// The title cannot stand in a table.
    #[error(
        "the title has to be one line of at most {LONGEST_TITLE} letters without | \" \\ {{ }}"
    )]
    Title,
    /// No answer goes by this name.
    #[error("crates/answers holds no answer `{0}`")]
    Unknown(String),
    /// It came with the project.
    #[error("answer {0} came with this project; only later ones are removed by this command")]
    Ours(u8),
    /// Somebody has worked on it.
    #[error("{0} is not as it was laid out; remove it with --force if nobody needs it")]
    Changed(PathBuf),
    /// A list does not look as it should.
    #[error("{0} holds no place for an answer")]
    NoPlace(&'static str),
    /// A file could not be read or written.
    #[error("{0}: {1}")]
    File(PathBuf, io::Error),
}

/// An answer to lay out: its number, slug and title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAnswer {
    /// One more than the highest that there is.
    pub number: u8,
    /// Package name, such as `feature-flags`.
    pub slug: String,
    /// The question.
    pub title: String,
}

impl NewAnswer {
    /// The next answer of the project at `root`.
    ///
    /// # Errors
    /// [`LayoutError::Slug`] and [`LayoutError::Title`] for names that cannot be used.
    pub fn next(root: &Path, slug: &str, title: &str) -> Result<Self, LayoutError> {
        let manifest = read(&root.join("Cargo.toml"))?;
        slug_problem(slug, &manifest)
            .map_or(Ok(()), |why| Err(LayoutError::Slug(slug.into(), why)))?;
        let odd = |letter: char| letter.is_control() || "|\"\\{}".contains(letter);
        if title.trim().is_empty() || title.chars().count() > LONGEST_TITLE || title.contains(odd) {
            return Err(LayoutError::Title);
        }
        let highest = answers(root)?.into_iter().map(|(number, _)| number).max().unwrap_or(0);
        let number = highest.checked_add(1).ok_or(LayoutError::NoPlace("crates/answers"))?;
        Ok(Self { number, slug: slug.to_owned(), title: title.to_owned() })
    }

    /// An answer that is there, found by its slug.
    ///
    /// # Errors
    /// [`LayoutError::Unknown`] for a slug that no folder bears.
    pub fn find(root: &Path, slug: &str) -> Result<Self, LayoutError> {
        let found = answers(root)?.into_iter().find(|(_, name)| name == slug);
        let (number, slug) = found.ok_or_else(|| LayoutError::Unknown(slug.to_owned()))?;
        let title = lists::title_of(&read(&root.join(lists::QUESTIONS))?, &slug);
        Ok(Self { number, slug, title: title.unwrap_or_default() })
    }

    /// Its folder below the root, such as `crates/answers/19-feature-flags`.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        PathBuf::from(format!("crates/answers/{:02}-{}", self.number, self.slug))
    }

    /// Writes the crate and its line in every list. The lists are worked out before anything is
    /// written, so that a list that looks odd leaves the project as it was.
    ///
    /// # Errors
    /// When a list has no place for it, or a file cannot be written.
    pub fn lay_out(&self, root: &Path) -> Result<(), LayoutError> {
        let edited = lists::edited(root, |list, text| (list.insert)(self, text))?;
        for template in FILES {
            let path = root.join(self.folder()).join(template.path);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)
                    .map_err(|error| LayoutError::File(path.clone(), error))?;
            }
            write(&path, &template.render(self))?;
        }
        edited.iter().try_for_each(|(path, text)| write(path, text))
    }

    /// Removes it from every list, and its folder.
    ///
    /// # Errors
    /// [`LayoutError::Ours`], and [`LayoutError::Changed`] unless `force`.
    pub fn remove(&self, root: &Path, force: bool) -> Result<(), LayoutError> {
        if self.number <= LAST_OF_OURS {
            return Err(LayoutError::Ours(self.number));
        }
        let folder = root.join(self.folder());
        if !force && !self.is_as_laid_out(&folder)? {
            return Err(LayoutError::Changed(self.folder()));
        }
        let edited = lists::edited(root, |list, text| (list.remove)(self, text))?;
        fs::remove_dir_all(&folder).map_err(|error| LayoutError::File(folder, error))?;
        edited.iter().try_for_each(|(path, text)| write(path, text))
    }

    fn is_as_laid_out(&self, folder: &Path) -> Result<bool, LayoutError> {
        let same = |template: &Template| {
            fs::read_to_string(folder.join(template.path))
                .is_ok_and(|text| text == template.render(self))
        };
        Ok(files_below(folder)? == FILES.len() && FILES.iter().all(same))
    }
}

fn files_below(folder: &Path) -> Result<usize, LayoutError> {
    let failed = |error| LayoutError::File(folder.to_owned(), error);
    let mut count = 0;
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        count += if path.is_dir() { files_below(&path)? } else { 1 };
    }
    Ok(count)
}

/// Why a slug cannot be used; `None` when it can.
fn slug_problem(slug: &str, manifest: &str) -> Option<&'static str> {
    let is_word = |word: &str| {
        word.starts_with(|letter: char| letter.is_ascii_lowercase())
            && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    if !slug.split('-').all(is_word) {
        return Some("it has to be words of small letters and digits, such as feature-flags");
    }
    if slug.len() > LONGEST_SLUG {
        return Some("it is too long");
    }
    let listed = manifest.lines().any(|line| line.split([' ', '.', '=']).next() == Some(slug));
    (listed || TAKEN.contains(&slug)).then_some("a crate of that name is used already")
}

/// Number and slug of each answer's folder.
fn answers(root: &Path) -> Result<Vec<(u8, String)>, LayoutError> {
    let folder = root.join("crates/answers");
    let entries = fs::read_dir(&folder).map_err(|error| LayoutError::File(folder, error))?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    Ok(names
        .filter_map(|name| {
            let (number, slug) = name.split_once('-')?;
            Some((number.parse().ok()?, slug.to_owned()))
        })
        .collect())
}

fn read(path: &Path) -> Result<String, LayoutError> {
    fs::read_to_string(path).map_err(|error| LayoutError::File(path.to_owned(), error))
}

fn write(path: &Path, text: &str) -> Result<(), LayoutError> {
    fs::write(path, text).map_err(|error| LayoutError::File(path.to_owned(), error))
}
