//! A table of orders in a database of the test's own.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use foundation::scratch::Scratch;
use local_services::Purpose;
use slow_query::orders::{Year, fill};

/// An empty database, and a connection whose plans are the same on every machine.
pub(crate) fn empty() -> (Scratch, PgConnection) {
    let scratch = Scratch::create(Purpose::Test).unwrap();
    let mut connection = scratch.connect().unwrap();
    connection
        .batch_execute("SET max_parallel_workers_per_gather = 0; SET TIME ZONE 'UTC'")
        .unwrap();
    (scratch, connection)
}

/// The same with so many orders.
pub(crate) fn filled(orders: u64) -> (Scratch, PgConnection) {
    let (scratch, mut connection) = empty();
    fill(&mut connection, Year { orders, seed: 42 }).unwrap();
    (scratch, connection)
}
