//! The statements on posts, tags and comments. Knows no HTTP; the caller owns the transaction.
//!
//! A page is a fixed number of statements however many rows it has: the rows, then everything of
//! one kind that belongs to them ([`relations`]), never one statement for each row.

pub mod comments;
pub mod edits;
pub mod posts;
pub mod relations;

use diesel::result::Error;
use error_handling::{InvalidField, Problem, ProblemType};

/// What became of a write to one row.
#[derive(Debug, PartialEq, Eq)]
pub enum Written<T> {
    /// It is done.
    Done(T),
    /// The row is there, in a version other than the expected.
    Stale,
    /// Everybody can read it, and it belongs to somebody else.
    NotYours,
    /// There is no such row, as far as this person can tell.
    Missing,
}

/// A refusal of the database, or an error of its own, as the client gets it: the one table from
/// constraint names to words.
#[must_use]
pub fn refusal(error: Error) -> Problem {
    let constraint = match &error {
        Error::DatabaseError(_, information) => information.constraint_name(),
        _ => None,
    };
    match constraint {
        Some("blog_usage_posts_bounded") => full("You have 10 000 posts, which is the most."),
        Some("posts_comments_bounded") => full("This post has 10 000 comments, which is the most."),
        _ => Problem::from(error),
    }
}

/// 409 and not 422: once something is deleted, the same request will do.
fn full(detail: &'static str) -> Problem {
    Problem::new(ProblemType::Conflict, "There is no room for more.")
        .with_errors(vec![InvalidField::body("", "too_many", detail)])
}
