//! The statements on `shop_stock`: where too much is sold, or is not.
//!
//! One conditional UPDATE, `WHERE available >= quantity`, chosen instead of
//! - reading, deciding and writing: between the two somebody else buys the last one (`tempting.rs`);
//! - `SELECT … FOR UPDATE` first: as right, but the row is locked over one more round trip, and in a
//!   sale everybody waits for that row;
//! - a queue for each sku, with one worker that sells: no lock at all, but the customer leaves
//!   without an answer. Switch to it when one sku sells more often than one row can be committed.
//!
//! Rows are locked in order of sku, whatever the order of a cart: two that hold the same products
//! wait for each other, and never both at once, which would be a deadlock.

use diesel::prelude::*;
use diesel::sql_types::{Array, Integer, Text};

use crate::model::{Line, Sku};
use crate::schema::shop_stock;

/// The inner query locks in its order and sees what was committed while it waited; the UPDATE then
/// decides on rows that nobody else can change. Materialised, so that it runs once.
const RESERVE: &str = "
    WITH wanted AS MATERIALIZED (
        SELECT stock.sku, line.quantity
        FROM shop_stock AS stock JOIN unnest($1, $2) AS line (sku, quantity) USING (sku)
        ORDER BY stock.sku FOR NO KEY UPDATE OF stock
    )
    UPDATE shop_stock AS stock
    SET available = stock.available - wanted.quantity, reserved = stock.reserved + wanted.quantity
    FROM wanted WHERE stock.sku = wanted.sku AND stock.available >= wanted.quantity
    RETURNING stock.sku";

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    sku: String,
}

/// Takes all lines out of what is available; returns those that could be. Where one is missing, roll
/// back. Call it last in the transaction of an order: until that commits, everybody else who wants
/// the same product waits.
///
/// # Errors
/// Whatever the database says.
pub fn reserve(connection: &mut PgConnection, lines: &[Line]) -> QueryResult<Vec<String>> {
    let skus: Vec<&str> = lines.iter().map(|line| line.sku.as_str()).collect();
    let quantities: Vec<i32> = lines.iter().map(|line| line.quantity.get()).collect();
    let reserved: Vec<Named> = diesel::sql_query(RESERVE)
        .bind::<Array<Text>, _>(skus)
        .bind::<Array<Integer>, _>(quantities)
        .load(connection)?;
    Ok(reserved.into_iter().map(|row| row.sku).collect())
}

/// How many of each there are, without locks: old the moment it is read, and good enough to show.
///
/// # Errors
/// Whatever the database says.
pub fn available(connection: &mut PgConnection, sku: &Sku) -> QueryResult<Option<i64>> {
    shop_stock::table.find(sku.as_str()).select(shop_stock::available).first(connection).optional()
}

/// Where the pieces of one product are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Queryable)]
pub struct Counts {
    /// For sale.
    pub available: i64,
    /// In orders that are not paid yet.
    pub reserved: i64,
    /// Paid for.
    pub sold: i64,
}

/// Where the pieces of one product are.
///
/// # Errors
/// Whatever the database says; also when there is no such product.
pub fn counts(connection: &mut PgConnection, sku: &Sku) -> QueryResult<Counts> {
    shop_stock::table
        .find(sku.as_str())
        .select((shop_stock::available, shop_stock::reserved, shop_stock::sold))
        .first(connection)
}
