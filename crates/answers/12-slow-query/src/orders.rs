//! The orders of a marketplace: their table, and rows as skewed as real ones.

use std::io::{BufWriter, Write};
use std::ops::Range;
use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::result::Error;
use diesel::sql_types::Bool;

use crate::schema::orders;

/// Sellers of the marketplace. The first takes one order in thirteen, the last one in 75 000.
pub const SELLERS: i32 = 2_000;
/// The seller whose dashboard is slow: about one order in two hundred is theirs.
pub const SELLER: i32 = 12;
/// The seller with the most orders.
pub const BIGGEST_SELLER: i32 = 1;

/// 2025-01-01 in UTC; the orders are of that year.
const YEAR_BEGINS: i64 = 1_735_689_600_000_000;
const YEAR_MICROS: u64 = 365 * 86_400 * 1_000_000;
const STREETS: [&str; 8] =
    ["Mill", "Station", "Church", "Harbour", "Castle", "Field", "Bridge", "Park"];
const TOWNS: [&str; 6] = ["Ashford", "Brookfield", "Eastleigh", "Kingsbridge", "Marlow", "Whitby"];

/// A year of orders: how many, and the seed of everything in them.
#[derive(Clone, Copy, Debug)]
pub struct Year {
    /// Orders in the year.
    pub orders: u64,
    /// Seed; the same seed gives the same rows, whichever chunk they are copied in.
    pub seed: u64,
}

/// Makes the empty table. Its primary key comes with [`finish`]: building an index once is cheaper
/// than keeping it up row by row.
///
/// # Errors
/// When a statement fails.
pub fn create(connection: &mut PgConnection) -> QueryResult<()> {
    connection.batch_execute(
        "CREATE TYPE order_status AS ENUM ('open', 'shipped', 'delivered', 'returned');
         CREATE TABLE orders (
             id bigint NOT NULL,
             seller_id integer NOT NULL,
             buyer_id integer NOT NULL,
             total_cents integer NOT NULL,
             status order_status NOT NULL,
             created_at timestamptz NOT NULL,
             ship_to text NOT NULL
         ) WITH (autovacuum_enabled = off)",
    )
}

/// Copies the orders with these numbers, from 0. COPY, as INSERT parses and plans what is only data.
///
/// # Errors
/// When the server refuses or is gone.
pub fn copy(connection: &mut PgConnection, year: Year, numbers: Range<u64>) -> QueryResult<usize> {
    diesel::copy_from(orders::table)
        .from_raw_data(orders::all_columns, |out| -> QueryResult<()> {
            // Each write to `out` is a message of its own.
            let mut out = BufWriter::with_capacity(64 << 10, out);
            let failed = |error: std::io::Error| Error::SerializationError(error.into());
            for number in numbers.clone() {
                write_order(&mut out, year, number).map_err(failed)?;
            }
            out.flush().map_err(failed)
        })
        .execute(connection)
}

/// Adds the primary key, the planner's statistics and the visibility map, without which an
/// index-only scan would still look into the table.
///
/// # Errors
/// When a statement fails.
pub fn finish(connection: &mut PgConnection) -> QueryResult<()> {
    // Where commits are asynchronous, as on a server for tests, vacuum passes by every page whose
    // commit is not on disk yet; one synchronous commit flushes those before it as well.
    connection
        .batch_execute("SET synchronous_commit = on; ALTER TABLE orders ADD PRIMARY KEY (id)")?;
    // A snapshot that somebody took before the last order came, such as automatic vacuum at work
    // in this database, makes vacuum pass by as well; it is gone in a moment.
    for _ in 0..100 {
        connection.batch_execute("VACUUM (ANALYZE) orders")?;
        if diesel::sql_query(ALL_VISIBLE).get_result::<Visible>(connection)?.visible {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

const ALL_VISIBLE: &str =
    "SELECT relallvisible >= relpages AS visible FROM pg_class WHERE oid = 'orders'::regclass";

#[derive(QueryableByName)]
struct Visible {
    #[diesel(sql_type = Bool)]
    visible: bool,
}

/// All of it at once, for tests.
///
/// # Errors
/// When a statement fails.
pub fn fill(connection: &mut PgConnection, year: Year) -> QueryResult<()> {
    create(connection)?;
    copy(connection, year, 0..year.orders)?;
    finish(connection)
}

/// One line of COPY's text format. Orders come in the order of their time, so their place in the
/// table follows it, as in any table that is only appended to.
fn write_order(out: &mut impl Write, year: Year, number: u64) -> std::io::Result<()> {
    let (dice, more) = (mix(year.seed, 2 * number), mix(year.seed, 2 * number + 1));
    let step = YEAR_MICROS / year.orders.max(1);
    let at = YEAR_BEGINS + (number * step + more % step.max(1)).cast_signed();
    let at: DateTime<Utc> = DateTime::from_timestamp_micros(at).unwrap_or_default();
    let share = (dice >> 40) as f64 / f64::from(1 << 24);
    let status = match dice % 100 {
        0..10 => "open",
        10..13 => "returned",
        13..20 => "shipped",
        _ => "delivered",
    };
    let pick = |names: &[&'static str], bits: u64| names[(bits as usize) % names.len()];
    writeln!(
        out,
        "{}\t{}\t{}\t{}\t{status}\t{}\t{} {} Road, {:05} {}",
        number + 1,
        seller(share),
        1 + (dice >> 8) % 400_000,
        500 + (more >> 20) % 20_000,
        at.format("%F %T%.6f+00"),
        1 + (more >> 8) % 240,
        pick(&STREETS, more >> 16),
        (dice >> 12) % 100_000,
        pick(&TOWNS, more >> 24),
    )
}

/// A seller, given a share from 0 to 1: a power law, as few sellers make most sales.
fn seller(share: f64) -> i32 {
    1 + (f64::from(SELLERS) * share.powi(3)) as i32
}

/// SplitMix64 (Steele, Lea and Flood, *Fast Splittable Pseudorandom Number Generators*, 2014). By
/// number instead of one stream, so that a row is the same in whichever chunk it is made.
fn mix(seed: u64, number: u64) -> u64 {
    let mut z = seed.wrapping_add(number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
