//! The statements that the attempts are built of. The caller owns the transaction.

use diesel::connection::SimpleConnection;
use diesel::dsl::{delete, insert_into, sum, update};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::BigInt;

use crate::schema::{sale_orders, sale_stock};
use crate::till::Buyer;

/// The tables. The CHECK is there from the start, and no attempt that fails ever violates it.
const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS sale_stock (
        product bigint PRIMARY KEY,
        units integer NOT NULL CHECK (units >= 0)
    );
    CREATE TABLE IF NOT EXISTS sale_orders (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        product bigint NOT NULL,
        buyer bigint NOT NULL
    );";

/// First half of the key of this sale's advisory locks; the second half is the product.
const SALE_LOCK: i32 = 0x5A1E;

/// Makes the tables where they are missing.
///
/// # Errors
/// Whatever PostgreSQL says.
pub fn create_tables(connection: &mut PgConnection) -> QueryResult<()> {
    connection.batch_execute(TABLES)
}

/// Forgets every order and puts `units` of each of the products `0..products` into stock.
///
/// # Errors
/// Whatever PostgreSQL says.
pub fn stock_up(connection: &mut PgConnection, products: i64, units: i32) -> QueryResult<()> {
    delete(sale_orders::table).execute(connection)?;
    delete(sale_stock::table).execute(connection)?;
    let rows: Vec<_> = (0..products)
        .map(|product| (sale_stock::product.eq(product), sale_stock::units.eq(units)))
        .collect();
    insert_into(sale_stock::table).values(rows).execute(connection).map(|_| ())
}

/// Units left of a product, as this transaction may see them. Locks nothing.
///
/// # Errors
/// Whatever PostgreSQL says.
pub fn units(connection: &mut PgConnection, product: i64) -> QueryResult<i32> {
    sale_stock::table.find(product).select(sale_stock::units).first(connection)
}

/// Units left of a product, locked until the transaction ends: waits for whoever holds the row,
/// then reads what that one committed (PostgreSQL manual, 13.3.2).
///
/// # Errors
/// Whatever PostgreSQL says.
pub fn units_for_update(connection: &mut PgConnection, product: i64) -> QueryResult<i32> {
    sale_stock::table.find(product).select(sale_stock::units).for_update().first(connection)
}

/// Overwrites the number of units with one that was worked out before.
///
/// # Errors
/// Whatever PostgreSQL says; under REPEATABLE READ a serialization failure when somebody else has
/// changed the row since the snapshot.
pub fn write_units(connection: &mut PgConnection, product: i64, units: i32) -> QueryResult<()> {
    update(sale_stock::table.find(product))
        .set(sale_stock::units.eq(units))
        .execute(connection)
        .map(|_| ())
}

/// Takes one unit where there is one; whether there was. Looks and writes in one statement: after
/// waiting for the row, PostgreSQL asks the condition again (manual, 13.2.1).
///
/// # Errors
/// Whatever PostgreSQL says.
pub fn take_one(connection: &mut PgConnection, product: i64) -> QueryResult<bool> {
    update(sale_stock::table.find(product).filter(sale_stock::units.gt(0)))
        .set(sale_stock::units.eq(sale_stock::units - 1))
        .execute(connection)
        .map(|rows| rows == 1)
}

/// Stores the order of one unit.
///
/// # Errors
/// Whatever PostgreSQL says.
pub fn insert_order(connection: &mut PgConnection, buyer: Buyer) -> QueryResult<()> {
    insert_into(sale_orders::table)
        .values((sale_orders::product.eq(buyer.product), sale_orders::buyer.eq(buyer.number)))
        .execute(connection)
        .map(|_| ())
}

/// [`take_one`] and [`insert_order`] in one statement, hence in one round trip and its own
/// transaction; whether there was a unit. Plain SQL, as Diesel has no data-modifying WITH.
///
/// # Errors
/// Whatever PostgreSQL says.
pub fn take_and_order(connection: &mut PgConnection, buyer: Buyer) -> QueryResult<bool> {
    sql_query(
        "WITH taken AS (
             UPDATE sale_stock SET units = units - 1
             WHERE product = $1 AND units > 0 RETURNING product
         )
         INSERT INTO sale_orders (product, buyer) SELECT product, $2 FROM taken",
    )
    .bind::<BigInt, _>(buyer.product)
    .bind::<BigInt, _>(buyer.number)
    .execute(connection)
    .map(|rows| rows == 1)
}

/// Waits until nobody else holds the sale of a product, and holds it until the transaction ends.
///
/// # Errors
/// Whatever PostgreSQL says.
pub fn lock_sale(connection: &mut PgConnection, product: i64) -> QueryResult<()> {
    sql_query("SELECT pg_advisory_xact_lock($1, $2::integer)")
        .bind::<diesel::sql_types::Integer, _>(SALE_LOCK)
        .bind::<BigInt, _>(product)
        .execute(connection)
        .map(|_| ())
}

/// Units left of all products together.
///
/// # Errors
/// Whatever PostgreSQL says.
pub fn left(connection: &mut PgConnection) -> QueryResult<u64> {
    let units: Option<i64> = sale_stock::table.select(sum(sale_stock::units)).first(connection)?;
    Ok(units.unwrap_or_default().unsigned_abs())
}

/// Orders stored.
///
/// # Errors
/// Whatever PostgreSQL says.
pub fn sold(connection: &mut PgConnection) -> QueryResult<u64> {
    let orders: i64 = sale_orders::table.count().get_result(connection)?;
    Ok(orders.unsigned_abs())
}
