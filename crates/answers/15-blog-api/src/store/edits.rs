//! The statements that write `posts` and `post_tags`.

use auth::UserId;
use chrono::{DateTime, Utc};
use diesel::dsl::{not, sql};
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::{Integer, Nullable, Timestamptz};
use foundation::precondition::Expected;

use super::Written;
use super::posts::{COLUMNS, Post, Row, complete};
use crate::model::{Slug, Tag};
use crate::request::NewPost;
use crate::schema::{post_tags, posts};

/// Stores a post under a slug made from its title; under another one when that is taken. Run it in
/// a transaction.
///
/// # Errors
/// A violation of `blog_usage_posts_bounded`; of `posts_slug_unique` for whoever draws a suffix of
/// two thousand million that is taken as well.
pub fn insert(connection: &mut PgConnection, author: UserId, new: &NewPost) -> QueryResult<Post> {
    let slug = Slug::of_title(&new.title);
    let values = |slug: &Slug| {
        (
            posts::author_id.eq(author.number()),
            posts::slug.eq(slug.as_str().to_owned()),
            posts::title.eq(new.title.as_str().to_owned()),
            posts::body.eq(new.body.as_str().to_owned()),
            posts::published_at.eq(publication(new.published, "now()")),
        )
    };
    // Not an error that is caught: the first error of a transaction is the end of it.
    let first: Option<Row> = diesel::insert_into(posts::table)
        .values(values(&slug))
        .on_conflict(posts::slug)
        .do_nothing()
        .returning(COLUMNS)
        .get_result(connection)
        .optional()?;
    let row = match first {
        Some(row) => row,
        None => diesel::insert_into(posts::table)
            .values(values(&slug.with_suffix()))
            .returning(COLUMNS)
            .get_result(connection)?,
    };
    stored(connection, row, new)
}

/// Replaces a post of this author that is in an expected version, in one statement: between a look
/// at owner and version and a write after it, somebody else may write. Run it in a transaction.
///
/// # Errors
/// Whatever the database says.
pub fn replace(
    connection: &mut PgConnection,
    author: UserId,
    slug: &Slug,
    new: &NewPost,
    expected: &Expected,
) -> QueryResult<Written<Post>> {
    let mut update = diesel::update(posts::table)
        .filter(posts::slug.eq(slug.as_str()))
        .filter(posts::author_id.eq(author.number()))
        .set((
            posts::title.eq(new.title.as_str()),
            posts::body.eq(new.body.as_str()),
            // The time stays, so an edit moves no post to the front; one that was a draft meanwhile
            // is published anew.
            posts::published_at
                .eq(publication(new.published, "coalesce(posts.published_at, now())")),
            posts::version.eq(sql::<Integer>("nextval('posts_id_seq')::integer")),
        ))
        .into_boxed();
    if let Expected::Versions(versions) = expected {
        update = update.filter(posts::version.eq_any(versions));
    }
    match update.returning(COLUMNS).get_result::<Row>(connection).optional()? {
        Some(row) => stored(connection, row, new).map(Written::Done),
        None => why_not(connection, author, slug),
    }
}

fn publication(published: bool, time: &'static str) -> SqlLiteral<Nullable<Timestamptz>> {
    sql(if published { time } else { "NULL" })
}

/// Files a post that was written under its tags, and takes it out of all others.
fn stored(connection: &mut PgConnection, row: Row, new: &NewPost) -> QueryResult<Post> {
    let tags: Vec<&str> = new.tags.iter().map(Tag::as_str).collect();
    diesel::delete(post_tags::table)
        .filter(post_tags::post_id.eq(row.0))
        .filter(not(post_tags::tag.eq_any(tags.clone())))
        .execute(connection)?;
    let filed = tags.into_iter().map(|tag| (post_tags::post_id.eq(row.0), post_tags::tag.eq(tag)));
    diesel::insert_into(post_tags::table)
        .values(filed.collect::<Vec<_>>())
        .on_conflict_do_nothing()
        .execute(connection)?;
    let summary = complete(connection, vec![row])?.pop().ok_or(diesel::NotFound)?;
    Ok(Post { summary, body: new.body.as_str().to_owned() })
}

/// Deletes a post of this author that is in an expected version, with its comments.
///
/// # Errors
/// Whatever the database says.
pub fn delete(
    connection: &mut PgConnection,
    author: UserId,
    slug: &Slug,
    expected: &Expected,
) -> QueryResult<Written<()>> {
    let mut delete = diesel::delete(posts::table)
        .filter(posts::slug.eq(slug.as_str()))
        .filter(posts::author_id.eq(author.number()))
        .into_boxed();
    if let Expected::Versions(versions) = expected {
        delete = delete.filter(posts::version.eq_any(versions));
    }
    match delete.execute(connection)? {
        0 => why_not(connection, author, slug),
        _ => Ok(Written::Done(())),
    }
}

/// Tells why a write found no row: on this path only. That somebody else's post is there is told
/// where everybody can read it anyway; somebody else's draft is not there.
fn why_not<T>(
    connection: &mut PgConnection,
    author: UserId,
    slug: &Slug,
) -> QueryResult<Written<T>> {
    let found: Option<(i64, Option<DateTime<Utc>>)> = posts::table
        .filter(posts::slug.eq(slug.as_str()))
        .select((posts::author_id, posts::published_at))
        .get_result(connection)
        .optional()?;
    Ok(match found {
        Some((owner, _)) if owner == author.number() => Written::Stale,
        Some((_, Some(_))) => Written::NotYours,
        _ => Written::Missing,
    })
}
