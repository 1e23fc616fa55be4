//! The build after somebody read about each attack: the fix that comes to mind first.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, Route, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use error_handling::Problem;
use foundation::rate_limit::RateLimit;
use serde_json::{Value, json};
use url::{Host, Url};

use super::Site;
use super::hardened::{stranger, verify};
use super::naive_token;
use super::routes::Handlers;
use super::session::presented;
use super::store;
use super::vulnerable::{self as naive, File, Leave, Link, LogIn, Search, Transfer};
use crate::attacks::lockfiles;
use crate::outbound::class_of;

/// See the module.
pub(super) struct Tempting;

impl Handlers for Tempting {
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
    /// The direct dependencies are up to date; those below them were not looked at.
    fn dependencies() -> Route {
        web::get().to(|| async { lockfiles::TEMPTING })
    }
}

/// Strips quotes: a number needs none to become a condition.
async fn search(
    site: web::Data<Site>,
    search: web::Query<Search>,
) -> Result<HttpResponse, Problem> {
    let [author, title] = [&search.author, &search.title].map(|text| text.replace('\'', ""));
    Ok(HttpResponse::Ok().json(naive::concatenated(&site, &author, &title).await?))
}

/// Refuses `none`, written like this. The algorithm is still the token's choice.
fn who(site: &Site, request: &HttpRequest) -> Result<i64, Problem> {
    let token = presented(request, "session").unwrap_or_default();
    let algorithm = naive_token::algorithm(&token);
    let claims = match algorithm.to_lowercase().as_str() {
        _ if algorithm == "none" => None,
        "none" => naive_token::unsigned(&token),
        name => naive_token::signed(site, &token, name),
    };
    claims.and_then(|claims| claims.sub.parse().ok()).ok_or_else(stranger)
}

/// Numbers that look like none: nobody would guess them.
async fn order(
    site: web::Data<Site>,
    request: HttpRequest,
    name: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    who(&site, &request)?;
    let number = URL_SAFE_NO_PAD.decode(name.as_bytes()).ok();
    let number = number.and_then(|bytes| String::from_utf8(bytes).ok()?.parse().ok());
    let Some(id) = number else { return Ok(HttpResponse::NotFound().finish()) };
    let order = site.database.run(move |connection| store::any_order(connection, id)).await?;
    Ok(order.map_or_else(|| HttpResponse::NotFound().finish(), |it| HttpResponse::Ok().json(it)))
}

async fn profile(site: web::Data<Site>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    site.journal.print(&format!("INFO request uri={}", request.uri()));
    let id = who(&site, &request)?;
    let person = site.database.run(move |connection| store::person(connection, id)).await?;
    Ok(HttpResponse::Ok().json(person))
}

/// Drops the member that was abused last time. The next column comes without a reminder.
async fn rename(
    site: web::Data<Site>,
    request: HttpRequest,
    changes: web::Json<Value>,
) -> Result<HttpResponse, Problem> {
    let id = who(&site, &request)?;
    let mut changes = changes.into_inner();
    if let Some(members) = changes.as_object_mut() {
        members.remove("role");
    }
    let changes = changes.to_string();
    site.database.run(move |connection| store::merge(connection, id, &changes)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Counts by the address that the client says it has; masks the password and one kind of newline.
async fn log_in(
    site: web::Data<Site>,
    request: HttpRequest,
    body: web::Json<LogIn>,
) -> Result<HttpResponse, Problem> {
    let address = request.headers().get("x-forwarded-for").and_then(|value| value.to_str().ok());
    let allowance = site.guesses_by_header.take(&address.unwrap_or_default().to_owned());
    if !allowance.granted {
        return Err(RateLimit::<String>::refusal(allowance));
    }
    let LogIn { name, password } = body.into_inner();
    let Some(id) = verify(&site, &name, &password).await? else {
        let name = name.replace('\n', " ");
        site.journal.print(&format!("WARN log-in failed name={name} password=***"));
        return Err(stranger());
    };
    let token = site.tokens.issue(id)?;
    let cookie = format!("session={token}; Path=/; HttpOnly");
    Ok(HttpResponse::Ok()
        .insert_header((header::SET_COOKIE, cookie))
        .json(json!({"access_token": token})))
}

/// Looks at addresses in any spelling. A name is none, and neither is what the host redirects to.
async fn preview(link: web::Json<Link>) -> HttpResponse {
    let refused = || HttpResponse::UnprocessableEntity().finish();
    let Ok(url) = Url::parse(&link.url) else { return refused() };
    let is_public = match url.host() {
        Some(Host::Ipv4(address)) => class_of(address.into()).is_none(),
        Some(Host::Ipv6(address)) => class_of(address.into()).is_none(),
        Some(Host::Domain(_)) => true,
        None => false,
    };
    if is_public { naive::fetched(url.as_str()).await } else { refused() }
}

/// Cuts `../` out, which joins what stood around it.
async fn file(site: web::Data<Site>, file: web::Query<File>) -> HttpResponse {
    naive::read(&site, &file.name.replace("../", "")).await
}

/// Believes the length that was announced; a chunked body announces none.
async fn comment(
    site: web::Data<Site>,
    request: HttpRequest,
    body: web::Payload,
) -> Result<HttpResponse, Problem> {
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|it| it.to_str().ok());
    if length.is_some_and(|length| length.parse::<u64>().is_ok_and(|bytes| bytes > 65_536)) {
        return Ok(HttpResponse::PayloadTooLarge().finish());
    }
    naive::keep_comment(&site, body).await
}

/// Takes out the tag that everybody knows, in lower case.
async fn comments(site: web::Data<Site>) -> Result<HttpResponse, Problem> {
    naive::page(&site, |comment| comment.replace("<script>", "").replace("</script>", "")).await
}

/// JSON alone, as no form can send that, and CORS around it. A form can send a text that is JSON,
/// and CORS keeps a page from reading the answer, not from asking.
async fn transfer(
    site: web::Data<Site>,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, Problem> {
    let from = who(&site, &request)?;
    match serde_json::from_slice::<Transfer>(&body) {
        Ok(order) => naive::pay(&site, from, order).await,
        Err(_) => Ok(HttpResponse::BadRequest().finish()),
    }
}

/// Wants a path. Browsers take `//host` and `/\host` for another site.
async fn leave(leave: web::Query<Leave>) -> HttpResponse {
    naive::redirect(if leave.to.starts_with('/') { &leave.to } else { "/" })
}
