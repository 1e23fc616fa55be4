//! What everybody may read and write: search, links, files, comments, ways out.

use std::path::{Component, Path as FilePath};

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use error_handling::{Cause, InvalidField, Json, Problem, Query};
use maud::{DOCTYPE, html};
use serde::Deserialize;
use serde_json::json;
use url::{Position, Url};

use super::bounded;
use crate::OutboundRequest;
use crate::lab::{Site, store};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Search {
    author: i64,
    title: String,
}

/// A type for the number, and binds for both.
pub(super) async fn search(
    site: web::Data<Site>,
    search: Query<Search>,
) -> Result<HttpResponse, Problem> {
    let Search { author, title } = search.0;
    let find = move |connection: &mut _| store::public_notes(connection, author, &title);
    Ok(HttpResponse::Ok().json(site.database.run(find).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Link {
    url: String,
}

/// A client that checks where a name leads, at every hop. Whoever asks is told the same whatever
/// kept it from the call, or this would be a map of our own names; the log has the reason.
pub(super) async fn preview(
    site: web::Data<Site>,
    link: Json<Link>,
) -> Result<HttpResponse, Problem> {
    let sent = site.outbound.send(OutboundRequest::get(link.0.url).following(3)).await;
    let seen = sent.map_err(|error| {
        site.journal.record(|| tracing::warn!(%error, "link not previewed"));
        let detail = "This address cannot be called.";
        Problem::invalid(vec![InvalidField::body("/url", "not_callable", detail)])
    })?;
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(seen.body))
}

#[derive(Deserialize)]
pub(super) struct File {
    name: String,
}

/// One plain name, and a second look at where it leads, as a link may lead out.
pub(super) async fn file(
    site: web::Data<Site>,
    file: Query<File>,
) -> Result<HttpResponse, Problem> {
    let missing = || Problem::not_found("file");
    let mut parts = FilePath::new(&file.0.name).components();
    let (Some(Component::Normal(name)), None) = (parts.next(), parts.next()) else {
        return Err(missing());
    };
    let (folder, path) = (site.folder.clone(), site.folder.join(name));
    let read = move || {
        let real = path.canonicalize().ok().filter(|real| real.starts_with(folder))?;
        std::fs::read(real).ok()
    };
    let bytes = web::block(read).await.map_err(|_| Problem::internal(Cause::new("blocking pool")));
    let bytes = bytes?.ok_or_else(missing)?;
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(bytes))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Comment {
    text: String,
}

/// The extractor counts what arrives and stops at its limit, within its time.
pub(super) async fn comment(
    site: web::Data<Site>,
    comment: Json<Comment, 8_192>,
) -> Result<HttpResponse, Problem> {
    let text = bounded("/text", comment.0.text, 1_000)?;
    let received = text.len();
    site.database.run_write(move |connection| store::add_comment(connection, &text)).await?;
    Ok(HttpResponse::Created().json(json!({"received": received})))
}

/// The template escapes; the policy of the page runs nothing that slips through.
pub(super) async fn comments(site: web::Data<Site>) -> Result<HttpResponse, Problem> {
    let comments = site.database.run(store::comments).await?;
    let page = html! {
        (DOCTYPE)
        title { "Comments" }
        ul { @for comment in &comments { li { (comment) } } }
    };
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(page.0))
}

#[derive(Deserialize)]
pub(super) struct Leave {
    to: String,
}

/// Read as a browser reads it, against an origin that cannot exist; another origin is no target.
pub(super) async fn leave(leave: Query<Leave>) -> HttpResponse {
    let own = Url::parse("https://own.invalid/").ok();
    let target = own.as_ref().and_then(|own| {
        let target = own.join(&leave.0.to).ok()?;
        // `/.//host` stays here as a URL and leaves as a path.
        let stays = target.origin() == own.origin() && !target.path().starts_with("//");
        stays.then_some(target)
    });
    let to = target.map_or_else(|| "/".to_owned(), |url| url[Position::BeforePath..].to_owned());
    HttpResponse::SeeOther().insert_header((header::LOCATION, to)).finish()
}
