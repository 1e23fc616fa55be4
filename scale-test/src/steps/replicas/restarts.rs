//! Replicas that go and come back while people order.

use std::time::Duration;

use super::REPLICAS;
use crate::Outcome;
use crate::database::Database;
use crate::fleet::{Fleet, Proxy};
use crate::load::{Crowd, Load, Tally};
use crate::orders::Orders;
use crate::people::Person;
use crate::report::{Report, milliseconds};
use crate::run::Run;

/// How often a replica is killed until a request is seen to be lost.
const MOST_KILLS: usize = 8;

/// Replicas behind a proxy that are stopped and started while people order.
pub(super) struct Trial<'a, 'run> {
    pub(super) run: &'a Run,
    pub(super) database: &'a Database,
    pub(super) fleet: &'a mut Fleet<'run>,
    pub(super) proxy: &'a mut Proxy<'run>,
}

/// What a crowd saw, and what the database says of its orders.
struct Seen {
    tally: Tally,
    /// Orders that were made meanwhile.
    made: u64,
    /// Whether there is as much in stock, reserved and sold together, as before.
    adds_up: bool,
}

pub(super) fn check(mut trial: Trial<'_, '_>, report: &mut Report) -> Outcome<()> {
    let (run, base) = (trial.run, trial.proxy.base());
    let orders = Orders::open(run, &trial.fleet.base(0), trial.database)?;
    let buyers =
        (0..6).map(|number| Person::sign_up(run, &base, &base, &format!("buyer-{number}")));
    let buyers = buyers.collect::<Outcome<Vec<_>>>()?;
    let crowd = Crowd {
        bases: vec![base],
        orders,
        buyers,
        readers: 4,
        at: None,
        patient: false,
        name: "rolling",
    };
    rolling(&mut trial, report, &crowd)?;
    kills(&mut trial, report, &Crowd { name: "killed", ..crowd.clone() })?;
    patience(&mut trial, report, &Crowd { name: "patient", patient: true, ..crowd })
}

impl Trial<'_, '_> {
    /// Does something to the replicas while this crowd orders.
    fn under_load(
        &mut self,
        crowd: &Crowd,
        something: impl FnOnce(&mut Self, &Load) -> Outcome<()>,
    ) -> Outcome<Seen> {
        let before = crowd.orders.count(self.database)?;
        let stock = crowd.orders.stock(self.database)?;
        let load = Load::start(crowd.clone());
        until_answered(self.run, &load, 200)?;
        something(self, &load)?;
        let tally = load.finish()?;
        let made = crowd.orders.count(self.database)? - before;
        let adds_up = crowd.orders.stock(self.database)? == stock;
        Ok(Seen { tally, made, adds_up })
    }

    /// Starts a replica again, and waits until the proxy sends requests to it.
    fn bring_back(&mut self, index: usize) -> Outcome<()> {
        self.fleet.restart(index)?;
        self.proxy.until(index, true)?;
        Ok(())
    }

    /// Kills a replica, waits until the proxy has seen it, and starts it again.
    fn kill(&mut self, index: usize) -> Outcome<()> {
        self.fleet.kill(index);
        self.proxy.until(index, false)?;
        self.bring_back(index)
    }
}

/// Each replica is told to stop, ends, and is started again; nobody notices.
fn rolling(trial: &mut Trial<'_, '_>, report: &mut Report, crowd: &Crowd) -> Outcome<()> {
    report.progress("a rolling restart under load");
    let mut clean_exits = 0;
    let seen = trial.under_load(crowd, |trial, load| {
        for index in 0..REPLICAS {
            clean_exits += usize::from(trial.fleet.drain(index)?);
            trial.bring_back(index)?;
            until_answered(trial.run, load, 200)?;
        }
        Ok(())
    })?;
    let Seen { tally, made, adds_up } = seen;
    report.check(
        "rolling",
        "SIGTERM with DRAIN to one replica after the other, under load: no request is lost",
        format!("{} of {} requests lost ({})", tally.failed(), tally.requests(), tally.failures()),
        tally.failed() == 0 && clean_exits == REPLICAS,
    );
    let noun = crowd.orders.noun();
    report.check(
        "rolling-orders",
        &format!("each {noun} that was acknowledged is there, no other, and the stock adds up"),
        format!("{} acknowledged, {made} there", tally.acknowledged),
        made == tally.acknowledged && adds_up,
    );
    report.figure("rolling-slowest", "slowest answer of that time", milliseconds(tally.slowest));
    Ok(())
}

/// The control: without a goodbye, requests in flight are lost, and the check above sees it.
fn kills(trial: &mut Trial<'_, '_>, report: &mut Report, crowd: &Crowd) -> Outcome<()> {
    report.progress("kill -9 instead, as a control");
    let retried = trial.proxy.retries()?;
    let seen = trial.under_load(crowd, |trial, load| {
        let mut kills = 0;
        while kills < MOST_KILLS && (kills < 1 || load.failed() == 0) {
            trial.kill(kills % REPLICAS)?;
            kills += 1;
        }
        Ok(())
    })?;
    let Seen { tally, made, .. } = seen;
    report.check(
        "killed",
        "control: kill -9 instead of SIGTERM loses what was in flight",
        format!("{} of {} lost ({})", tally.failed(), tally.requests(), tally.failures()),
        tally.failed() > 0,
    );
    let retried = trial.proxy.retries()? - retried;
    report.figure(
        "killed-retried",
        "requests that HAProxy sent elsewhere by itself",
        retried.to_string(),
    );
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
fn patience(trial: &mut Trial<'_, '_>, report: &mut Report, crowd: &Crowd) -> Outcome<()> {
    let seen = trial.under_load(crowd, |trial, load| {
        for index in 0..2 {
            until_answered(trial.run, load, 100)?;
            trial.kill(index)?;
        }
        Ok(())
    })?;
    let Seen { tally, made, adds_up } = seen;
    let noun = crowd.orders.noun();
    report.check(
        "patient",
        &format!("who repeats with the same key after kill -9 gets each {noun}, once"),
        format!("{} acknowledged, {made} there, {} given up", tally.acknowledged, tally.given_up),
        tally.given_up == 0 && made == tally.acknowledged && adds_up,
    );
    Ok(())
}

/// Waits until so many more requests were answered: the load is there.
pub(crate) fn until_answered(run: &Run, load: &Load, more: u64) -> Outcome<Duration> {
    let enough = load.answered() + more;
    run.processes.wait_for("answers under load", || Ok(load.answered() >= enough))
}
