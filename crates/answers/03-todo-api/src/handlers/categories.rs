//! Categories.

use actix_web::middleware::from_fn;
use actix_web::{HttpResponse, delete, get, patch, post, put, web};
use auth::{Caller, Unauthenticated, UserId};
use diesel::Connection;
use error_handling::{Json, Path, Problem, ReadProblems, WriteProblems};
use foundation::database::Database;
use foundation::http::BaseUrl;
use foundation::precondition::{Expected, IfMatch, IfNoneMatch, RequiredIfMatch, tag};
use serde::Serialize;
use utoipa::ToSchema;

use super::{BODY_LIMIT, Stale, Unconditional, changed, created, done, read};
use crate::guard::guard;
use crate::model::{CategoryId, CategoryName};
use crate::request::{CategoryInput, CategoryPatch};
use crate::state::Todos;
use crate::store::categories::{self as store, Category};
use crate::store::refusal;

/// A category, as its owner sees it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Category)]
pub(crate) struct CategoryBody {
    /// Identifies it.
    #[schema(value_type = i64, example = 3)]
    id: CategoryId,
    /// Where it is, absolute.
    #[schema(example = "http://localhost:8080/api/v1/categories/3")]
    url: String,
    /// What its owner calls it.
    #[schema(example = "Home")]
    name: String,
}

impl CategoryBody {
    fn new(category: Category, base: &BaseUrl) -> Self {
        let Category { id, name, .. } = category;
        Self { id, url: base.join(&path(id)), name }
    }
}

fn path(id: CategoryId) -> String {
    format!("/api/v1/categories/{id}")
}

/// List your categories, in the order of making
///
/// `curl -H "authorization: Bearer $TOKEN" localhost:8080/api/v1/categories`
#[utoipa::path(
    tag = "categories",
    operation_id = "list_categories",
    responses((status = 200, body = [CategoryBody]), Unauthenticated, ReadProblems),
)]
#[get("/api/v1/categories", wrap = "from_fn(guard)")]
pub(crate) async fn list(
    Caller(user): Caller,
    database: web::Data<Database>,
    base: BaseUrl,
) -> Result<web::Json<Vec<CategoryBody>>, Problem> {
    let all = database.run(move |connection| store::all(connection, user)).await?;
    Ok(web::Json(all.into_iter().map(|category| CategoryBody::new(category, &base)).collect()))
}

/// Create a category
///
/// `curl -i -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' -d
/// '{"name":"Home"}' localhost:8080/api/v1/categories`
#[utoipa::path(
    tag = "categories",
    operation_id = "create_category",
    request_body = CategoryInput,
    responses(
        (status = 201, body = CategoryBody, headers(
            ("location" = String, description = "The category"),
            ("etag" = String, description = "Its version"),
        )),
        Unauthenticated, WriteProblems,
    ),
)]
#[post("/api/v1/categories", wrap = "from_fn(guard)")]
pub(crate) async fn create(
    Caller(user): Caller,
    database: web::Data<Database>,
    base: BaseUrl,
    Json(input): Json<CategoryInput, BODY_LIMIT>,
) -> Result<HttpResponse, Problem> {
    let name = input.parse()?;
    // Not through the lists: no to-do is in it yet.
    let insert = move |connection: &mut _| store::insert(connection, user, &name).map_err(refusal);
    let category = database.run_write(insert).await?;
    let tag = tag(category.version);
    Ok(created(path(category.id), tag, &CategoryBody::new(category, &base)))
}

/// Read one category
///
/// `curl -i -H "authorization: Bearer $TOKEN" localhost:8080/api/v1/categories/3`
#[utoipa::path(
    tag = "categories",
    operation_id = "get_category",
    params(("id" = i64, Path, example = 3), ("If-None-Match" = Option<String>, Header,
        description = "The ETag of what you have: 304 if it is still the same.")),
    responses(
        (status = 200, body = CategoryBody, headers(("etag" = String, description = "Version"))),
        (status = 304, description = "Not changed"),
        Unauthenticated, ReadProblems,
    ),
)]
#[get("/api/v1/categories/{id}", wrap = "from_fn(guard)")]
pub(crate) async fn show(
    Caller(user): Caller,
    database: web::Data<Database>,
    base: BaseUrl,
    known: IfNoneMatch,
    Path(id): Path<CategoryId>,
) -> Result<HttpResponse, Problem> {
    let found = database.run(move |connection| store::find(connection, user, id)).await?;
    let category = found.ok_or_else(|| Problem::not_found("category"))?;
    let tag = tag(category.version);
    Ok(read(&tag, &known, |response| response.json(CategoryBody::new(category, &base))))
}

/// Replace a category
///
/// `curl -X PUT -H "authorization: Bearer $TOKEN" -H 'if-match: "1"' -H 'content-type:
/// application/json' -d '{"name":"Work"}' localhost:8080/api/v1/categories/3`
#[utoipa::path(
    tag = "categories",
    operation_id = "replace_category",
    params(("id" = i64, Path, example = 3), ("If-Match" = String, Header, example = "\"1\"",
        description = "The ETag of what you replace, or `*` for whatever is there.")),
    request_body = CategoryInput,
    responses(
        (status = 200, body = CategoryBody, headers(("etag" = String, description = "Version"))),
        Stale, Unconditional, Unauthenticated, WriteProblems,
    ),
)]
#[put("/api/v1/categories/{id}", wrap = "from_fn(guard)")]
pub(crate) async fn replace(
    Caller(user): Caller,
    database: web::Data<Database>,
    todos: web::Data<Todos>,
    base: BaseUrl,
    RequiredIfMatch(expected): RequiredIfMatch,
    Path(id): Path<CategoryId>,
    Json(input): Json<CategoryInput, BODY_LIMIT>,
) -> Result<HttpResponse, Problem> {
    let name = Some(input.parse()?);
    let category = rename(database, todos, (user, id), name, expected).await?;
    Ok(changed(tag(category.version), &CategoryBody::new(category, &base)))
}

/// Change a category
///
/// A JSON merge patch (RFC 7396). Its to-dos show the new name at once. `curl -X PATCH -H
/// "authorization: Bearer $TOKEN" -H 'content-type: application/json' -d '{"name":"Work"}'
/// localhost:8080/api/v1/categories/3`
#[utoipa::path(
    tag = "categories",
    operation_id = "change_category",
    params(("id" = i64, Path, example = 3), ("If-Match" = Option<String>, Header,
        example = "\"1\"", description = "The ETag of what you change; 412 when it has another.")),
    request_body(content = CategoryPatch, description = "Also as application/merge-patch+json."),
    responses(
        (status = 200, body = CategoryBody, headers(("etag" = String, description = "Version"))),
        Stale, Unauthenticated, WriteProblems,
    ),
)]
#[patch("/api/v1/categories/{id}", wrap = "from_fn(guard)")]
pub(crate) async fn change(
    Caller(user): Caller,
    database: web::Data<Database>,
    todos: web::Data<Todos>,
    base: BaseUrl,
    IfMatch(expected): IfMatch,
    Path(id): Path<CategoryId>,
    Json(patch): Json<CategoryPatch, BODY_LIMIT>,
) -> Result<HttpResponse, Problem> {
    let name = patch.parse()?;
    let category = rename(database, todos, (user, id), name, expected).await?;
    Ok(changed(tag(category.version), &CategoryBody::new(category, &base)))
}

/// Renames a category and its to-dos' mention of it, both or neither.
async fn rename(
    database: web::Data<Database>,
    todos: web::Data<Todos>,
    (user, id): (UserId, CategoryId),
    name: Option<CategoryName>,
    expected: Expected,
) -> Result<Category, Problem> {
    let write = move |connection: &mut diesel::PgConnection| {
        let rename =
            |connection: &mut _| store::rename(connection, user, id, name.as_ref(), &expected);
        connection.transaction(rename).map_err(refusal)
    };
    done(todos.into_inner().write(database, user, write).await?, "category")
}

/// Delete a category
///
/// Its to-dos stay, without a category. `curl -X DELETE -H "authorization: Bearer $TOKEN"
/// localhost:8080/api/v1/categories/3`
#[utoipa::path(
    tag = "categories",
    operation_id = "delete_category",
    params(("id" = i64, Path, example = 3), ("If-Match" = Option<String>, Header,
        example = "\"1\"", description = "The ETag of what you delete; 412 when it has another.")),
    responses(
        (status = 204, description = "It is gone"),
        Stale, Unauthenticated, WriteProblems,
    ),
)]
#[delete("/api/v1/categories/{id}", wrap = "from_fn(guard)")]
pub(crate) async fn remove(
    Caller(user): Caller,
    database: web::Data<Database>,
    todos: web::Data<Todos>,
    IfMatch(expected): IfMatch,
    Path(id): Path<CategoryId>,
) -> Result<HttpResponse, Problem> {
    let delete = move |connection: &mut diesel::PgConnection| {
        connection.transaction(|connection| store::delete(connection, user, id, &expected))
    };
    done(todos.into_inner().write(database, user, delete).await?, "category")?;
    Ok(HttpResponse::NoContent().finish())
}
