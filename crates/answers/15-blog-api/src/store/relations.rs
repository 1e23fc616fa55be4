//! What belongs to the rows of a page: one statement for each kind, for all rows together.
//!
//! Instead of joins: a post with five tags would be five rows, and LIMIT counts rows. Instead of a
//! statement for each row: a page of a hundred would be hundreds of round trips.

use std::collections::HashMap;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::schema::{post_tags, users};

/// Who wrote something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    /// The account.
    pub id: i64,
    /// What it is called.
    pub name: String,
}

/// The statement of [`authors`], apart so that its plan can be held by a test.
#[diesel::dsl::auto_type(no_type_alias)]
pub fn authors_query(ids: Vec<i64>) -> _ {
    users::table.filter(users::id.eq_any(ids)).select((users::id, users::name))
}

/// The statement of [`tags`], apart so that its plan can be held by a test.
#[diesel::dsl::auto_type(no_type_alias)]
pub fn tags_query(posts: Vec<i64>) -> _ {
    post_tags::table
        .filter(post_tags::post_id.eq_any(posts))
        .order((post_tags::post_id, post_tags::tag))
        .select((post_tags::post_id, post_tags::tag))
}

/// The accounts with these ids, each once.
///
/// # Errors
/// Whatever the database says.
pub fn authors(
    connection: &mut PgConnection,
    mut ids: Vec<i64>,
) -> QueryResult<HashMap<i64, Author>> {
    ids.sort_unstable();
    ids.dedup();
    let found: Vec<(i64, String)> = authors_query(ids).load(connection)?;
    Ok(found.into_iter().map(|(id, name)| (id, Author { id, name })).collect())
}

/// The tags of these posts, each post's in order of the alphabet.
///
/// # Errors
/// Whatever the database says.
pub fn tags(
    connection: &mut PgConnection,
    posts: Vec<i64>,
) -> QueryResult<HashMap<i64, Vec<String>>> {
    let found: Vec<(i64, String)> = tags_query(posts).load(connection)?;
    let mut by_post = HashMap::<i64, Vec<String>>::new();
    for (post, tag) in found {
        by_post.entry(post).or_default().push(tag);
    }
    Ok(by_post)
}
