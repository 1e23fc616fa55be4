//! The statements on `shop_orders` and their lines.

use std::collections::HashMap;
use std::time::Duration;

use auth::UserId;
use chrono::{DateTime, Utc};
use diesel::helper_types::IntoBoxed;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{QueryFragment, QueryId};
use diesel::query_dsl::LoadQuery;
use diesel::sql_types::{Array, BigInt, Integer, Text, Timestamptz};
use serde::Serialize;
use utoipa::ToSchema;

use crate::model::{Line, OrderId, Status};
use crate::schema::{shop_order_lines, shop_orders};

/// An order with its lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ShopOrder)]
pub struct Order {
    /// Identifies it.
    pub id: OrderId,
    /// How far it has come.
    pub status: Status,
    /// What all of it costs.
    pub total_cents: i64,
    /// When it was placed.
    pub created_at: DateTime<Utc>,
    /// Until when its stock is kept for it.
    pub expires_at: DateTime<Utc>,
    /// What was ordered, in order of sku.
    pub lines: Vec<OrderLine>,
}

/// How many of what, at which price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ShopOrderLine)]
pub struct OrderLine {
    /// Of what.
    #[schema(example = "red-shoe-42")]
    pub sku: String,
    /// How many.
    #[schema(example = 1)]
    pub quantity: i32,
    /// What one cost when it was ordered.
    #[schema(example = 4_990)]
    pub price_cents: i64,
}

/// What the shop offers for a line.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct Offer {
    /// Of what.
    #[diesel(sql_type = Text)]
    pub sku: String,
    /// What one costs.
    #[diesel(sql_type = BigInt)]
    pub price_cents: i64,
    /// How many there are, a moment ago.
    #[diesel(sql_type = BigInt)]
    pub available: i64,
}

/// Price and stock of each line, without locks; what is not sold here is left out.
///
/// # Errors
/// Whatever the database says.
pub fn offers(connection: &mut PgConnection, lines: &[Line]) -> QueryResult<Vec<Offer>> {
    let skus: Vec<&str> = lines.iter().map(|line| line.sku.as_str()).collect();
    diesel::sql_query(
        "SELECT sku, price_cents, available
         FROM shop_products JOIN shop_stock USING (sku) WHERE sku = ANY ($1)",
    )
    .bind::<Array<Text>, _>(skus)
    .load(connection)
}

/// The row of [`reserved_query`].
#[derive(Debug, QueryableByName)]
pub struct Pieces {
    #[diesel(sql_type = BigInt)]
    pieces: i64,
}

/// The statement of [`reserved_by`], apart so that its plan can be held by a test.
#[must_use]
pub fn reserved_query(
    user: UserId,
) -> impl QueryFragment<Pg> + QueryId + for<'query> LoadQuery<'query, PgConnection, Pieces> {
    diesel::sql_query(
        "SELECT coalesce(sum(quantity), 0)::bigint AS pieces
         FROM shop_orders JOIN shop_order_lines ON order_id = id
         WHERE user_id = $1 AND status = 'reserved'",
    )
    .bind::<BigInt, _>(user.number())
}

/// Pieces that one person has in orders that are not paid yet; nobody adds to them until this
/// transaction ends. The lock comes in a statement of its own, so that the sum sees what its holder
/// before us has committed: many orders at once could otherwise each add the last piece that fits.
///
/// # Errors
/// Whatever the database says.
pub fn reserved_by(connection: &mut PgConnection, user: UserId) -> QueryResult<i64> {
    diesel::sql_query("SELECT pg_advisory_xact_lock(hashtextextended('shop-order:' || $1, 11))")
        .bind::<BigInt, _>(user.number())
        .execute(connection)?;
    let sum: Pieces = reserved_query(user).get_result(connection)?;
    Ok(sum.pieces)
}

#[derive(QueryableByName)]
struct Inserted {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Timestamptz)]
    created_at: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    expires_at: DateTime<Utc>,
}

/// Order and lines in one statement, however many lines there are.
const INSERT: &str = "
    WITH placed AS (
        INSERT INTO shop_orders (user_id, total_cents, expires_at)
        VALUES ($1, $2, now() + $3 * interval '1 millisecond')
        RETURNING id, created_at, expires_at
    ), lines AS (
        INSERT INTO shop_order_lines (order_id, sku, quantity, price_cents)
        SELECT placed.id, line.* FROM placed, unnest($4, $5, $6) AS line
    )
    SELECT id, created_at, expires_at FROM placed";

/// Stores an order. Reserve its stock in the same transaction.
///
/// # Errors
/// Whatever the database says.
pub fn insert(
    connection: &mut PgConnection,
    user: UserId,
    lines: Vec<OrderLine>,
    reservation: Duration,
) -> QueryResult<Order> {
    let total_cents = lines.iter().map(|line| line.price_cents * i64::from(line.quantity)).sum();
    let skus: Vec<&str> = lines.iter().map(|line| line.sku.as_str()).collect();
    let quantities: Vec<i32> = lines.iter().map(|line| line.quantity).collect();
    let prices: Vec<i64> = lines.iter().map(|line| line.price_cents).collect();
    let placed: Inserted = diesel::sql_query(INSERT)
        .bind::<BigInt, _>(user.number())
        .bind::<BigInt, _>(total_cents)
        .bind::<BigInt, _>(i64::try_from(reservation.as_millis()).unwrap_or(i64::MAX))
        .bind::<Array<Text>, _>(skus)
        .bind::<Array<Integer>, _>(quantities)
        .bind::<Array<BigInt>, _>(prices)
        .get_result(connection)?;
    let Inserted { id, created_at, expires_at } = placed;
    let status = Status::Reserved;
    Ok(Order { id: id.into(), status, total_cents, created_at, expires_at, lines })
}

type Columns = (
    shop_orders::id,
    shop_orders::status,
    shop_orders::total_cents,
    shop_orders::created_at,
    shop_orders::expires_at,
);
const COLUMNS: Columns = (
    shop_orders::id,
    shop_orders::status,
    shop_orders::total_cents,
    shop_orders::created_at,
    shop_orders::expires_at,
);

type Row = (i64, String, i64, DateTime<Utc>, DateTime<Utc>);

#[diesel::dsl::auto_type]
fn all() -> _ {
    let columns: Columns = COLUMNS;
    shop_orders::table.select(columns)
}

/// The statement of [`page`], apart so that its plan can be held by a test.
#[must_use]
pub fn page_query<'a>(user: UserId, before: Option<OrderId>, rows: i64) -> IntoBoxed<'a, all, Pg> {
    all()
        .filter(shop_orders::user_id.eq(user.number()))
        .filter(shop_orders::id.lt(before.map_or(i64::MAX, OrderId::number)))
        .order(shop_orders::id.desc())
        .limit(rows)
        .into_boxed()
}

/// One person's orders, newest first. Two statements, however many orders there are.
///
/// # Errors
/// Whatever the database says.
pub fn page(
    connection: &mut PgConnection,
    user: UserId,
    before: Option<OrderId>,
    rows: i64,
) -> QueryResult<Vec<Order>> {
    let rows: Vec<Row> = page_query(user, before, rows).load(connection)?;
    complete(connection, rows)
}

/// One order of this person.
///
/// # Errors
/// Whatever the database says.
pub fn find(
    connection: &mut PgConnection,
    user: UserId,
    id: OrderId,
) -> QueryResult<Option<Order>> {
    let order = all().filter(shop_orders::id.eq(id.number()));
    let row: Option<Row> =
        order.filter(shop_orders::user_id.eq(user.number())).first(connection).optional()?;
    Ok(complete(connection, row.into_iter().collect())?.pop())
}

/// Adds the lines of all in one statement.
fn complete(connection: &mut PgConnection, rows: Vec<Row>) -> QueryResult<Vec<Order>> {
    let ids: Vec<i64> = rows.iter().map(|row| row.0).collect();
    let found: Vec<(i64, String, i32, i64)> = shop_order_lines::table
        .filter(shop_order_lines::order_id.eq_any(ids))
        .order((shop_order_lines::order_id, shop_order_lines::sku))
        .load(connection)?;
    let mut lines: HashMap<i64, Vec<OrderLine>> = HashMap::new();
    for (order, sku, quantity, price_cents) in found {
        lines.entry(order).or_default().push(OrderLine { sku, quantity, price_cents });
    }
    let order = |(id, status, total_cents, created_at, expires_at): Row| {
        let (lines, status) = (lines.remove(&id).unwrap_or_default(), Status::of(&status)?);
        Some(Order { id: id.into(), status, total_cents, created_at, expires_at, lines })
    };
    Ok(rows.into_iter().filter_map(order).collect())
}

/// Status and total of an order, whoever's it is; for what the shop does by itself.
///
/// # Errors
/// Whatever the database says.
pub fn state(connection: &mut PgConnection, id: OrderId) -> QueryResult<Option<(Status, i64)>> {
    let row: Option<(String, i64)> = shop_orders::table
        .find(id.number())
        .select((shop_orders::status, shop_orders::total_cents))
        .first(connection)
        .optional()?;
    Ok(row.and_then(|(status, total)| Some((Status::of(&status)?, total))))
}

/// Whether an order has ended without being paid for or declined; whoever would end it this moment
/// waits until this transaction is over.
///
/// # Errors
/// Whatever the database says.
pub fn was_given_up(connection: &mut PgConnection, id: OrderId) -> QueryResult<bool> {
    let order = shop_orders::table.find(id.number()).select(shop_orders::status);
    let status: Option<String> = order.for_share().first(connection).optional()?;
    let status = status.and_then(|status| Status::of(&status));
    Ok(matches!(status, Some(Status::Cancelled | Status::Expired)))
}
