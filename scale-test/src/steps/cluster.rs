//! Redis Cluster of three masters, each with a replica.

use std::time::{Duration, Instant};

use local_services::Signal;
use local_services::fleet::RedisCluster;

use crate::Outcome;
use crate::database::Database;
use crate::fleet::{Fleet, Proxy};
use crate::http::Ask;
use crate::load::{Crowd, Load};
use crate::orders::Orders;
use crate::people::{Person, guess, log_in};
use crate::report::{Report, milliseconds};
use crate::run::Run;
use crate::steps::replicas::shared::SetUp;
use crate::steps::replicas::{limited, settings, shared, until_answered};

pub(crate) fn take(run: &Run, report: &mut Report) -> Outcome<()> {
    report.progress("three masters, three replicas of theirs and three servers start");
    let database = Database::start(run, "main")?;
    let mut cluster = RedisCluster::start(3, true)?;
    let url = cluster.url();
    {
        let fleet = Fleet::start(run, limited(&database, |_| url.clone())?)?;
        let proxy = Proxy::start(run, &fleet)?;
        let set_up = SetUp { run, database: &database, fleet: &fleet, proxy: &proxy };
        shared::common(set_up, report)?;
    }
    let limit = [("REDIS_URL", url.as_str()), ("LOGIN_LIMIT", "1000")];
    let fleet = Fleet::start(run, settings(&database, 3, &limit)?)?;
    spread(run, report, &fleet, &cluster)?;
    failover(run, report, &database, &fleet, &mut cluster)
}

/// Guesses at forty accounts, and the counts that each master holds of them.
fn spread(
    run: &Run,
    report: &mut Report,
    fleet: &Fleet<'_>,
    cluster: &RedisCluster,
) -> Outcome<()> {
    for turn in 0..40 {
        run.http.ask(&guess(&fleet.base(turn), &format!("nobody-{turn}@example.org")));
    }
    let keys = (0..3).map(|index| {
        let answer = cluster.ask(index, "DBSIZE")?;
        let digits: String = answer.chars().filter(char::is_ascii_digit).collect();
        Ok(digits.parse::<u64>().unwrap_or(0))
    });
    let keys = keys.collect::<Outcome<Vec<u64>>>()?;
    report.check(
        "spread",
        "guesses at forty accounts: each master counts some of them",
        keys.iter().map(u64::to_string).collect::<Vec<_>>().join(" / "),
        keys.iter().all(|count| *count > 0),
    );
    Ok(())
}

/// A master dies under load; its replica takes over.
fn failover(
    run: &Run,
    report: &mut Report,
    database: &Database,
    fleet: &Fleet<'_>,
    cluster: &mut RedisCluster,
) -> Outcome<()> {
    let bases: Vec<String> = (0..3).map(|index| fleet.base(index)).collect();
    let orders = Orders::open(run, &bases[0], database)?;
    let people = (0..16)
        .map(|number| Person::sign_up(run, &bases[0], &bases[1], &format!("guest-{number}")))
        .collect::<Outcome<Vec<_>>>()?;
    let buyers = people[..4].to_vec();
    let load = Load::start(Crowd {
        bases,
        orders,
        buyers,
        readers: 8,
        at: None,
        patient: false,
        name: "load",
    });
    until_answered(run, &load, 200)?;
    let began = Instant::now();
    cluster.node(0).ok_or("no first master")?.signal(Signal::Kill)?;
    run.processes.pause(Duration::from_millis(300))?;
    let during = log_ins(run, fleet, &people);
    let refused = during.iter().filter(|status| **status == 503).count();
    let other = during.iter().filter(|status| ![201, 503].contains(*status)).count();
    let all_in = run.processes.wait_for("log-ins after the failover", || {
        Ok(log_ins(run, fleet, &people).iter().all(|status| *status == 201))
    });
    let took = began.elapsed();
    let all_in = run.explain("replica-1", all_in);
    // Two more seconds of the crowd, with the new master.
    run.processes.pause(Duration::from_secs(2))?;
    let tally = load.finish()?;
    report.check(
        "killed",
        "a master is killed under load: whoever is logged in orders and reads on",
        format!("{} of {} failed ({})", tally.failed(), tally.requests(), tally.failures()),
        tally.failed() == 0,
    );
    report.check(
        "log-ins",
        "log-ins meanwhile are refused with 503, not let through uncounted",
        format!("{refused} of {} refused, {other} answered otherwise", during.len()),
        refused > 0 && other == 0,
    );
    report.check(
        "failover",
        "after the failover everybody can log in again, without a restart of anything",
        format!("after {}", milliseconds(took)),
        all_in.is_ok(),
    );
    let stale = shared::stale_lists(run, fleet, &people[5])?;
    report.check("stale-after", "and no list is stale", format!("{stale} stale"), stale == 0);
    report.figure("slowest", "slowest answer of that time", milliseconds(tally.slowest));
    Ok(())
}

fn log_ins(run: &Run, fleet: &Fleet<'_>, people: &[Person]) -> Vec<u16> {
    let asks: Vec<Ask> = people
        .iter()
        .enumerate()
        .map(|(turn, person)| log_in(&fleet.base(turn), &person.email))
        .collect();
    run.http.ask_at_once(&asks).iter().map(|reply| reply.status).collect()
}
