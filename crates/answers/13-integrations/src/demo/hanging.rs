//! A partner that takes calls and says nothing: who waits, and who asks it again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use auth::testing::SignedIn;
use evidence::statistics::{Latencies, latencies, percentile, record};
use evidence::{Cell, Failure, Outcome, Quantity, RungKind, Scale, Stage};
use foundation::module::Module;
use foundation::scratch::Scratch;
use foundation::signature::Secret;
use foundation::testing::{Client, TestApp};
use futures_util::future::join_all;

use super::{IMPATIENCE, befriend, block_on, of, serve};
use crate::contract;
use crate::outside::{Carrier, Mood};
use crate::state::{Integrations, THRESHOLD};
use crate::tempting::{LenientQuote, UNBOUNDED};

/// How long a breaker of the demo leaves a partner alone.
const COOL_DOWN: Duration = Duration::from_millis(300);

/// This answer with less patience, so that the demo is short.
static IMPATIENT: Module = Module {
    routes: crate::routes,
    start: |starting| Integrations::start_with(starting, IMPATIENCE, COOL_DOWN),
    jobs: &[],
};

/// Requests of each rung, the first few at the same time, then the rest.
const REQUESTS: u64 = 40;

struct Seen {
    calls: u64,
    times: Latencies,
    statuses: Vec<u16>,
}

/// Climbs the ladder, lets the partner come back, and renames one of its fields.
pub(super) fn climb(stage: &Stage, scratch: &Arc<Scratch>, owner: &SignedIn) -> Outcome {
    stage.step(format!("{REQUESTS} requests that need a partner which hangs"));
    let app = serve(scratch, &[&IMPATIENT, &UNBOUNDED]);
    let secret = Secret::random();
    let carrier = Carrier::start(secret.clone())?;
    let hang = Duration::from_millis(if stage.scale() == Scale::Quick { 200 } else { 3_000 });
    carrier.hang_for(hang);
    carrier.be(Mood::Hanging);
    let partner = befriend(&mut scratch.connect()?, of(owner), &carrier, &secret)?;
    let client = app.bearing(&owner.token);
    let query = format!("url={}/quotes/17", carrier.url());
    let ours = format!("/api/v1/partners/{partner}/quotes/17");
    let ladder = stage.ladder(
        format!("{REQUESTS} requests, the partner hangs for {}", Quantity::duration(hang)),
        &["partner called", "refused at once", "p50", "p99"],
    );
    let mut all = Vec::new();
    for (kind, name, path) in [
        (RungKind::Wrong, "no time-out", format!("/tempting/quotes?{query}")),
        (RungKind::Tempting, "time-out alone", format!("/tempting/timed-quotes?{query}")),
        (RungKind::Right, "time-out and breaker", ours.clone()),
    ] {
        stage.go_on()?;
        let seen = block_on(ask_all(&client, &carrier, &path));
        let spared = REQUESTS - seen.calls.min(REQUESTS);
        let cells: Vec<Cell> = vec![
            Quantity::count(seen.calls).into(),
            Quantity::count(spared).into(),
            Quantity::duration(percentile(&seen.times, 50.0)).into(),
            Quantity::duration(percentile(&seen.times, 99.0)).into(),
        ];
        ladder.rung(kind, name, cells);
        all.push(seen);
    }
    // On a machine that is very busy a probe may go out in between; it is counted, and so allowed.
    let probes = counted(&app, "partner_breaker_changes_total{state=\"half_open\"}")?;
    judge(stage, &all, probes)?;
    come_back(stage, &app, &client, &carrier, &ours)?;
    rename(stage, &client, &carrier, &ours)
}

/// First as many as open a breaker, at the same time; then the others.
async fn ask_all(client: &Client, carrier: &Carrier, path: &str) -> Seen {
    let before = carrier.calls();
    let mut seen = Seen { calls: 0, times: latencies(), statuses: Vec::new() };
    let first = u64::from(THRESHOLD);
    for wave in [first, REQUESTS - first] {
        let asked = (0..wave).map(|_| async {
            let began = Instant::now();
            (client.get(path).await.status.as_u16(), began.elapsed())
        });
        for (status, took) in join_all(asked).await {
            seen.statuses.push(status);
            record(&mut seen.times, took);
        }
    }
    seen.calls = carrier.calls() - before;
    seen
}

fn judge(stage: &Stage, all: &[Seen], probes: u64) -> Outcome {
    let [unbounded, timed, guarded] = all else { return Err("three rungs".into()) };
    for (id, seen) in [("unbounded", unbounded), ("timed", timed), ("guarded", guarded)] {
        stage.measure(
            &format!("calls-{id}"),
            format!("calls of a hanging partner: {id}"),
            Quantity::count(seen.calls),
        );
        for (name, share) in [("p50", 50.0), ("p99", 99.0)] {
            let time = Quantity::duration(percentile(&seen.times, share));
            stage.measure(&format!("{name}-{id}"), format!("{name} of requests: {id}"), time);
        }
    }
    stage.check(
        "without-a-breaker-everybody-waits",
        format!(
            "no time-out: {} of {REQUESTS} wait; time-out alone: {}",
            unbounded.calls, timed.calls
        ),
        unbounded.calls == REQUESTS && timed.calls == REQUESTS,
    );
    stage.check(
        "the-breaker-spares-all-but-a-few",
        format!("with a breaker {} of {REQUESTS} wait, the others get 503 at once", guarded.calls),
        guarded.calls == u64::from(THRESHOLD) + probes
            && guarded.calls * 2 < REQUESTS
            && guarded.statuses.iter().all(|status| *status == 503),
    );
    Ok(())
}

/// The partner answers again: one probe finds out, and the metrics have seen all three states.
fn come_back(
    stage: &Stage,
    app: &TestApp,
    client: &Client,
    carrier: &Carrier,
    path: &str,
) -> Outcome {
    let open = counted(app, "partner_breakers{state=\"open\"}")?;
    carrier.be(Mood::Well);
    let before = carrier.calls();
    let statuses = block_on(async {
        tokio::time::sleep(COOL_DOWN + COOL_DOWN / 4).await;
        [client.get(path).await.status.as_u16(), client.get(path).await.status.as_u16()]
    });
    let turned =
        |state: &str| counted(app, &format!("partner_breaker_changes_total{{state=\"{state}\"}}"));
    let turns = [turned("open")?, turned("half_open")?, turned("closed")?];
    let now = counted(app, "partner_breakers{state=\"open\"}")?;
    stage.check(
        "the-breaker-opens-probes-and-closes",
        format!("open {open}, then turned open, half-open, closed {turns:?} times; open {now}"),
        open == 1 && turns[0] == turns[1] && turns[0] > 0 && turns[2] == 1 && now == 0,
    );
    stage.check(
        "a-partner-that-is-back-is-asked-again",
        format!(
            "two requests get {statuses:?}, the partner was called {}",
            carrier.calls() - before
        ),
        statuses == [200, 200] && carrier.calls() - before == 2,
    );
    Ok(())
}

fn counted(app: &TestApp, name: &str) -> Result<u64, Failure> {
    let metrics = String::from_utf8(app.metrics.render()?)?;
    let mut values =
        metrics.lines().filter_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    Ok(values.next().ok_or("the server does not count this")?)
}

/// One field of the partner's answer gets another name.
fn rename(stage: &Stage, client: &Client, carrier: &Carrier, path: &str) -> Outcome {
    stage.step("The partner renames a field");
    carrier.be(Mood::Renamed);
    let url = format!("{}/quotes/17", carrier.url());
    let (answer, reply) = block_on(async {
        let sent = awc::Client::default().get(&url).send().await;
        let body = sent.map_err(|error| error.to_string())?.body().await?;
        Ok::<_, Failure>((body, client.get(path).await))
    })?;
    let lenient: LenientQuote = serde_json::from_slice(&answer)?;
    let breach = contract::quote(&answer).err();
    stage.check(
        "a-lenient-client-reads-a-zero",
        format!("with defaults for what is missing, delivery takes {} days", lenient.delivery_days),
        lenient.delivery_days == 0,
    );
    let place = breach.map(|breach| breach.pointer).unwrap_or_default();
    stage.check(
        "a-renamed-field-breaks-the-contract",
        format!("the contract breaks at {place}, and the request is answered {}", reply.status),
        place == "#/delivery_days" && reply.status == 503,
    );
    Ok(())
}
