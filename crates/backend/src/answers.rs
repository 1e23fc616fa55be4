//! The one list that everything is derived from: pages, commands, API description and tests.

use evidence::Answer;
use foundation::http::Mount;
use foundation::jobs::Job;
use foundation::metrics::Metrics;

/// Every answer that is built, in the order of the questions.
pub static ANSWERS: &[&Answer] = &[&log_partitions::ANSWER, &error_handling::ANSWER];

/// Recurring work of the answers.
pub static JOBS: &[&Job] = &[&log_partitions::maintenance::JOB];

/// The answer that `name` means: a slug, a number, or both as in the folder's name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Answer> {
    let number = name.split('-').next().unwrap_or_default();
    ANSWERS.iter().copied().find(|answer| {
        answer.slug == name
            || number.parse() == Ok(answer.number)
                && (name == number || name.get(number.len() + 1..) == Some(answer.slug))
    })
}

/// Exposes what answers count on a server's `/metrics`.
pub fn register_metrics(metrics: &Metrics) {
    log_partitions::register_metrics(metrics);
}

/// The API of every answer that has one.
#[must_use]
pub fn routes() -> Vec<Mount> {
    ANSWERS.iter().filter_map(|answer| answer.routes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_found_by_slug_number_and_folder() {
        for name in ["log-partitions", "4", "04", "04-log-partitions"] {
            assert_eq!(find(name).map(|answer| answer.number), Some(4), "{name}");
        }
        for name in ["", "19", "log", "08-log-partitions", "log-partitions-4"] {
            assert!(find(name).is_none(), "{name}");
        }
    }
}
