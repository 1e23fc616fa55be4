//! One instance of the orders service: its own release, copy and connection.

use std::sync::atomic::{AtomicU64, Ordering as Memory};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::{HttpResponse, get, web};
use chrono::Utc;
use diesel::{PgConnection, QueryResult};
use error_handling::Problem;
use serde_json::{Value, json};

use super::clock::Clock;
use super::setup::{Ordering, Release, TermsFrom};
use super::store::{self, Order, Terms};

/// What an instance keeps between requests.
#[derive(Debug)]
pub(super) struct Instance {
    pub(super) name: &'static str,
    pub(super) release: Release,
    pub(super) terms: TermsFrom,
    pub(super) ordering: Ordering,
    pub(super) clock: Arc<Clock>,
    /// Statements sent so far.
    pub(super) statements: AtomicU64,
    /// Quotes made so far.
    pub(super) quotes: AtomicU64,
    pub(super) work: Mutex<Work>,
}

/// One mutex around both, as one request at a time is what makes each run the same: a statement's
/// sixth execution on a connection is the first that PostgreSQL may plan for any value.
pub(super) struct Work {
    pub(super) connection: PgConnection,
    pub(super) copy: Option<Copy>,
}

impl std::fmt::Debug for Work {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Work").field("copy", &self.copy).finish_non_exhaustive()
    }
}

/// Terms as they were read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Copy {
    shop: i64,
    terms: Terms,
    read_at: Duration,
}

/// A shop's newest orders and its terms.
#[get("/api/v1/shops/{shop}/orders")]
pub(super) async fn newest_orders(
    instance: web::Data<Instance>,
    shop: web::Path<i64>,
) -> Result<HttpResponse, Problem> {
    let shop = shop.into_inner();
    let on = instance.clone();
    let read = web::block(move || on.read(shop)).await.map_err(|_| unavailable())?;
    let (orders, copy) = read.map_err(|error| match error {
        diesel::result::Error::NotFound => Problem::not_found("shop"),
        _ => unavailable(),
    })?;
    let orders: Vec<Value> = orders.iter().map(|order| instance.release.describe(order)).collect();
    let shop = json!({
        "id": shop,
        "free_delivery_from_cents": copy.terms.free_delivery_from_cents,
    });
    Ok(instance.respond(instance.age(&copy), &json!({"shop": shop, "orders": orders})))
}

/// A quote, which is meant to be another one each time.
#[get("/api/v1/shops/{shop}/delivery-quote")]
pub(super) async fn delivery_quote(
    instance: web::Data<Instance>,
    shop: web::Path<i64>,
) -> HttpResponse {
    let number = instance.quotes.fetch_add(1, Memory::SeqCst);
    let quote = json!({
        "shop_id": *shop,
        "price_cents": 490,
        "quote_id": format!("{}-{number}", instance.name),
        "valid_from": Utc::now(),
    });
    instance.respond(Duration::ZERO, &quote)
}

fn unavailable() -> Problem {
    Problem::unavailable("the orders cannot be read", Duration::from_secs(1))
}

impl Instance {
    fn read(&self, shop: i64) -> QueryResult<(Vec<Order>, Copy)> {
        let mut work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        let read = store::newest_orders(&mut work.connection, shop, self.ordering)?;
        self.statements.fetch_add(1, Memory::SeqCst);
        let version = read.iter().find_map(|(_, version)| *version);
        let orders = read.into_iter().map(|(order, _)| order).collect();
        let now = self.clock.now();
        let kept = work.copy.filter(|copy| copy.shop == shop && self.may_use(copy, version, now));
        let copy = match kept {
            Some(copy) => copy,
            None => {
                self.statements.fetch_add(1, Memory::SeqCst);
                let terms = store::terms(&mut work.connection, shop)?;
                Copy { shop, terms, read_at: now }
            }
        };
        work.copy = Some(copy);
        Ok((orders, copy))
    }

    fn may_use(&self, copy: &Copy, version: Option<i64>, now: Duration) -> bool {
        match self.terms {
            TermsFrom::CopyFor(ttl) => now.saturating_sub(copy.read_at) < ttl,
            TermsFrom::CheckedCopy => version == Some(copy.terms.version),
            TermsFrom::Database => false,
        }
    }

    /// How long nobody has asked whether the copy still holds (RFC 9111, 5.1).
    fn age(&self, copy: &Copy) -> Duration {
        match self.terms {
            TermsFrom::CopyFor(_) => self.clock.now().saturating_sub(copy.read_at),
            TermsFrom::CheckedCopy | TermsFrom::Database => Duration::ZERO,
        }
    }

    fn respond(&self, age: Duration, body: &Value) -> HttpResponse {
        HttpResponse::Ok()
            .insert_header(("x-instance", self.name))
            .insert_header(("x-release", self.release.number()))
            .insert_header(("age", age.as_secs().to_string()))
            .json(body)
    }
}

impl Release {
    fn describe(self, order: &Order) -> Value {
        let Order { id, reference, placed_on, status, total_cents } = order;
        let mut described =
            json!({"id": id, "reference": reference, "placed_on": placed_on, "status": status});
        let (member, amount) = match self {
            Self::Old => {
                ("total", json!(format!("{}.{:02}", total_cents / 100, total_cents % 100)))
            }
            Self::New => ("total_cents", json!(total_cents)),
        };
        described[member] = amount;
        described
    }
}
