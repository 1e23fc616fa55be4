//! To-dos.

use actix_web::http::{Uri, header};
use actix_web::middleware::from_fn;
use actix_web::{HttpResponse, delete, get, patch, post, put, web};
use auth::{Caller, Unauthenticated, UserId};
use error_handling::{Json, Path, Problem, Query, ReadProblems, WriteProblems};
use foundation::database::Database;
use foundation::http::BaseUrl;
use foundation::precondition::{Expected, IfMatch, IfNoneMatch, RequiredIfMatch, tag};

use super::todo_body::{TodoBody, path};
use super::{BODY_LIMIT, Stale, Unconditional, changed, created, done, read};
use crate::guard::guard;
use crate::model::TodoId;
use crate::page::TodoPage;
use crate::request::{ClearParameters, ListParameters, TodoInput, TodoPatch};
use crate::state::Todos;
use crate::store::refusal;
use crate::store::todos::{self as store, Changes, Todo};

/// List your to-dos, in the order of making
///
/// `curl -H "authorization: Bearer $TOKEN" 'localhost:8080/api/v1/todos?completed=false'`
#[utoipa::path(
    tag = "todos",
    operation_id = "list_todos",
    params(ListParameters, ("If-None-Match" = Option<String>, Header,
        description = "The ETag of a page that you have: 304 if it is still the same.")),
    responses(
        (status = 200, body = [TodoBody], headers(
            ("etag" = String, description = "Weak; changes with every to-do on the page"),
            ("link" = String, description = "The next page, `rel=\"next\"`; absent on the last"),
        )),
        (status = 304, description = "Not changed"),
        Unauthenticated, ReadProblems,
    ),
)]
#[get("/api/v1/todos", wrap = "from_fn(guard)")]
pub(crate) async fn list(
    Caller(user): Caller,
    database: web::Data<Database>,
    todos: web::Data<Todos>,
    base: BaseUrl,
    known: IfNoneMatch,
    uri: Uri,
    Query(parameters): Query<ListParameters>,
) -> Result<HttpResponse, Problem> {
    let listing = parameters.parse()?;
    let page = match parameters.is_common() {
        true => todos.lists.first_page(&database, user, listing).await?,
        false => todos.lists.load(&database, user, listing).await?,
    };
    Ok(respond(&page, &base, &known, &uri))
}

/// A page on the wire.
pub(crate) fn respond(
    page: &TodoPage,
    base: &BaseUrl,
    known: &IfNoneMatch,
    uri: &Uri,
) -> HttpResponse {
    read(page.tag(), known, |response| {
        if let Some(link) = page.link(uri) {
            response.insert_header((header::LINK, link));
        }
        response.content_type("application/json").body(page.body(base))
    })
}

/// Create a to-do
///
/// `curl -i -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' -d
/// '{"title":"walk the dog"}' localhost:8080/api/v1/todos`
#[utoipa::path(
    tag = "todos",
    operation_id = "create_todo",
    request_body = TodoInput,
    responses(
        (status = 201, body = TodoBody, headers(
            ("location" = String, description = "The to-do"),
            ("etag" = String, description = "Its version"),
        )),
        Unauthenticated, WriteProblems,
    ),
)]
#[post("/api/v1/todos", wrap = "from_fn(guard)")]
pub(crate) async fn create(
    Caller(user): Caller,
    database: web::Data<Database>,
    todos: web::Data<Todos>,
    base: BaseUrl,
    Json(input): Json<TodoInput, BODY_LIMIT>,
) -> Result<HttpResponse, Problem> {
    let new = input.parse()?;
    let insert = move |connection: &mut _| store::insert(connection, user, &new).map_err(refusal);
    let todo = todos.into_inner().write(database, user, insert).await?;
    Ok(created(path(todo.id), tag(todo.version), &TodoBody::new(todo, &base)))
}

/// Delete your to-dos, all or those that a filter names
///
/// `curl -X DELETE -H "authorization: Bearer $TOKEN" 'localhost:8080/api/v1/todos?completed=true'`
#[utoipa::path(
    tag = "todos",
    operation_id = "clear_todos",
    params(ClearParameters),
    responses(
        (status = 204, description = "None of them is left"),
        Stale, Unauthenticated, WriteProblems,
    ),
)]
#[delete("/api/v1/todos", wrap = "from_fn(guard)")]
pub(crate) async fn clear(
    Caller(user): Caller,
    database: web::Data<Database>,
    todos: web::Data<Todos>,
    IfMatch(expected): IfMatch,
    Query(parameters): Query<ClearParameters>,
) -> Result<HttpResponse, Problem> {
    // A list has weak tags only, and none of those matches here.
    expected.require_anything()?;
    let filter = parameters.filter();
    let clear = move |connection: &mut _| store::clear(connection, user, filter);
    todos.into_inner().write(database, user, clear).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Read one to-do
///
/// `curl -i -H "authorization: Bearer $TOKEN" localhost:8080/api/v1/todos/17`
#[utoipa::path(
    tag = "todos",
    operation_id = "get_todo",
    params(("id" = i64, Path, example = 17), ("If-None-Match" = Option<String>, Header,
        description = "The ETag of what you have: 304 if it is still the same.")),
    responses(
        (status = 200, body = TodoBody, headers(("etag" = String, description = "Its version"))),
        (status = 304, description = "Not changed"),
        Unauthenticated, ReadProblems,
    ),
)]
#[get("/api/v1/todos/{id}", wrap = "from_fn(guard)")]
pub(crate) async fn show(
    Caller(user): Caller,
    database: web::Data<Database>,
    base: BaseUrl,
    known: IfNoneMatch,
    Path(id): Path<TodoId>,
) -> Result<HttpResponse, Problem> {
    let found = database.run(move |connection| store::find(connection, user, id)).await?;
    let todo = found.ok_or_else(|| Problem::not_found("to-do"))?;
    Ok(read(&tag(todo.version), &known, |response| response.json(TodoBody::new(todo, &base))))
}

/// Replace a to-do with another
///
/// Members that are absent take their defaults: whatever you have not read, you overwrite. So say
/// which version you replace. `curl -X PUT -H "authorization: Bearer $TOKEN" -H 'if-match: "1"' -H
/// 'content-type: application/json' -d '{"title":"walk the cat"}' localhost:8080/api/v1/todos/17`
#[utoipa::path(
    tag = "todos",
    operation_id = "replace_todo",
    params(("id" = i64, Path, example = 17), ("If-Match" = String, Header, example = "\"1\"",
        description = "The ETag of what you replace, or `*` for whatever is there.")),
    request_body = TodoInput,
    responses(
        (status = 200, body = TodoBody, headers(("etag" = String, description = "Its version"))),
        Stale, Unconditional, Unauthenticated, WriteProblems,
    ),
)]
#[put("/api/v1/todos/{id}", wrap = "from_fn(guard)")]
pub(crate) async fn replace(
    Caller(user): Caller,
    database: web::Data<Database>,
    todos: web::Data<Todos>,
    base: BaseUrl,
    RequiredIfMatch(expected): RequiredIfMatch,
    Path(id): Path<TodoId>,
    Json(input): Json<TodoInput, BODY_LIMIT>,
) -> Result<HttpResponse, Problem> {
    let changes = Changes::from(input.parse()?);
    let todo = edit(database, todos, (user, id), changes, expected).await?;
    Ok(changed(tag(todo.version), &TodoBody::new(todo, &base)))
}

/// Change some members of a to-do
///
/// A JSON merge patch (RFC 7396): what is absent stays, `null` removes. Of two edits without
/// `If-Match` the later wins, member by member. `curl -X PATCH -H "authorization: Bearer $TOKEN" -H
/// 'content-type: application/json' -d '{"completed":true}' localhost:8080/api/v1/todos/17`
#[utoipa::path(
    tag = "todos",
    operation_id = "change_todo",
    params(("id" = i64, Path, example = 17), ("If-Match" = Option<String>, Header,
        example = "\"1\"", description = "The ETag of what you change; 412 when it has another.")),
    request_body(content = TodoPatch, description = "Also as application/merge-patch+json."),
    responses(
        (status = 200, body = TodoBody, headers(("etag" = String, description = "Its version"))),
        Stale, Unauthenticated, WriteProblems,
    ),
)]
#[patch("/api/v1/todos/{id}", wrap = "from_fn(guard)")]
pub(crate) async fn change(
    Caller(user): Caller,
    database: web::Data<Database>,
    todos: web::Data<Todos>,
    base: BaseUrl,
    IfMatch(expected): IfMatch,
    Path(id): Path<TodoId>,
    Json(patch): Json<TodoPatch, BODY_LIMIT>,
) -> Result<HttpResponse, Problem> {
    let changes = patch.parse()?;
    let todo = edit(database, todos, (user, id), changes, expected).await?;
    Ok(changed(tag(todo.version), &TodoBody::new(todo, &base)))
}

/// What PUT and PATCH share once each has told what changes.
async fn edit(
    database: web::Data<Database>,
    todos: web::Data<Todos>,
    (user, id): (UserId, TodoId),
    changes: Changes,
    expected: Expected,
) -> Result<Todo, Problem> {
    let write = move |connection: &mut _| {
        store::change(connection, user, id, &changes, &expected).map_err(refusal)
    };
    done(todos.into_inner().write(database, user, write).await?, "to-do")
}

/// Delete a to-do
///
/// `curl -X DELETE -H "authorization: Bearer $TOKEN" localhost:8080/api/v1/todos/17`
#[utoipa::path(
    tag = "todos",
    operation_id = "delete_todo",
    params(("id" = i64, Path, example = 17), ("If-Match" = Option<String>, Header,
        example = "\"1\"", description = "The ETag of what you delete; 412 when it has another.")),
    responses(
        (status = 204, description = "It is gone"),
        Stale, Unauthenticated, WriteProblems,
    ),
)]
#[delete("/api/v1/todos/{id}", wrap = "from_fn(guard)")]
pub(crate) async fn remove(
    Caller(user): Caller,
    database: web::Data<Database>,
    todos: web::Data<Todos>,
    IfMatch(expected): IfMatch,
    Path(id): Path<TodoId>,
) -> Result<HttpResponse, Problem> {
    let delete = move |connection: &mut _| store::delete(connection, user, id, &expected);
    done(todos.into_inner().write(database, user, delete).await?, "to-do")?;
    Ok(HttpResponse::NoContent().finish())
}
