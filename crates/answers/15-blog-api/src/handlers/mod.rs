//! The routes of both versions: extract, validate, call, respond. What they do stands here, once;
//! `v1.rs` and `v2.rs` say where it is mounted and what it shows.

pub(crate) mod comments;
#[allow(deprecated)] // For clients; its routes have to be mounted until their sunset.
pub(crate) mod v1;
pub(crate) mod v2;

use std::collections::BTreeMap;
use std::future::{Ready, ready};

use actix_web::body::MessageBody;
use actix_web::dev::Payload;
use actix_web::http::Uri;
use actix_web::http::header::{CACHE_CONTROL, ETAG, HeaderValue, LINK};
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use auth::UserId;
use diesel::{Connection, PgConnection};
use error_handling::{Cause, Problem, ProblemType, problem_response};
use foundation::database::Database;
use foundation::idempotency::{OptionalKey, StoredResponse};
use foundation::paging::{Page, PageParameters};
use foundation::precondition::{Expected, IfNoneMatch, digest_tag, stale, tag};
use serde::{Deserialize, Serialize};
use utoipa::IntoResponses;
use utoipa::openapi::{RefOr, Response};

use crate::model::Slug;
use crate::representation::Version;
use crate::request::{ListParameters, PostInput};
use crate::state::Blog;
use crate::store::posts::{self, Post, Summary};
use crate::store::{Written, edits, refusal};

/// The longest acceptable post with every letter escaped, and room to spare.
pub(crate) const POST_LIMIT: usize = 1 << 20;
/// Four times the longest acceptable comment.
pub(crate) const COMMENT_LIMIT: usize = 32 << 10;

/// Everybody may keep it, and asks each time whether it is still the same.
const SHARED: &str = "public, no-cache";
/// Its author alone may.
const PRIVATE: &str = "private, no-cache";

/// What every route needs.
pub(crate) struct Site {
    database: web::Data<Database>,
    blog: web::Data<Blog>,
}

impl FromRequest for Site {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let (database, blog) = (request.app_data().cloned(), request.app_data().cloned());
        let site = database.zip(blog).map(|(database, blog)| Self { database, blog });
        ready(site.ok_or_else(|| Problem::internal(Cause::new("the blog was not started"))))
    }
}

impl Site {
    fn database(&self) -> Database {
        Database::clone(&self.database)
    }
}

pub(crate) async fn list<V: Version>(
    site: Site,
    known: &IfNoneMatch,
    uri: &Uri,
    parameters: &ListParameters,
) -> Result<HttpResponse, Problem> {
    let listing = parameters.parse()?;
    let limit = listing.limit;
    let rows = match parameters.is_front_page() {
        true => site.blog.front_page(&site.database, listing).await?,
        false => site.blog.page(&site.database, listing).await?,
    };
    let page = Page::from_rows(rows, limit, Summary::position)?;
    Ok(respond(page, V::summary, (known, uri), SHARED))
}

async fn list_drafts<V: Version>(
    site: Site,
    author: UserId,
    (known, uri): (&IfNoneMatch, &Uri),
    parameters: &PageParameters,
) -> Result<HttpResponse, Problem> {
    let (after, limit) = parameters.parse()?;
    let find = move |connection: &mut _| posts::drafts(connection, author, (after, limit));
    let rows = site.database.run(find).await?;
    let page = Page::from_rows(rows, limit, |draft| draft.id)?;
    Ok(respond(page, V::summary, (known, uri), PRIVATE))
}

async fn create<V: Version>(
    site: Site,
    author: UserId,
    key: OptionalKey,
    input: PostInput,
) -> Result<HttpResponse, Problem> {
    let attempt = key.of_owner(author.number(), V::CREATE_POST, &input)?;
    let new = input.parse()?;
    let insert = move |connection: &mut _| {
        let post = edits::insert(connection, author, &new).map_err(refusal)?;
        StoredResponse::created(Some(V::path(&post.summary.slug)), &V::post(post))
    };
    let database = site.database();
    tagged(site.blog.into_inner().create(database, attempt, insert).await?)
}

/// What a response about a new post says.
#[derive(Deserialize)]
struct Made {
    id: i32,
}

/// Adds the ETag to a response about a new post, also to one that is repeated a day later: the first
/// version is the post's number, whatever became of it since.
fn tagged(response: HttpResponse) -> Result<HttpResponse, Problem> {
    let (mut response, body) = response.into_parts();
    let unreadable = || Problem::internal(Cause::new("a response about a new post has no number"));
    let body = body.try_into_bytes().map_err(|_| unreadable())?;
    let Made { id } = serde_json::from_slice(&body).map_err(|_| unreadable())?;
    let tag = HeaderValue::try_from(tag(id)).map_err(|_| unreadable())?;
    response.headers_mut().insert(ETAG, tag);
    Ok(response.set_body(body).map_into_boxed_body())
}

pub(crate) async fn show<V: Version>(
    site: Site,
    reader: Option<UserId>,
    known: &IfNoneMatch,
    segment: &str,
) -> Result<HttpResponse, Problem> {
    let slug = slug(segment)?;
    let found = site.blog.post(&site.database, slug, reader).await?;
    let post = found.ok_or_else(missing)?;
    let (tag, cached) = (tag(post.summary.version), caching_of(&post));
    if known.has(&tag) {
        return Ok(unchanged(tag, cached));
    }
    let mut response = HttpResponse::Ok();
    Ok(response
        .insert_header((ETAG, tag))
        .insert_header((CACHE_CONTROL, cached))
        .json(V::post(post)))
}

async fn replace<V: Version>(
    site: Site,
    author: UserId,
    expected: Expected,
    segment: &str,
    input: PostInput,
) -> Result<HttpResponse, Problem> {
    let (slug, new) = (slug(segment)?, input.parse()?);
    let named = slug.clone();
    let write = move |connection: &mut PgConnection| {
        let replace =
            |connection: &mut _| edits::replace(connection, author, &slug, &new, &expected);
        connection.transaction(replace).map_err(refusal)
    };
    let database = site.database();
    let post = done(site.blog.into_inner().write(database, Some(named), write).await?, "post")?;
    let tag = tag(post.summary.version);
    Ok(HttpResponse::Ok().insert_header((ETAG, tag)).json(V::post(post)))
}

async fn remove(
    site: Site,
    author: UserId,
    expected: Expected,
    segment: &str,
) -> Result<HttpResponse, Problem> {
    let slug = slug(segment)?;
    let named = slug.clone();
    let delete = move |connection: &mut _| edits::delete(connection, author, &slug, &expected);
    let database = site.database();
    done(site.blog.into_inner().write(database, Some(named), delete).await?, "post")?;
    Ok(HttpResponse::NoContent().finish())
}

/// A page on the wire, or 304 for a client that has it.
fn respond<T, R: Serialize>(
    page: Page<T>,
    represent: fn(T) -> R,
    (known, uri): (&IfNoneMatch, &Uri),
    cached: &'static str,
) -> HttpResponse {
    let link = page.link(uri);
    let items: Vec<R> = page.items.into_iter().map(represent).collect();
    let tag = digest_tag(&serde_json::to_vec(&(&items, &link)).unwrap_or_default());
    if known.has(&tag) {
        return unchanged(tag, cached);
    }
    let mut response = HttpResponse::Ok();
    if let Some(link) = link {
        response.insert_header((LINK, link));
    }
    response.insert_header((ETAG, tag)).insert_header((CACHE_CONTROL, cached)).json(items)
}

fn unchanged(tag: String, cached: &'static str) -> HttpResponse {
    let mut response = HttpResponse::NotModified();
    response.insert_header((ETAG, tag)).insert_header((CACHE_CONTROL, cached)).finish()
}

fn caching_of(post: &Post) -> &'static str {
    if post.summary.published_at.is_some() { SHARED } else { PRIVATE }
}

fn slug(segment: &str) -> Result<Slug, Problem> {
    Slug::of_path(segment).ok_or_else(missing)
}

fn missing() -> Problem {
    Problem::not_found("post")
}

/// What became of a write to one row, in the words of HTTP.
fn done<T>(outcome: Written<T>, what: &str) -> Result<T, Problem> {
    match outcome {
        Written::Done(row) => Ok(row),
        Written::Stale => Err(stale()),
        Written::NotYours => Err(Problem::new(ProblemType::Forbidden, "This is not yours.")),
        Written::Missing => Err(Problem::not_found(what)),
    }
}

/// Documents what `If-Match` and somebody else's post may lead to.
#[derive(Debug)]
struct Refused;

/// Documents what the absence of `If-Match` leads to where it is demanded.
#[derive(Debug)]
struct Unconditional;

impl IntoResponses for Refused {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        [ProblemType::Forbidden, ProblemType::PreconditionFailed].map(problem_response).into()
    }
}

impl IntoResponses for Unconditional {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        [problem_response(ProblemType::PreconditionRequired)].into()
    }
}
