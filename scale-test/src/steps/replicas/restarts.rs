//! Replicas that go and come back while people order.

use std::time::Duration;

use super::REPLICAS;
use crate::Outcome;
use crate::database::Database;
use crate::fleet::{Fleet, Proxy};
use crate::load::{Crowd, Load};
use crate::orders::Orders;
use crate::people::Person;
use crate::report::{Report, milliseconds};
use crate::run::Run;

/// How often a replica is killed until a request is seen to be lost.
const MOST_KILLS: usize = 8;

pub(super) fn check(
    run: &Run,
    report: &mut Report,
    database: &Database,
    fleet: &mut Fleet<'_>,
    proxy: &mut Proxy<'_>,
) -> Outcome<()> {
    let orders = Orders::open(run, &fleet.base(0), database)?;
    let buyers = (0..6).map(|number| {
        Person::sign_up(run, &proxy.base(), &proxy.base(), &format!("buyer-{number}"))
    });
    let buyers = buyers.collect::<Outcome<Vec<_>>>()?;
    let crowd = Crowd {
        bases: vec![proxy.base()],
        orders,
        buyers,
        readers: 4,
        at: None,
        patient: false,
        name: "rolling",
    };
    rolling(run, report, database, fleet, proxy, &crowd)?;
    kills(run, report, database, fleet, proxy, &Crowd { name: "killed", ..crowd.clone() })?;
    let patient = Crowd { name: "patient", patient: true, ..crowd };
    patience(run, report, database, fleet, proxy, &patient)
}

/// Each replica is told to stop, ends, and is started again; nobody notices.
fn rolling(
    run: &Run,
    report: &mut Report,
    database: &Database,
    fleet: &mut Fleet<'_>,
    proxy: &mut Proxy<'_>,
    crowd: &Crowd,
) -> Outcome<()> {
    report.progress("a rolling restart under load");
    let before = crowd.orders.count(database)?;
    let stock = crowd.orders.stock(database)?;
    let load = Load::start(crowd.clone());
    until_answered(run, &load, 200)?;
    let mut clean_exits = 0;
    for index in 0..REPLICAS {
        clean_exits += usize::from(fleet.drain(index)?);
        fleet.restart(index)?;
        proxy.until(index, true)?;
        until_answered(run, &load, 200)?;
    }
    let tally = load.finish()?;
    let noun = crowd.orders.noun();
    report.check(
        "rolling",
        "SIGTERM with DRAIN to one replica after the other, under load: no request is lost",
        format!("{} of {} requests lost ({})", tally.failed(), tally.requests(), tally.failures()),
        tally.failed() == 0 && clean_exits == REPLICAS,
    );
    let made = crowd.orders.count(database)? - before;
    report.check(
        "rolling-orders",
        &format!("each {noun} that was acknowledged is there, no other, and the stock adds up"),
        format!("{} acknowledged, {made} there", tally.acknowledged),
        made == tally.acknowledged && crowd.orders.stock(database)? == stock,
    );
    report.figure("rolling-slowest", "slowest answer of that time", milliseconds(tally.slowest));
    Ok(())
}

/// The control: without a goodbye, requests in flight are lost, and the check above sees it.
fn kills(
    run: &Run,
    report: &mut Report,
    database: &Database,
    fleet: &mut Fleet<'_>,
    proxy: &mut Proxy<'_>,
    crowd: &Crowd,
) -> Outcome<()> {
    report.progress("kill -9 instead, as a control");
    let before = crowd.orders.count(database)?;
    let retried = proxy.retries()?;
    let load = Load::start(crowd.clone());
    until_answered(run, &load, 200)?;
    let mut kills = 0;
    while kills < MOST_KILLS && (kills < 1 || load.failed() == 0) {
        let index = kills % REPLICAS;
        fleet.kill(index);
        kills += 1;
        proxy.until(index, false)?;
        fleet.restart(index)?;
        proxy.until(index, true)?;
    }
    let tally = load.finish()?;
    report.check(
        "killed",
        "control: kill -9 instead of SIGTERM loses what was in flight",
        format!("{} of {} lost ({})", tally.failed(), tally.requests(), tally.failures()),
        tally.failed() > 0,
    );
    let retried = proxy.retries()? - retried;
    report.figure(
        "killed-retried",
        "requests that HAProxy sent elsewhere by itself",
        retried.to_string(),
    );
    let made = crowd.orders.count(database)? - before;
    let noun = crowd.orders.noun();
    report.check(
        "killed-acknowledged",
        &format!("no acknowledged {noun} is lost all the same"),
        format!("{} acknowledged, {made} there", tally.acknowledged),
        made >= tally.acknowledged && made <= tally.acknowledged + tally.given_up,
    );
    Ok(())
}

/// Clients who repeat with their key get each order, and get it once.
fn patience(
    run: &Run,
    report: &mut Report,
    database: &Database,
    fleet: &mut Fleet<'_>,
    proxy: &mut Proxy<'_>,
    crowd: &Crowd,
) -> Outcome<()> {
    let before = crowd.orders.count(database)?;
    let stock = crowd.orders.stock(database)?;
    let load = Load::start(crowd.clone());
    for index in 0..2 {
        until_answered(run, &load, 100)?;
        fleet.kill(index);
        proxy.until(index, false)?;
        fleet.restart(index)?;
        proxy.until(index, true)?;
    }
    let tally = load.finish()?;
    let made = crowd.orders.count(database)? - before;
    let noun = crowd.orders.noun();
    report.check(
        "patient",
        &format!("who repeats with the same key after kill -9 gets each {noun}, once"),
        format!("{} acknowledged, {made} there, {} given up", tally.acknowledged, tally.given_up),
        tally.given_up == 0 && made == tally.acknowledged && crowd.orders.stock(database)? == stock,
    );
    Ok(())
}

/// Waits until so many more requests were answered: the load is there.
pub(crate) fn until_answered(run: &Run, load: &Load, more: u64) -> Outcome<Duration> {
    let enough = load.answered() + more;
    run.processes.wait_for("answers under load", || Ok(load.answered() >= enough))
}
