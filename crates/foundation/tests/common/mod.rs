//! A few routes that misbehave on purpose, for the tests of the server around them.

use std::time::Duration;

use actix_web::{HttpResponse, get, post, web};
use diesel::sql_types::Text;
use diesel::{RunQueryDsl, sql_query};
use error_handling::{Json, Path, Problem, ReadProblems, WriteProblems};
use foundation::database::Database;
use foundation::http::Mount;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) const ROUTES: &[Mount] = &[routes];

fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(echo)
        .service(name)
        .service(sleep)
        .service(sleep_long)
        .service(hold)
        .service(panics)
        .service(panics_in_database)
        .service(big);
}

#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Echo {
    text: String,
}

/// Returns the body.
#[utoipa::path(responses((status = 200, body = Echo), WriteProblems))]
#[post("/api/echo")]
async fn echo(body: Json<Echo>) -> web::Json<Echo> {
    web::Json(body.0)
}

/// One round trip to the database.
#[utoipa::path(responses((status = 200, body = String)))]
#[get("/api/name")]
async fn name(database: web::Data<Database>) -> Result<web::Json<String>, Problem> {
    #[derive(diesel::QueryableByName)]
    struct Name {
        #[diesel(sql_type = Text)]
        name: String,
    }
    let row: Name = database
        .run(|connection| {
            sql_query("SELECT current_database()::text AS name").get_result(connection)
        })
        .await?;
    Ok(web::Json(row.name))
}

/// Holds a thread of the short lane until its `statement_timeout`.
#[utoipa::path(responses((status = 200)))]
#[get("/api/sleep")]
async fn sleep(database: web::Data<Database>) -> Result<HttpResponse, Problem> {
    database.run(|connection| sql_query("SELECT pg_sleep(60)").execute(connection)).await?;
    Ok(HttpResponse::Ok().finish())
}

/// Holds a thread of the long lane until its `statement_timeout`.
#[utoipa::path(responses((status = 200)))]
#[get("/api/sleep-long")]
async fn sleep_long(database: web::Data<Database>) -> Result<HttpResponse, Problem> {
    database.run_long(|connection| sql_query("SELECT pg_sleep(60)").execute(connection)).await?;
    Ok(HttpResponse::Ok().finish())
}

/// Holds the requests of one test until it lets them go.
pub(crate) fn gate(test: usize) -> &'static Semaphore {
    static GATES: [Semaphore; 2] = [const { Semaphore::const_new(0) }; 2];
    &GATES[test]
}

/// Answers when the test says so.
#[utoipa::path(params(("gate" = usize, Path)), responses((status = 200, body = String), ReadProblems))]
#[get("/api/hold/{gate}")]
async fn hold(test: Path<usize>) -> HttpResponse {
    let released = tokio::time::timeout(Duration::from_secs(20), gate(test.0).acquire()).await;
    match released {
        Ok(Ok(permit)) => {
            permit.forget();
            HttpResponse::Ok().body("released")
        }
        _ => HttpResponse::InternalServerError().finish(),
    }
}

/// Panics in the handler.
#[utoipa::path(responses((status = 200)))]
#[get("/api/panics")]
async fn panics() -> HttpResponse {
    panic!("on purpose, with a secret: hunter2")
}

/// Panics on a database thread, in the middle of a transaction.
#[utoipa::path(responses((status = 200)))]
#[get("/api/panics-in-database")]
async fn panics_in_database(database: web::Data<Database>) -> Result<HttpResponse, Problem> {
    database
        .run(|connection| -> diesel::QueryResult<()> {
            sql_query("BEGIN").execute(connection)?;
            panic!("on purpose")
        })
        .await?;
    Ok(HttpResponse::Ok().finish())
}

/// A body worth compressing.
#[utoipa::path(responses((status = 200, body = String)))]
#[get("/api/big")]
async fn big() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain").body("all work and no play ".repeat(5_000))
}
