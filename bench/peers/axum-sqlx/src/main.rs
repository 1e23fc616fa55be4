//! The benchmark's three endpoints on axum and sqlx: prepared statements, a pool of eight, every
//! other setting at its default. `PING=off` leaves out the ping at checkout that sqlx makes.

use std::error::Error;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

const LEVELS: [&str; 5] = ["debug", "info", "warn", "error", "fatal"];

type Answer<T> = Result<T, StatusCode>;

#[derive(Serialize)]
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

fn failed(_: sqlx::Error) -> StatusCode {
    StatusCode::INTERNAL_SERVER_ERROR
}

fn level(number: i16) -> &'static str {
    usize::try_from(number - 1).ok().and_then(|index| LEVELS.get(index)).unwrap_or(&"unknown")
}

async fn read(State(pool): State<PgPool>, Path(id): Path<i64>) -> Answer<Json<User>> {
    let row = sqlx::query_as(include_str!("../../../sql/read.sql")).bind(id);
    let row: Option<(i64, String, DateTime<Utc>)> =
        row.fetch_optional(&pool).await.map_err(failed)?;
    let (id, name, created_at) = row.ok_or(StatusCode::NOT_FOUND)?;
    Ok(Json(User { id, name, created_at }))
}

async fn page(State(pool): State<PgPool>, Query(range): Query<Range>) -> Answer<Json<Vec<Entry>>> {
    let rows = sqlx::query_as(include_str!("../../../sql/page.sql"));
    let rows = rows.bind(range.from).bind(range.to).bind(range.limit + 1);
    let rows: Vec<(i64, DateTime<Utc>, i16, String, String)> =
        rows.fetch_all(&pool).await.map_err(failed)?;
    let size = usize::try_from(range.limit).unwrap_or_default();
    let entries = rows.into_iter().take(size).map(|(id, logged_at, number, service, message)| {
        Entry { id, logged_at, level: level(number), service, message }
    });
    Ok(Json(entries.collect()))
}

async fn insert(
    State(pool): State<PgPool>,
    Json(Batch { entries }): Json<Batch>,
) -> Answer<(StatusCode, Json<Stored>)> {
    let number =
        |entry: &NewEntry| LEVELS.iter().zip(1_i16..).find(|(name, _)| **name == entry.level);
    let levels: Option<Vec<i16>> = entries.iter().map(|e| number(e).map(|(_, n)| n)).collect();
    let levels = levels.ok_or(StatusCode::UNPROCESSABLE_ENTITY)?;
    let times: Vec<_> = entries.iter().map(|entry| entry.logged_at).collect();
    let services: Vec<_> = entries.iter().map(|entry| entry.service.as_str()).collect();
    let messages: Vec<_> = entries.iter().map(|entry| entry.message.as_str()).collect();
    let row = sqlx::query_as(include_str!("../../../sql/insert.sql"));
    let row = row.bind(times).bind(levels).bind(services).bind(messages).fetch_one(&pool);
    let (accepted, outside_partitions) = row.await.map_err(failed)?;
    Ok((StatusCode::CREATED, Json(Stored { accepted, outside_partitions })))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let ping = std::env::var("PING").map_or(true, |switch| switch != "off");
    let options = PgPoolOptions::new().max_connections(8).test_before_acquire(ping);
    let pool = options.connect(&std::env::var("DATABASE_URL")?).await?;
    let routes = Router::new()
        .route("/api/v1/users/{id}", get(read))
        .route("/api/v1/logs", get(page).post(insert))
        .with_state(pool);
    let listener = tokio::net::TcpListener::bind(std::env::var("LISTEN")?).await?;
    axum::serve(listener, routes).await?;
    Ok(())
}
