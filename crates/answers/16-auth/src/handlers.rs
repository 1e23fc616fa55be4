//! The routes: extract, validate, call, respond.

use actix_web::http::StatusCode;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, put, web};
use chrono::{DateTime, Utc};
use error_handling::{Cause, Json, Path, Problem, ReadProblems, WriteProblems};
use foundation::database::Database;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Auth;
use crate::log_in::{Attempt, Granted, not_refreshed};
use crate::request::{LoginRequest, PasswordRequest, RefreshRequest};
use crate::sessions::while_live;
use crate::store::{self, Listed};
use crate::{CurrentUser, RefreshToken, SessionId, Unauthenticated, UserAgent};

/// Ten times the longest acceptable log-in, escapes included: a megabyte is refused unread.
const BODY_LIMIT: usize = 16 << 10;

/// Log in
///
/// Whether the address has an account shows in nothing: neither body, headers nor time.
/// `curl -i -H 'content-type: application/json' -d '{"email":"ada@example.org",
/// "password":"correct horse battery"}' localhost:8080/api/v1/sessions`
#[utoipa::path(
    tag = "sessions",
    operation_id = "log_in",
    security(()),
    request_body = LoginRequest,
    responses((status = 201, body = Granted), Unauthenticated, WriteProblems),
)]
#[post("/api/v1/sessions")]
pub(crate) async fn log_in(
    request: HttpRequest,
    auth: web::Data<Auth>,
    database: web::Data<Database>,
    Json(login): Json<LoginRequest, BODY_LIMIT>,
) -> Result<HttpResponse, Problem> {
    let peerless = || Problem::internal(Cause::new("request without a peer"));
    let address = auth.client(&request).ok_or_else(peerless)?;
    let attempt = Attempt::parse(&auth, login, address, UserAgent::of(request.headers()))?;
    let granted = auth.log_in(&database, attempt).await?;
    Ok(with_tokens(StatusCode::CREATED, &granted))
}

/// Stay logged in
///
/// Each refresh token is good once. One that comes back later ends its session, for whoever has
/// the next one, too: one of the two has stolen it.
/// `curl -i -H 'content-type: application/json' -d '{"refresh_token":"…"}'
/// localhost:8080/api/v1/sessions/refresh`
#[utoipa::path(
    tag = "sessions",
    operation_id = "refresh_session",
    security(()),
    request_body = RefreshRequest,
    responses((status = 200, body = Granted), Unauthenticated, WriteProblems),
)]
#[post("/api/v1/sessions/refresh")]
pub(crate) async fn refresh(
    auth: web::Data<Auth>,
    database: web::Data<Database>,
    Json(request): Json<RefreshRequest, BODY_LIMIT>,
) -> Result<HttpResponse, Problem> {
    let token = RefreshToken::parse(&request.refresh_token)
        .ok_or_else(|| not_refreshed("refresh token cannot be read"))?;
    let granted = auth.refresh(&database, token).await?;
    Ok(with_tokens(StatusCode::OK, &granted))
}

/// Tokens are for one client and for no cache (RFC 6749, section 5.1).
fn with_tokens(status: StatusCode, granted: &Granted) -> HttpResponse {
    HttpResponse::build(status).insert_header((CACHE_CONTROL, "no-store")).json(granted)
}

/// One log-in on one device.
#[derive(Serialize, ToSchema)]
pub(crate) struct Session {
    #[schema(value_type = i64, example = 17)]
    id: SessionId,
    /// Whether it is the one that asks.
    is_current: bool,
    /// What the client called itself.
    #[schema(example = "curl/8.5.0")]
    user_agent: Option<String>,
    created_at: DateTime<Utc>,
    /// When it was logged in or last refreshed.
    last_used_at: DateTime<Utc>,
    /// When it ends unless it is used.
    expires_at: DateTime<Utc>,
}

impl Session {
    fn listed(listed: Listed, current: SessionId) -> Self {
        let Listed { id, user_agent, created_at, last_used_at, expires_at } = listed;
        let id = SessionId::from(id);
        Self { id, is_current: id == current, user_agent, created_at, last_used_at, expires_at }
    }
}

/// List your sessions, the one used last first
///
/// `curl -H 'authorization: Bearer …' localhost:8080/api/v1/sessions`
#[utoipa::path(
    tag = "sessions",
    operation_id = "list_sessions",
    responses((status = 200, body = [Session]), Unauthenticated, ReadProblems),
)]
#[get("/api/v1/sessions")]
pub(crate) async fn list(
    who: CurrentUser,
    database: web::Data<Database>,
) -> Result<HttpResponse, Problem> {
    let pair = who.pair();
    let listing =
        database.run(move |connection| while_live(connection, pair, |c| store::list(c, who.id())));
    let mine = |one| Session::listed(one, who.session());
    Ok(HttpResponse::Ok().json(listing.await?.into_iter().map(mine).collect::<Vec<_>>()))
}

/// Log out everywhere
///
/// Access tokens last until they expire, ten minutes at the most.
/// `curl -i -X DELETE -H 'authorization: Bearer …' localhost:8080/api/v1/sessions`
#[utoipa::path(
    tag = "sessions",
    operation_id = "log_out_everywhere",
    responses((status = 204), Unauthenticated, ReadProblems),
)]
#[delete("/api/v1/sessions")]
pub(crate) async fn log_out_everywhere(
    who: CurrentUser,
    database: web::Data<Database>,
) -> Result<HttpResponse, Problem> {
    let pair = who.pair();
    let ending = database
        .run_write(move |connection| while_live(connection, pair, |c| store::end_all(c, who.id())));
    ending.await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Log out
///
/// `curl -i -X DELETE -H 'authorization: Bearer …' localhost:8080/api/v1/sessions/current`
#[utoipa::path(
    tag = "sessions",
    operation_id = "log_out",
    responses((status = 204), Unauthenticated, ReadProblems),
)]
#[delete("/api/v1/sessions/current")]
pub(crate) async fn log_out(
    who: CurrentUser,
    database: web::Data<Database>,
) -> Result<HttpResponse, Problem> {
    // Also when there is nothing left to end: who logs out twice is logged out.
    let (user, session) = who.pair();
    database.run_write(move |connection| store::end(connection, user, session)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// End one of your sessions
///
/// Somebody else's is answered like one that never was.
/// `curl -i -X DELETE -H 'authorization: Bearer …' localhost:8080/api/v1/sessions/17`
#[utoipa::path(
    tag = "sessions",
    operation_id = "end_session",
    params(("id" = i64, Path, example = 17)),
    responses((status = 204), Unauthenticated, ReadProblems),
)]
#[delete("/api/v1/sessions/{id}")]
pub(crate) async fn end(
    who: CurrentUser,
    database: web::Data<Database>,
    Path(session): Path<SessionId>,
) -> Result<HttpResponse, Problem> {
    let pair = who.pair();
    let ending = database.run_write(move |connection| {
        while_live(connection, pair, |c| store::end(c, who.id(), session))
    });
    match ending.await? {
        true => Ok(HttpResponse::NoContent().finish()),
        false => Err(Problem::not_found("session")),
    }
}

/// Change your password
///
/// Every other session ends: whoever changes a password may do so because somebody else knows it.
/// `curl -i -X PUT -H 'authorization: Bearer …' -H 'content-type: application/json' -d
/// '{"current_password":"correct horse battery","new_password":"staple battery horse"}'
/// localhost:8080/api/v1/users/me/password`
#[utoipa::path(
    tag = "sessions",
    operation_id = "change_password",
    request_body = PasswordRequest,
    responses((status = 204), Unauthenticated, WriteProblems),
)]
#[put("/api/v1/users/me/password")]
pub(crate) async fn change_password(
    who: CurrentUser,
    auth: web::Data<Auth>,
    database: web::Data<Database>,
    Json(request): Json<PasswordRequest, BODY_LIMIT>,
) -> Result<HttpResponse, Problem> {
    auth.change_password(&database, who, request).await?;
    Ok(HttpResponse::NoContent().finish())
}
