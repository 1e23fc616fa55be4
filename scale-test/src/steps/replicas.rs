//! Three replicas behind HAProxy: what they share, and what a restart costs.

mod limits;
mod queue;
mod restarts;
pub(crate) mod shared;

use restarts::Trial;
pub(crate) use restarts::until_answered;
use shared::SetUp;

use crate::Outcome;
use crate::database::{Database, SharedRedis};
use crate::fleet::{Fleet, Proxy, Settings};
use crate::report::Report;
use crate::run::Run;

/// How many replicas.
pub(crate) const REPLICAS: usize = 3;
/// Requests per minute and client address, where that is what is tried.
const RATE_LIMIT: u32 = 300;
/// Wrong passwords per account and quarter of an hour.
const LOGIN_LIMIT: usize = 10;

pub(crate) fn take(run: &Run, report: &mut Report) -> Outcome<()> {
    report.progress("PostgreSQL, Redis, three replicas and HAProxy start");
    let database = Database::start(run, "main")?;
    let redis = SharedRedis::start(run)?;
    {
        let fleet = Fleet::start(run, limited(&database, |_| redis.url().to_owned())?)?;
        let proxy = Proxy::start(run, &fleet)?;
        let set_up = SetUp { run, database: &database, fleet: &fleet, proxy: &proxy };
        shared::check(set_up, report)?;
    }
    report.progress("the same again with nothing shared, as a control");
    {
        let apart = |index: usize| redis.url_of_keyspace(index + 1);
        let fleet = Fleet::start(run, limited(&database, apart)?)?;
        let proxy = Proxy::start(run, &fleet)?;
        shared::control(run, report, &fleet, &proxy)?;
    }
    queue::check(run, report, (&database, redis.url()))?;
    let settings = settings(&database, REPLICAS, &[("REDIS_URL", redis.url())])?;
    let mut fleet = Fleet::start(run, settings)?;
    let mut proxy = Proxy::start(run, &fleet)?;
    let trial = Trial { run, database: &database, fleet: &mut fleet, proxy: &mut proxy };
    restarts::check(trial, report)
}

/// The same settings for each replica.
pub(crate) fn settings(
    database: &Database,
    count: usize,
    more: &[(&'static str, &str)],
) -> Outcome<Vec<Settings>> {
    let mut settings: Settings = vec![("DATABASE_URL", database.url()?)];
    settings.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
    Ok(vec![settings; count])
}

/// Replicas with limits, each with the Redis that it is given.
pub(crate) fn limited(
    database: &Database,
    redis: impl Fn(usize) -> String,
) -> Outcome<Vec<Settings>> {
    let limits = [
        ("RATE_LIMIT", RATE_LIMIT.to_string()),
        ("LOGIN_LIMIT", LOGIN_LIMIT.to_string()),
        ("REFRESH_GRACE", "0s".to_owned()),
    ];
    let mut all = settings(database, REPLICAS, &[])?;
    for (index, settings) in all.iter_mut().enumerate() {
        settings.extend(limits.clone());
        settings.push(("REDIS_URL", redis(index)));
    }
    Ok(all)
}
