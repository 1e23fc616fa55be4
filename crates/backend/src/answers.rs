//! The one list that everything is derived from: pages, commands, API description and tests.

use evidence::Answer;
use foundation::http::Mount;
use foundation::jobs::Job;
use foundation::module::Module;

/// Every answer that is built, in the order of the questions.
pub static ANSWERS: &[&Answer] = &[
    &code_performance::ANSWER,
    &todo_api::ANSWER,
    &log_partitions::ANSWER,
    &sync_async::ANSWER,
    &challenging_problem::ANSWER,
    &error_handling::ANSWER,
    &create_user::ANSWER,
    &slow_query::ANSWER,
    &auth::ANSWER,
    &caching::ANSWER,
];

/// The live part of those that have one.
pub static MODULES: &[&Module] = &[
    &todo_api::MODULE,
    &log_partitions::MODULE,
    &create_user::MODULE,
    &auth::MODULE,
    &caching::MODULE,
];

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

/// The API of every answer that has one.
#[must_use]
pub fn routes() -> Vec<Mount> {
    MODULES.iter().map(|module| module.routes).collect()
}

/// Recurring work of the answers.
#[must_use]
pub fn jobs() -> Vec<&'static Job> {
    MODULES.iter().flat_map(|module| module.jobs).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_with_an_api_serves_it() {
        let described = ANSWERS.iter().filter(|answer| answer.routes.is_some()).count();
        assert_eq!(described, MODULES.len());
    }

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
