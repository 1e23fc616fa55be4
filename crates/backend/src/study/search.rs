//! Looks words up in questions and answers.

use evidence::readme::Readme;

use super::digest::Digest;
use super::markdown::slug;
use crate::questions::Question;

/// Longer than any sentence that somebody types into a search field.
const LONGEST: usize = 120;

/// What somebody looks for.
#[derive(Clone, Debug, Default)]
pub(super) struct Query {
    /// As it was typed, cut to a sane length.
    pub(super) text: String,
    words: Vec<String>,
}

impl Query {
    pub(super) fn parse(text: &str) -> Self {
        let text: String = text.trim().chars().take(LONGEST).collect();
        let words = text.to_lowercase().split_whitespace().map(str::to_owned).collect();
        Self { text, words }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Whether every word occurs; an answer that is not built is looked up by its question.
    pub(super) fn matches(&self, question: &Question, digest: Option<&Digest>) -> bool {
        let asked = format!("{} {} {}", question.title, question.listens_for, question.slug);
        let asked = asked.to_lowercase();
        let text = digest.map_or("", |digest| &digest.text);
        self.words.iter().all(|word| asked.contains(word) || text.contains(word))
    }

    /// Sections of a README that hold every word: heading, and id on the answer's page.
    pub(super) fn sections(&self, readme: &Readme) -> Vec<(String, String)> {
        if self.is_empty() {
            return Vec::new();
        }
        let holds = |text: &str| {
            let text = text.to_lowercase();
            self.words.iter().all(|word| text.contains(word))
        };
        let found = readme.sections.iter().filter(|section| holds(&section.text));
        found.map(|section| (section.heading.clone(), anchor(&section.heading))).collect()
    }
}

/// Id of the section that shows what stands below a heading.
fn anchor(heading: &str) -> String {
    match heading {
        "Question" => "main".to_owned(),
        "Say it" => "say".to_owned(),
        "Show it" => "show".to_owned(),
        "Run it" => "run".to_owned(),
        other => slug(other),
    }
}
