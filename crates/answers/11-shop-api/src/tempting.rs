//! What people write first. Only the demo mounts or runs it.

mod page;
mod till;

use std::sync::Arc;
use std::time::Duration;

use actix_web::web;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use error_handling::{Cause, Problem};
use foundation::module::{Module, Share, StartFailure, Starting};
use url::Url;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::catalogue::RedisCatalogue;
use page::{copied, uncached};
use till::{lock_and_pay, look_and_pay};

/// A shop that pays while it serves: `look` reads, pays and writes; `lock` takes the stock first and
/// pays inside the transaction. Both as people write them who have seen one customer at a time.
pub(crate) static MODULE: Module = Module { routes, start: Till::start, jobs: &[] };

/// What counts reads of the store on the pages of this module.
pub(crate) const READS: &str = "tempting_catalogue_reads_total";

fn routes(config: &mut ServiceConfig<'_>) {
    config.map(|config| {
        config
            .route("/tempting/look/orders", web::post().to(look_and_pay))
            .route("/tempting/lock/orders", web::post().to(lock_and_pay))
            .route("/tempting/uncached/{sku}", web::get().to(uncached))
            .route("/tempting/copied/{sku}", web::get().to(copied))
    });
}

/// What its routes share.
struct Till {
    provider: Option<Url>,
    copy: Option<RedisCatalogue>,
}

impl Till {
    fn start(starting: &mut Starting<'_>) -> Result<Share, StartFailure> {
        let provider = starting.config.shop.shop_payment_url.clone();
        let minute = Duration::from_secs(60);
        let copy = starting.redis.map(|redis| RedisCatalogue::new(redis.clone(), minute));
        let till = web::Data::new(Self { provider, copy });
        Ok(Arc::new(move |config| {
            config.app_data(till.clone());
        }))
    }
}

fn failed(why: &'static str) -> Problem {
    Problem::internal(Cause::new(why))
}

/// Looks at the stock; what it says may be over when the answer is read.
pub(crate) const LOOK: &str = "SELECT available FROM shop_stock WHERE sku = $1";

/// Writes back what was worked out from an earlier look.
const WRITE_BACK: &str =
    "UPDATE shop_stock SET available = $2, reserved = reserved + 1 WHERE sku = $1";

/// Takes one whatever is left, and leaves the refusal to `CHECK (available >= 0)`.
const TAKE: &str = "UPDATE shop_stock SET available = available - 1, reserved = reserved + 1 \
                    WHERE sku = $1";

#[derive(QueryableByName)]
struct Stock {
    #[diesel(sql_type = BigInt)]
    available: i64,
}

/// How many are left now.
pub(crate) fn look(connection: &mut PgConnection, sku: &str) -> QueryResult<i64> {
    let stock: Stock = diesel::sql_query(LOOK).bind::<Text, _>(sku).get_result(connection)?;
    Ok(stock.available)
}

/// Stores what is left after a sale, as the program worked it out.
pub(crate) fn write_back(
    connection: &mut PgConnection,
    sku: &str,
    available: i64,
) -> QueryResult<usize> {
    diesel::sql_query(WRITE_BACK)
        .bind::<Text, _>(sku)
        .bind::<BigInt, _>(available)
        .execute(connection)
}

/// Takes one and lets the constraint object.
pub(crate) fn take(connection: &mut PgConnection, sku: &str) -> QueryResult<usize> {
    diesel::sql_query(TAKE).bind::<Text, _>(sku).execute(connection)
}
