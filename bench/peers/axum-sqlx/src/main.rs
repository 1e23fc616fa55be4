//! The benchmark's endpoints on axum and sqlx: prepared statements, a pool of eight, every
//! other setting at its default. `PING=off` leaves out the ping at checkout that sqlx makes.

use std::error::Error;
use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts, Path, Query, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::routing::get;
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
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

/// What the runner's tokens say, as far as these endpoints need it.
#[derive(Deserialize)]
struct Claims {
    sub: String,
}

#[derive(Serialize)]
struct Todo {
    id: i64,
    url: String,
    title: String,
    completed: bool,
    order: Option<i32>,
    category_id: Option<i64>,
    category_name: Option<String>,
    created_at: DateTime<Utc>,
}

type TodoRow = (i64, String, bool, Option<i32>, Option<i64>, Option<String>, i32, DateTime<Utc>);

impl Todo {
    fn new(row: TodoRow, host: &str) -> Self {
        let (id, title, completed, order, category_id, category_name, _version, created_at) = row;
        let url = format!("http://{host}/api/v1/todos/{id}");
        Self { id, url, title, completed, order, category_id, category_name, created_at }
    }
}

#[derive(Deserialize)]
struct NewTodo {
    title: String,
}

#[derive(Deserialize)]
struct ListParameters {
    limit: i64,
}

#[derive(Clone)]
struct Shared {
    pool: PgPool,
    key: Arc<DecodingKey>,
    validation: Arc<Validation>,
}

impl FromRef<Shared> for PgPool {
    fn from_ref(shared: &Shared) -> Self {
        shared.pool.clone()
    }
}

/// Who bears a valid token, and the host that was asked.
struct Caller {
    user: i64,
    host: String,
}

impl FromRequestParts<Shared> for Caller {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Answer<Self> {
        let text = |name| parts.headers.get(name)?.to_str().ok();
        let token = text(header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
        let token = token.ok_or(StatusCode::UNAUTHORIZED)?;
        let decoded = decode::<Claims>(token, &shared.key, &shared.validation);
        let user = decoded.ok().and_then(|token| token.claims.sub.parse().ok());
        let host = text(header::HOST).unwrap_or_default().to_owned();
        Ok(Self { user: user.ok_or(StatusCode::UNAUTHORIZED)?, host })
    }
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

async fn todo_read(
    caller: Caller,
    State(pool): State<PgPool>,
    Path(id): Path<i64>,
) -> Answer<Json<Todo>> {
    let row = sqlx::query_as(include_str!("../../../sql/todo_read.sql")).bind(caller.user).bind(id);
    let row: Option<TodoRow> = row.fetch_optional(&pool).await.map_err(failed)?;
    Ok(Json(Todo::new(row.ok_or(StatusCode::NOT_FOUND)?, &caller.host)))
}

async fn todo_list(
    caller: Caller,
    State(pool): State<PgPool>,
    Query(parameters): Query<ListParameters>,
) -> Answer<Json<Vec<Todo>>> {
    let rows = sqlx::query_as(include_str!("../../../sql/todo_list.sql"));
    let rows = rows.bind(caller.user).bind(parameters.limit + 1);
    let rows: Vec<TodoRow> = rows.fetch_all(&pool).await.map_err(failed)?;
    Ok(Json(rows.into_iter().map(|row| Todo::new(row, &caller.host)).collect()))
}

async fn todo_create(
    caller: Caller,
    State(pool): State<PgPool>,
    Json(NewTodo { title }): Json<NewTodo>,
) -> Answer<(StatusCode, Json<Todo>)> {
    let row = sqlx::query_as(include_str!("../../../sql/todo_create.sql"));
    let row = row.bind(caller.user).bind(title).fetch_one(&pool).await.map_err(failed)?;
    Ok((StatusCode::CREATED, Json(Todo::new(row, &caller.host))))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let ping = std::env::var("PING").map_or(true, |switch| switch != "off");
    let options = PgPoolOptions::new().max_connections(8).test_before_acquire(ping);
    let pool = options.connect(&std::env::var("DATABASE_URL")?).await?;
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_audience(&["show-your-work-api"]);
    let key = DecodingKey::from_base64_secret(&std::env::var("TOKEN_KEY")?)?;
    let shared = Shared { pool, key: Arc::new(key), validation: Arc::new(validation) };
    let routes = Router::new()
        .route("/api/v1/users/{id}", get(read))
        .route("/api/v1/logs", get(page).post(insert))
        .route("/api/v1/todos", get(todo_list).post(todo_create))
        .route("/api/v1/todos/{id}", get(todo_read))
        .with_state(shared);
    let listener = tokio::net::TcpListener::bind(std::env::var("LISTEN")?).await?;
    axum::serve(listener, routes).await?;
    Ok(())
}
