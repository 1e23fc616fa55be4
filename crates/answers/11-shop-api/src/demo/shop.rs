//! A shop to send buyers to: servers, people, things on sale, and a provider.

use std::sync::Arc;
use std::time::Duration;

use actix_web::rt::System;
use auth::testing::sign_up;
use background_jobs::Workers;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use evidence::{Failure, Outcome};
use foundation::metrics::Metrics;
use foundation::module::Module;
use foundation::scratch::{Scratch, number};
use foundation::signature::Secret;
use foundation::testing::{Client, Reply, TestApp, TestRedis, config};
use secrecy::SecretString;
use serde_json::json;

use crate::payments::{self, Charger, SECRET_SETTING};
use crate::provider::{self, Provider};

/// Where orders are posted.
pub(super) const ORDERS: &str = "/api/v1/shop/orders";
/// What callbacks are signed with, in the demo.
pub(super) const SECRET: &str = "a secret of this demo, long enough";

/// Flags of every server here: no limits of one address or person, as all buyers come from one, and
/// bounds that a busy machine does not reach. Whatever `flags` name replaces these.
const FLAGS: [&str; 18] = [
    "--rate-limit",
    "0",
    "--user-rate-limit",
    "0",
    "--shop-reserved-per-person",
    "0",
    "--database-write-threads",
    "8",
    "--database-wait",
    "10s",
    "--lock-timeout",
    "30s",
    "--statement-timeout",
    "30s",
    "--shop-payment-secret",
    SECRET,
    "--shop-reservation",
    "1h",
];

/// A whole server on the demo's database.
pub(super) fn serve(
    scratch: &Arc<Scratch>,
    modules: &[&Module],
    flags: &[&str],
    redis: Option<&TestRedis>,
) -> TestApp {
    let flags = [&FLAGS, flags].concat();
    TestApp::serving_with(scratch, modules, &flags, redis)
}

/// A provider that decides so long after it was asked.
pub(super) fn provider(delay: Duration) -> Result<Provider, Failure> {
    let secret = Secret::of_setting(SECRET_SETTING, &SecretString::from(SECRET))?;
    Ok(Provider::start(provider::Settings { delay, ..provider::Settings::friendly(secret) })?)
}

/// Whoever charges for orders, apart from every server; they stop when dropped.
pub(super) struct Clerks {
    workers: Workers,
}

impl Clerks {
    /// Two threads of this process; what processes of their own do is shown by the fleet.
    pub(super) fn hire(scratch: &Scratch, provider: &str) -> Result<Self, Failure> {
        let settings =
            background_jobs::Settings { poll: Duration::from_millis(50), ..Default::default() };
        let workers = Workers::start(&scratch.url(), settings, &Metrics::new()?)?;
        let config = config(&["--shop-payment-url", provider]);
        let charger = Charger::of(&config.shop).ok_or("a provider has an address")?;
        payments::register(&workers, charger)?;
        Ok(Self { workers })
    }
}

impl Drop for Clerks {
    fn drop(&mut self) {
        self.workers.stop();
    }
}

/// Runs a client's requests.
pub(super) fn block_on<T>(requests: impl Future<Output = T>) -> T {
    System::new().block_on(requests)
}

/// Puts so many of one thing on sale.
pub(super) fn put_on_sale(scratch: &Scratch, sku: &str, cents: u64, pieces: u64) -> Outcome {
    scratch.connect()?.batch_execute(&format!(
        "INSERT INTO shop_products (sku, price_cents, document)
         VALUES ('{sku}', {cents}, '{{\"name\": \"{sku}\"}}');
         INSERT INTO shop_stock (sku, available) VALUES ('{sku}', {pieces})"
    ))?;
    Ok(())
}

/// Forgets charges that an earlier step left undone: they are not what the next one is about.
pub(super) fn forget_charges(scratch: &Scratch) -> Outcome {
    scratch.connect()?.batch_execute("DELETE FROM background_jobs")?;
    Ok(())
}

/// Buyers who are signed in, as their access tokens.
pub(super) fn tokens(app: &TestApp, buyers: usize) -> Vec<String> {
    (0..buyers).map(|buyer| sign_up(app, &format!("buyer-{buyer}")).token).collect()
}

/// One order of one piece.
pub(super) async fn order(client: &Client, sku: &str, key: &str) -> Reply {
    let body = json!({"lines": [{"sku": sku, "quantity": 1}]}).to_string().into_bytes();
    let key = format!("\"{key}\"");
    let headers = [("content-type", "application/json"), ("idempotency-key", key.as_str())];
    client.send(actix_web::http::Method::POST, ORDERS, &headers, Some(body)).await
}

/// Orders of one thing, in one status or any.
pub(super) fn orders(connection: &mut PgConnection, sku: &str, status: &str) -> QueryResult<u64> {
    let query = format!(
        "SELECT count(*) FROM shop_orders JOIN shop_order_lines ON order_id = id
         WHERE sku = '{sku}' AND status LIKE '{status}'"
    );
    number(connection, &query)
}

/// What is there of one thing: available, reserved, sold.
pub(super) fn stock(connection: &mut PgConnection, sku: &str) -> QueryResult<[u64; 3]> {
    let mut of = |column: &str| {
        number(connection, &format!("SELECT {column} FROM shop_stock WHERE sku = '{sku}'"))
    };
    Ok([of("available")?, of("reserved")?, of("sold")?])
}

/// The sum of one metric over the series whose labels contain all of `labels`.
pub(super) fn metric(app: &TestApp, name: &str, labels: &[&str]) -> Result<f64, Failure> {
    let text = String::from_utf8(app.metrics.render()?)?;
    Ok(sum(&text, name, labels))
}

fn sum(text: &str, name: &str, labels: &[&str]) -> f64 {
    let series = text.lines().filter_map(|line| line.strip_prefix(name)).filter(|rest| {
        rest.starts_with(['{', ' ']) && labels.iter().all(|label| rest.contains(label))
    });
    let values = series.filter_map(|rest| rest.rsplit(' ').next()?.parse::<f64>().ok());
    // Not `sum`, whose nothing is -0.
    values.fold(0.0, |sum, value| sum + value)
}

#[cfg(test)]
mod tests {
    use super::sum;

    #[test]
    fn a_metric_is_the_sum_of_the_series_that_are_meant() {
        let text = "# HELP a_total A\na_total{x=\"1\",y=\"2\"} 3\na_total{x=\"2\",y=\"2\"} 4\n\
                    a_total_else 5\nb 6\n";
        assert_eq!(sum(text, "a_total", &[]), 7.0);
        assert_eq!(sum(text, "a_total", &["x=\"1\""]), 3.0);
        assert_eq!(sum(text, "b", &[]), 6.0);
    }
}
