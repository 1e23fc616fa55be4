//! Twenty clients want the same addresses at the same moments: who gets them, and how often?

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use diesel::connection::{InstrumentationEvent, SimpleConnection};
use diesel::prelude::*;
use diesel::result::Error;
use evidence::{Bar, Chart, ChartKind, Failure, Quantity, Stage, Unit};
use foundation::scratch::{Scratch, number};

use super::attempts::{Attempt, Told, VARIANTS, Variant};
use super::somebody;
use crate::model::NewUser;
use crate::tempting;

/// Clients, each a thread with a connection of its own.
pub(super) const CLIENTS: usize = 20;

/// Duplicates that two of the rungs left, for the story.
#[derive(Clone, Copy)]
pub(super) struct Races {
    pub(super) tempting: u64,
    pub(super) right: u64,
}

/// What all clients of one rung saw together.
#[derive(Default)]
struct Seen {
    accounts: u64,
    duplicates: u64,
    taken: u64,
    retries: u64,
    statements: u64,
    took: Duration,
}

/// Climbs the ladder.
pub(super) fn climb(stage: &Stage, scratch: &Scratch, addresses: u64) -> Result<Races, Failure> {
    let attempts = addresses * CLIENTS as u64;
    stage.step(format!("{CLIENTS} clients race for {addresses} addresses"));
    stage.note(
        "Every client asks for every address, all of them at once, and every second client writes \
         it in capitals. No pause stands for anything: the race is as narrow as it can be. Behind \
         a real form, a hash of a quarter of a second lies between the look and the insert.",
    );
    stage.predict(
        "duplicates",
        format!(
            "how many second accounts does check-then-insert leave of {} attempts?",
            Quantity::count(attempts)
        ),
        Unit::Count,
    );
    scratch.connect()?.batch_execute(tempting::UNGUARDED_TABLE)?;
    let columns = ["accounts", "duplicates", "told: taken", "statements", "begun again", "time"];
    let ladder = stage.ladder(
        format!("{} attempts for {addresses} addresses", Quantity::count(attempts)),
        &columns,
    );
    let mut seen = Vec::with_capacity(VARIANTS.len());
    for variant in &VARIANTS {
        stage.go_on()?;
        let one = run(scratch, variant, addresses)?;
        let counts = [one.accounts, one.duplicates, one.taken, one.statements, one.retries];
        let mut cells: Vec<_> =
            counts.map(|count| Quantity::count(count).into()).into_iter().collect();
        cells.push(Quantity::duration(one.took).into());
        ladder.rung(variant.kind, variant.name, cells);
        seen.push(one);
    }
    for (Variant { id, name, .. }, seen) in VARIANTS.iter().zip(&seen) {
        let duplicates = Quantity::count(seen.duplicates);
        stage.measure(&format!("duplicates-{id}"), format!("second accounts: {name}"), duplicates);
    }
    let [nothing, check, constraint, lock, serializable] = seen.as_slice() else {
        return Err("the ladder has five rungs".into());
    };
    stage.reveal("duplicates", Quantity::count(check.duplicates));
    judge(stage, addresses, [nothing, check, constraint]);
    judge_costly(stage, constraint, lock, serializable);
    stage.chart(chart(&seen));
    Ok(Races { tempting: check.duplicates, right: constraint.duplicates })
}

fn judge(stage: &Stage, addresses: u64, [nothing, check, constraint]: [&Seen; 3]) {
    let attempts = addresses * CLIENTS as u64;
    stage.check(
        "no-constraint-keeps-everything",
        format!(
            "without check and constraint all {} attempts become accounts",
            Quantity::count(nothing.accounts)
        ),
        nothing.accounts == attempts && nothing.duplicates == attempts - addresses,
    );
    stage.check(
        "check-then-insert-leaves-duplicates",
        format!("a check before the insert leaves {} second accounts", check.duplicates),
        check.duplicates > 0,
    );
    stage.check(
        "constraint-leaves-no-duplicate",
        format!(
            "the constraint leaves {} second accounts: {} attempts made one, {} were told",
            constraint.duplicates, constraint.accounts, constraint.taken
        ),
        constraint.duplicates == 0
            && constraint.accounts == addresses
            && constraint.taken == attempts - addresses,
    );
    stage.check(
        "constraint-takes-one-statement",
        format!(
            "the constraint takes {} statements for as many attempts",
            Quantity::count(constraint.statements)
        ),
        constraint.statements == attempts,
    );
}

fn judge_costly(stage: &Stage, constraint: &Seen, lock: &Seen, serializable: &Seen) {
    stage.check(
        "locks-are-right-too-and-cost-more",
        format!(
            "an advisory lock and serializable transactions leave {} second accounts as well, in \
             {} and {} statements instead of {}",
            lock.duplicates + serializable.duplicates,
            Quantity::count(lock.statements),
            Quantity::count(serializable.statements),
            Quantity::count(constraint.statements),
        ),
        lock.duplicates + serializable.duplicates == 0
            && lock.statements > constraint.statements
            && serializable.statements > constraint.statements,
    );
    let again = Quantity::count(serializable.retries);
    stage.measure("retries-serializable", "serializable transactions begun again", again);
}

/// Empties the table, lets every client try every address, and counts what is left.
fn run(scratch: &Scratch, variant: &Variant, addresses: u64) -> Result<Seen, Failure> {
    let mut connection = scratch.connect()?;
    // CASCADE: sessions and to-dos refer to accounts.
    connection.batch_execute(&format!("TRUNCATE {} CASCADE", variant.table))?;
    let spell = |capitals: bool| -> Result<Vec<NewUser>, Failure> {
        let address = |n| match capitals {
            true => format!("PERSON-{n}@EXAMPLE.ORG"),
            false => format!("person-{n}@example.org"),
        };
        (0..addresses).map(|n| somebody(&address(n))).collect()
    };
    let users = [spell(false)?, spell(true)?];
    let statements = Arc::new(AtomicU64::new(0));
    let connections: Vec<_> =
        (0..CLIENTS).map(|_| counted(scratch, &statements)).collect::<Result<_, _>>()?;
    let barrier = Barrier::new(CLIENTS);
    let began = Instant::now();
    let outcomes: Vec<QueryResult<Seen>> = std::thread::scope(|scope| {
        let clients = connections.into_iter().enumerate().map(|(n, connection)| {
            let (users, barrier) = (&users[n % 2], &barrier);
            scope.spawn(move || client(connection, users, barrier, variant.attempt))
        });
        let clients: Vec<_> = clients.collect();
        let cut_off = |_| Err(Error::BrokenTransactionManager);
        clients.into_iter().map(|client| client.join().unwrap_or_else(cut_off)).collect()
    });
    let took = began.elapsed();
    let mut seen = Seen { took, statements: statements.load(Ordering::Relaxed), ..Seen::default() };
    for outcome in outcomes {
        let Seen { taken, retries, .. } = outcome?;
        seen.taken += taken;
        seen.retries += retries;
    }
    let of = |what: &str| format!("SELECT {what} FROM {}", variant.table);
    seen.accounts = number(&mut connection, &of("count(*)"))?;
    let distinct = number(&mut connection, &of("count(DISTINCT email_normalized)"))?;
    seen.duplicates = seen.accounts - distinct;
    Ok(seen)
}

/// A connection whose statements are counted by Diesel itself, BEGIN and COMMIT included.
pub(super) fn counted(
    scratch: &Scratch,
    statements: &Arc<AtomicU64>,
) -> Result<PgConnection, Failure> {
    let mut connection = scratch.connect()?;
    let statements = Arc::clone(statements);
    connection.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if matches!(event, InstrumentationEvent::StartQuery { .. }) {
            statements.fetch_add(1, Ordering::Relaxed);
        }
    });
    Ok(connection)
}

/// Tries every address together with the others. After an error it goes on to meet them at the
/// barrier, where they would otherwise wait for ever.
fn client(
    mut connection: PgConnection,
    users: &[NewUser],
    barrier: &Barrier,
    attempt: Attempt,
) -> QueryResult<Seen> {
    let mut seen = Seen::default();
    let mut failed = None;
    for user in users {
        barrier.wait();
        if failed.is_some() {
            continue;
        }
        match attempt(&mut connection, user, &mut seen.retries) {
            Ok(Told::Created) => {}
            Ok(Told::Taken) => seen.taken += 1,
            Err(error) => failed = Some(error),
        }
    }
    failed.map_or(Ok(seen), Err)
}

fn chart(seen: &[Seen]) -> Chart {
    let bars = VARIANTS.iter().zip(seen).map(|(variant, seen)| Bar {
        label: variant.name.to_owned(),
        value: Quantity::count(seen.duplicates).value,
        spread: None,
        rung: Some(variant.kind),
    });
    Chart {
        id: "duplicates".to_owned(),
        title: "Second accounts for the same address after a race".to_owned(),
        axis: "second accounts".to_owned(),
        unit: Unit::Count,
        kind: ChartKind::Bars { bars: bars.collect(), logarithmic: false },
    }
}
