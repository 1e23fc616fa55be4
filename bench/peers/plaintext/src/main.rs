//! Constant answers from actix-web. The runner sets them to what the backend answers, so that this
//! is the HTTP limit for responses of that size: no routing to speak of, no JSON, no database.

use std::error::Error;

use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes};
use actix_web::{App, HttpResponse, HttpServer, get, post};

#[derive(Clone)]
struct Constants {
    read: Bytes,
    page: Bytes,
    insert: Bytes,
    todo_read: Bytes,
    todo_list: Bytes,
    todo_create: Bytes,
}

fn answer(status: StatusCode, body: &Bytes) -> HttpResponse {
    HttpResponse::build(status).content_type("application/json").body(body.clone())
}

#[get("/api/v1/users/{id}")]
async fn read(constants: web::Data<Constants>) -> HttpResponse {
    answer(StatusCode::OK, &constants.read)
}

#[get("/api/v1/logs")]
async fn page(constants: web::Data<Constants>) -> HttpResponse {
    answer(StatusCode::OK, &constants.page)
}

#[post("/api/v1/logs")]
async fn insert(constants: web::Data<Constants>, _body: Bytes) -> HttpResponse {
    answer(StatusCode::CREATED, &constants.insert)
}

#[get("/api/v1/todos/{id}")]
async fn todo_read(constants: web::Data<Constants>) -> HttpResponse {
    answer(StatusCode::OK, &constants.todo_read)
}

#[get("/api/v1/todos")]
async fn todo_list(constants: web::Data<Constants>) -> HttpResponse {
    answer(StatusCode::OK, &constants.todo_list)
}

#[post("/api/v1/todos")]
async fn todo_create(constants: web::Data<Constants>, _body: Bytes) -> HttpResponse {
    answer(StatusCode::CREATED, &constants.todo_create)
}

fn constant(variable: &str) -> Result<Bytes, std::env::VarError> {
    Ok(Bytes::from(std::env::var(variable)?))
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let constants = web::Data::new(Constants {
        read: constant("READ")?,
        page: constant("PAGE")?,
        insert: constant("INSERT")?,
        todo_read: constant("TODO_READ")?,
        todo_list: constant("TODO_LIST")?,
        todo_create: constant("TODO_CREATE")?,
    });
    let listen = std::env::var("LISTEN")?;
    let app = move || {
        let app =
            App::new().app_data(constants.clone()).service(read).service(page).service(insert);
        app.service(todo_read).service(todo_list).service(todo_create)
    };
    HttpServer::new(app).bind(listen)?.run().await?;
    Ok(())
}
