//! The statements on `comments`.

use auth::UserId;
use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use foundation::paging::Limit;
use serde::{Deserialize, Serialize};

use super::Written;
use super::posts::visible;
use super::relations::{self, Author};
use crate::model::{CommentText, Slug};
use crate::schema::{comments, posts};

/// What a reader said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// Identifies it below its post.
    pub id: i64,
    /// Who said it.
    pub author: Author,
    /// What was said.
    pub body: String,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// A row without its author.
type Row = (i64, i64, String, DateTime<Utc>);

type Columns = (comments::id, comments::author_id, comments::body, comments::created_at);
const COLUMNS: Columns = (comments::id, comments::author_id, comments::body, comments::created_at);

/// The statement of a page of comments, apart so that its plan can be held by a test.
#[must_use]
pub fn below<'a>(
    post: i64,
    (after, limit): (Option<i64>, Limit),
) -> diesel::helper_types::IntoBoxed<'a, all_comments, diesel::pg::Pg> {
    let mut query = all_comments().filter(comments::post_id.eq(post)).into_boxed();
    if let Some(after) = after {
        query = query.filter(comments::id.gt(after));
    }
    query.order(comments::id).limit(limit.rows_to_fetch())
}

#[diesel::dsl::auto_type]
fn all_comments() -> _ {
    let columns: Columns = COLUMNS;
    comments::table.select(columns)
}

/// One page of the comments below a post, oldest first, and one more if there is a next page; `None`
/// for a post that this person may not read. Three statements.
///
/// # Errors
/// Whatever the database says.
pub fn page(
    connection: &mut PgConnection,
    slug: &Slug,
    reader: Option<UserId>,
    page: (Option<i64>, Limit),
) -> QueryResult<Option<Vec<Comment>>> {
    let post: Option<i64> = posts::table
        .filter(posts::slug.eq(slug.as_str()))
        .filter(visible(reader))
        .select(posts::id)
        .get_result(connection)
        .optional()?;
    let Some(post) = post else { return Ok(None) };
    let rows = below(post, page).load(connection)?;
    complete(connection, rows).map(Some)
}

/// Stores a comment below a published post; `None` where there is none. One statement: between a
/// look and an insert, the post may become a draft.
///
/// # Errors
/// A violation of `posts_comments_bounded`.
pub fn insert(
    connection: &mut PgConnection,
    author: UserId,
    slug: &Slug,
    text: &CommentText,
) -> QueryResult<Option<Comment>> {
    let stored: Option<Row> = posts::table
        .filter(posts::slug.eq(slug.as_str()))
        .filter(posts::published_at.is_not_null())
        .select((posts::id, author.number().into_sql::<BigInt>(), text.as_str().into_sql::<Text>()))
        .insert_into(comments::table)
        .into_columns((comments::post_id, comments::author_id, comments::body))
        .returning(COLUMNS)
        .get_result(connection)
        .optional()?;
    Ok(complete(connection, stored.into_iter().collect())?.pop())
}

/// Deletes a comment: its author may, and the author of the post.
///
/// # Errors
/// Whatever the database says.
pub fn delete(
    connection: &mut PgConnection,
    person: UserId,
    slug: &Slug,
    id: i64,
) -> QueryResult<Written<()>> {
    let below = posts::table.filter(posts::slug.eq(slug.as_str())).select(posts::id);
    let one = comments::table.filter(comments::id.eq(id)).filter(comments::post_id.eq_any(below));
    let own_post = posts::table
        .filter(posts::id.eq(comments::post_id))
        .filter(posts::author_id.eq(person.number()));
    let deleted = diesel::delete(one)
        .filter(comments::author_id.eq(person.number()).or(exists(own_post)))
        .execute(connection)?;
    if deleted > 0 {
        return Ok(Written::Done(()));
    }
    let there = comments::table
        .inner_join(posts::table)
        .filter(comments::id.eq(id))
        .filter(posts::slug.eq(slug.as_str()))
        .filter(posts::published_at.is_not_null());
    let there: bool = diesel::select(exists(there)).get_result(connection)?;
    Ok(if there { Written::NotYours } else { Written::Missing })
}

fn complete(connection: &mut PgConnection, rows: Vec<Row>) -> QueryResult<Vec<Comment>> {
    let authors = relations::authors(connection, rows.iter().map(|row| row.1).collect())?;
    let comments = rows.into_iter().filter_map(|(id, author, body, created_at)| {
        let author = authors.get(&author)?.clone();
        Some(Comment { id, author, body, created_at })
    });
    Ok(comments.collect())
}
