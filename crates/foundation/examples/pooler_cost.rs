//! What a pooler costs: a point read and a page of a partitioned log, five ways, interleaved.
//!
//! `cargo run --release -p foundation --features testing --example pooler_cost`

use std::error::Error;
use std::time::Instant;

use diesel::connection::{CacheSize, SimpleConnection};
use diesel::prelude::*;
use foundation::database::connect_query;
use foundation::testing::config;
use local_services::Purpose;
use local_services::fleet::{PgBouncer, PostgresPair};

mod schema {
    #![allow(missing_docs)]
    diesel::table! {
        entries (id) { id -> BigInt, at -> Timestamptz, text -> Text, }
    }
}
use schema::entries;

/// Rounds of each way; one round is so many reads.
const ROUNDS: usize = 40;
const READS: i64 = 50;

const TABLES: &str = "
    CREATE TABLE entries (id bigint, at timestamptz NOT NULL, text text NOT NULL)
        PARTITION BY RANGE (at);
    DO $$ BEGIN FOR month IN 0..23 LOOP
        EXECUTE format('CREATE TABLE entries_%s PARTITION OF entries FOR VALUES FROM (%L) TO (%L)',
            month, date '2024-01-01' + month * interval '1 month',
            date '2024-01-01' + (month + 1) * interval '1 month');
    END LOOP; END $$;
    INSERT INTO entries SELECT n, timestamptz '2024-01-01' + n * interval '10 minutes', 'entry ' || n
        FROM generate_series(1, 100000) AS n;
    CREATE INDEX ON entries (id);
    CREATE INDEX ON entries (at DESC);
    CREATE TABLE points (id bigint PRIMARY KEY, text text NOT NULL);
    INSERT INTO points SELECT id, text FROM entries; ANALYZE entries; ANALYZE points;";

mod point_schema {
    #![allow(missing_docs)]
    diesel::table! { points (id) { id -> BigInt, text -> Text, } }
}
use point_schema::points;

struct Way {
    name: &'static str,
    connection: PgConnection,
    /// Sent before and after each read.
    around: Option<(&'static str, &'static str)>,
    point: Vec<f64>,
    page: Vec<f64>,
}

impl Way {
    fn new(name: &'static str, url: &str, keeps: bool) -> Result<Self, Box<dyn Error>> {
        let mut connection = PgConnection::establish(url)?;
        if keeps {
            connection.batch_execute("SET plan_cache_mode = force_generic_plan")?;
        } else {
            connection.set_prepared_statement_cache_size(CacheSize::Disabled);
        }
        Ok(Self { name, connection, around: None, point: Vec::new(), page: Vec::new() })
    }

    fn read(&mut self, read: fn(&mut PgConnection, i64) -> QueryResult<usize>) -> QueryResult<f64> {
        let began = Instant::now();
        for number in 0..READS {
            if let Some((before, after)) = self.around {
                self.connection.batch_execute(before)?;
                read(&mut self.connection, number)?;
                self.connection.batch_execute(after)?;
            } else {
                read(&mut self.connection, number)?;
            }
        }
        Ok(began.elapsed().as_secs_f64() * 1e6 / READS as f64)
    }
}

fn point(connection: &mut PgConnection, number: i64) -> QueryResult<usize> {
    let text = points::table.find(1 + number * 1_999).select(points::text);
    text.first::<String>(connection).map(|text| text.len())
}

fn page(connection: &mut PgConnection, number: i64) -> QueryResult<usize> {
    let month = chrono::DateTime::UNIX_EPOCH + chrono::Duration::days(19_800 + number);
    let rows = entries::table
        .filter(entries::at.ge(month))
        .filter(entries::at.lt(month + chrono::Duration::days(7)))
        .order(entries::at.desc())
        .limit(20)
        .select((entries::id, entries::text));
    rows.load::<(i64, String)>(connection).map(|rows| rows.len())
}

fn main() -> Result<(), Box<dyn Error>> {
    let pair = PostgresPair::start(Purpose::Demo)?;
    let bounds = connect_query(&config(&[]).database);
    let pooler = PgBouncer::start(pair.primary_socket(), &bounds, 4)?;
    PgConnection::establish(&pair.primary_url())?.batch_execute(TABLES)?;
    let local =
        ("BEGIN; SET LOCAL statement_timeout = 2000; SET LOCAL lock_timeout = 1000", "COMMIT");
    let mut ways = [
        Way::new("direct, planned once", &pair.primary_url(), true)?,
        Way::new("direct, nothing kept", &pair.primary_url(), false)?,
        Way::new("pooler, connect_query", &pooler.url(), false)?,
        Way {
            around: Some(local),
            ..Way::new("pooler, SET LOCAL in each transaction", &pooler.url(), false)?
        },
    ];
    for _ in 0..ROUNDS {
        for way in &mut ways {
            let (one, many) = (way.read(point)?, way.read(page)?);
            way.point.push(one);
            way.page.push(many);
        }
    }
    println!("{:40} {:>24} {:>24}", "", "point read, µs", "page of 20, µs");
    for way in &mut ways {
        println!("{:40} {:>24} {:>24}", way.name, told(&mut way.point), told(&mut way.page));
    }
    Ok(())
}

/// The median, and the middle half of the rounds.
fn told(times: &mut [f64]) -> String {
    times.sort_by(f64::total_cmp);
    let at = |part: usize| times[times.len() * part / 4];
    format!("{:.0} ({:.0} to {:.0})", at(2), at(1), at(3))
}
