//! Six ways to cache under one load: a hot post expires, posts are edited, and many are read.

use evidence::{Bar, Chart, ChartKind, Failure, Quantity, Scale, Stage, Unit};
use foundation::testing::TestRedis;

use super::load::{EDITS, LATE, READERS, Seen, run};
use super::replicas::{HOT, HOT_POST, VARIANTS, Variant, pair};
use super::store::Store;

/// What the story tells.
pub(super) struct Climbed {
    pub(super) stampede: u64,
    pub(super) loads: u64,
    pub(super) kept: u64,
    pub(super) kept_right: u64,
}

/// Reads of the long run.
fn reads(scale: Scale) -> u64 {
    match scale {
        Scale::Quick => 3_000,
        Scale::Default => 20_000,
        Scale::Full => 200_000,
    }
}

/// Climbs the ladder.
pub(super) async fn climb(
    stage: &Stage,
    store: &Store,
    redis: &TestRedis,
    posts: u64,
) -> Result<Climbed, Failure> {
    let reads = reads(stage.scale());
    announce(stage, reads);
    let mut rungs = Vec::new();
    for variant in &VARIANTS {
        let replicas = pair(stage, variant, redis).await?;
        for replica in &replicas {
            replica.hot.read(store, HOT_POST).await?;
        }
        rungs.push(replicas);
    }
    tokio::time::sleep(HOT).await;
    let columns = ["loads at expiry", "stale", "disagree", "old kept", "store reads", "time"];
    let title = format!(
        "{READERS} readers at expiry, {EDITS} edits, {LATE} edits under a slow load, {} reads",
        Quantity::count(reads)
    );
    let ladder = stage.ladder(title, &columns);
    let mut seen = Vec::new();
    for (variant, replicas) in VARIANTS.iter().zip(&rungs) {
        stage.go_on()?;
        let one = run(stage, store, replicas, posts, reads).await?;
        let counts = [one.at_expiry, one.stale, one.disagree, one.kept, one.loads];
        let mut cells: Vec<_> = counts.map(|count| Quantity::count(count).into()).into();
        cells.push(Quantity::duration(one.took).into());
        ladder.rung(variant.rung, variant.name, cells);
        seen.push(one);
    }
    report(stage, &seen);
    let [none, ttl, flight, aside, levels, shared] = seen.as_slice() else {
        return Err("the ladder has six rungs".into());
    };
    judge_wrong(stage, [none, ttl, flight, aside]);
    judge_right(stage, [levels, shared], reads);
    stage.reveal("loads-at-expiry", Quantity::count(aside.at_expiry));
    stage.chart(chart(&seen));
    let (stampede, kept) = (aside.at_expiry, aside.kept);
    Ok(Climbed { stampede, loads: levels.at_expiry, kept, kept_right: levels.kept })
}

fn announce(stage: &Stage, reads: u64) {
    stage.step("Two replicas of a server read posts, in six ways");
    stage.note(format!(
        "First {READERS} readers want one post at the moment when it has expired; the store holds \
         its answers back until all who would ask it have asked. Then posts are edited after one \
         replica has read them, through either replica; then while a replica is loading them. At \
         last {} reads by popularity (Zipf).",
        Quantity::count(reads)
    ));
    stage.predict(
        "loads-at-expiry",
        format!(
            "GET, load, SET in Redis: how many of {READERS} readers query the database when the \
             post expires?"
        ),
        Unit::Count,
    );
}

/// What a README may quote.
fn report(stage: &Stage, seen: &[Seen]) {
    for (Variant { id, name, .. }, seen) in VARIANTS.iter().zip(seen) {
        let loads = Quantity::count(seen.at_expiry);
        stage.measure(&format!("expiry-{id}"), format!("loads at expiry: {name}"), loads);
    }
    let [none, ttl, flight, aside, levels, _] = seen else { return };
    for (id, label, count) in [
        ("stale-ttl", "stale reads: a map with a TTL", ttl.stale),
        ("stale-flight", "stale reads: single-flight in each process", flight.stale),
        ("stale-levels", "stale reads: two levels", levels.stale),
        ("kept-aside", "old posts kept: GET, SET, DEL", aside.kept),
        ("kept-levels", "old posts kept: two levels", levels.kept),
        ("reads-none", "store reads by popularity: no cache", none.loads),
        ("reads-levels", "store reads by popularity: two levels", levels.loads),
    ] {
        stage.measure(id, label, Quantity::count(count));
    }
    for (id, label, seen) in [
        ("took-none", "time of the reads by popularity: no cache", none),
        ("took-levels", "time of the reads by popularity: two levels", levels),
    ] {
        stage.measure(id, label, Quantity::duration(seen.took));
    }
}

fn judge_wrong(stage: &Stage, [none, ttl, flight, aside]: [&Seen; 4]) {
    stage.check(
        "expiry-is-a-stampede",
        format!(
            "when the hot post expires, {} of {READERS} readers load it from behind a map and {} \
             from behind GET and SET, as many as without a cache ({})",
            ttl.at_expiry, aside.at_expiry, none.at_expiry
        ),
        [none, ttl, aside].iter().all(|seen| seen.at_expiry == READERS),
    );
    stage.check(
        "ttl-alone-serves-stale-posts",
        format!(
            "with a TTL alone {} reads after {EDITS} edits are stale, and after {} of them the two \
             replicas disagree",
            ttl.stale, ttl.disagree
        ),
        ttl.stale > 0 && ttl.disagree > 0,
    );
    stage.check(
        "forgetting-in-one-process-is-not-enough",
        format!(
            "single-flight in each process loads {} times, once a replica; {} reads are stale, as \
             the other replica hears of nothing",
            flight.at_expiry, flight.stale
        ),
        flight.at_expiry == 2 && flight.stale > 0,
    );
    stage.check(
        "delete-on-write-loses-the-race",
        format!(
            "GET, SET and DEL serve {} stale reads, until a load that began before the write \
             stores after it: {} of {LATE} old posts stay",
            aside.stale, aside.kept
        ),
        aside.stale == 0 && aside.kept == LATE.unsigned_abs(),
    );
}

fn judge_right(stage: &Stage, right: [&Seen; 2], reads: u64) {
    let [levels, shared] = right;
    stage.check(
        "one-load-at-expiry",
        format!(
            "of {READERS} readers on two replicas {} loads the expired post, with or without a \
             level in process",
            levels.at_expiry
        ),
        right.iter().all(|seen| seen.at_expiry == 1),
    );
    stage.check(
        "nothing-stale-after-a-write",
        format!(
            "once an edit has been told, {} reads are stale and {} times replicas disagree",
            levels.stale + shared.stale,
            levels.disagree + shared.disagree
        ),
        right.iter().all(|seen| seen.stale == 0 && seen.disagree == 0),
    );
    stage.check(
        "a-slow-load-keeps-nothing-old",
        format!(
            "{} of {LATE} old posts are kept by loads that began before the edit",
            levels.kept + shared.kept
        ),
        right.iter().all(|seen| seen.kept == 0),
    );
    #[allow(clippy::cast_precision_loss)] // Far below 2^53.
    let hits = Quantity::percent(100.0 * (reads - levels.loads) as f64 / reads as f64);
    stage.measure("hit-ratio", "reads by popularity without the store", hits);
    stage.check(
        "popular-reads-stay-out-of-the-store",
        format!(
            "of {} reads by popularity {} reach the store ({hits} do not)",
            Quantity::count(reads),
            Quantity::count(levels.loads)
        ),
        levels.loads * 2 < reads,
    );
}

fn chart(seen: &[Seen]) -> Chart {
    let bars = VARIANTS.iter().zip(seen).map(|(variant, seen)| Bar {
        label: variant.name.to_owned(),
        value: Quantity::count(seen.at_expiry).value,
        spread: None,
        rung: Some(variant.rung),
    });
    Chart {
        id: "expiry".to_owned(),
        title: format!("Loads when a post that {READERS} readers want expires"),
        axis: "loads from the store".to_owned(),
        unit: Unit::Count,
        kind: ChartKind::Bars { bars: bars.collect(), logarithmic: true },
    }
}
