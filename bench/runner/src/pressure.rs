//! The backend while something else weighs on it: long statements, sign-ups, more than it can serve.
//!
//! On a server of its own, as these settings are not those of the other tables.

mod overload;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Scope};
use std::time::{Duration, Instant};

use evidence::statistics::{self, Latencies};

use crate::http::ask_within;
use crate::load::{self, Load};
use crate::plan::{Plan, Workload};
use crate::process::Interrupt;
use crate::results::{Pressure, Sample, Signups};
use crate::stage::{Server, Stage};
use crate::{Outcome, results};

/// Accounts asked for at once.
pub(crate) const SIGNUPS: u64 = 100;
/// Connections that read meanwhile.
pub(crate) const READERS: u32 = 32;
/// How long each long statement takes: `LOCK_TIMEOUT` of this server, as they wait for a lock.
pub(crate) const LONG_STATEMENT: Duration = Duration::from_secs(2);
/// Longer than a sign-up may wait for its hash.
const PATIENCE: Duration = Duration::from_secs(15);
const PROBE_EVERY: Duration = Duration::from_millis(10);

/// Starts a server and puts it under each pressure, with rounds of rest between.
pub(crate) fn measure(plan: &Plan, stage: &Stage, interrupt: &Interrupt) -> Outcome<Pressure> {
    let lock_timeout = format!("{}s", LONG_STATEMENT.as_secs());
    let settings = [("LOCK_TIMEOUT", lock_timeout.as_str()), ("BCRYPT_COST", "12")];
    let server = stage.another_backend(plan, &settings, interrupt)?;
    let read =
        Load { workload: Workload::Read, connections: READERS, duration: plan.cell, pause: None };
    load::run(stage, &server, read, interrupt)?;
    let mut pressure = Pressure::default();
    for round in 0..plan.rounds {
        let alone = load::run(stage, &server, read, interrupt)?.0;
        pressure.alone.push(alone);
        pressure.beside_statements.push(beside_statements(stage, &server, read, interrupt)?);
        let (sample, signups) = beside_signups(stage, &server, read, round, interrupt)?;
        pressure.beside_signups.push(sample);
        pressure.signups.push(signups);
    }
    drop(server);
    pressure.overloads = overload::measure(plan, stage, interrupt)?;
    Ok(pressure)
}

/// Reads while each connection of the long lane waits for a lock all the time.
fn beside_statements(
    stage: &Stage,
    server: &Server,
    read: Load,
    interrupt: &Interrupt,
) -> Outcome<Sample> {
    let locker = stage.database.lock_table("log_entries_default", read.duration * 3)?;
    let over = AtomicBool::new(false);
    let outcome = thread::scope(|scope| {
        // Twice as many as the lane has connections, so that the next statement is there already.
        let askers: Vec<_> = (0..4).map(|_| ask_until(scope, server, &over)).collect();
        thread::sleep(Duration::from_millis(200));
        let outcome = load::run(stage, server, read, interrupt);
        over.store(true, Ordering::SeqCst);
        drop(locker);
        let statements: usize = askers.into_iter().filter_map(|asker| asker.join().ok()).sum();
        outcome.map(|(sample, _)| (sample, statements))
    });
    let (sample, statements) = outcome?;
    if statements == 0 {
        return Err("no long statement ran beside the reads".into());
    }
    Ok(sample)
}

/// Asks for what the lock holds up, again and again; returns how often that took its full time.
fn ask_until<'scope>(
    scope: &'scope Scope<'scope, '_>,
    server: &'scope Server,
    over: &'scope AtomicBool,
) -> thread::ScopedJoinHandle<'scope, usize> {
    scope.spawn(|| {
        let mut held_up = 0;
        while !over.load(Ordering::SeqCst) {
            let began = Instant::now();
            let _ = ask_within(server.address, "GET", "/api/v1/logs/partitions", "", PATIENCE);
            held_up += usize::from(began.elapsed() >= LONG_STATEMENT);
        }
        held_up
    })
}

/// Reads while a hundred people sign up at the same moment.
fn beside_signups(
    stage: &Stage,
    server: &Server,
    read: Load,
    round: u32,
    interrupt: &Interrupt,
) -> Outcome<(Sample, Signups)> {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let liveness = scope.spawn(|| probe(server, &over));
        let signing_up: Vec<_> = (0..SIGNUPS)
            .map(|person| scope.spawn(move || sign_up(server, round, person)))
            .collect();
        let sample = load::run(stage, server, read, interrupt).map(|(sample, _)| sample);
        over.store(true, Ordering::SeqCst);
        let statuses: Vec<u16> = signing_up.into_iter().filter_map(|it| it.join().ok()).collect();
        let count = |status| statuses.iter().filter(|seen| **seen == status).count();
        let liveness = liveness.join().map_err(|_| "the probe of liveness ended")?;
        let signups = Signups { made: count(201), refused: count(503), liveness };
        if signups.made == 0 || signups.made + signups.refused != statuses.len() {
            return Err(format!("sign-ups were answered with {statuses:?}").into());
        }
        Ok((sample?, signups))
    })
}

fn sign_up(server: &Server, round: u32, person: u64) -> u16 {
    let body = format!(
        r#"{{"email":"bench-{round}-{person}@example.org","name":"Bench","password":"correct horse battery"}}"#
    );
    let answer = ask_within(server.address, "POST", "/api/v1/users", &body, PATIENCE);
    answer.map_or(0, |answer| answer.status)
}

/// Liveness on a connection of its own each time, as a supervisor asks for it.
fn probe(server: &Server, over: &AtomicBool) -> results::Liveness {
    let (mut times, mut failed): (Latencies, u64) = (statistics::latencies(), 0);
    while !over.load(Ordering::SeqCst) {
        let began = Instant::now();
        let answer = ask_within(server.address, "GET", "/health/live", "", PATIENCE);
        statistics::record(&mut times, began.elapsed());
        failed += u64::from(!answer.is_ok_and(|answer| answer.status == 200));
        thread::sleep(PROBE_EVERY.saturating_sub(began.elapsed()));
    }
    results::Liveness { p99: statistics::percentile(&times, 99.0), probes: times.len(), failed }
}
