//! Orders: placed once, seen and cancelled by whoever placed them.

use std::time::Duration;

use actix_web::http::Uri;
use actix_web::middleware::from_fn;
use actix_web::{HttpResponse, get, post, web};
use auth::{Caller, Unauthenticated, UserId};
use diesel::{Connection, PgConnection};
use error_handling::{
    Cause, Fault, Json, Path, Problem, ProblemType, Query, ReadProblems, WriteProblems,
};
use foundation::idempotency::{self, Claimed, RequiredKey, StoredResponse};
use foundation::paging::{Page, PageParameters};

use super::{Counter, guard, linked};
use crate::checkout::{self, Wish};
use crate::counts::Outcome;
use crate::model::{OrderId, Status};
use crate::payments::inquiry;
use crate::request::OrderInput;
use crate::store::orders::{self as store, Order};
use crate::store::settling;
use crate::switches::Switch;
use crate::terms::Terms;

const SCOPE: &str = "POST /api/v1/shop/orders";
/// Longer than an order can take: the database's wait and time-out, twice.
const LEASE: Duration = Duration::from_secs(15);
/// Fifty lines with the longest skus, escaped.
const BODY_LIMIT: usize = 32 << 10;

/// Place an order
///
/// Its stock is kept for it until it is paid or expires. Repeat the request with the same key until
/// it is answered: it is one order. `curl -i -H "authorization: Bearer $TOKEN" -H 'content-type:
/// application/json' -H 'idempotency-key: "8e03978e-40d5"' -d
/// '{"lines":[{"sku":"red-shoe-42","quantity":1}]}' localhost:8080/api/v1/shop/orders`
#[utoipa::path(
    tag = "shop",
    operation_id = "shop_place_order",
    params(("Idempotency-Key" = String, Header, example = "\"8e03978e-40d5\"",
        description = "Quoted string of 1 to 255 characters. The same key and request again, within \
                       a day, is answered with the first response and orders nothing.")),
    request_body = OrderInput,
    responses(
        (status = 201, body = Order, headers(
            ("location" = String, description = "The order"),
            ("idempotency-replayed" = String, description = "`true` when nothing was ordered"),
        )),
        Unauthenticated, WriteProblems,
    ),
)]
#[post("/api/v1/shop/orders", wrap = "from_fn(guard)")]
pub(crate) async fn place(
    Caller(user): Caller,
    counter: Counter,
    key: RequiredKey,
    Json(input): Json<OrderInput, BODY_LIMIT>,
) -> Result<HttpResponse, Problem> {
    let shop = counter.shop.clone();
    let placed = check_out(counter, user, &key, &input).await;
    shop.counts.checked_out(outcome_of(&placed));
    placed
}

async fn check_out(
    Counter { database, shop }: Counter,
    user: UserId,
    key: &RequiredKey,
    input: &OrderInput,
) -> Result<HttpResponse, Problem> {
    let wish = input.parse()?;
    let attempt = key.0.of_owner(user.number(), SCOPE, input)?;
    // After the body has arrived: one that trickles in must not hold a place.
    let admitted = shop.admission.admit()?;
    if !shop.switches.is_on(Switch::Checkout, &database).await {
        return Err(closed());
    }
    let (writing, terms) = (database.clone(), shop.terms);
    let order = move |claimed: Claimed| async move {
        let order = move |connection: &mut PgConnection| {
            connection.transaction(|connection| once(connection, user, wish, terms, &claimed))
        };
        let placed = writing.run_write(order).await;
        // Kept until the work is done, also when the client has hung up.
        drop(admitted);
        placed
    };
    let response = idempotency::once(&database, attempt, LEASE, order).await?;
    shop.wake_workers();
    Ok(response)
}

/// Order and response in one transaction: either both are there or neither.
fn once(
    connection: &mut PgConnection,
    user: UserId,
    wish: Wish,
    terms: Terms,
    (attempt, lease): &Claimed,
) -> Result<StoredResponse, Problem> {
    let mut stored = None;
    checkout::place(connection, user, wish, terms, |connection, order| {
        let location = format!("/api/v1/shop/orders/{}", order.id);
        let response = StoredResponse::created(Some(location), order)?;
        idempotency::finish(connection, attempt, *lease, &response)?;
        stored = Some(response);
        Ok(())
    })?;
    stored.ok_or_else(|| Problem::internal(Cause::new("an order without its response")))
}

fn closed() -> Problem {
    let detail = "No orders are taken for a moment. Your cart is kept.";
    Problem::unavailable(detail, Duration::from_secs(30))
        .with_cause(Cause::new("the switch `checkout` is off"))
}

fn outcome_of(placed: &Result<HttpResponse, Problem>) -> Outcome {
    let problem = match placed {
        Ok(response) if response.headers().contains_key("idempotency-replayed") => {
            return Outcome::Replayed;
        }
        Ok(_) => return Outcome::Placed,
        Err(problem) => problem,
    };
    match problem.kind().fault() {
        Fault::Server => Outcome::Failed,
        Fault::Passing => Outcome::Refused,
        Fault::Client if problem.kind() == ProblemType::OutOfStock => Outcome::OutOfStock,
        Fault::Client => Outcome::Invalid,
    }
}

/// List your orders, newest first
#[utoipa::path(
    tag = "shop",
    operation_id = "shop_list_orders",
    params(PageParameters),
    responses((status = 200, body = [Order], headers(
        ("link" = String, description = "The next page, `rel=\"next\"`; absent on the last"),
    )), Unauthenticated, ReadProblems),
)]
#[get("/api/v1/shop/orders", wrap = "from_fn(guard)")]
pub(crate) async fn list(
    Caller(user): Caller,
    counter: Counter,
    uri: Uri,
    Query(parameters): Query<PageParameters>,
) -> Result<HttpResponse, Problem> {
    let (before, limit) = parameters.parse::<OrderId>()?;
    let rows = limit.rows_to_fetch();
    let page = move |connection: &mut PgConnection| store::page(connection, user, before, rows);
    let page = Page::from_rows(counter.database.run(page).await?, limit, |order| order.id)?;
    Ok(linked(&page, &uri).json(page.items))
}

/// Look at an order of yours
#[utoipa::path(
    tag = "shop",
    operation_id = "shop_get_order",
    params(("id" = i64, Path, example = 17)),
    responses((status = 200, body = Order), Unauthenticated, ReadProblems),
)]
#[get("/api/v1/shop/orders/{id}", wrap = "from_fn(guard)")]
pub(crate) async fn show(
    Caller(user): Caller,
    counter: Counter,
    Path(id): Path<OrderId>,
) -> Result<web::Json<Order>, Problem> {
    let find = move |connection: &mut PgConnection| store::find(connection, user, id);
    let order = counter.database.run(find).await?;
    order.map(web::Json).ok_or_else(|| Problem::not_found("order"))
}

/// Cancel an order of yours that is not paid yet
///
/// Again, when it is cancelled already, changes nothing.
#[utoipa::path(
    tag = "shop",
    operation_id = "shop_cancel_order",
    params(("id" = i64, Path, example = 17)),
    responses((status = 200, body = Order), Unauthenticated, WriteProblems),
)]
#[post("/api/v1/shop/orders/{id}/cancellation", wrap = "from_fn(guard)")]
pub(crate) async fn cancel(
    Caller(user): Caller,
    counter: Counter,
    Path(id): Path<OrderId>,
) -> Result<web::Json<Order>, Problem> {
    let cancel = move |connection: &mut PgConnection| {
        connection.transaction(|connection| {
            let settled = settling::settle(connection, id, Some(user), Status::Cancelled)?;
            if settled {
                // Perhaps it was charged for a moment ago; then the money goes back.
                inquiry::later(connection, id)?;
            }
            // Read in both cases: what stands now is what the customer is told.
            Ok::<_, Problem>((settled, store::find(connection, user, id)?))
        })
    };
    let (settled, order) = counter.database.run_write(cancel).await?;
    if settled {
        counter.shop.counts.settled(Status::Cancelled);
    }
    let order = order.ok_or_else(|| Problem::not_found("order"))?;
    if order.status == Status::Cancelled {
        return Ok(web::Json(order));
    }
    let detail = format!("The order is {} and cannot be cancelled.", order.status.name());
    Err(Problem::new(ProblemType::Conflict, detail))
}
