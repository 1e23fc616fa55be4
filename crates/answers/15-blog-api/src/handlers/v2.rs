//! Version 2. The same routes: a version is for what a response shows, not for what it is about.

use actix_web::http::Uri;
use actix_web::middleware::from_fn;
use actix_web::{HttpResponse, delete, get, post, put};
use auth::{Caller, Unauthenticated};
use error_handling::{Json, Path, Problem, Query, ReadProblems, WriteProblems};
use foundation::idempotency::OptionalKey;
use foundation::paging::PageParameters;
use foundation::precondition::{IfMatch, IfNoneMatch, RequiredIfMatch};

use super::{COMMENT_LIMIT, POST_LIMIT, Refused, Site, Unconditional, comments};
use crate::guard::{Reader, guard};
use crate::representation::{CommentV2, PostV2, SummaryV2, V2};
use crate::request::{CommentInput, ListParameters, PostInput};

/// List published posts, newest first
///
/// `curl 'localhost:8080/api/v2/posts?tag=postgres'`
#[utoipa::path(
    tag = "blog v2",
    operation_id = "list_posts_v2",
    params(ListParameters, ("If-None-Match" = Option<String>, Header,
        description = "The ETag of a page that you have: 304 if it is still the same.")),
    responses(
        (status = 200, body = [SummaryV2], headers(
            ("etag" = String, description = "Weak; changes with every post of the page"),
            ("link" = String, description = "The next page, `rel=\"next\"`; absent on the last"),
        )),
        (status = 304, description = "Not changed"),
        ReadProblems,
    ),
)]
#[get("/api/v2/posts")]
pub(crate) async fn list(
    site: Site,
    known: IfNoneMatch,
    uri: Uri,
    Query(parameters): Query<ListParameters>,
) -> Result<HttpResponse, Problem> {
    super::list::<V2>(site, &known, &uri, &parameters).await
}

/// Write a post
///
/// `curl -i -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' -d
/// '{"title":"Hello","body":"World","published":true}' localhost:8080/api/v2/posts`
#[utoipa::path(
    tag = "blog v2",
    operation_id = "create_post_v2",
    params(("Idempotency-Key" = Option<String>, Header, example = "\"8e03978e-40d5\"",
        description = "Quoted string of 1 to 255 characters. The same key and request again, within \
                       a day, is answered with the first response and does nothing.")),
    request_body = PostInput,
    responses(
        (status = 201, body = PostV2, headers(
            ("location" = String, description = "The post"),
            ("etag" = String, description = "Its version"),
            ("idempotency-replayed" = String, description = "`true` when nothing was done"),
        )),
        Unauthenticated, WriteProblems,
    ),
)]
#[post("/api/v2/posts", wrap = "from_fn(guard)")]
pub(crate) async fn create(
    site: Site,
    Caller(author): Caller,
    key: OptionalKey,
    Json(input): Json<PostInput, POST_LIMIT>,
) -> Result<HttpResponse, Problem> {
    super::create::<V2>(site, author, key, input).await
}

/// Read one post
///
/// A draft is there for its author alone, who sends a token. `curl -i localhost:8080/api/v2/posts/hello`
#[utoipa::path(
    tag = "blog v2",
    operation_id = "get_post_v2",
    security(("bearer" = []), ()),
    params(("slug" = String, Path, example = "hello"), ("If-None-Match" = Option<String>, Header,
        description = "The ETag of what you have: 304 if it is still the same.")),
    responses(
        (status = 200, body = PostV2, headers(("etag" = String, description = "Its version"))),
        (status = 304, description = "Not changed"),
        Unauthenticated, ReadProblems,
    ),
)]
#[get("/api/v2/posts/{slug}")]
pub(crate) async fn show(
    site: Site,
    Reader(reader): Reader,
    known: IfNoneMatch,
    Path(slug): Path<String>,
) -> Result<HttpResponse, Problem> {
    super::show::<V2>(site, reader, &known, &slug).await
}

/// Replace a post of yours
///
/// Its address stays. `curl -X PUT -H "authorization: Bearer $TOKEN" -H 'if-match: "1"' -H
/// 'content-type: application/json' -d '{"title":"Hi","body":"World"}'
/// localhost:8080/api/v2/posts/hello`
#[utoipa::path(
    tag = "blog v2",
    operation_id = "replace_post_v2",
    params(("slug" = String, Path, example = "hello"), ("If-Match" = String, Header,
        example = "\"1\"",
        description = "The ETag of what you replace, or `*` for whatever is there.")),
    request_body = PostInput,
    responses(
        (status = 200, body = PostV2, headers(("etag" = String, description = "Its version"))),
        Refused, Unconditional, Unauthenticated, WriteProblems,
    ),
)]
#[put("/api/v2/posts/{slug}", wrap = "from_fn(guard)")]
pub(crate) async fn replace(
    site: Site,
    Caller(author): Caller,
    RequiredIfMatch(expected): RequiredIfMatch,
    Path(slug): Path<String>,
    Json(input): Json<PostInput, POST_LIMIT>,
) -> Result<HttpResponse, Problem> {
    super::replace::<V2>(site, author, expected, &slug, input).await
}

/// Delete a post of yours, with its comments
#[utoipa::path(
    tag = "blog v2",
    operation_id = "delete_post_v2",
    params(("slug" = String, Path, example = "hello"), ("If-Match" = Option<String>, Header,
        example = "\"1\"", description = "The ETag of what you delete; 412 when it has another.")),
    responses(
        (status = 204, description = "It is gone"),
        Refused, Unauthenticated, WriteProblems,
    ),
)]
#[delete("/api/v2/posts/{slug}", wrap = "from_fn(guard)")]
pub(crate) async fn remove(
    site: Site,
    Caller(author): Caller,
    IfMatch(expected): IfMatch,
    Path(slug): Path<String>,
) -> Result<HttpResponse, Problem> {
    super::remove(site, author, expected, &slug).await
}

/// List your drafts, newest first
#[utoipa::path(
    tag = "blog v2",
    operation_id = "list_drafts_v2",
    params(PageParameters, ("If-None-Match" = Option<String>, Header,
        description = "The ETag of a page that you have: 304 if it is still the same.")),
    responses(
        (status = 200, body = [SummaryV2], headers(
            ("etag" = String, description = "Weak; changes with every draft of the page"),
            ("link" = String, description = "The next page, `rel=\"next\"`; absent on the last"),
        )),
        (status = 304, description = "Not changed"),
        Unauthenticated, ReadProblems,
    ),
)]
#[get("/api/v2/drafts", wrap = "from_fn(guard)")]
pub(crate) async fn list_drafts(
    site: Site,
    Caller(author): Caller,
    known: IfNoneMatch,
    uri: Uri,
    Query(parameters): Query<PageParameters>,
) -> Result<HttpResponse, Problem> {
    super::list_drafts::<V2>(site, author, (&known, &uri), &parameters).await
}

/// List the comments below a post, oldest first
#[utoipa::path(
    tag = "blog v2",
    operation_id = "list_comments_v2",
    security(("bearer" = []), ()),
    params(("slug" = String, Path, example = "hello"), PageParameters,
        ("If-None-Match" = Option<String>, Header,
        description = "The ETag of a page that you have: 304 if it is still the same.")),
    responses(
        (status = 200, body = [CommentV2], headers(
            ("etag" = String, description = "Weak; changes with every comment of the page"),
            ("link" = String, description = "The next page, `rel=\"next\"`; absent on the last"),
        )),
        (status = 304, description = "Not changed"),
        Unauthenticated, ReadProblems,
    ),
)]
#[get("/api/v2/posts/{slug}/comments")]
pub(crate) async fn list_comments(
    site: Site,
    Reader(reader): Reader,
    (known, uri): (IfNoneMatch, Uri),
    Path(slug): Path<String>,
    Query(parameters): Query<PageParameters>,
) -> Result<HttpResponse, Problem> {
    comments::list::<V2>(site, reader, (&known, &uri), &slug, &parameters).await
}

/// Comment on a published post
#[utoipa::path(
    tag = "blog v2",
    operation_id = "create_comment_v2",
    params(("slug" = String, Path, example = "hello"), ("Idempotency-Key" = Option<String>, Header,
        example = "\"8e03978e-40d5\"", description = "As for posts.")),
    request_body = CommentInput,
    responses((status = 201, body = CommentV2), Unauthenticated, WriteProblems),
)]
#[post("/api/v2/posts/{slug}/comments", wrap = "from_fn(guard)")]
pub(crate) async fn create_comment(
    site: Site,
    Caller(author): Caller,
    key: OptionalKey,
    Path(slug): Path<String>,
    Json(input): Json<CommentInput, COMMENT_LIMIT>,
) -> Result<HttpResponse, Problem> {
    comments::create::<V2>(site, author, key, &slug, input).await
}

/// Delete a comment of yours, or one below a post of yours
#[utoipa::path(
    tag = "blog v2",
    operation_id = "delete_comment_v2",
    params(("slug" = String, Path, example = "hello"), ("id" = i64, Path, example = 4)),
    responses(
        (status = 204, description = "It is gone"),
        Refused, Unauthenticated, WriteProblems,
    ),
)]
#[delete("/api/v2/posts/{slug}/comments/{id}", wrap = "from_fn(guard)")]
pub(crate) async fn remove_comment(
    site: Site,
    Caller(person): Caller,
    Path((slug, id)): Path<(String, i64)>,
) -> Result<HttpResponse, Problem> {
    comments::remove(site, person, &slug, id).await
}
