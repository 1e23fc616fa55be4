//! The backend while something else weighs on it: long statements, crowds, more than it can serve.
//!
//! On a server of its own, as these settings are not those of the other tables.

mod overload;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Scope};
use std::time::{Duration, Instant};

use evidence::statistics::{self, Latencies};

use crate::http::Question;
use crate::load::{self, Load};
use crate::people::{PASSWORD, People, email};
use crate::plan::{Plan, Workload};
use crate::process::Interrupt;
use crate::results::{Pressure, Sample, Visits};
use crate::stage::{Server, Stage};
use crate::{Outcome, results};

/// People who come at the same moment: each of them costs a hash.
pub(crate) const CROWD: u32 = People::COUNT;
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
        for (crowd, seen) in
            [(Crowd::SignUps, &mut pressure.sign_ups), (Crowd::LogIns, &mut pressure.log_ins)]
        {
            let one = beside(stage, &server, read, (crowd, round), interrupt)?;
            seen.reads.push(one.0);
            seen.visits.push(one.1);
        }
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
            let _ = Question::get("/api/v1/logs/partitions").within(PATIENCE).ask(server.address);
            held_up += usize::from(began.elapsed() >= LONG_STATEMENT);
        }
        held_up
    })
}

/// What everybody wants at once.
#[derive(Clone, Copy)]
enum Crowd {
    SignUps,
    LogIns,
}

impl Crowd {
    /// Sends what one of them wants; 0 where there is no answer.
    fn visit(self, server: &Server, round: u32, person: u32) -> u16 {
        let (path, body) = match self {
            Self::SignUps => (
                "/api/v1/users",
                format!(
                    r#"{{"email":"crowd-{round}-{person}@example.org","name":"Bench","password":"{PASSWORD}"}}"#
                ),
            ),
            Self::LogIns => (
                "/api/v1/sessions",
                format!(r#"{{"email":"{}","password":"{PASSWORD}"}}"#, email(person)),
            ),
        };
        let answer = Question::post(path, &body).within(PATIENCE).ask(server.address);
        answer.map_or(0, |answer| answer.status)
    }
}

/// Reads while a crowd comes at the same moment.
fn beside(
    stage: &Stage,
    server: &Server,
    read: Load,
    (crowd, round): (Crowd, u32),
    interrupt: &Interrupt,
) -> Outcome<(Sample, Visits)> {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let liveness = scope.spawn(|| probe(server, &over));
        let visitors: Vec<_> = (1..=CROWD)
            .map(|person| scope.spawn(move || crowd.visit(server, round, person)))
            .collect();
        let sample = load::run(stage, server, read, interrupt).map(|(sample, _)| sample);
        over.store(true, Ordering::SeqCst);
        let statuses: Vec<u16> = visitors.into_iter().filter_map(|it| it.join().ok()).collect();
        let count = |status| statuses.iter().filter(|seen| **seen == status).count();
        let liveness = liveness.join().map_err(|_| "the probe of liveness ended")?;
        let visits = Visits { served: count(201), refused: count(503), liveness };
        if visits.served == 0 || visits.served + visits.refused != statuses.len() {
            return Err(format!("the crowd was answered with {statuses:?}").into());
        }
        Ok((sample?, visits))
    })
}

/// Liveness on a connection of its own each time, as a supervisor asks for it.
fn probe(server: &Server, over: &AtomicBool) -> results::Liveness {
    let (mut times, mut failed): (Latencies, u64) = (statistics::latencies(), 0);
    while !over.load(Ordering::SeqCst) {
        let began = Instant::now();
        let answer = Question::get("/health/live").within(PATIENCE).ask(server.address);
        statistics::record(&mut times, began.elapsed());
        failed += u64::from(!answer.is_ok_and(|answer| answer.status == 200));
        thread::sleep(PROBE_EVERY.saturating_sub(began.elapsed()));
    }
    results::Liveness { p99: statistics::percentile(&times, 99.0), probes: times.len(), failed }
}
