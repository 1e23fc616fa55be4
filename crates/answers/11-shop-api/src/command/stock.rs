//! `shop-stock`: puts something on sale.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Arg, ArgMatches, Command, value_parser};
use diesel::{Connection, PgConnection};
use evidence::cli::Extra;
use foundation::metrics::Metrics;
use foundation::module::StartFailure;
use foundation::redis::Redis;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::exit;
use super::switch::{backing, database_argument};
use crate::catalogue::{Catalogue, RedisCatalogue};
use crate::model::{Cents, Product, Sku};
use crate::state::DOCUMENT_LIFETIME;
use crate::store::{products, stock};

/// The subcommand.
pub(super) static EXTRA: Extra = Extra { command, run };

/// Pieces of one product that may be for sale at once.
const MOST: i64 = 1_000_000_000;

fn command() -> Command {
    let long =
        |name: &'static str, value: &'static str| Arg::new(name).long(name).value_name(value);
    Command::new("shop-stock")
        .about("Put so many of a product on sale, beside those that are reserved or sold")
        .arg(long("sku", "SKU").required(true).help("Lower-case letters, digits, single hyphens"))
        .arg(
            long("available", "COUNT")
                .required(true)
                .value_parser(value_parser!(i64).range(0..=MOST))
                .help("How many may be ordered from now on"),
        )
        .arg(
            long("price-cents", "CENTS")
                .required(true)
                .value_parser(value_parser!(i64).range(0..=Cents::MAX))
                .help("What one costs"),
        )
        .arg(long("document", "JSON").help("What is shown of it; what there is stays without it"))
        .arg(
            long("redis-url", "URL")
                .env("REDIS_URL")
                .hide_env_values(true)
                .help("Redis that keeps copies of documents, so that they are new at once"),
        )
        .arg(database_argument())
}

fn run(matches: &ArgMatches) -> ExitCode {
    exit(put(matches))
}

fn put(matches: &ArgMatches) -> Result<(), StartFailure> {
    let text = |name| matches.get_one::<String>(name).map(String::as_str);
    let number = |name| matches.get_one::<i64>(name).copied().unwrap_or_default();
    let sku = Sku::parse(text("sku").unwrap_or_default())?;
    let price_cents = Cents::new(number("price-cents"))?;
    let document = text("document").map(serde_json::from_str::<Value>).transpose()?;
    let mut connection = backing(matches)?.connect()?;
    let product = connection.transaction(|connection| {
        let known = products::find(connection, &sku)?.map(|product| product.document);
        let document = document.or(known).unwrap_or_else(|| json!({"name": sku}));
        let product = Product::new(sku.clone(), price_cents, document);
        products::put_on_sale(connection, &product, number("available"))?;
        products::find(connection, &sku)
    })?;
    let product = product.ok_or("the product is gone again")?;
    if let Some(url) = text("redis-url").filter(|url| !url.is_empty()) {
        copy(&mut connection, &SecretString::from(url), product)?;
    }
    let counts = stock::counts(&mut connection, &sku)?;
    println!(
        "{}",
        json!({
            "sku": sku, "available": counts.available, "reserved": counts.reserved, "sold": counts.sold,
        })
    );
    Ok(())
}

/// Renews the copy; servers without Redis keep theirs for a minute at the most.
fn copy(
    connection: &mut PgConnection,
    url: &SecretString,
    product: Product,
) -> Result<(), StartFailure> {
    let redis = Redis::open_for(connection, url, Duration::from_secs(1), &Metrics::new()?)?;
    actix_web::rt::System::new().block_on(async {
        redis.settled().await;
        RedisCatalogue::new(redis, DOCUMENT_LIFETIME).put(vec![product]).await
    })?;
    Ok(())
}
