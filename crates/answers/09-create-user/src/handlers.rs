//! The routes: extract, validate, call, respond.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use error_handling::{Json, Path, Problem, ReadProblems, WriteProblems};
use foundation::database::{Database, KeyedReads};
use foundation::idempotency::OptionalKey;

use crate::model::UserId;
use crate::registration::Registrations;
use crate::request::Registration;
use crate::store::{Account, Profile};

/// Ten times the longest acceptable registration, escapes included.
const BODY_LIMIT: usize = 16 << 10;

/// Create an account
///
/// The address decides: upper and lower case, full-width and decomposed letters are one account.
/// `curl -i -H 'content-type: application/json' -H 'idempotency-key: "8e03978e-40d5"' -d
/// '{"email":"ada@example.org","name":"Ada","password":"correct horse battery"}'
/// localhost:8080/api/v1/users`
#[utoipa::path(
    tag = "users",
    operation_id = "create_user",
    params(("Idempotency-Key" = Option<String>, Header, example = "\"8e03978e-40d5\"",
        description = "Quoted string of 1 to 255 characters. The same key and request again, within \
                       a day, is answered with the first response and does nothing.")),
    request_body = Registration,
    responses(
        (status = 201, body = Account, headers(
            ("location" = String, description = "The account's profile"),
            ("idempotency-replayed" = String, description = "`true` when nothing was done"),
        )),
        WriteProblems,
    ),
)]
#[post("/api/v1/users")]
pub(crate) async fn create(
    request: HttpRequest,
    database: web::Data<Database>,
    registrations: web::Data<Registrations>,
    OptionalKey(key): OptionalKey,
    Json(registration): Json<Registration, BODY_LIMIT>,
) -> Result<HttpResponse, Problem> {
    // Checked before it is counted: a mistyped form costs nothing of the limit.
    let applicant = registration.parse()?;
    let allowance = registrations.count(&request);
    let mut response = match Registrations::refusal(allowance) {
        Some(refusal) => refusal,
        None => {
            let (database, shared) = (Database::clone(&database), registrations.clone());
            shared.into_inner().register(database, &registration, applicant, key).await?
        }
    };
    registrations.describe(allowance, &mut response);
    Ok(response)
}

/// Read an account's public profile
///
/// Without the address, which is nobody else's business.
/// `curl localhost:8080/api/v1/users/17`
#[utoipa::path(
    tag = "users",
    operation_id = "get_user",
    params(("id" = i64, Path, example = 17)),
    responses((status = 200, body = Profile), ReadProblems),
)]
#[get("/api/v1/users/{id}")]
pub(crate) async fn profile(
    database: web::Data<Database>,
    profiles: web::Data<KeyedReads<UserId, Profile>>,
    Path(id): Path<UserId>,
) -> Result<web::Json<Profile>, Problem> {
    let found = profiles.get(&database, id).await?;
    found.map(web::Json).ok_or_else(|| Problem::not_found("user"))
}
