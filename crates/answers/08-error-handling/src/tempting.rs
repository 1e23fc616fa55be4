//! The version people write first: every error becomes its own text, and the log gets everything.
//!
//! Mounted by the demo alone, on loopback.

use std::sync::Mutex;

use actix_web::error::{ErrorInternalServerError, ErrorServiceUnavailable};
use actix_web::{Error, HttpResponse, get, post, web};
use diesel::{Connection, PgConnection, RunQueryDsl, sql_query, sql_types::Text};
use serde::{Deserialize, Serialize};

use crate::demo::accounts::{DEAD_DATABASE, List, export, hanging_partner};

/// Derives `Debug` and so prints the password wherever somebody logs it.
#[derive(Debug, Deserialize, Serialize)]
struct NewAccount {
    email: String,
    password: String,
}

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(create)
        .service(list)
        .service(export_all)
        .service(report)
        .service(partner)
        .service(show);
}

#[post("/accounts")]
async fn create(
    connection: web::Data<Mutex<PgConnection>>,
    account: web::Json<NewAccount>,
) -> Result<HttpResponse, Error> {
    let logged = format!("{account:?}");
    let inserted = web::block(move || {
        let mut connection = connection.lock().map_err(|error| error.to_string())?;
        sql_query("INSERT INTO accounts (email) VALUES ($1)")
            .bind::<Text, _>(&account.email)
            .execute(&mut *connection)
            .map_err(|error| error.to_string())
    })
    .await?;
    match inserted {
        Ok(_) => Ok(HttpResponse::Created().finish()),
        Err(error) => {
            tracing::error!("could not insert {logged}: {error}");
            Err(ErrorInternalServerError(error))
        }
    }
}

#[get("/accounts")]
async fn list(query: web::Query<List>) -> HttpResponse {
    HttpResponse::Ok().json(query.limit)
}

#[get("/accounts/{id}")]
async fn show(id: web::Path<u32>) -> HttpResponse {
    HttpResponse::Ok().json(*id)
}

#[get("/export")]
async fn export_all() -> HttpResponse {
    HttpResponse::Ok().json(export())
}

#[get("/report")]
async fn report() -> Result<HttpResponse, Error> {
    let connected = web::block(|| PgConnection::establish(DEAD_DATABASE).map(|_| ())).await?;
    connected.map_err(|error| {
        tracing::error!("cannot connect to {DEAD_DATABASE}: {error}");
        ErrorServiceUnavailable(error)
    })?;
    Ok(HttpResponse::Ok().finish())
}

#[get("/partner")]
async fn partner() -> HttpResponse {
    hanging_partner().await;
    HttpResponse::Ok().finish()
}
