//! Limits, lock-outs, sessions, idempotency keys and caches of three replicas are one.

use serde_json::json;

use super::limits::{forwarding, hammer, rate_limit};
use super::{LOGIN_LIMIT, RATE_LIMIT, REPLICAS};
use crate::Outcome;
use crate::database::Database;
use crate::fleet::{Fleet, Proxy};
use crate::http::{Ask, Reply};
use crate::orders::Orders;
use crate::people::{Person, guess, log_in, refresh};
use crate::report::Report;
use crate::run::Run;

/// Writes that are looked for at the other replicas at once.
const ROUNDS: usize = 20;

/// What runs, and who asks it.
#[derive(Clone, Copy)]
pub(crate) struct SetUp<'a> {
    pub(crate) run: &'a Run,
    pub(crate) database: &'a Database,
    pub(crate) fleet: &'a Fleet<'a>,
    pub(crate) proxy: &'a Proxy<'a>,
}

pub(super) fn check(set_up: SetUp<'_>, report: &mut Report) -> Outcome<()> {
    forwarding(set_up.run, report, set_up.fleet, set_up.proxy)?;
    common(set_up, report)?;
    rotation(set_up.run, report, set_up.fleet)
}

/// What Redis is for, of whatever kind it is.
pub(crate) fn common(set_up: SetUp<'_>, report: &mut Report) -> Outcome<()> {
    let SetUp { run, database, fleet, proxy } = set_up;
    let ada = Person::sign_up(run, &fleet.base(0), &fleet.base(1), "ada")?;
    rate_limit(run, report, fleet, proxy)?;
    let (looked_at, refused) = lock_out(run, fleet, &ada)?;
    report.check(
        "lock-out",
        "30 wrong passwords at three replicas in turns: as many are looked at as one replica allows",
        format!("{looked_at} looked at, {refused} refused"),
        looked_at == LOGIN_LIMIT && refused == 30 - LOGIN_LIMIT,
    );
    let ben = Person::sign_up(run, &fleet.base(2), &fleet.base(0), "ben")?;
    idempotency(run, report, database, fleet, &ben)?;
    let stale = stale_lists(run, fleet, &ben)?;
    report.check(
        "stale",
        "a list written at one replica and read at the two others at once, which had it cached",
        format!("{stale} stale of {}", ROUNDS * (REPLICAS - 1)),
        stale == 0,
    );
    Ok(())
}

/// Without a common Redis the same checks must see the difference.
pub(super) fn control(
    run: &Run,
    report: &mut Report,
    fleet: &Fleet<'_>,
    proxy: &Proxy<'_>,
) -> Outcome<()> {
    let (granted, _) = hammer(run, proxy, 4 * RATE_LIMIT as usize, 20)?;
    let wider = granted as f64 / f64::from(RATE_LIMIT);
    report.check(
        "limit-control",
        "control: with a Redis each, the limit is three times as wide",
        format!("{granted} of {} granted, {wider:.1} × the limit", 4 * RATE_LIMIT),
        wider > 2.5,
    );
    let cleo = Person::sign_up(run, &fleet.base(0), &fleet.base(0), "cleo")?;
    let (looked_at, _) = lock_out(run, fleet, &cleo)?;
    report.check(
        "lock-out-control",
        "control: so is the number of passwords that can be guessed",
        format!("{looked_at} looked at"),
        looked_at == 30,
    );
    let dan = Person::sign_up(run, &fleet.base(0), &fleet.base(0), "dan")?;
    let stale = stale_lists(run, fleet, &dan)?;
    report.check(
        "stale-control",
        "control: and lists are stale",
        format!("{stale} stale of {}", ROUNDS * (REPLICAS - 1)),
        stale > 0,
    );
    Ok(())
}

/// Wrong passwords at each replica in turns: how many were looked at, how many refused.
fn lock_out(run: &Run, fleet: &Fleet<'_>, whom: &Person) -> Outcome<(usize, usize)> {
    let mut counts = (0, 0);
    for turn in 0..30 {
        match run.http.ask(&guess(&fleet.base(turn), &whom.email)) {
            reply if reply.status == 401 => counts.0 += 1,
            reply if reply.status == 429 => counts.1 += 1,
            reply => return Err(format!("a guess: {} {}", reply.status, reply.body).into()),
        }
    }
    Ok(counts)
}

fn rotation(run: &Run, report: &mut Report, fleet: &Fleet<'_>) -> Outcome<()> {
    let kim = Person::sign_up(run, &fleet.base(0), &fleet.base(1), "kim")?;
    let renewed = run.http.ask(&refresh(&fleet.base(2), &kim.refresh)).expect(200, "a refresh")?;
    let repeated = run.http.ask(&refresh(&fleet.base(0), &kim.refresh)).status;
    let successor = run.http.ask(&refresh(&fleet.base(1), &renewed.text("refresh_token"))).status;
    report.check(
        "rotation",
        "a refresh token that one replica has used up ends the session at the next one",
        format!("used up: {repeated}, its successor after that: {successor}"),
        (repeated, successor) == (401, 401),
    );
    let again = run.http.ask(&log_in(&fleet.base(0), &kim.email)).expect(201, "a log-in")?;
    let token = again.text("refresh_token");
    let asks: Vec<Ask> = (0..12).map(|turn| refresh(&fleet.base(turn), &token)).collect();
    let won = run.http.ask_at_once(&asks).iter().filter(|reply| reply.status == 200).count();
    report.check(
        "rotation-race",
        "one refresh token sent twelve times at once is used once",
        format!("{won} of 12"),
        won == 1,
    );
    Ok(())
}

fn idempotency(
    run: &Run,
    report: &mut Report,
    database: &Database,
    fleet: &Fleet<'_>,
    person: &Person,
) -> Outcome<()> {
    let orders = Orders::open(run, &fleet.base(0), database)?;
    let before = orders.count(database)?;
    let place = |turn: usize| orders.place(&fleet.base(turn), &person.token, "one-key");
    let asks: Vec<Ask> = (0..12).map(place).collect();
    let first = run.http.ask_at_once(&asks);
    let statuses_known = first.iter().all(|reply| [201, 409].contains(&reply.status));
    let replays: Vec<Reply> = (0..REPLICAS).map(|turn| run.http.ask(&place(turn))).collect();
    let all_replayed = replays.iter().all(|reply| {
        reply.status == 201
            && reply.headers.contains_key("idempotency-replayed")
            && reply.body["id"] == replays[0].body["id"]
    });
    let made = orders.count(database)? - before;
    let noun = orders.noun();
    report.check(
        "idempotency",
        "one key sent twelve times at once to three replicas, and once more to each",
        format!("{made} {noun}, the same response from each replica: {all_replayed}"),
        made == 1 && statuses_known && all_replayed,
    );
    let other = orders.place_other(&fleet.base(1), &person.token, "one-key");
    let other = run.http.ask(&other).status;
    report.check(
        "idempotency-other",
        "the key with another wish at another replica is refused",
        other.to_string(),
        other == 422,
    );
    Ok(())
}

/// Lists that did not show what was just written at another replica.
pub(crate) fn stale_lists(run: &Run, fleet: &Fleet<'_>, person: &Person) -> Outcome<usize> {
    let list = |turn: usize| Ask::get(&fleet.base(turn), "/api/v1/todos").by(&person.token);
    let mut stale = 0;
    for round in 0..ROUNDS {
        let all: Vec<Ask> = (0..REPLICAS).map(list).collect();
        run.http.ask_at_once(&all);
        let title = format!("round {round}");
        let todo = json!({"title": title});
        let write = Ask::post(&fleet.base(round), "/api/v1/todos", todo).by(&person.token);
        run.http.ask(&write).expect(201, "a to-do")?;
        for other in 1..REPLICAS {
            let reply = run.http.ask(&list(round + other)).expect(200, "a list")?;
            let last = reply.body.as_array().and_then(|list| list.last()).cloned();
            stale += usize::from(last.is_none_or(|last| last["title"] != title.as_str()));
        }
    }
    Ok(stale)
}
