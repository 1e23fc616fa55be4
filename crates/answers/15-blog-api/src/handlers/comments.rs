//! What the routes of comments do, in both versions.

use actix_web::HttpResponse;
use actix_web::http::Uri;
use auth::UserId;
use error_handling::Problem;
use foundation::idempotency::{OptionalKey, StoredResponse};
use foundation::paging::{Page, PageParameters};
use foundation::precondition::IfNoneMatch;

use super::{PRIVATE, SHARED, Site, done, missing, respond, slug};
use crate::representation::Version;
use crate::request::CommentInput;
use crate::store::{comments, refusal};

pub(crate) async fn list<V: Version>(
    site: Site,
    reader: Option<UserId>,
    conditions: (&IfNoneMatch, &Uri),
    segment: &str,
    parameters: &PageParameters,
) -> Result<HttpResponse, Problem> {
    let (slug, (after, limit)) = (slug(segment)?, parameters.parse()?);
    let find = move |connection: &mut _| comments::page(connection, &slug, reader, (after, limit));
    let own = reader.map(UserId::reader);
    let rows = site.database.run_replica(own, find).await?.ok_or_else(missing)?;
    let page = Page::from_rows(rows, limit, |comment| comment.id)?;
    let cached = if reader.is_some() { PRIVATE } else { SHARED };
    Ok(respond(page, V::comment, conditions, cached))
}

pub(super) async fn create<V: Version>(
    site: Site,
    author: UserId,
    key: OptionalKey,
    segment: &str,
    input: CommentInput,
) -> Result<HttpResponse, Problem> {
    let slug = slug(segment)?;
    let attempt = key.of_owner(author.number(), V::CREATE_COMMENT, &(&slug, &input))?;
    let text = input.parse()?;
    let insert = move |connection: &mut _| {
        let stored = comments::insert(connection, author, &slug, &text).map_err(refusal)?;
        let comment = stored.ok_or_else(missing)?;
        // No Location: a comment is read in its list and has no page of its own.
        StoredResponse::created(None, &V::comment(comment))
    };
    let database = site.database();
    site.blog.into_inner().create(database, attempt, insert).await
}

pub(super) async fn remove(
    site: Site,
    person: UserId,
    segment: &str,
    id: i64,
) -> Result<HttpResponse, Problem> {
    let slug = slug(segment)?;
    let delete = move |connection: &mut _| comments::delete(connection, person, &slug, id);
    let database = site.database();
    done(site.blog.into_inner().write(database, None, delete).await?, "comment")?;
    Ok(HttpResponse::NoContent().finish())
}
