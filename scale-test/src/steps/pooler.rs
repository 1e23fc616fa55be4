//! PgBouncer in transaction mode between three replicas and PostgreSQL.

use std::time::{Duration, Instant};

use crate::Outcome;
use crate::database::{Database, SharedRedis};
use crate::fleet::{Fleet, Settings};
use crate::http::Ask;
use crate::load::{Crowd, Load, Tally};
use crate::orders::Orders;
use crate::people::Person;
use crate::pgbouncer::{BOUNDS, PgBouncer};
use crate::report::{Report, milliseconds};
use crate::run::Run;
use crate::steps::flow;
use crate::steps::replicas::{REPLICAS, settings, until_answered};

/// How long the pooler is away when it is restarted.
const AWAY: Duration = Duration::from_millis(500);

pub(crate) fn take(run: &Run, report: &mut Report) -> Outcome<()> {
    report.progress("PostgreSQL, PgBouncer and three replicas start");
    let database = Database::start(run, "main")?;
    let redis = SharedRedis::start(run)?;
    let mut pooler = PgBouncer::start(run, &database, "pgbouncer", BOUNDS)?;
    let direct = settings(&database, REPLICAS, &[("REDIS_URL", redis.url())])?;
    let pooled = behind(&direct, &pooler, &database)?;
    let (without, _) = {
        let fleet = Fleet::start(run, direct.clone())?;
        under_load(run, &database, &fleet, "direct")?
    };
    {
        let fleet = Fleet::start(run, pooled.clone())?;
        let (with, tally) = under_load(run, &database, &fleet, "pooled")?;
        report.check(
            "connections",
            "connections of PostgreSQL that three replicas hold under load, without and with PgBouncer",
            format!("{without} and {with}"),
            with < without,
        );
        report.check(
            "load",
            "no request of that load failed behind it",
            format!("{} of {} ({})", tally.failed(), tally.requests(), tally.failures()),
            tally.failed() == 0,
        );
        let bases: Vec<String> = (0..REPLICAS).map(|index| fleet.base(index)).collect();
        let orders = Orders::open(run, &bases[0], &database)?;
        let walked = flow::walk(run, &bases, orders, "walker")?;
        report.check(
            "flow",
            "accounts, sessions, to-dos, orders, logs: the whole flow works behind it",
            format!("{walked} requests"),
            walked > 0,
        );
        restarted(run, report, &database, &fleet, &mut pooler)?;
    }
    cost(run, report, &direct, &pooled)?;
    controls(run, report, &database, &direct, &pooler)
}

/// The same servers, told of the pooler.
fn behind(
    direct: &[Settings],
    pooler: &PgBouncer<'_>,
    database: &Database,
) -> Outcome<Vec<Settings>> {
    let url = database.url()?;
    let told = direct.iter().map(|settings| {
        let mut settings = settings.clone();
        settings.extend([
            ("DATABASE_URL", pooler.url()),
            ("DIRECT_DATABASE_URL", url.clone()),
            ("DATABASE_POOLER", "transaction".to_owned()),
        ]);
        settings
    });
    Ok(told.collect())
}

/// People who order and look at all replicas.
fn crowd(run: &Run, database: &Database, fleet: &Fleet<'_>, name: &'static str) -> Outcome<Crowd> {
    let bases: Vec<String> = (0..REPLICAS).map(|index| fleet.base(index)).collect();
    let orders = Orders::open(run, &bases[0], database)?;
    let buyers = (0..24)
        .map(|number| Person::sign_up(run, &bases[0], &bases[1], &format!("{name}-{number}")))
        .collect::<Outcome<Vec<_>>>()?;
    Ok(Crowd { bases, orders, buyers, readers: 12, at: None, patient: false, name })
}

/// The most connections that PostgreSQL had while people ordered, and how they fared.
fn under_load(
    run: &Run,
    database: &Database,
    fleet: &Fleet<'_>,
    name: &'static str,
) -> Outcome<(u64, Tally)> {
    let load = Load::start(crowd(run, database, fleet, name)?);
    let mut most = 0;
    for _ in 0..20 {
        run.processes.pause(Duration::from_millis(150))?;
        // Not the one that asks.
        most = most.max(database.number(
            "SELECT count(*) - 1 FROM pg_stat_activity WHERE backend_type = 'client backend'",
        )?);
    }
    Ok((most, load.finish()?))
}

/// The pooler ends and starts again while people order.
fn restarted(
    run: &Run,
    report: &mut Report,
    database: &Database,
    fleet: &Fleet<'_>,
    pooler: &mut PgBouncer<'_>,
) -> Outcome<()> {
    let crowd = crowd(run, database, fleet, "restarted")?;
    let (orders, before) = (crowd.orders, crowd.orders.count(database)?);
    let load = Load::start(crowd);
    until_answered(run, &load, 200)?;
    pooler.restart_after(AWAY)?;
    let last = last_failure(run, &load)?;
    let tally = load.finish()?;
    let refused = tally.statuses.get(&503).copied().unwrap_or(0);
    report.check(
        "restarted",
        "it is away for half a second under load: 503 with Retry-After, and nothing else",
        format!(
            "{refused} of {} refused, {} failed otherwise",
            tally.requests(),
            tally.failed() - refused
        ),
        refused > 0 && tally.failed() == refused && tally.untold == 0,
    );
    let made = orders.count(database)? - before;
    report.check(
        "restarted-after",
        "then nothing fails any more, and each acknowledged order is there",
        format!(
            "the last refusal after {}; {} acknowledged, {made} there",
            milliseconds(last),
            tally.acknowledged
        ),
        made >= tally.acknowledged && made <= tally.acknowledged + tally.given_up,
    );
    Ok(())
}

/// How long from now until the last failure, after which a second passes without another one.
fn last_failure(run: &Run, load: &Load) -> Outcome<Duration> {
    let began = Instant::now();
    let (mut failed, mut last) = (load.failed(), Duration::ZERO);
    run.processes.wait_for("a second without a failure", || {
        if load.failed() > failed {
            (failed, last) = (load.failed(), began.elapsed());
        }
        Ok(began.elapsed() > last + Duration::from_secs(1))
    })?;
    until_answered(run, load, 50)?;
    Ok(last)
}

/// What one more hop costs, asked in turns of two servers that differ in it alone.
fn cost(run: &Run, report: &mut Report, direct: &[Settings], pooled: &[Settings]) -> Outcome<()> {
    let fleet = Fleet::start(run, vec![direct[0].clone(), pooled[0].clone()])?;
    let person = Person::sign_up(run, &fleet.base(0), &fleet.base(0), "cost")?;
    for (id, sentence, path) in [
        (
            "cost-read",
            "one to-do list from the database, direct and through it (medians)",
            "/api/v1/todos?limit=99",
        ),
        (
            "cost-prepared",
            "a page of the log: planned once, and planned each time",
            "/api/v1/logs?limit=1",
        ),
    ] {
        let mut times = [Vec::new(), Vec::new()];
        for _ in 0..200 {
            for (index, times) in times.iter_mut().enumerate() {
                let ask = Ask::get(&fleet.base(index), path).by(&person.token);
                let began = Instant::now();
                run.http.ask(&ask).expect(200, "a read")?;
                times.push(began.elapsed());
            }
        }
        let [direct, pooled] = times.map(|mut times| {
            times.sort_unstable();
            times[times.len() / 2]
        });
        report.figure(id, sentence, format!("{}, {}", milliseconds(direct), milliseconds(pooled)));
    }
    Ok(())
}

/// What happens to whoever forgets one half of the set-up.
fn controls(
    run: &Run,
    report: &mut Report,
    database: &Database,
    direct: &[Settings],
    pooler: &PgBouncer<'_>,
) -> Outcome<()> {
    let unbounded = PgBouncer::start(run, database, "unbounded", "")?;
    let refused = Fleet::start(run, vec![behind(direct, &unbounded, database)?[0].clone()]);
    let told = refused.err().map(|error| error.to_string()).unwrap_or_default();
    report.check(
        "unbounded",
        "control: sessions without time-outs behind it: the server refuses to start, and says why",
        if told.contains("connect_query") {
            "refused, with the line that is missing"
        } else {
            "served"
        },
        told.contains("connect_query"),
    );
    let mut untold = direct[0].clone();
    untold.push(("DATABASE_URL", pooler.url()));
    let failed = match Fleet::start(run, vec![untold]) {
        Err(_) => "it does not start".to_owned(),
        Ok(fleet) => {
            let asks = vec![Ask::get(&fleet.base(0), "/api/v1/logs"); 40];
            let replies: Vec<_> = (0..5).flat_map(|_| run.http.ask_at_once(&asks)).collect();
            let failed = replies.iter().filter(|reply| reply.status >= 500).count();
            format!("{failed} of {} requests failed", replies.len())
        }
    };
    report.check(
        "untold",
        "control: the same server without DATABASE_POOLER=transaction fails behind it",
        failed.clone(),
        !failed.starts_with("0 "),
    );
    Ok(())
}
