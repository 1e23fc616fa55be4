//! The one list that everything is derived from: pages, commands, API description and tests.

use evidence::cli::Extra;
use evidence::{Answer, Switch};
use foundation::http::Mount;
use foundation::jobs::Job;
use foundation::module::Module;

/// Every answer that is built, in the order of the questions.
pub static ANSWERS: &[&Answer] = &[
    &production_incident::ANSWER,
    &code_performance::ANSWER,
    &todo_api::ANSWER,
    &log_partitions::ANSWER,
    &inconsistent_responses::ANSWER,
    &sync_async::ANSWER,
    &challenging_problem::ANSWER,
    &error_handling::ANSWER,
    &create_user::ANSWER,
    &work_environment::ANSWER,
    &shop_api::ANSWER,
    &slow_query::ANSWER,
    &integrations::ANSWER,
    &web_security::ANSWER,
    &blog_api::ANSWER,
    &auth::ANSWER,
    &architecture::ANSWER,
    &caching::ANSWER,
];

/// The live part of those that have one, and the queue that they share.
pub static MODULES: &[&Module] = &[
    &todo_api::MODULE,
    &log_partitions::MODULE,
    &create_user::MODULE,
    &shop_api::MODULE,
    &integrations::MODULE,
    &web_security::MODULE,
    &blog_api::MODULE,
    &auth::MODULE,
    &caching::MODULE,
    &background_jobs::MODULE,
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

/// Subcommands that answers bring for use on other things than their demos.
#[must_use]
pub fn extras() -> Vec<Extra> {
    let extras: [&[Extra]; 4] = [
        production_incident::EXTRAS,
        &inconsistent_responses::EXTRAS,
        &shop_api::command::EXTRAS,
        &architecture::EXTRAS,
    ];
    extras.concat()
}

/// What an interviewer may take away from the demo of an answer.
#[must_use]
pub fn switches(answer: &Answer) -> &'static [Switch] {
    match answer.slug {
        "todo-api" => todo_api::SWITCHES,
        "slow-query" => slow_query::SWITCHES,
        "auth" => auth::SWITCHES,
        "caching" => caching::SWITCHES,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use foundation::http::describe;

    use super::*;

    #[test]
    fn every_answer_with_an_api_serves_it() {
        let served = describe(&routes()).paths.paths;
        for answer in ANSWERS {
            let described = answer.routes.map(|mount| describe(&[mount]).paths.paths);
            for path in described.unwrap_or_default().keys() {
                assert!(served.contains_key(path), "{}: {path}", answer.slug);
            }
        }
    }

    #[test]
    fn every_switch_has_a_name_of_its_own_and_says_what_breaks() {
        for answer in ANSWERS {
            let mut names: Vec<&str> = switches(answer).iter().map(|one| one.name).collect();
            names.dedup();
            assert_eq!(names.len(), switches(answer).len(), "{}", answer.slug);
            for switch in switches(answer) {
                assert!(!switch.breaks.is_empty() && switch.question.ends_with('?'));
            }
        }
        assert!(ANSWERS.iter().filter(|answer| !switches(answer).is_empty()).count() >= 4);
    }

    #[test]
    fn an_answer_is_found_by_slug_number_and_folder() {
        for name in ["log-partitions", "4", "04", "04-log-partitions"] {
            assert_eq!(find(name).map(|answer| answer.number), Some(4), "{name}");
        }
        for name in ["", "99", "log", "08-log-partitions", "log-partitions-4"] {
            assert!(find(name).is_none(), "{name}");
        }
    }
}
