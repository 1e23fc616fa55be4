//! The small accounts service that both builds offer, done right.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use actix_web::{HttpResponse, get, post, web};
use diesel::{Connection, PgConnection, QueryResult, RunQueryDsl, sql_query, sql_types::Text};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use crate::{
    Cause, InvalidField, Json, Path, Problem, Query, ReadProblems, WriteProblems, on_constraint,
    validated,
};

/// Nobody listens there: port 1 of the loopback address. The password must never be seen again.
pub(crate) const DEAD_DATABASE: &str = "postgres://shop:s3cr3t-db@127.0.0.1:1/shop";

/// A megabyte, so that a body nested 100 000 deep arrives whole and is refused for its depth.
const BODY_LIMIT: usize = 1 << 20;

/// No `Debug`: what cannot be printed cannot be logged.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAccount {
    #[validate(length(min = 3, max = 254, message = "3 to 254 characters."))]
    email: String,
    #[validate(length(min = 8, max = 64, message = "8 to 64 characters."))]
    password: String,
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
pub(crate) struct List {
    pub(crate) limit: Option<u16>,
}

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(create)
        .service(list)
        .service(export_all)
        .service(report)
        .service(partner)
        .service(show);
}

/// A table of its own for each connection, gone when the connection closes.
pub(crate) fn create_table(connection: &mut PgConnection) -> QueryResult<usize> {
    sql_query(
        "CREATE TEMPORARY TABLE accounts \
         (email text NOT NULL CONSTRAINT accounts_email_unique UNIQUE)",
    )
    .execute(connection)
}

#[utoipa::path(responses((status = 201), WriteProblems))]
#[post("/accounts")]
async fn create(
    connection: web::Data<Mutex<PgConnection>>,
    account: Json<NewAccount, BODY_LIMIT>,
) -> Result<HttpResponse, Problem> {
    let account = validated(account.0)?;
    web::block(move || {
        let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
        sql_query("INSERT INTO accounts (email) VALUES ($1)")
            .bind::<Text, _>(&account.email)
            .execute(&mut *connection)
    })
    .await
    .map_err(|_| Problem::internal(Cause::new("blocking pool")))?
    .map_err(|error| {
        on_constraint(error, "accounts_email_unique", || {
            InvalidField::body("/email", "taken", "This address has an account.")
        })
    })?;
    Ok(HttpResponse::Created().finish())
}

#[utoipa::path(params(List), responses((status = 200, body = u16), ReadProblems))]
#[get("/accounts")]
async fn list(query: Query<List>) -> HttpResponse {
    HttpResponse::Ok().json(query.0.limit)
}

#[utoipa::path(params(("id" = u32, Path)), responses((status = 200, body = u32), ReadProblems))]
#[get("/accounts/{id}")]
async fn show(id: Path<u32>) -> HttpResponse {
    HttpResponse::Ok().json(id.0)
}

#[utoipa::path(responses((status = 200, body = u32), ReadProblems))]
#[get("/export")]
async fn export_all() -> HttpResponse {
    HttpResponse::Ok().json(export())
}

#[utoipa::path(responses((status = 200), ReadProblems))]
#[get("/report")]
async fn report() -> Result<HttpResponse, Problem> {
    web::block(|| PgConnection::establish(DEAD_DATABASE).map(|_| ()))
        .await
        .map_err(|_| Problem::internal(Cause::new("blocking pool")))?
        .map_err(|_| {
            Problem::unavailable("The reports are not available.", Duration::from_secs(2))
                .with_cause(Cause::new("no database connection"))
        })?;
    Ok(HttpResponse::Ok().finish())
}

#[utoipa::path(responses((status = 200), ReadProblems))]
#[get("/partner")]
async fn partner() -> HttpResponse {
    hanging_partner().await;
    HttpResponse::Ok().finish()
}

/// A defect that both builds share: it panics, with a customer's card in the message.
pub(crate) fn export() -> u32 {
    let rows: Result<u32, &str> = Err("card 4111 1111 1111 1111 has no owner");
    match rows {
        Ok(rows) => rows,
        Err(message) => panic!("{message}"),
    }
}

/// A dependency that accepts the call and never answers.
pub(crate) async fn hanging_partner() {
    std::future::pending::<()>().await;
}
