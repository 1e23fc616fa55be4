//! An order that is stored, paid for and confirmed in one request, and in one transaction.

use std::time::Duration;

use actix_web::rt::System;
use actix_web::{HttpResponse, web};
use awc::Client;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use error_handling::{Json, Problem, ProblemType};
use foundation::database::Database;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::{Till, failed, look, write_back};
use crate::model::{Line, Quantity, Sku};
use crate::store::stock;

#[derive(Deserialize)]
pub(super) struct Wanted {
    lines: Vec<WantedLine>,
}

#[derive(Deserialize)]
pub(super) struct WantedLine {
    sku: String,
    quantity: i64,
}

type Body = Json<Wanted, 4096>;
type Taken = fn(&mut PgConnection, &Line, &mut dyn FnMut(&mut PgConnection) -> Paid) -> Paid;
type Paid = Result<Option<Value>, Problem>;

/// The stock is looked at, then paid for, then written.
pub(super) async fn look_and_pay(
    till: web::Data<Till>,
    database: web::Data<Database>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    order(till, database, body, |connection, line, pay| {
        let left = look(connection, line.sku.as_str())?;
        if left < 1 {
            return Ok(None);
        }
        let paid = pay(connection)?;
        write_back(connection, line.sku.as_str(), left - 1)?;
        Ok(paid)
    })
    .await
}

/// The stock first, by the right statement; the rest stays.
pub(super) async fn lock_and_pay(
    till: web::Data<Till>,
    database: web::Data<Database>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    order(till, database, body, |connection, line, pay| {
        if stock::reserve(connection, std::slice::from_ref(line))?.is_empty() {
            return Ok(None);
        }
        pay(connection)
    })
    .await
}

/// The whole order in the request, and in one transaction, so that "nothing can go wrong".
async fn order(
    till: web::Data<Till>,
    database: web::Data<Database>,
    Json(wanted): Body,
    take: Taken,
) -> Result<HttpResponse, Problem> {
    let line = wanted.line().ok_or_else(|| Problem::new(ProblemType::Malformed, "One line."))?;
    let provider = till.provider.clone().ok_or_else(|| failed("there is no provider"))?;
    let placed = move |connection: &mut PgConnection| {
        connection.transaction(|connection| {
            take(connection, &line, &mut |connection| {
                let (order, total_cents) = store(connection, &line)?;
                System::new().block_on(pay(&provider, order, total_cents))?;
                Ok(Some(json!({"id": order, "status": "paid", "total_cents": total_cents})))
            })
        })
    };
    match database.run_write(placed).await? {
        Some(order) => Ok(HttpResponse::Created().json(order)),
        None => Err(Problem::new(ProblemType::OutOfStock, "Nothing is left.")),
    }
}

impl Wanted {
    fn line(&self) -> Option<Line> {
        let [line] = self.lines.as_slice() else { return None };
        let (sku, quantity) = (Sku::parse(&line.sku), Quantity::new(line.quantity));
        Some(Line { sku: sku.ok()?, quantity: quantity.ok()? })
    }
}

#[derive(QueryableByName)]
struct Stored {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = BigInt)]
    total_cents: i64,
}

fn store(connection: &mut PgConnection, line: &Line) -> QueryResult<(i64, i64)> {
    let stored: Stored = diesel::sql_query(
        "WITH placed AS (
             INSERT INTO shop_orders (status, total_cents, expires_at, settled_at)
             SELECT 'paid', price_cents, now(), now() FROM shop_products WHERE sku = $1
             RETURNING id, total_cents
         ), lines AS (
             INSERT INTO shop_order_lines (order_id, sku, quantity, price_cents)
             SELECT id, $1, 1, total_cents FROM placed
         )
         SELECT id, total_cents FROM placed",
    )
    .bind::<Text, _>(line.sku.as_str())
    .get_result(connection)?;
    Ok((stored.id, stored.total_cents))
}

/// Asks for the money, and again until the bank has decided, while the customer waits.
async fn pay(provider: &Url, order: i64, amount_cents: i64) -> Result<(), Problem> {
    let address = provider.join("charges").map_err(|_| failed("no address to charge"))?;
    let client = Client::builder().timeout(Duration::from_secs(5)).finish();
    loop {
        let charge = json!({"order": order, "amount_cents": amount_cents});
        let request = client
            .post(address.as_str())
            .insert_header(("idempotency-key", format!("\"order-{order}\"")));
        let sent = request.send_json(&charge).await;
        let mut answer = sent.map_err(|_| failed("the provider does not answer"))?;
        let answer: Value = answer.json().await.map_err(|_| failed("no answer to read"))?;
        match answer["status"].as_str() {
            Some("pending") => tokio::time::sleep(Duration::from_millis(20)).await,
            Some("succeeded") => return Ok(()),
            _ => return Err(failed("the provider refuses")),
        }
    }
}
