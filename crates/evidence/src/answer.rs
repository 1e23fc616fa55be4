//! What an answer crate tells the rest of the workspace about itself.

use utoipa_actix_web::service_config::ServiceConfig;

use crate::{Outcome, Scale, Stage};

/// One interview question and everything that answers it.
///
/// Each answer crate has one `pub static ANSWER`; the command line, the study pages, the index in
/// the root README and the repository's own tests are all derived from it.
#[derive(Debug)]
pub struct Answer {
    /// The question's number, 1 to 18; also the prefix of the crate's folder.
    pub number: u8,
    /// Package name and last segment of the page's address, such as `log-partitions`.
    pub slug: &'static str,
    /// The question, as the index shows it.
    pub title: &'static str,
    /// The crate's README, which holds the answer itself.
    pub readme: &'static str,
    /// The source files that the README's "Show it" table names.
    pub sources: &'static [Source],
    /// The last run that `make evidence` recorded, as JSON lines of [`crate::Event`]; empty before
    /// the first recording.
    pub recorded: &'static str,
    /// What a run takes at a given scale; printed before it starts.
    pub needs: fn(Scale) -> Needs,
    /// Performs the demo on a stage.
    pub demo: fn(&Stage) -> Outcome,
    /// Mounts the answer's API, where it has one.
    pub routes: Option<fn(&mut ServiceConfig<'_>)>,
}

/// A source file embedded in the binary, so that pages show exactly the code that runs.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    /// Path inside the crate's folder, such as `src/store.rs`.
    pub path: &'static str,
    /// The whole file.
    pub text: &'static str,
}

/// Rows, disk and memory that a demo run takes, stated before it takes them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Rows written to the scratch database.
    pub rows: u64,
    /// Peak disk use in bytes.
    pub disk_bytes: u64,
    /// Peak memory of the demo process in bytes.
    pub memory_bytes: u64,
}

/// Something that an interviewer takes away with a follow-up: "and if somebody drops the index?"
///
/// A demo asks [`Stage::switch`] at the one place where it matters. Chosen, instead of a second demo:
/// what the claims say is the same in both runs, so the difference between them is the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Switch {
    /// What [`Stage::switch`] is asked for, such as `index-dropped`.
    pub name: &'static str,
    /// The follow-up as it is asked.
    pub question: &'static str,
    /// What the run does differently, in one sentence.
    pub change: &'static str,
    /// Ids of the claims that no longer hold; every other one still does.
    pub breaks: &'static [&'static str],
}

/// Embeds source files of the calling crate: `sources!["src/lib.rs", "src/demo.rs"]`.
#[macro_export]
macro_rules! sources {
    ($($path:literal),+ $(,)?) => {
        &[$($crate::Source {
            path: $path,
            text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/", $path)),
        }),+]
    };
}
