//! Orders and what is to be mailed about them. Knows no HTTP; the caller owns the connection.

use std::time::Duration;

use background_jobs::{Kind, Options, enqueue};
use chrono::{DateTime, Utc};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use error_handling::Retry;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::schema::mailed_orders;

/// Scratch databases only: what the backend sells is answer 11's.
const TABLES: &str = "
    CREATE TABLE mailed_orders (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        customer bigint NOT NULL,
        -- A second line of defence: `Sku` refuses it with a better message.
        sku text NOT NULL CHECK (length(sku) BETWEEN 1 AND 40),
        placed_at timestamptz NOT NULL DEFAULT now()
    );
    -- For the way over a broker: what the relay has not handed on yet.
    CREATE TABLE mails_to_relay (order_id bigint PRIMARY KEY REFERENCES mailed_orders);
    -- Where a server that is started here finds the mail server of the demo.
    CREATE TABLE mail_servers (address text PRIMARY KEY);";

/// Makes the tables.
///
/// # Errors
/// Whatever the database says.
pub fn create(connection: &mut PgConnection) -> QueryResult<()> {
    connection.batch_execute(TABLES)
}

/// An order as it is stored and answered.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Serialize, ToSchema)]
#[diesel(table_name = mailed_orders)]
pub struct Order {
    /// Its number.
    pub id: i64,
    /// Who ordered.
    #[serde(skip)]
    pub customer: i64,
    /// What was ordered.
    pub sku: String,
    /// When.
    pub placed_at: DateTime<Utc>,
}

/// An order to be stored.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = mailed_orders)]
pub struct NewOrder {
    /// Who orders.
    pub customer: i64,
    /// What.
    pub sku: String,
}

/// What the mail job carries: the order's number, as everything else is read when it runs.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct OrderMail {
    /// Which order.
    pub order: i64,
}

/// Mails that may be under way at once in a process.
pub const AT_ONCE: usize = 64;

/// A short lease, as the demo waits for it to end; long enough for a machine that is busy to renew it.
pub static ORDER_MAIL: Kind<OrderMail> = Kind::new("architecture-order-mail")
    .at_once(AT_ONCE)
    .leased_for(Duration::from_secs(3))
    .retried(Retry {
        attempts: 10,
        base: Duration::from_millis(50),
        cap: Duration::from_millis(200),
    });

/// Stores an order.
///
/// # Errors
/// Whatever the database says.
pub fn insert(connection: &mut PgConnection, new: &NewOrder) -> QueryResult<Order> {
    diesel::insert_into(mailed_orders::table)
        .values(new)
        .returning(Order::as_returning())
        .get_result(connection)
}

/// Stores an order and the job that mails it: both or neither.
///
/// # Errors
/// Whatever the database says.
pub fn insert_with_job(connection: &mut PgConnection, new: &NewOrder) -> QueryResult<Order> {
    connection.transaction(|connection| {
        let order = insert(connection, new)?;
        enqueue(connection, &ORDER_MAIL, &OrderMail { order: order.id }, &Options::default())?;
        Ok(order)
    })
}

/// Stores an order and a row that the relay hands to the broker: both or neither.
///
/// # Errors
/// Whatever the database says.
pub fn insert_for_relay(connection: &mut PgConnection, new: &NewOrder) -> QueryResult<Order> {
    connection.transaction(|connection| {
        let order = insert(connection, new)?;
        diesel::sql_query("INSERT INTO mails_to_relay VALUES ($1)")
            .bind::<diesel::sql_types::BigInt, _>(order.id)
            .execute(connection)?;
        Ok(order)
    })
}
