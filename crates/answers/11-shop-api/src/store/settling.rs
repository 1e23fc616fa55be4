//! How orders end: paid, declined, cancelled or expired, once, with what that does to their stock.

use std::time::Duration;

use auth::UserId;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{QueryFragment, QueryId};
use diesel::query_dsl::LoadQuery;
use diesel::sql_types::{Array, BigInt, Integer};

use crate::model::{OrderId, Status};
use crate::schema::shop_orders;

/// What became of the stock that ended orders had reserved: `$2` of it is sold, else available.
const RELEASE: &str = "
    WITH freed AS (
        SELECT sku, sum(quantity)::bigint AS quantity
        FROM shop_order_lines WHERE order_id = ANY ($1) GROUP BY sku
    ), locked AS MATERIALIZED (
        SELECT stock.sku, freed.quantity FROM shop_stock AS stock JOIN freed USING (sku)
        ORDER BY stock.sku FOR NO KEY UPDATE OF stock
    )
    UPDATE shop_stock AS stock
    SET reserved = stock.reserved - locked.quantity,
        sold = stock.sold + CASE WHEN $2 = 1 THEN locked.quantity ELSE 0 END,
        available = stock.available + CASE WHEN $2 = 1 THEN 0 ELSE locked.quantity END
    FROM locked WHERE stock.sku = locked.sku";

/// Moves the stock of orders that have just left the status `reserved`, in the same transaction.
///
/// # Errors
/// Whatever the database says.
fn release(connection: &mut PgConnection, orders: &[i64], became: Status) -> QueryResult<()> {
    diesel::sql_query(RELEASE)
        .bind::<Array<BigInt>, _>(orders)
        .bind::<Integer, _>(i32::from(became == Status::Paid))
        .execute(connection)
        .map(|_| ())
}

/// Ends an order that is still reserved and moves its stock; tells whether this did it. Of any
/// number of attempts at once, by customer, provider and clock, one finds the order reserved. With
/// an owner, only an order of theirs. Run it in a transaction.
///
/// # Errors
/// Whatever the database says.
pub fn settle(
    connection: &mut PgConnection,
    id: OrderId,
    owner: Option<UserId>,
    became: Status,
) -> QueryResult<bool> {
    let mut settle = diesel::update(shop_orders::table)
        .filter(shop_orders::id.eq(id.number()))
        .filter(shop_orders::status.eq(Status::Reserved.name()))
        .set((shop_orders::status.eq(became.name()), shop_orders::settled_at.eq(diesel::dsl::now)))
        .into_boxed();
    if let Some(owner) = owner {
        settle = settle.filter(shop_orders::user_id.eq(owner.number()));
    }
    let settled = settle.execute(connection)? == 1;
    if settled {
        release(connection, &[id.number()], became)?;
    }
    Ok(settled)
}

/// A row of [`unasked_query`] and [`overdue_query`].
#[derive(Debug, QueryableByName)]
pub struct Expired {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// The oldest reservations whose time is over, locked; the statement that begins [`ask`], apart so
/// that its plan can be held by a test. Those that are being paid for or cancelled this moment are
/// left to that.
#[must_use]
pub fn unasked_query(
    most: i64,
) -> impl QueryFragment<Pg> + QueryId + for<'query> LoadQuery<'query, PgConnection, Expired> {
    diesel::sql_query(
        "SELECT id FROM shop_orders
         WHERE status = 'reserved' AND asked_at IS NULL AND expires_at <= now()
         ORDER BY expires_at LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED",
    )
    .bind::<BigInt, _>(most)
}

/// The same of those that the provider was asked about at least `patience` ago; begins [`expire`].
#[must_use]
pub fn overdue_query(
    most: i64,
    patience: Duration,
) -> impl QueryFragment<Pg> + QueryId + for<'query> LoadQuery<'query, PgConnection, Expired> {
    diesel::sql_query(
        "SELECT id FROM shop_orders
         WHERE status = 'reserved' AND asked_at <= now() - $2 * interval '1 millisecond'
         ORDER BY asked_at LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED",
    )
    .bind::<BigInt, _>(most)
    .bind::<BigInt, _>(i64::try_from(patience.as_millis()).unwrap_or(i64::MAX))
}

fn ids(rows: Vec<Expired>) -> Vec<i64> {
    rows.into_iter().map(|row| row.id).collect()
}

/// Notes of at most `most` reservations whose time is over that the provider is asked about them;
/// returns which. Run it in a transaction, and ask in it.
///
/// # Errors
/// Whatever the database says.
pub fn ask(connection: &mut PgConnection, most: i64) -> QueryResult<Vec<OrderId>> {
    let ids = ids(unasked_query(most).load(connection)?);
    diesel::update(shop_orders::table.filter(shop_orders::id.eq_any(&ids)))
        .set(shop_orders::asked_at.eq(diesel::dsl::now))
        .execute(connection)?;
    Ok(ids.into_iter().map(OrderId::from).collect())
}

/// Ends at most `most` reservations of which the provider has told nothing within `patience`, and
/// gives their stock back; returns how many. Run it in a transaction.
///
/// # Errors
/// Whatever the database says.
pub fn expire(connection: &mut PgConnection, most: i64, patience: Duration) -> QueryResult<usize> {
    let ids = ids(overdue_query(most, patience).load(connection)?);
    diesel::update(shop_orders::table.filter(shop_orders::id.eq_any(&ids)))
        .set((
            shop_orders::status.eq(Status::Expired.name()),
            shop_orders::settled_at.eq(diesel::dsl::now),
        ))
        .execute(connection)?;
    release(connection, &ids, Status::Expired)?;
    Ok(ids.len())
}

/// How many reservations there are whose time is over.
///
/// # Errors
/// Whatever the database says.
pub fn count_expired(connection: &mut PgConnection) -> QueryResult<i64> {
    shop_orders::table
        .filter(shop_orders::status.eq(Status::Reserved.name()))
        .filter(shop_orders::expires_at.le(diesel::dsl::now))
        .count()
        .get_result(connection)
}
