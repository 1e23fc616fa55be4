//! A streaming replica that reads are sent to, with one's own writes always in sight.

use std::process::Command;
use std::time::Duration;

use local_services::Purpose;
use serde_json::json;

use crate::Outcome;
use crate::database::{Database, SharedRedis};
use crate::fleet::Fleet;
use crate::http::Ask;
use crate::load::{Crowd, Load, Tally};
use crate::orders::Orders;
use crate::people::Person;
use crate::process::send;
use crate::report::{Report, milliseconds};
use crate::run::Run;
use crate::steps::replicas::settings;
use crate::steps::replicas::until_answered;

/// Own writes that are looked for.
const ROUNDS: usize = 30;
/// The longest wait for a replica that hangs: a second there, and then the primary's own answer.
const PATIENCE: Duration = Duration::from_secs(2);

pub(crate) fn take(run: &Run, report: &mut Report) -> Outcome<()> {
    report.progress("a primary, its replica, Redis and two servers start");
    let mut database = Database::start_pair(run, Purpose::Serve)?;
    let redis = SharedRedis::start(run)?;
    let replica = database.pair()?.replica_url();
    let reach = [("REDIS_URL", redis.url()), ("REPLICA_URL", replica.as_str())];
    let fleet = Fleet::start(run, settings(&database, 2, &reach)?)?;
    let orders = Orders::open(run, &fleet.base(0), &database)?;
    let ada = Person::sign_up(run, &fleet.base(0), &fleet.base(1), "ada")?;
    let comments = post(run, &fleet, &ada)?;
    // A write is remembered for as long as the replica may be behind.
    run.processes.pause(Duration::from_secs(6))?;
    served_there(run, report, &fleet, &comments)?;
    own_writes(run, report, &mut database, &fleet, &ada, &comments)?;
    mid_load(run, report, &mut database, &fleet, orders, &comments)
}

/// A post, and the path of its comments, which are read on the replica.
fn post(run: &Run, fleet: &Fleet<'_>, author: &Person) -> Outcome<String> {
    let post = json!({"title": "To be read", "body": "By many.", "published": true});
    let post = Ask::post(&fleet.base(0), "/api/v2/posts", post).by(&author.token);
    let reply = run.http.ask(&post).expect(201, "a post")?;
    let location = reply.headers.get("location").and_then(|value| value.to_str().ok());
    Ok(format!("{}/comments", location.ok_or("a post without a Location")?))
}

/// Reads that were sent to the replica, by all servers.
fn reads(fleet: &Fleet<'_>) -> Outcome<f64> {
    let reads = fleet.metric("database_replica_reads_total{target=\"replica\"}")?;
    Ok(reads.iter().sum())
}

fn served_there(run: &Run, report: &mut Report, fleet: &Fleet<'_>, comments: &str) -> Outcome<()> {
    run.processes.wait_for("the replica to be seen", || {
        run.http.ask(&Ask::get(&fleet.base(0), comments)).expect(200, "comments")?;
        run.http.ask(&Ask::get(&fleet.base(1), comments)).expect(200, "comments")?;
        Ok(fleet
            .metric("database_replica_reads_total{target=\"replica\"}")?
            .iter()
            .all(|it| *it > 0.0))
    })?;
    let before = reads(fleet)?;
    for turn in 0..200 {
        run.http.ask(&Ask::get(&fleet.base(turn), comments)).expect(200, "comments")?;
    }
    let served = reads(fleet)? - before;
    report.check(
        "served",
        "200 pages of comments: so many were read on the replica",
        format!("{served:.0}"),
        served >= 190.0,
    );
    Ok(())
}

fn own_writes(
    run: &Run,
    report: &mut Report,
    database: &mut Database,
    fleet: &Fleet<'_>,
    person: &Person,
    comments: &str,
) -> Outcome<()> {
    database.query_replica("SELECT pg_wal_replay_pause()")?;
    let path = format!("{comments}?limit=100");
    let list = |turn: usize| Ask::get(&fleet.base(turn), &path);
    let (mut seen, mut seen_by_others) = (0, 0);
    for round in 0..ROUNDS {
        let text = format!("round {round}");
        let write = Ask::post(&fleet.base(round), comments, json!({"body": text}));
        run.http.ask(&write.by(&person.token)).expect(201, "a comment")?;
        // Read at the other server: what one wrote is known to all of them.
        let mine = run.http.ask(&list(round + 1).by(&person.token)).expect(200, "comments")?;
        seen += usize::from(mine.body.to_string().contains(&format!("\"{text}\"")));
        let theirs = run.http.ask(&list(round + 1)).expect(200, "comments")?;
        seen_by_others += usize::from(theirs.body.to_string().contains(&format!("\"{text}\"")));
    }
    let there = database.query_replica("SELECT count(*) FROM comments")?;
    database.query_replica("SELECT pg_wal_replay_resume()")?;
    report.check(
        "own-writes",
        "one's own writes are read at the other server at once, while the replica stands still",
        format!("{seen} of {ROUNDS}, {there} of them on the replica"),
        seen == ROUNDS && there == "0",
    );
    report.check(
        "old-reads",
        "control: strangers meanwhile read what the replica has",
        format!("{seen_by_others} of {ROUNDS} seen by them"),
        seen_by_others < ROUNDS,
    );
    Ok(())
}

/// The replica is killed and comes back, and then hangs and goes on, each under load.
fn mid_load(
    run: &Run,
    report: &mut Report,
    database: &mut Database,
    fleet: &Fleet<'_>,
    orders: Orders,
    comments: &str,
) -> Outcome<()> {
    let bases = vec![fleet.base(0), fleet.base(1)];
    let buyers = (0..4)
        .map(|number| Person::sign_up(run, &bases[0], &bases[1], &format!("buyer-{number}")))
        .collect::<Outcome<Vec<_>>>()?;
    let at = Some(comments.to_owned());
    let crowd =
        Crowd { bases, orders, buyers, readers: 8, at, patient: false, name: "killed-replica" };
    let load = Load::start(crowd.clone());
    until_answered(run, &load, 200)?;
    database.pair()?.stop_replica();
    until_answered(run, &load, 400)?;
    database.pair()?.start_replica()?;
    let (tally, back) = until_read_again(run, fleet, load)?;
    report.check(
        "killed",
        "the replica is killed under load and comes back: no request fails",
        format!("{} of {} failed ({})", tally.failed(), tally.requests(), tally.failures()),
        tally.failed() == 0,
    );
    report.check("back", "and it is read from again by itself, after", told(&back), back.is_ok());
    report.figure("slowest", "slowest answer of that time", milliseconds(tally.slowest));
    hung(run, report, database, fleet, Crowd { name: "hung-replica", ..crowd })
}

/// The replica keeps its connections and answers nobody, as a machine that swaps.
fn hung(
    run: &Run,
    report: &mut Report,
    database: &mut Database,
    fleet: &Fleet<'_>,
    crowd: Crowd,
) -> Outcome<()> {
    let load = Load::start(crowd);
    until_answered(run, &load, 200)?;
    let before = reads(fleet)?;
    let hung = Hung::replica_of(run, database)?;
    run.processes.pause(Duration::from_secs(3))?;
    until_answered(run, &load, 400)?;
    let meanwhile = reads(fleet)? - before;
    drop(hung);
    let (tally, back) = until_read_again(run, fleet, load)?;
    report.check(
        "hung",
        "the replica hangs under load: the primary answers, nobody waits longer than 2 s, no request fails",
        format!(
            "{} of {} failed ({}), the slowest took {}",
            tally.failed(),
            tally.requests(),
            tally.failures(),
            milliseconds(tally.slowest)
        ),
        tally.failed() == 0 && tally.slowest < PATIENCE,
    );
    report.check(
        "hung-back",
        "and it is read from again by itself once it goes on, after",
        told(&back),
        back.is_ok(),
    );
    report.check(
        "hung-tried",
        "control: before that it was, and hardly while it hung",
        format!("{before:.0} reads there before, {meanwhile:.0} meanwhile"),
        before > 0.0 && meanwhile < 100.0,
    );
    Ok(())
}

/// Lets the crowd go on until the replica is read from again, and for how long that took.
fn until_read_again(
    run: &Run,
    fleet: &Fleet<'_>,
    load: Load,
) -> Outcome<(Tally, Outcome<Duration>)> {
    let before = reads(fleet)?;
    let back = run.processes.wait_for("reads of the replica", || {
        run.processes.pause(Duration::from_millis(200))?;
        Ok(reads(fleet)? > before + 50.0)
    });
    Ok((load.finish()?, back))
}

fn told(back: &Outcome<Duration>) -> String {
    back.as_ref().map_or_else(ToString::to_string, |time| milliseconds(*time))
}

/// A replica whose processes all stand still until this is dropped.
struct Hung(Vec<u32>);

impl Hung {
    fn replica_of(run: &Run, database: &mut Database) -> Outcome<Self> {
        let head = database.pair()?.replica().ok_or("no replica")?.pid();
        send("STOP", head)?;
        let mut hung = Self(vec![head]);
        // The head stands still, so nobody joins its children meanwhile.
        let all = run.processes.output_of(Command::new("ps").args(["-A", "-o", "pid=,ppid="]))?;
        let children = all.lines().filter_map(|line| {
            let mut numbers = line.split_whitespace().map(str::parse::<u32>);
            let (child, parent) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
            (parent == head).then_some(child)
        });
        for child in children {
            // One that has ended since is no loss.
            if send("STOP", child).is_ok() {
                hung.0.push(child);
            }
        }
        Ok(hung)
    }
}

impl Drop for Hung {
    fn drop(&mut self) {
        for process in self.0.iter().rev() {
            let _ = send("CONT", *process);
        }
    }
}
