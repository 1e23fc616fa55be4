//! The statements on to-dos and categories. Knows no HTTP; the caller owns the transaction.
//!
//! Every statement names the owner. Somebody else's row is then a row that is not there: no check
//! can be forgotten between finding and answering, and nothing tells that it exists.

pub mod categories;
mod named;
pub mod todos;

use diesel::result::Error;
use error_handling::{InvalidField, Problem, ProblemType, constraint};

/// What became of a write to one row.
#[derive(Debug, PartialEq, Eq)]
pub enum Written<T> {
    /// It is done.
    Done(T),
    /// The row is there, in a version other than the expected.
    Stale,
    /// There is no such row of this owner.
    Missing,
}

/// A refusal of the database, or an error of its own, as the client gets it: the one table from
/// constraint names to fields.
#[must_use]
pub fn refusal(error: Error) -> Problem {
    match constraint(&error) {
        Some("todos_category_owned") => {
            // The same whether the category is somebody else's or nobody's.
            let detail = "You have no such category.";
            Problem::invalid(vec![InvalidField::body("/category_id", "not_found", detail)])
        }
        Some("todo_usage_todos_bounded") => full("10 000 to-dos"),
        Some("todo_usage_categories_bounded") => full("100 categories"),
        Some("categories_name_unique") => {
            let detail = "You have a category of this name.";
            Problem::new(ProblemType::Conflict, "A value that must be unique is taken.")
                .with_errors(vec![InvalidField::body("/name", "taken", detail)])
        }
        _ => Problem::from(error),
    }
}

fn full(most: &str) -> Problem {
    Problem::full(format!("You have {most}, which is the most: delete some first."))
}
