//! The build that works as long as everybody is nice. Each handler has one hole, and a word on it.

use std::fmt::Write;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, Route, web};
use diesel::RunQueryDsl;
use error_handling::Problem;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Site;
use super::naive_token;
use super::routes::Handlers;
use super::session::presented;
use super::store::{self, Note};
use crate::attacks::lockfiles;

/// See the module.
pub(super) struct Vulnerable;

impl Handlers for Vulnerable {
    fn search() -> Route {
        web::get().to(search)
    }
    fn order() -> Route {
        web::get().to(order)
    }
    fn profile() -> Route {
        web::get().to(profile)
    }
    fn rename() -> Route {
        web::patch().to(rename)
    }
    fn log_in() -> Route {
        web::post().to(log_in)
    }
    fn preview() -> Route {
        web::post().to(preview)
    }
    fn file() -> Route {
        web::get().to(file)
    }
    fn comment() -> Route {
        web::post().to(comment)
    }
    fn comments() -> Route {
        web::get().to(comments)
    }
    fn transfer() -> Route {
        web::post().to(transfer)
    }
    fn leave() -> Route {
        web::get().to(leave)
    }
    fn dependencies() -> Route {
        web::get().to(|| async { lockfiles::VULNERABLE })
    }
}

#[derive(Deserialize)]
pub(super) struct Search {
    pub(super) author: String,
    pub(super) title: String,
}

/// Hole: what was searched for becomes part of the statement.
async fn search(
    site: web::Data<Site>,
    search: web::Query<Search>,
) -> Result<HttpResponse, Problem> {
    let Search { author, title } = search.into_inner();
    Ok(HttpResponse::Ok().json(concatenated(&site, &author, &title).await?))
}

pub(super) async fn concatenated(
    site: &Site,
    author: &str,
    title: &str,
) -> Result<Vec<Note>, Problem> {
    let statement = format!(
        "SELECT id, title, body FROM notes \
         WHERE public AND author = {author} AND title LIKE '%{title}%'"
    );
    site.database.run(move |connection| diesel::sql_query(statement).load(connection)).await
}

/// Hole: the token says how it wants to be checked; `none` is not at all, and with HS256 the
/// published key becomes the secret.
fn who(site: &Site, request: &HttpRequest) -> Result<i64, Problem> {
    let token = presented(request, "session").unwrap_or_default();
    let claims = match naive_token::algorithm(&token).to_lowercase().as_str() {
        "none" => naive_token::unsigned(&token),
        name => naive_token::signed(site, &token, name),
    };
    claims.and_then(|claims| claims.sub.parse().ok()).ok_or_else(super::hardened::stranger)
}

/// Hole: whoever is logged in may see every order.
async fn order(
    site: web::Data<Site>,
    request: HttpRequest,
    id: web::Path<i64>,
) -> Result<HttpResponse, Problem> {
    who(&site, &request)?;
    let id = id.into_inner();
    let order = site.database.run(move |connection| store::any_order(connection, id)).await?;
    Ok(order.map_or_else(|| HttpResponse::NotFound().finish(), |it| HttpResponse::Ok().json(it)))
}

async fn profile(site: web::Data<Site>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    site.journal.print(&format!("INFO request uri={}", request.uri()));
    let id = who(&site, &request)?;
    let person = site.database.run(move |connection| store::person(connection, id)).await?;
    Ok(HttpResponse::Ok().json(person))
}

/// Hole: every member of the body is written to the column of its name.
async fn rename(
    site: web::Data<Site>,
    request: HttpRequest,
    changes: web::Json<Value>,
) -> Result<HttpResponse, Problem> {
    let id = who(&site, &request)?;
    let changes = changes.to_string();
    site.database.run(move |connection| store::merge(connection, id, &changes)).await?;
    Ok(HttpResponse::NoContent().finish())
}

#[derive(Debug, Deserialize)]
pub(super) struct LogIn {
    pub(super) name: String,
    pub(super) password: String,
}

/// Holes: as many guesses as one likes, and the log has all of them, as they came.
async fn log_in(site: web::Data<Site>, body: web::Json<LogIn>) -> Result<HttpResponse, Problem> {
    let LogIn { name, password } = body.into_inner();
    let Some(id) = super::hardened::verify(&site, &name, &password).await? else {
        site.journal.print(&format!("WARN log-in failed name={name} password={password}"));
        return Err(super::hardened::stranger());
    };
    let token = site.tokens.issue(id)?;
    let cookie = format!("session={token}; Path=/");
    Ok(HttpResponse::Ok()
        .insert_header((header::SET_COOKIE, cookie))
        .json(json!({"access_token": token})))
}

#[derive(Deserialize)]
pub(super) struct Link {
    pub(super) url: String,
}

/// Hole: this server is inside the network, and calls whatever it is told to.
async fn preview(link: web::Json<Link>) -> HttpResponse {
    fetched(&link.url).await
}

pub(super) async fn fetched(url: &str) -> HttpResponse {
    match awc::Client::default().get(url).send().await {
        Ok(mut response) => HttpResponse::Ok().body(response.body().await.unwrap_or_default()),
        Err(_) => HttpResponse::BadGateway().finish(),
    }
}

#[derive(Deserialize)]
pub(super) struct File {
    pub(super) name: String,
}

/// Hole: `..` leads out of the folder.
async fn file(site: web::Data<Site>, file: web::Query<File>) -> HttpResponse {
    read(&site, &file.name).await
}

pub(super) async fn read(site: &Site, name: &str) -> HttpResponse {
    let path = site.folder.join(name);
    match web::block(move || std::fs::read(path)).await {
        Ok(Ok(bytes)) => HttpResponse::Ok().content_type("text/plain").body(bytes),
        _ => HttpResponse::NotFound().finish(),
    }
}

/// Hole: as much as a client likes to send is kept in memory.
async fn comment(site: web::Data<Site>, body: web::Payload) -> Result<HttpResponse, Problem> {
    keep_comment(&site, body).await
}

pub(super) async fn keep_comment(site: &Site, body: web::Payload) -> Result<HttpResponse, Problem> {
    let bytes = body.to_bytes_limited(usize::MAX).await;
    let Ok(Ok(bytes)) = bytes else { return Ok(HttpResponse::BadRequest().finish()) };
    let comment: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let text = comment["text"].as_str().unwrap_or_default().to_owned();
    site.database.run(move |connection| store::add_comment(connection, &text)).await?;
    Ok(HttpResponse::Created().json(json!({"received": bytes.len()})))
}

/// Hole: a comment becomes part of the page, markup and all.
async fn comments(site: web::Data<Site>) -> Result<HttpResponse, Problem> {
    page(&site, str::to_owned).await
}

pub(super) async fn page(site: &Site, clean: fn(&str) -> String) -> Result<HttpResponse, Problem> {
    let comments = site.database.run(store::comments).await?;
    let mut page = "<!DOCTYPE html><title>Comments</title><ul>".to_owned();
    for comment in comments {
        let _ = write!(page, "<li>{}</li>", clean(&comment));
    }
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(page + "</ul>"))
}

#[derive(Deserialize)]
pub(super) struct Transfer {
    pub(super) to: String,
    pub(super) amount: i64,
}

/// Hole: the cookie comes along whoever made the browser send the form.
async fn transfer(
    site: web::Data<Site>,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, Problem> {
    let from = who(&site, &request)?;
    let form = serde_urlencoded::from_bytes(&body).ok();
    match form.or_else(|| serde_json::from_slice(&body).ok()) {
        Some(order) => pay(&site, from, order).await,
        None => Ok(HttpResponse::BadRequest().finish()),
    }
}

pub(super) async fn pay(site: &Site, from: i64, order: Transfer) -> Result<HttpResponse, Problem> {
    let Transfer { to, amount } = order;
    site.database.run(move |connection| store::transfer(connection, from, &to, amount)).await?;
    Ok(HttpResponse::NoContent().finish())
}

#[derive(Deserialize)]
pub(super) struct Leave {
    pub(super) to: String,
}

/// Hole: a link to us leads wherever its author wants.
async fn leave(leave: web::Query<Leave>) -> HttpResponse {
    redirect(&leave.to)
}

pub(super) fn redirect(to: &str) -> HttpResponse {
    HttpResponse::Found().insert_header((header::LOCATION, to)).finish()
}
