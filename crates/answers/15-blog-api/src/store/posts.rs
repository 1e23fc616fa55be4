//! The statements that read `posts` and `post_tags`.

use auth::UserId;
use chrono::{DateTime, Utc};
use diesel::dsl::{exists, sql};
use diesel::expression::{SqlLiteral, UncheckedBind};
use diesel::helper_types::{AsExprOf, IntoBoxed};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Timestamptz};
use foundation::paging::Limit;
use serde::{Deserialize, Serialize};

use super::relations::{self, Author};
use crate::model::{Slug, Tag};
use crate::request::{Listing, Position};
use crate::schema::{post_tags, posts};

/// A post as lists have it: all but what it says, which is long and stays in the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Identifies it, also when it is moved or renamed.
    pub id: i64,
    /// The last part of its address.
    pub slug: String,
    /// What it is called.
    pub title: String,
    /// Who wrote it.
    pub author: Author,
    /// In order of the alphabet.
    pub tags: Vec<String>,
    /// When it was published; none while it is a draft.
    pub published_at: Option<DateTime<Utc>>,
    /// How many comments there are.
    pub comments: i32,
    /// Another one after each edit; no two posts have the same, also one after the other.
    pub version: i32,
}

impl Summary {
    /// Its place in the listing.
    #[must_use]
    pub fn position(&self) -> Position {
        Position { published_at: self.published_at.unwrap_or_default(), id: self.id }
    }
}

/// A post with what it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    /// All the rest.
    pub summary: Summary,
    /// What it says.
    pub body: String,
}

/// A row without what belongs to it.
pub(super) type Row = (i64, i64, String, String, Option<DateTime<Utc>>, i32, i32);

pub(super) type Columns = (
    posts::id,
    posts::author_id,
    posts::slug,
    posts::title,
    posts::published_at,
    posts::comments,
    posts::version,
);
pub(super) const COLUMNS: Columns = (
    posts::id,
    posts::author_id,
    posts::slug,
    posts::title,
    posts::published_at,
    posts::comments,
    posts::version,
);

#[diesel::dsl::auto_type]
fn all_published() -> _ {
    let columns: Columns = COLUMNS;
    posts::table.filter(posts::published_at.is_not_null()).select(columns)
}

#[diesel::dsl::auto_type]
fn all_tagged() -> _ {
    let columns: Columns = COLUMNS;
    let published = post_tags::published_at.is_not_null();
    post_tags::table.inner_join(posts::table).filter(published).select(columns)
}

type PartOf<Query, T, ST> = UncheckedBind<Query, AsExprOf<T, ST>>;
type Behind = SqlLiteral<
    Bool,
    PartOf<SqlLiteral<Bool, PartOf<SqlLiteral<Bool>, DateTime<Utc>, Timestamptz>>, i64, BigInt>,
>;

/// What comes after a place: `columns` are time and id. One comparison of rows, instead of `a < x OR
/// (a = x AND b < y)`, which the planner makes a filter of: it would read from the first page on.
fn behind(columns: &str, place: Position) -> Behind {
    sql::<Bool>(&format!("({columns}) < ("))
        .bind::<Timestamptz, _>(place.published_at)
        .sql(", ")
        .bind::<BigInt, _>(place.id)
        .sql(")")
}

/// The statement of a page, apart so that its plan can be held by a test. For a tag together with an
/// author: no index has both, so the author's posts, ten thousand at the most, are looked through.
#[must_use]
pub fn listing(question: &Listing) -> IntoBoxed<'_, all_published, Pg> {
    let mut query = all_published().into_boxed();
    if let Some(author) = question.author {
        query = query.filter(posts::author_id.eq(author.number()));
    }
    if let Some(tag) = &question.tag {
        let has = post_tags::table.filter(post_tags::post_id.eq(posts::id));
        query = query.filter(exists(has.filter(post_tags::tag.eq(tag.as_str()))));
    }
    if let Some(after) = question.after {
        query = query.filter(behind("posts.published_at, posts.id", after));
    }
    query
        .order((posts::published_at.desc(), posts::id.desc()))
        .limit(question.limit.rows_to_fetch())
}

/// The statement of a page of one tag: in order of the copy of the time that the tag has.
#[must_use]
pub fn tagged<'a>(
    tag: &'a Tag,
    after: Option<Position>,
    limit: Limit,
) -> IntoBoxed<'a, all_tagged, Pg> {
    let mut query = all_tagged().filter(post_tags::tag.eq(tag.as_str())).into_boxed();
    if let Some(after) = after {
        query = query.filter(behind("post_tags.published_at, post_tags.post_id", after));
    }
    query
        .order((post_tags::published_at.desc(), post_tags::post_id.desc()))
        .limit(limit.rows_to_fetch())
}

/// One page of published posts, newest first, and one post more if there is a next page. Three
/// statements.
///
/// # Errors
/// Whatever the database says.
pub fn page(connection: &mut PgConnection, question: &Listing) -> QueryResult<Vec<Summary>> {
    let rows = match question {
        Listing { tag: Some(tag), author: None, after, limit } => {
            tagged(tag, *after, *limit).load(connection)?
        }
        _ => listing(question).load(connection)?,
    };
    complete(connection, rows)
}

#[diesel::dsl::auto_type]
fn all_drafts() -> _ {
    let columns: Columns = COLUMNS;
    posts::table.filter(posts::published_at.is_null()).select(columns)
}

/// The statement of [`drafts`], apart so that its plan can be held by a test.
#[must_use]
pub fn drafts_query<'a>(
    author: UserId,
    (after, limit): (Option<i64>, Limit),
) -> IntoBoxed<'a, all_drafts, Pg> {
    let mut query = all_drafts().filter(posts::author_id.eq(author.number())).into_boxed();
    if let Some(after) = after {
        query = query.filter(posts::id.lt(after));
    }
    // By the whole index: a plan does not take a column that IS NULL for a constant.
    query.order((posts::published_at.desc(), posts::id.desc())).limit(limit.rows_to_fetch())
}

/// One page of somebody's drafts, newest first. In order of id, which a draft keeps.
///
/// # Errors
/// Whatever the database says.
pub fn drafts(
    connection: &mut PgConnection,
    author: UserId,
    page: (Option<i64>, Limit),
) -> QueryResult<Vec<Summary>> {
    let rows = drafts_query(author, page).load(connection)?;
    complete(connection, rows)
}

#[diesel::dsl::auto_type]
fn all_whole() -> _ {
    let columns: Columns = COLUMNS;
    posts::table.select((columns, posts::body))
}

/// The statement of [`find`], apart so that its plan can be held by a test.
#[must_use]
pub fn find_query<'a>(slug: &'a Slug, reader: Option<UserId>) -> IntoBoxed<'a, all_whole, Pg> {
    all_whole().filter(posts::slug.eq(slug.as_str())).filter(visible(reader)).into_boxed()
}

/// One post, if this person may read it: everybody what is published, the author drafts as well.
///
/// # Errors
/// Whatever the database says.
pub fn find(
    connection: &mut PgConnection,
    slug: &Slug,
    reader: Option<UserId>,
) -> QueryResult<Option<Post>> {
    let found: Option<(Row, String)> =
        find_query(slug, reader).get_result(connection).optional()?;
    let Some((row, body)) = found else { return Ok(None) };
    let summary = complete(connection, vec![row])?.pop();
    Ok(summary.map(|summary| Post { summary, body }))
}

/// Whether this person may read a post. Accounts are counted from 1, so 0 is nobody's number.
#[diesel::dsl::auto_type(no_type_alias)]
pub(super) fn visible(reader: Option<UserId>) -> _ {
    let reader: i64 = reader.map_or(0, UserId::number);
    posts::published_at.is_not_null().or(posts::author_id.eq(reader))
}

/// Adds what belongs to the rows, in two statements.
pub(super) fn complete(connection: &mut PgConnection, rows: Vec<Row>) -> QueryResult<Vec<Summary>> {
    let authors = relations::authors(connection, rows.iter().map(|row| row.1).collect())?;
    let mut tags = relations::tags(connection, rows.iter().map(|row| row.0).collect())?;
    let summaries = rows.into_iter().filter_map(
        |(id, author, slug, title, published_at, comments, version)| {
            // An account that went between the statements took its posts along.
            let author = authors.get(&author)?.clone();
            let tags = tags.remove(&id).unwrap_or_default();
            Some(Summary { id, slug, title, author, tags, published_at, comments, version })
        },
    );
    Ok(summaries.collect())
}
