//! The benchmark's endpoints on actix-web, diesel-async and deadpool: a pool of eight, every
//! other setting at its default.

mod statements;

use std::error::Error;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::error::{
    ErrorInternalServerError, ErrorNotFound, ErrorUnauthorized, ErrorUnprocessableEntity,
};
use actix_web::http::header;
use actix_web::{App, FromRequest, HttpRequest, HttpResponse, HttpServer, get, post, web};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::pooled_connection::AsyncDieselConnectionManager;
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::{Deserialize, Serialize};

use statements::{CreateTodo, Insert, categories, log_entries, todos, users};

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

struct Keys {
    key: DecodingKey,
    validation: Validation,
}

/// Who bears a valid token, and the host that was asked.
struct Caller {
    user: i64,
    host: String,
}

impl Caller {
    fn of(request: &HttpRequest) -> Option<Self> {
        let text = |name| request.headers().get(name)?.to_str().ok();
        let token = text(header::AUTHORIZATION)?.strip_prefix("Bearer ")?;
        let keys = request.app_data::<web::Data<Keys>>()?;
        let decoded = decode::<Claims>(token, &keys.key, &keys.validation).ok()?;
        let host = text(header::HOST)?.to_owned();
        Some(Self { user: decoded.claims.sub.parse().ok()?, host })
    }
}

impl FromRequest for Caller {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request).ok_or_else(|| ErrorUnauthorized("no valid token")))
    }
}

/// The columns of a to-do with the name of its category.
#[diesel::dsl::auto_type]
fn with_category() -> _ {
    let same_owner = categories::user_id.eq(todos::user_id);
    let named = same_owner.and(categories::id.nullable().eq(todos::category_id));
    let columns = (
        todos::id,
        todos::title,
        todos::completed,
        todos::sort_order,
        todos::category_id,
        categories::name.nullable(),
        todos::version,
        todos::created_at,
    );
    todos::table.left_join(categories::table.on(named)).select(columns)
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

#[get("/api/v1/todos/{id}")]
async fn todo_read(caller: Caller, pool: Connections, id: web::Path<i64>) -> Answer {
    let mut connection = pool.get().await.map_err(ErrorInternalServerError)?;
    let row = with_category().filter(todos::user_id.eq(caller.user)).filter(todos::id.eq(*id));
    let row: Option<TodoRow> =
        row.first(&mut connection).await.optional().map_err(ErrorInternalServerError)?;
    let row = row.ok_or_else(|| ErrorNotFound("no such to-do"))?;
    Ok(HttpResponse::Ok().json(Todo::new(row, &caller.host)))
}

#[get("/api/v1/todos")]
async fn todo_list(
    caller: Caller,
    pool: Connections,
    parameters: web::Query<ListParameters>,
) -> Answer {
    let mut connection = pool.get().await.map_err(ErrorInternalServerError)?;
    let rows = with_category().filter(todos::user_id.eq(caller.user)).order(todos::id);
    let rows: Vec<TodoRow> = rows
        .limit(parameters.limit + 1)
        .load(&mut connection)
        .await
        .map_err(ErrorInternalServerError)?;
    let rows = rows.into_iter().map(|row| Todo::new(row, &caller.host));
    Ok(HttpResponse::Ok().json(rows.collect::<Vec<_>>()))
}

#[post("/api/v1/todos")]
async fn todo_create(caller: Caller, pool: Connections, new: web::Json<NewTodo>) -> Answer {
    let mut connection = pool.get().await.map_err(ErrorInternalServerError)?;
    let create = CreateTodo { user: caller.user, title: new.into_inner().title };
    let row: TodoRow =
        create.get_result(&mut connection).await.map_err(ErrorInternalServerError)?;
    Ok(HttpResponse::Created().json(Todo::new(row, &caller.host)))
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let manager = AsyncDieselConnectionManager::new(std::env::var("DATABASE_URL")?);
    let pool: Connections = web::Data::new(Pool::builder(manager).max_size(8).build()?);
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_audience(&["show-your-work-api"]);
    let key = DecodingKey::from_base64_secret(&std::env::var("TOKEN_KEY")?)?;
    let keys = web::Data::new(Keys { key, validation });
    let listen = std::env::var("LISTEN")?;
    let app = move || {
        let app = App::new().app_data(pool.clone()).app_data(keys.clone());
        let app = app.service(read).service(page).service(insert);
        app.service(todo_read).service(todo_list).service(todo_create)
    };
    HttpServer::new(app).bind(listen)?.run().await?;
    Ok(())
}
