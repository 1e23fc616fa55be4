//! The statements of the order-lookup service.

use diesel::connection::SimpleConnection;
use diesel::dsl::{insert_into, sql_query, update};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use foundation::scratch::number;
use serde::Serialize;
use utoipa::ToSchema;

use crate::schema::{dojo_lines, dojo_notes, dojo_orders};

/// Customers at the start, with [`ORDERS_EACH`] orders each.
pub(crate) const CUSTOMERS: i64 = 20;
/// Orders of each customer at the start.
pub(crate) const ORDERS_EACH: i64 = 10;
/// Orders that one answer holds at the most.
pub(crate) const MOST_ORDERS: i64 = 1_000;

const TABLES: &str = "
    CREATE TABLE dojo_orders (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        customer bigint NOT NULL,
        price_cents bigint NOT NULL DEFAULT 100,
        receipts integer NOT NULL DEFAULT 0
    );
    -- A customer's newest orders, without a sort.
    CREATE INDEX dojo_orders_by_customer ON dojo_orders (customer, id);
    CREATE TABLE dojo_lines (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        order_id bigint NOT NULL REFERENCES dojo_orders,
        item text NOT NULL
    );
    CREATE INDEX dojo_lines_by_order ON dojo_lines (order_id);
    CREATE TABLE dojo_notes (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        order_id bigint NOT NULL
    );";

/// An order as the look-up shows it.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Serialize, ToSchema)]
pub(crate) struct Order {
    pub(crate) id: i64,
    pub(crate) customer: i64,
}

/// Makes the tables with the orders of the start, in a schema of this name.
pub(crate) fn create(connection: &mut PgConnection, schema: &str) -> QueryResult<()> {
    connection
        .batch_execute(&format!("CREATE SCHEMA {schema}; SET search_path = {schema}; {TABLES}"))?;
    for customer in 1..=CUSTOMERS {
        import(connection, customer, ORDERS_EACH)?;
    }
    Ok(())
}

/// Adds orders of one line each to a customer.
pub(crate) fn import(
    connection: &mut PgConnection,
    customer: i64,
    orders: i64,
) -> QueryResult<usize> {
    sql_query(
        "WITH made AS (
             INSERT INTO dojo_orders (customer) SELECT $1 FROM generate_series(1, $2) RETURNING id
         )
         INSERT INTO dojo_lines (order_id, item) SELECT id, 'item of order ' || id FROM made",
    )
    .bind::<BigInt, _>(customer)
    .bind::<BigInt, _>(orders)
    .execute(connection)
}

/// One order.
pub(crate) fn order(connection: &mut PgConnection, id: i64) -> QueryResult<Option<Order>> {
    dojo_orders::table
        .find(id)
        .select((dojo_orders::id, dojo_orders::customer))
        .first(connection)
        .optional()
}

/// Notes that somebody asked for an order that does not exist.
pub(crate) fn note_unknown(connection: &mut PgConnection, order: i64) -> QueryResult<usize> {
    insert_into(dojo_notes::table).values(dojo_notes::order_id.eq(order)).execute(connection)
}

/// How many unknown orders were noted.
pub(crate) fn notes(connection: &mut PgConnection) -> QueryResult<u64> {
    number(connection, "SELECT count(*) FROM dojo_notes")
}

/// Counts a receipt; whether there is such an order.
pub(crate) fn count_receipt(connection: &mut PgConnection, order: i64) -> QueryResult<bool> {
    let rows = update(dojo_orders::table.find(order))
        .set(dojo_orders::receipts.eq(dojo_orders::receipts + 1))
        .execute(connection)?;
    Ok(rows > 0)
}

/// A customer's newest orders, at most `most`.
pub(crate) fn orders_of(
    connection: &mut PgConnection,
    customer: i64,
    most: i64,
) -> QueryResult<Vec<i64>> {
    dojo_orders::table
        .filter(dojo_orders::customer.eq(customer))
        .order(dojo_orders::id.desc())
        .limit(most)
        .select(dojo_orders::id)
        .load(connection)
}

/// The items of one order.
pub(crate) fn items_of(connection: &mut PgConnection, order: i64) -> QueryResult<Vec<String>> {
    dojo_lines::table
        .filter(dojo_lines::order_id.eq(order))
        .order(dojo_lines::id)
        .select(dojo_lines::item)
        .load(connection)
}

/// A customer's newest orders with their items, in one statement.
pub(crate) fn orders_with_items(
    connection: &mut PgConnection,
    customer: i64,
    most: i64,
) -> QueryResult<Vec<(i64, String)>> {
    dojo_orders::table
        .inner_join(dojo_lines::table.on(dojo_lines::order_id.eq(dojo_orders::id)))
        .filter(dojo_orders::customer.eq(customer))
        .order((dojo_orders::id.desc(), dojo_lines::id))
        .limit(most)
        .select((dojo_orders::id, dojo_lines::item))
        .load(connection)
}

/// Puts a new price on every order, and so locks every row until the transaction ends.
pub(crate) fn reprice(connection: &mut PgConnection) -> QueryResult<usize> {
    update(dojo_orders::table)
        .set(dojo_orders::price_cents.eq(dojo_orders::price_cents + 1))
        .execute(connection)
}

/// Ends the sessions of this database that sit idle inside a transaction; how many there were.
pub(crate) fn terminate_idle(connection: &mut PgConnection) -> QueryResult<usize> {
    sql_query(
        "SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity
         WHERE datname = current_database() AND state = 'idle in transaction'
           AND pid <> pg_backend_pid()",
    )
    .execute(connection)
}
