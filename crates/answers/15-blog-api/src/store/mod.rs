//! The statements on posts, tags and comments. Knows no HTTP; the caller owns the transaction.
//!
//! A page is a fixed number of statements however many rows it has: the rows, then everything of
//! one kind that belongs to them ([`relations`]), never one statement for each row.

pub mod comments;
pub mod edits;
pub mod posts;
pub mod relations;

use diesel::result::Error;
use error_handling::{Problem, constraint};

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
    match constraint(&error) {
        Some("blog_usage_posts_bounded") => {
            Problem::full("You have 10 000 posts, which is the most.")
        }
        Some("posts_comments_bounded") => {
            Problem::full("This post has 10 000 comments, which is the most.")
        }
        _ => Problem::from(error),
    }
}
