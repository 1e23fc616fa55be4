//! What the repository's tests demand of an answer's README: one function per idea, each giving a
//! sentence for every violation.

mod proofs;
mod shape;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::Path;

pub use proofs::{follow_up_violations, link_violations, proof_violations, show_violations};
pub use shape::{heading_violations, length_violations, words};

use crate::readme::Readme;
use crate::{Answer, Event, record};

/// Everything that is wrong with the README of `answer`; empty where nothing is.
///
/// `folder` is the answer's folder on disk, against which links are resolved; `quick_run` are the
/// events of a run at [`crate::Scale::Quick`]; `test_names` are the names of the tests that exist,
/// with or without the modules they are in.
#[must_use]
pub fn readme_violations(
    answer: &Answer,
    folder: &Path,
    quick_run: &[Event],
    test_names: &BTreeSet<String>,
) -> Vec<String> {
    let readme = Readme::parse(answer.readme);
    let mut violations = heading_violations(&readme);
    violations.extend(length_violations(answer.readme, &readme));
    violations.extend(show_violations(&readme, answer.sources));
    violations.extend(proof_violations(answer.readme, quick_run, test_names));
    violations.extend(follow_up_violations(&readme, answer.sources));
    violations.extend(link_violations(answer.readme, folder));
    violations.extend(number_violations(answer));
    violations.into_iter().map(|violation| format!("{}: {violation}", answer.slug)).collect()
}

/// Numbers that are not those of the recorded run, and numbers that somebody typed.
#[must_use]
pub fn number_violations(answer: &Answer) -> Vec<String> {
    let mut violations = record::stale(answer.readme, &record::load(answer.recorded));
    violations.extend(record::typed_numbers(answer.readme).into_iter().map(|number| {
        format!(
            "\"{number}\" in the spoken part is typed; quote a measurement with `<!-- v:ID -->`"
        )
    }));
    // CommonMark takes a line that begins with a comment for a block of HTML and ends the paragraph.
    let starts = answer.readme.lines().filter(|line| line.starts_with("<!-- v:"));
    violations.extend(starts.map(|line| format!("a line begins with an inline value: {line}")));
    violations
}
