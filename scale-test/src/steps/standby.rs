//! A streaming replica that reads are sent to, with one's own writes always in sight.

use std::time::Duration;

use serde_json::json;

use crate::Outcome;
use crate::database::{Database, SharedRedis};
use crate::fleet::Fleet;
use crate::http::Ask;
use crate::load::{Crowd, Load};
use crate::orders::Orders;
use crate::people::Person;
use crate::report::{Report, milliseconds};
use crate::run::Run;
use crate::steps::replicas::settings;
use crate::steps::replicas::until_answered;

/// Own writes that are looked for.
const ROUNDS: usize = 30;

pub(crate) fn take(run: &Run, report: &mut Report) -> Outcome<()> {
    report.progress("a primary, its replica, Redis and two servers start");
    let mut database = Database::start_pair(run)?;
    let redis = SharedRedis::start(run)?;
    let replica = database.pair()?.replica_url();
    let reach = [("REDIS_URL", redis.url()), ("REPLICA_URL", replica.as_str())];
    let fleet = Fleet::start(run, settings(&database, 2, &reach)?)?;
    let orders = Orders::open(run, &fleet.base(0), &database)?;
    let ada = Person::sign_up(run, &fleet.base(0), &fleet.base(1), "ada")?;
    // So that what comes is no longer remembered as a write of hers.
    run.processes.pause(Duration::from_secs(6))?;
    served_there(run, report, &mut database, &fleet, &ada)?;
    own_writes(run, report, &mut database, &fleet, &ada)?;
    mid_load(run, report, &mut database, &fleet, orders)
}

/// Statements that the replica has answered; its own account, which it writes down each second.
fn reads(database: &mut Database) -> Outcome<u64> {
    let sum = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()";
    Ok(database.query_replica(sum)?.parse()?)
}

fn list(fleet: &Fleet<'_>, turn: usize, person: &Person) -> Ask {
    // With a limit, which no cache keeps.
    Ask::get(&fleet.base(turn), "/api/v1/todos?limit=99").by(&person.token)
}

fn served_there(
    run: &Run,
    report: &mut Report,
    database: &mut Database,
    fleet: &Fleet<'_>,
    person: &Person,
) -> Outcome<()> {
    let before = reads(database)?;
    for turn in 0..200 {
        run.http.ask(&list(fleet, turn, person)).expect(200, "a list")?;
    }
    let mut served = 0;
    let waited = run.processes.wait_for("reads of the replica", || {
        served = reads(database)? - before;
        Ok(served >= 150)
    });
    report.check(
        "served",
        "200 lists of somebody who wrote nothing lately: transactions of the replica meanwhile",
        served.to_string(),
        waited.is_ok(),
    );
    Ok(())
}

fn own_writes(
    run: &Run,
    report: &mut Report,
    database: &mut Database,
    fleet: &Fleet<'_>,
    person: &Person,
) -> Outcome<()> {
    database.query_replica("SELECT pg_wal_replay_pause()")?;
    let (mut seen, mut there) = (0, 0);
    for round in 0..ROUNDS {
        let title = format!("round {round}");
        let write = Ask::post(&fleet.base(round), "/api/v1/todos", json!({"title": title}));
        run.http.ask(&write.by(&person.token)).expect(201, "a to-do")?;
        // Read at the other server: what one wrote is known to all of them.
        let read = run.http.ask(&list(fleet, round + 1, person)).expect(200, "a list")?;
        let last = read.body.as_array().and_then(|list| list.last()).cloned().unwrap_or_default();
        seen += usize::from(last["title"] == title.as_str());
        let count = format!("SELECT count(*) FROM todos WHERE title = '{title}'");
        there += database.query_replica(&count)?.parse::<usize>()?;
    }
    database.query_replica("SELECT pg_wal_replay_resume()")?;
    report.check(
        "own-writes",
        "one's own writes are read at the other server at once, while the replica stands still",
        format!("{seen} of {ROUNDS} seen, {there} of them on the replica"),
        seen == ROUNDS && there == 0,
    );
    Ok(())
}

/// The replica is killed and comes back, under load.
fn mid_load(
    run: &Run,
    report: &mut Report,
    database: &mut Database,
    fleet: &Fleet<'_>,
    orders: Orders,
) -> Outcome<()> {
    let bases = vec![fleet.base(0), fleet.base(1)];
    let buyers = (0..4)
        .map(|number| Person::sign_up(run, &bases[0], &bases[1], &format!("buyer-{number}")))
        .collect::<Outcome<Vec<_>>>()?;
    let load =
        Load::start(Crowd { bases, orders, buyers, readers: 8, patient: false, name: "load" });
    until_answered(run, &load, 200)?;
    database.pair()?.stop_replica();
    until_answered(run, &load, 400)?;
    database.pair()?.start_replica()?;
    let before = reads(database)?;
    let back = run.processes.wait_for("reads of the replica", || {
        run.processes.pause(Duration::from_millis(200))?;
        Ok(reads(database)? > before + 50)
    });
    let tally = load.finish()?;
    report.check(
        "killed",
        "the replica is killed under load and comes back: no request fails",
        format!("{} of {} failed ({})", tally.failed(), tally.requests(), tally.failures()),
        tally.failed() == 0,
    );
    let figure = back.as_ref().map_or_else(ToString::to_string, |time| milliseconds(*time));
    report.check("back", "and it is read from again by itself, after", figure, back.is_ok());
    report.figure("slowest", "slowest answer of that time", milliseconds(tally.slowest));
    Ok(())
}
