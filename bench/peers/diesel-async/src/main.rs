//! The benchmark's three endpoints on actix-web, diesel-async and deadpool: a pool of eight, every
//! other setting at its default.

mod statements;

use std::error::Error;

use actix_web::error::{ErrorInternalServerError, ErrorNotFound, ErrorUnprocessableEntity};
use actix_web::{App, HttpResponse, HttpServer, get, post, web};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::pooled_connection::AsyncDieselConnectionManager;
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};

use statements::{Insert, log_entries, users};

const LEVELS: [&str; 5] = ["debug", "info", "warn", "error", "fatal"];

type Connections = web::Data<Pool<AsyncPgConnection>>;
type Answer = actix_web::Result<HttpResponse>;

#[derive(Queryable, Serialize)]
struct User {
    id: i64,
    name: String,
    created_at: DateTime<Utc>,
}

#[derive(Deserialize)]
struct Range {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    limit: i64,
}

#[derive(Serialize)]
struct Entry {
    id: i64,
    logged_at: DateTime<Utc>,
    level: &'static str,
    service: String,
    message: String,
}

#[derive(Deserialize)]
struct Batch {
    entries: Vec<NewEntry>,
}

#[derive(Deserialize)]
struct NewEntry {
    logged_at: DateTime<Utc>,
    level: String,
    service: String,
    message: String,
}

#[derive(Serialize)]
struct Stored {
    accepted: i64,
    outside_partitions: i64,
}

fn level(number: i16) -> &'static str {
    usize::try_from(number - 1).ok().and_then(|index| LEVELS.get(index)).unwrap_or(&"unknown")
}

#[get("/api/v1/users/{id}")]
async fn read(pool: Connections, id: web::Path<i64>) -> Answer {
    let mut connection = pool.get().await.map_err(ErrorInternalServerError)?;
    let row = users::table.find(*id).select((users::id, users::name, users::created_at));
    let user: Option<User> =
        row.first(&mut connection).await.optional().map_err(ErrorInternalServerError)?;
    Ok(HttpResponse::Ok().json(user.ok_or_else(|| ErrorNotFound("no such user"))?))
}

#[get("/api/v1/logs")]
async fn page(pool: Connections, range: web::Query<Range>) -> Answer {
    let mut connection = pool.get().await.map_err(ErrorInternalServerError)?;
    let rows = log_entries::table
        .filter(log_entries::logged_at.ge(range.from))
        .filter(log_entries::logged_at.lt(range.to))
        .order((log_entries::logged_at.desc(), log_entries::id.desc()))
        .limit(range.limit + 1);
    let rows: Vec<(i64, DateTime<Utc>, i16, String, String)> =
        rows.load(&mut connection).await.map_err(ErrorInternalServerError)?;
    let size = usize::try_from(range.limit).unwrap_or_default();
    let entries = rows.into_iter().take(size).map(|(id, logged_at, number, service, message)| {
        Entry { id, logged_at, level: level(number), service, message }
    });
    Ok(HttpResponse::Ok().json(entries.collect::<Vec<_>>()))
}

#[post("/api/v1/logs")]
async fn insert(pool: Connections, batch: web::Json<Batch>) -> Answer {
    let mut row = Insert::default();
    for entry in batch.into_inner().entries {
        let number = LEVELS.iter().zip(1_i16..).find(|(name, _)| **name == entry.level);
        let (_, number) = number.ok_or_else(|| ErrorUnprocessableEntity("no such level"))?;
        row.push(entry.logged_at, number, entry.service, entry.message);
    }
    let mut connection = pool.get().await.map_err(ErrorInternalServerError)?;
    let stored = row.get_result(&mut connection).await;
    let (accepted, outside_partitions) = stored.map_err(ErrorInternalServerError)?;
    Ok(HttpResponse::Created().json(Stored { accepted, outside_partitions }))
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let manager = AsyncDieselConnectionManager::new(std::env::var("DATABASE_URL")?);
    let pool: Connections = web::Data::new(Pool::builder(manager).max_size(8).build()?);
    let listen = std::env::var("LISTEN")?;
    let app = move || App::new().app_data(pool.clone()).service(read).service(page).service(insert);
    HttpServer::new(app).bind(listen)?.run().await?;
    Ok(())
}
