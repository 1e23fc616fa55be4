//! What people write first. Only the demo mounts it, in front of the real routes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix_web::http::Uri;
use actix_web::middleware::from_fn;
use actix_web::{HttpResponse, web};
use auth::{Caller, UserId};
use diesel::prelude::*;
use error_handling::{Json, Path, Problem, ProblemType};
use foundation::database::Database;
use foundation::module::Module;
use foundation::precondition::{Expected, IfNoneMatch};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::guard::guard;
use crate::handlers::todo_body::TodoBody;
use crate::handlers::todos::respond;
use crate::model::TodoId;
use crate::page::TodoPage;
use crate::request::{ListParameters, TodoPatch};
use crate::schema::todos;
use crate::state::Todos;
use crate::store::{self, Written};
use foundation::http::BaseUrl;

/// Finds a to-do by its id alone.
pub(crate) static BY_ID_ALONE: Module = front(by_id::<false>);

/// Finds a to-do by its id, then looks whose it is, and answers 403 to others.
pub(crate) static FORBIDDING: Module = front(by_id::<true>);

/// Keeps a list for a minute, whatever happens meanwhile.
pub(crate) static KEEPING: Module = Module { start: keep, ..front(mount_keeping) };

/// Says `[]` to everything: what a server is before anybody has written it.
pub(crate) static EMPTY: Module = front(mount_empty);

const fn front(routes: fn(&mut ServiceConfig<'_>)) -> Module {
    Module { routes, start: Module::nothing_to_start, jobs: &[] }
}

fn by_id<const COMPARES: bool>(config: &mut ServiceConfig<'_>) {
    config.map(|config| {
        let todo = web::resource("/api/v1/todos/{id}").wrap(from_fn(guard));
        let todo = todo.route(web::get().to(show::<COMPARES>));
        let todo = todo.route(web::patch().to(change::<COMPARES>));
        config.service(todo.route(web::delete().to(remove::<COMPARES>)))
    });
}

/// Whose a to-do is; with `COMPARES`, only if it is the caller's.
async fn owner<const COMPARES: bool>(
    database: &Database,
    caller: UserId,
    id: TodoId,
) -> Result<UserId, Problem> {
    let by_id = move |connection: &mut PgConnection| {
        let one = todos::table.filter(todos::id.eq(id.number()));
        one.select(todos::user_id).first::<i64>(connection).optional()
    };
    let owner = database.run(by_id).await?.map(UserId::from);
    match owner.ok_or_else(|| Problem::not_found("to-do"))? {
        owner if COMPARES && owner != caller => {
            Err(Problem::new(ProblemType::Forbidden, "This to-do is not yours."))
        }
        owner => Ok(owner),
    }
}

async fn show<const COMPARES: bool>(
    Caller(caller): Caller,
    database: web::Data<Database>,
    base: BaseUrl,
    Path(id): Path<TodoId>,
) -> Result<HttpResponse, Problem> {
    let owner = owner::<COMPARES>(&database, caller, id).await?;
    let todo = database.run(move |connection| store::todos::find(connection, owner, id)).await?;
    Ok(HttpResponse::Ok().json(todo.map(|todo| TodoBody::new(todo, &base))))
}

async fn change<const COMPARES: bool>(
    Caller(caller): Caller,
    database: web::Data<Database>,
    base: BaseUrl,
    Path(id): Path<TodoId>,
    Json(patch): Json<TodoPatch>,
) -> Result<HttpResponse, Problem> {
    let owner = owner::<COMPARES>(&database, caller, id).await?;
    let changes = patch.parse()?;
    let write = move |connection: &mut PgConnection| {
        store::todos::change(connection, owner, id, &changes, &Expected::Anything)
    };
    match database.run_write(write).await? {
        Written::Done(todo) => Ok(HttpResponse::Ok().json(TodoBody::new(todo, &base))),
        Written::Stale | Written::Missing => Err(Problem::not_found("to-do")),
    }
}

async fn remove<const COMPARES: bool>(
    Caller(caller): Caller,
    database: web::Data<Database>,
    Path(id): Path<TodoId>,
) -> Result<HttpResponse, Problem> {
    let owner = owner::<COMPARES>(&database, caller, id).await?;
    let write = move |connection: &mut PgConnection| {
        store::todos::delete(connection, owner, id, &Expected::Anything)
    };
    database.run_write(write).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The page of each user and when it was read. A mutex around a map, as people write it.
#[derive(Default)]
struct Kept(Mutex<HashMap<UserId, (Instant, TodoPage)>>);

const LIFETIME: Duration = Duration::from_secs(60);

fn keep(
    _: &mut foundation::module::Starting<'_>,
) -> Result<foundation::module::Share, foundation::module::StartFailure> {
    let kept = web::Data::new(Kept::default());
    Ok(Arc::new(move |config| {
        config.app_data(kept.clone());
    }))
}

fn mount_keeping(config: &mut ServiceConfig<'_>) {
    config.map(|config| {
        let list = web::resource("/api/v1/todos").guard(actix_web::guard::Get());
        config.service(list.wrap(from_fn(guard)).route(web::get().to(list_kept)))
    });
}

async fn list_kept(
    Caller(caller): Caller,
    (database, todos, kept): (web::Data<Database>, web::Data<Todos>, web::Data<Kept>),
    (base, known, uri): (BaseUrl, IfNoneMatch, Uri),
) -> Result<HttpResponse, Problem> {
    let found = {
        let kept = kept.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(&caller).filter(|(read, _)| read.elapsed() < LIFETIME).cloned()
    };
    let page = match found {
        Some((_, page)) => page,
        None => todos.lists.load(&database, caller, ListParameters::default().parse()?).await?,
    };
    let mut kept = kept.0.lock().unwrap_or_else(PoisonError::into_inner);
    kept.entry(caller).or_insert_with(|| (Instant::now(), page.clone()));
    Ok(respond(&page, &base, &known, &uri))
}

fn mount_empty(config: &mut ServiceConfig<'_>) {
    config.map(|config| {
        let nothing = || async { HttpResponse::Ok().json([(); 0]) };
        config.service(web::scope("/api/v1/todos").default_service(web::to(nothing)))
    });
}
