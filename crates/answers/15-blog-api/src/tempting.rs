//! What people write first. Only the demo mounts or runs it.

use actix_web::http::Uri;
use actix_web::middleware::from_fn;
use actix_web::{HttpResponse, web};
use error_handling::{Path, Problem, Query};
use foundation::module::Module;
use foundation::paging::PageParameters;
use foundation::precondition::IfNoneMatch;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::deprecation::sunset;
use crate::guard::Reader;
use crate::handlers::{self, Site, comments};
use crate::representation::{CommentV2, PostV2, SummaryV2, V2, Version};
use crate::request::ListParameters;
use crate::store::comments::Comment;
use crate::store::posts::{Post, Summary};

/// A page by its number: everything before it is read and thrown away.
pub(crate) const BY_OFFSET: &str = "\
SELECT published_at, id, author_id, slug, title, comments, version
FROM posts WHERE published_at IS NOT NULL
ORDER BY published_at DESC, id DESC LIMIT 20 OFFSET $1";

/// A cursor that forgets that posts can share a time.
pub(crate) const BY_TIME_ALONE: &str = "\
SELECT published_at, id, author_id, slug, title, comments, version
FROM posts WHERE published_at IS NOT NULL AND published_at < $1
ORDER BY published_at DESC, id DESC LIMIT 20";

/// Everything in one join: a row for each tag of each comment, and LIMIT counts rows.
pub(crate) const ONE_JOIN: &str = "\
SELECT posts.id, users.name, tag, comments.id AS comment
FROM posts JOIN users ON users.id = posts.author_id
LEFT JOIN post_tags ON post_tags.post_id = posts.id
LEFT JOIN comments ON comments.post_id = posts.id
WHERE posts.published_at IS NOT NULL
ORDER BY posts.published_at DESC, posts.id DESC LIMIT 20";

/// Version 1 shows the author as version 2 does: changed where it was, for everybody at once.
pub(crate) static IN_PLACE: Module = front(in_place);

/// Version 1 is gone, and whoever asks for it is sent to version 2.
pub(crate) static REDIRECTING: Module = front(redirect);

const fn front(routes: fn(&mut ServiceConfig<'_>)) -> Module {
    Module { routes, start: Module::nothing_to_start, jobs: &[] }
}

struct InPlace;

impl Version for InPlace {
    const PREFIX: &'static str = "/api/v1";
    const CREATE_POST: &'static str = "in place: POST /api/v1/posts";
    const CREATE_COMMENT: &'static str = "in place: POST /api/v1/posts/{slug}/comments";
    type Summary = SummaryV2;
    type Post = PostV2;
    type Comment = CommentV2;

    fn summary(summary: Summary) -> SummaryV2 {
        V2::summary(summary)
    }

    fn post(post: Post) -> PostV2 {
        V2::post(post)
    }

    fn comment(comment: Comment) -> CommentV2 {
        V2::comment(comment)
    }
}

fn in_place(config: &mut ServiceConfig<'_>) {
    config.map(|config| {
        let get = |path| web::resource(path).guard(actix_web::guard::Get()).wrap(from_fn(sunset));
        config
            .service(get("/api/v1/posts").route(web::get().to(list)))
            .service(get("/api/v1/posts/{slug}").route(web::get().to(show)))
            .service(get("/api/v1/posts/{slug}/comments").route(web::get().to(list_comments)))
    });
}

async fn list(
    site: Site,
    known: IfNoneMatch,
    uri: Uri,
    Query(parameters): Query<ListParameters>,
) -> Result<HttpResponse, Problem> {
    handlers::list::<InPlace>(site, &known, &uri, &parameters).await
}

async fn show(
    site: Site,
    Reader(reader): Reader,
    known: IfNoneMatch,
    Path(slug): Path<String>,
) -> Result<HttpResponse, Problem> {
    handlers::show::<InPlace>(site, reader, &known, &slug).await
}

async fn list_comments(
    site: Site,
    Reader(reader): Reader,
    (known, uri): (IfNoneMatch, Uri),
    Path(slug): Path<String>,
    Query(parameters): Query<PageParameters>,
) -> Result<HttpResponse, Problem> {
    comments::list::<InPlace>(site, reader, (&known, &uri), &slug, &parameters).await
}

fn redirect(config: &mut ServiceConfig<'_>) {
    config.map(|config| {
        let moved = |uri: Uri| async move {
            let there = uri.to_string().replacen("/api/v1/", "/api/v2/", 1);
            HttpResponse::PermanentRedirect().insert_header(("location", there)).finish()
        };
        let anything = || web::to(moved);
        config
            .service(web::resource("/api/v1/posts{below:.*}").route(anything()))
            .service(web::resource("/api/v1/drafts").route(anything()))
    });
}
