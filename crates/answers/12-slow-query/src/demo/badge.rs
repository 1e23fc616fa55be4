//! The number on the dashboard: calculated, remembered, or kept beside the table.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer};
use evidence::{Failure, Ladder, Outcome, Quantity, RungKind, Stage};
use foundation::explain::{PlanTree, plan_of};
use foundation::scratch::Scratch;

use super::observe::tried;
use super::{ALLOW_INDEXES, FORBID_INDEXES, connect};
use crate::counter::{COUNT_OPEN, Kept, LOOK_UP_OPEN, install, remove};
use crate::orders::BIGGEST_SELLER;

/// The number is read so often, and a new order is placed before every third time.
const READS: u32 = 12;
/// Between two reads. Reckoned, not waited for, so that the cache does the same in every run.
const PAUSE: Duration = Duration::from_millis(250);
const CACHED_FOR: Duration = Duration::from_secs(1);

#[derive(QueryableByName)]
struct Open {
    #[diesel(sql_type = BigInt)]
    open_orders: i64,
}

/// What twelve reads took and how many were wrong.
#[derive(Clone, Copy)]
struct Read {
    buffers: u64,
    statements: u64,
    stale: u64,
}

/// Climbs the ladder; the table has its covering index.
pub(super) fn climb(stage: &Stage, scratch: &Scratch, connection: &mut PgConnection) -> Outcome {
    stage.step("The number beside the list: calculate, cache, or keep a count");
    let ladder = stage.ladder(
        "open orders of the biggest seller, read 12 times while 4 orders come in",
        &["statements", "buffers", "stale answers"],
    );
    connection.batch_execute(FORBID_INDEXES)?;
    let whole = read(stage, connection, COUNT_OPEN, Duration::ZERO)?;
    add_rung(&ladder, RungKind::Wrong, "count, no index", whole);
    connection.batch_execute(ALLOW_INDEXES)?;
    let cached = read(stage, connection, COUNT_OPEN, CACHED_FOR)?;
    let counted = read(stage, connection, COUNT_OPEN, Duration::ZERO)?;
    add_rung(&ladder, RungKind::Right, "count, covering index", counted);
    add_rung(&ladder, RungKind::Costly, "the same, cached for 1 s", cached);
    let waits_without = waits_for_another(scratch, BIGGEST_SELLER)?;
    install(connection)?;
    let kept = read(stage, connection, LOOK_UP_OPEN, Duration::ZERO)?;
    add_rung(&ladder, RungKind::Costly, "count kept by a trigger", kept);
    check_answers(stage, whole, counted, cached, kept);
    let waits = waits_for_another(scratch, BIGGEST_SELLER)?;
    let waits_elsewhere = waits_for_another(scratch, BIGGEST_SELLER + 1)?;
    stage.check(
        "kept-count-makes-the-orders-of-one-seller-queue",
        "with the kept count, an order waits until another order of the same seller is committed; \
         one of another seller does not, and without the count neither does",
        waits && !waits_elsewhere && !waits_without,
    );
    remove(connection)?;
    Ok(())
}

fn add_rung(ladder: &Ladder<'_>, kind: RungKind, name: &str, read: Read) {
    let cells =
        [read.statements, read.buffers, read.stale].map(|count| Quantity::count(count).into());
    ladder.rung(kind, name, cells.to_vec());
}

/// Reads the number while orders come in, and compares it with what it should be. The buffers are
/// those of one statement before the first order, times the statements.
fn read(
    stage: &Stage,
    connection: &mut PgConnection,
    statement: &str,
    cached_for: Duration,
) -> Result<Read, Failure> {
    tried(connection, |connection| {
        let per_statement = plan(connection, statement)?.buffers();
        let mut truth = number_shown(connection, statement)?;
        let mut cache = Kept::for_at_most(cached_for);
        let (begin, mut statements, mut stale) = (Instant::now(), 0, 0);
        for turn in 0..READS {
            stage.go_on()?;
            if turn % 3 == 2 {
                place_order(connection, turn + 1, BIGGEST_SELLER)?;
                truth += 1;
            }
            let shown = cache.get(begin + PAUSE * turn, || {
                statements += 1;
                number_shown(connection, statement)
            })?;
            stale += u64::from(shown != truth);
        }
        Ok(Read { buffers: statements * per_statement, statements, stale })
    })
}

fn number_shown(connection: &mut PgConnection, statement: &str) -> QueryResult<i64> {
    let query = diesel::sql_query(statement).bind::<Integer, _>(BIGGEST_SELLER);
    Ok(query.get_result::<Open>(connection)?.open_orders)
}

fn plan(connection: &mut PgConnection, statement: &str) -> QueryResult<PlanTree> {
    plan_of(connection, diesel::sql_query(statement).bind::<Integer, _>(BIGGEST_SELLER))
}

/// Places an open order. Its number is below those of all others, as every trial is rolled back.
fn place_order(connection: &mut PgConnection, number: u32, seller: i32) -> QueryResult<()> {
    connection.batch_execute(&format!(
        "INSERT INTO orders
         VALUES (-{number}, {seller}, 1, 1000, 'open', '2026-01-01 00:00Z', '1 Mill Road')"
    ))
}

/// Whether an order of `seller` waits for an order of the biggest one that is not yet committed.
/// Nothing is left to luck: the one is held open, and the other may wait for a lock for 100 ms.
fn waits_for_another(scratch: &Scratch, seller: i32) -> Result<bool, Failure> {
    let (mut one, mut other) = (connect(scratch)?, connect(scratch)?);
    other.batch_execute("SET lock_timeout = '100ms'")?;
    tried(&mut one, |one| {
        place_order(one, 1, BIGGEST_SELLER)?;
        // A number of its own, or the two would wait for each other at the primary key.
        match tried(&mut other, |other| Ok(place_order(other, 2, seller)?)) {
            Ok(()) => Ok(false),
            Err(error) if error.to_string().contains("lock timeout") => Ok(true),
            Err(error) => Err(error),
        }
    })
}

fn check_answers(stage: &Stage, whole: Read, counted: Read, cached: Read, kept: Read) {
    let buffers = |read: Read| Quantity::buffers(read.buffers);
    stage.measure("badge-none", "12 counts, no index", buffers(whole));
    stage.measure("badge-counted", "12 counts, covering index", buffers(counted));
    stage.measure("badge-kept", "12 look-ups of the kept count", buffers(kept));
    stage.measure("badge-stale", "stale answers of 12, cached", Quantity::count(cached.stale));
    stage.check(
        "cache-asks-less-and-is-stale",
        format!(
            "the cache asks {} times instead of {}, and {} answers are out of date",
            cached.statements, counted.statements, cached.stale
        ),
        cached.statements * 4 == counted.statements && cached.stale > 0,
    );
    stage.check(
        "calculated-and-kept-counts-are-right",
        format!(
            "counts are right in all 12 reads, calculated ({}) or kept ({})",
            buffers(counted),
            buffers(kept)
        ),
        [whole, counted, kept].iter().all(|read| read.stale == 0)
            && kept.buffers < counted.buffers
            && counted.buffers < whole.buffers,
    );
}
