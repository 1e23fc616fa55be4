//! A list that is read often and written now and then: is it ever old, and who answers?
//!
//! Each round writes once while others read, then reads. A read that began after the response to a
//! write must show that write; those that race it may show either, and are what could leave an old
//! list behind in a cache.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::http::Method;
use evidence::{Bar, Chart, ChartKind, Failure, Outcome, Quantity, RungKind, Scale, Stage, Unit};
use foundation::module::Module;
use foundation::scratch::Scratch;
use foundation::testing::{Client, TestApp};
use futures_util::future::{join, join_all};
use serde_json::json;

use super::{TODOS, UNLIMITED, block_on, body, expect, make, serve, somebody};
use crate::tempting::KEEPING;

/// Reads that race a write, and reads after it.
const RACING: u64 = 4;
const AFTER: u64 = 16;

/// The first page with a parameter that the cache does not know.
pub(super) const UNCACHED: &str = "/api/v1/todos?limit=100";

#[derive(Default)]
struct Seen {
    reads: u64,
    stale: u64,
    store_reads: u64,
    took: Duration,
}

fn rounds(scale: Scale) -> u64 {
    match scale {
        Scale::Quick => 4,
        Scale::Default => 100,
        Scale::Full => 1_000,
    }
}

/// Climbs the ladder.
pub(super) fn climb(stage: &Stage, scratch: &Arc<Scratch>) -> Outcome {
    let rounds = rounds(stage.scale());
    let reads = rounds * (RACING + AFTER);
    let reads = Quantity::count(reads);
    stage.step(format!("{reads} reads of one list, a write to every {}", RACING + AFTER));
    let ladder = stage.ladder(
        format!("{reads} reads, {rounds} writes"),
        &["stale", "read from the store", "time"],
    );
    let mut seen = Vec::new();
    for (kind, name, in_front, list) in [
        (RungKind::Wrong, "kept for a minute", Some(&KEEPING), TODOS),
        (RungKind::Right, "forgotten at each write", None, TODOS),
        (RungKind::Costly, "no cache", None, UNCACHED),
    ] {
        let one = run(stage, scratch, in_front, list, rounds)?;
        let counts = [one.stale, one.store_reads].map(Quantity::count);
        let mut cells: Vec<_> = counts.into_iter().map(Into::into).collect();
        cells.push(Quantity::duration(one.took).into());
        ladder.rung(kind, name, cells);
        seen.push((kind, name, one));
    }
    let [(.., kept), (.., forgotten), (.., none)] = seen.as_slice() else {
        return Err("the ladder has three rungs".into());
    };
    judge(stage, [kept, forgotten, none]);
    stage.chart(chart(&seen));
    Ok(())
}

fn judge(stage: &Stage, [kept, forgotten, none]: [&Seen; 3]) {
    let share = |part: u64, whole: u64| 100.0 * part as f64 / whole as f64;
    let hits = share(forgotten.reads - forgotten.store_reads, forgotten.reads);
    stage.measure("list-reads", "reads of the list", Quantity::count(forgotten.reads));
    stage.measure("stale-kept", "stale: kept for a minute", Quantity::count(kept.stale));
    stage.measure("stale-forgotten", "stale: forgotten", Quantity::count(forgotten.stale));
    stage.measure("hit-ratio", "answered by the cache", Quantity::percent(hits));
    let [cached, uncached] = [forgotten, none].map(|seen| Quantity::count(seen.store_reads));
    stage.measure("store-cached", "read from the store, with the cache", cached);
    stage.measure("store-uncached", "read from the store, without", uncached);
    stage.check(
        "a-list-kept-for-a-minute-is-stale",
        format!(
            "kept for a minute, {} of {} reads are stale",
            Quantity::count(kept.stale),
            Quantity::count(kept.reads)
        ),
        kept.stale > 0,
    );
    stage.check(
        "a-list-forgotten-at-each-write-is-never-stale",
        format!(
            "forgotten at each write, {} are stale, with {} answered by the cache",
            forgotten.stale,
            Quantity::percent(hits)
        ),
        forgotten.stale == 0,
    );
    stage.check(
        "the-cache-spares-the-store",
        format!("the store is read {cached} times instead of {uncached}"),
        none.store_reads == none.reads && forgotten.store_reads * 2 <= none.store_reads,
    );
}

fn run(
    stage: &Stage,
    scratch: &Arc<Scratch>,
    in_front: Option<&Module>,
    list: &str,
    rounds: u64,
) -> Result<Seen, Failure> {
    let app = serve(scratch, in_front, &UNLIMITED);
    let client = somebody(&app, "reader").client;
    block_on(async {
        expect(&client.send(Method::DELETE, TODOS, &[], None).await, 204)?;
        let path = make(&client, "read often").await?;
        let before = store_reads(&app)?;
        let mut seen = Seen::default();
        let began = Instant::now();
        for round in 1..=rounds {
            stage.go_on()?;
            let change = json!({"order": round});
            let write = client.json(Method::PATCH, &path, &change);
            let racing = join_all((0..RACING).map(|_| client.get(list)));
            let (written, _) = join(write, racing).await;
            expect(&written, 200)?;
            for order in join_all((0..AFTER).map(|_| order(&client, list))).await {
                seen.stale += u64::from(order != round);
            }
            seen.reads += RACING + AFTER;
        }
        seen.took = began.elapsed();
        seen.store_reads = store_reads(&app)? - before;
        Ok(seen)
    })
}

/// The order of the one to-do in the list, which is the number of the last write that it shows.
async fn order(client: &Client, list: &str) -> u64 {
    body(&client.get(list).await)[0]["order"].as_u64().unwrap_or_default()
}

/// How often this server has read a page of to-dos from the database.
pub(super) fn store_reads(app: &TestApp) -> Result<u64, Failure> {
    let metrics = String::from_utf8(app.metrics.render()?)?;
    let mut values =
        metrics.lines().filter_map(|line| line.strip_prefix("todo_list_store_reads_total "));
    Ok(values.next().ok_or("the server does not count its reads")?.parse()?)
}

fn chart(seen: &[(RungKind, &'static str, Seen)]) -> Chart {
    let bars = seen.iter().map(|(kind, name, seen)| Bar {
        label: (*name).to_owned(),
        value: Quantity::count(seen.store_reads).value,
        spread: None,
        rung: Some(*kind),
    });
    Chart {
        id: "store".to_owned(),
        title: "Reads of the store for the same reads of a list".to_owned(),
        axis: "reads of the store".to_owned(),
        unit: Unit::Count,
        kind: ChartKind::Bars { bars: bars.collect(), logarithmic: true },
    }
}
