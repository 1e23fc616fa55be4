//! The build made of the backend's own pieces. Each handler names what shuts its hole.

mod content;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, Route, web};
use error_handling::{Cause, InvalidField, Json, Path, Problem, ProblemType, breaks_line};
use foundation::rate_limit::RateLimit;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::Deserialize;
use serde_json::json;

use super::Site;
use super::routes::Handlers;
use super::seed::NOBODY;
use super::session::{AUDIENCE, Claims, ISSUER, presented};
use super::store::{self, Credentials};
use crate::attacks::lockfiles;

/// See the module.
pub(super) struct Hardened;

/// `__Host-`: only this host can have set it, over TLS, for all paths (RFC 6265bis, 4.1.3.2).
const COOKIE: &str = "__Host-session";

impl Handlers for Hardened {
    fn search() -> Route {
        web::get().to(content::search)
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
        web::post().to(content::preview)
    }
    fn file() -> Route {
        web::get().to(content::file)
    }
    fn comment() -> Route {
        web::post().to(content::comment)
    }
    fn comments() -> Route {
        web::get().to(content::comments)
    }
    fn transfer() -> Route {
        web::post().to(transfer)
    }
    fn leave() -> Route {
        web::get().to(content::leave)
    }
    /// This repository's own lock file, which `make audit` asks about, too.
    fn dependencies() -> Route {
        web::get().to(|| async { lockfiles::HARDENED })
    }
}

/// One algorithm, chosen here, with issuer, audience and expiry.
fn who(site: &Site, request: &HttpRequest) -> Result<i64, Problem> {
    let token = presented(request, COOKIE).unwrap_or_default();
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    let key = DecodingKey::from_ed_der(&site.tokens.public);
    let claims = decode::<Claims>(&token, &key, &validation).map_err(|_| stranger())?.claims;
    claims.sub.parse().map_err(|_| stranger())
}

/// The same words whatever was wrong.
pub(super) fn stranger() -> Problem {
    Problem::new(ProblemType::Unauthenticated, "Log in first.")
}

/// The owner is part of the question, so that somebody else's order is not there.
async fn order(
    site: web::Data<Site>,
    request: HttpRequest,
    id: Path<i64>,
) -> Result<HttpResponse, Problem> {
    let (owner, id) = (who(&site, &request)?, id.0);
    let order = site.database.run(move |connection| store::own_order(connection, owner, id));
    Ok(HttpResponse::Ok().json(order.await?.ok_or_else(|| Problem::not_found("order"))?))
}

async fn profile(site: web::Data<Site>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    // The path alone: people put tokens into queries.
    site.journal.record(|| tracing::info!(path = request.path(), "request"));
    let id = who(&site, &request)?;
    let person = site.database.run(move |connection| store::person(connection, id)).await?;
    Ok(HttpResponse::Ok().json(person.ok_or_else(stranger)?))
}

/// What may be changed, and nothing beside it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rename {
    name: String,
}

/// A list of what is allowed, which a new column does not lengthen.
async fn rename(
    site: web::Data<Site>,
    request: HttpRequest,
    change: Json<Rename>,
) -> Result<HttpResponse, Problem> {
    let (id, name) = (who(&site, &request)?, one_line("/name", change.0.name)?);
    site.database.run_write(move |connection| store::rename(connection, id, &name)).await?;
    Ok(HttpResponse::NoContent().finish())
}

fn bounded(pointer: &str, text: String, most: usize) -> Result<String, Problem> {
    let too_long =
        || InvalidField::body(pointer, "too_long", format!("At most {most} characters."));
    if text.chars().count() > most { Err(Problem::invalid(vec![too_long()])) } else { Ok(text) }
}

fn one_line(pointer: &str, text: String) -> Result<String, Problem> {
    if text.chars().any(breaks_line) {
        let detail = "No control characters and no line ends.";
        return Err(Problem::invalid(vec![InvalidField::body(
            pointer,
            "control_character",
            detail,
        )]));
    }
    bounded(pointer, text, 100)
}

/// No `Debug`: what cannot be printed is not logged.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LogIn {
    name: String,
    password: String,
}

/// Wrong passwords count for the account, wherever they come from; the log has fields of one line.
async fn log_in(site: web::Data<Site>, body: Json<LogIn>) -> Result<HttpResponse, Problem> {
    let LogIn { name, password } = body.0;
    let name = one_line("/name", name)?;
    let allowance = site.guesses.take(&name);
    if !allowance.granted {
        return Err(RateLimit::<String>::refusal(allowance));
    }
    let Some(id) = verify(&site, &name, &password).await? else {
        site.journal.record(|| tracing::warn!(name, "log-in failed"));
        return Err(stranger());
    };
    site.guesses.refund(&name).await;
    let token = site.tokens.issue(id)?;
    let cookie = format!("{COOKIE}={token}; Path=/; Secure; HttpOnly; SameSite=Strict");
    Ok(HttpResponse::Ok()
        .insert_header((header::SET_COOKIE, cookie))
        .json(json!({"access_token": token})))
}

/// Whose password this is, off the async worker; compared also where there is no account. Answer 16
/// bounds how many compare at once.
pub(super) async fn verify(
    site: &Site,
    name: &str,
    password: &str,
) -> Result<Option<i64>, Problem> {
    let name = name.to_owned();
    let found = site.database.run(move |connection| store::credentials(connection, &name)).await?;
    let (id, hash) = compared_with(found);
    let password = password.to_owned();
    let compare = move || bcrypt::verify(password, &hash).unwrap_or(false);
    let matches = web::block(compare).await;
    let matches = matches.map_err(|_| Problem::internal(Cause::new("blocking pool")))?;
    Ok(id.filter(|_| matches))
}

/// Whom a right password lets in, and the hash that it is compared with: one of the same cost where
/// there is nobody.
fn compared_with(found: Option<Credentials>) -> (Option<i64>, String) {
    match found {
        Some(found) => (Some(found.id), found.password_hash),
        None => (None, NOBODY.clone()),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Transfer {
    to: String,
    amount: u32,
}

/// From our own pages alone, and as JSON by name, which no form can send.
async fn transfer(
    site: web::Data<Site>,
    request: HttpRequest,
    order: Json<Transfer>,
) -> Result<HttpResponse, Problem> {
    same_origin(&request)?;
    let from = who(&site, &request)?;
    let Transfer { to, amount } = order.0;
    let pay = move |connection: &mut _| store::transfer(connection, from, &to, amount.into());
    site.database.run_write(pay).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Browsers name the origin of every POST. Whoever sends a cookie and names none is refused: an old
/// browser that names none may ignore `SameSite` as well.
fn same_origin(request: &HttpRequest) -> Result<(), Problem> {
    let header = |name: &str| request.headers().get(name).map(|it| it.to_str().unwrap_or("null"));
    let host = header("host").unwrap_or_default();
    let own = |origin: &str| origin.split_once("://").is_some_and(|(_, rest)| rest == host);
    let fine = header("origin").map_or(header("cookie").is_none(), own)
        && header("sec-fetch-site").is_none_or(|site| site == "same-origin");
    let refused = || Problem::new(ProblemType::Forbidden, "This comes from another site.");
    if fine { Ok(()) } else { Err(refused()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_an_account_is_compared_at_the_same_cost_and_lets_nobody_in() {
        let account = Credentials { id: 1, password_hash: bcrypt::hash("sunshine", 4).unwrap() };
        let (somebody, stored) = compared_with(Some(account));
        let (nobody, stand_in) = compared_with(None);
        assert_eq!((somebody, nobody), (Some(1), None));
        // Version, cost and length decide how long a comparison takes.
        assert_eq!((&stored[..7], stored.len()), (&stand_in[..7], stand_in.len()));
        assert!(!bcrypt::verify("sunshine", &stand_in).unwrap());
    }
}
