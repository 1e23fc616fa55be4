//! The same price changes, some rolled back, with deaths at the same places, told in four ways.

mod world;

use std::sync::Arc;
use std::time::{Duration, Instant};

use auth::testing::SignedIn;
use evidence::{Cell, Failure, Outcome, Quantity, RungKind, Scale, Stage};
use foundation::scratch::Scratch;
use foundation::testing::TestRedis;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::of;
use crate::worker::Pace;
use world::World;

/// Pages whose prices change.
const PAGES: u64 = 20;

/// What the story tells.
pub(super) struct Counts {
    pub(super) lost_tempting: u64,
    pub(super) invented_wrong: u64,
}

fn changes(scale: Scale) -> usize {
    match scale {
        Scale::Quick => 40,
        Scale::Default => 500,
        Scale::Full => 5_000,
    }
}

/// One price change and its fate, the same for every rung.
#[derive(Clone, Copy)]
struct Change {
    page: u64,
    price: i64,
    /// The transaction is rolled back, as when a later check in it fails.
    rolls_back: bool,
    /// The process dies between its two steps, whichever they are.
    dies: bool,
}

fn plan(stage: &Stage) -> Vec<Change> {
    let mut random = StdRng::seed_from_u64(stage.seed());
    let change = |number: usize| Change {
        page: 1 + random.random_range(0..PAGES),
        price: 10_000 + i64::try_from(number).unwrap_or_default(),
        rolls_back: random.random_range(0..10) == 0,
        dies: random.random_range(0..10) == 0,
    };
    (0..changes(stage.scale())).map(change).collect()
}

/// What came of a rung.
struct Seen {
    committed: u64,
    lost: u64,
    invented: u64,
    repeats: u64,
    out_of_order: u64,
    took: Duration,
}

/// Climbs the ladder.
pub(super) fn climb(
    stage: &Stage,
    scratch: &Arc<Scratch>,
    owner: &SignedIn,
) -> Result<Counts, Failure> {
    let plan = plan(stage);
    let count = Quantity::count(plan.len() as u64);
    stage.step(format!("{count} price changes, one in ten rolled back, one in ten deaths"));
    stage.note(
        "The deaths stand in a plan that is the same for each way: without an outbox the step that \
         follows a death is left out, with one workers are dropped half-way. A test kills processes.",
    );
    let redis = TestRedis::try_start()
        .map_err(|error| format!("this demo compares with a Redis, and has none: {error}"))?;
    let columns = ["committed", "lost", "invented", "sent again", "out of order", "time"];
    let ladder = stage.ladder(format!("{count} changes, the same deaths"), &columns);
    let mut all = Vec::new();
    for (kind, name) in [
        (RungKind::Wrong, "publish, then commit"),
        (RungKind::Tempting, "commit, then publish"),
        (RungKind::Right, "outbox, Redis Streams"),
        (RungKind::Costly, "outbox alone"),
    ] {
        stage.go_on()?;
        let world = World::new(stage, scratch, of(owner))?;
        let began = Instant::now();
        match kind {
            RungKind::Wrong => world.publish_first(&plan)?,
            RungKind::Tempting => world.commit_first(&plan)?,
            RungKind::Right => world.outbox(&plan, Some(&redis))?,
            RungKind::Costly => world.outbox(&plan, None)?,
        }
        let seen = world.judge(&plan, kind == RungKind::Wrong, began.elapsed())?;
        ladder.rung(kind, name, seen.cells());
        all.push(seen);
    }
    let [publish, commit, streams, alone] = all.as_slice() else {
        return Err("the ladder has four rungs".into());
    };
    tell(stage, [publish, commit, streams, alone]);
    calm(stage, scratch, owner, &plan, &redis)?;
    Ok(Counts { lost_tempting: commit.lost, invented_wrong: publish.invented })
}

/// What Redis is for: the same events, one by one, with the pace of a server.
fn calm(
    stage: &Stage,
    scratch: &Scratch,
    owner: &SignedIn,
    plan: &[Change],
    redis: &TestRedis,
) -> Outcome {
    let events = if stage.scale() == Scale::Quick { 1 } else { 20 };
    let plan = plan.get(..events).unwrap_or(plan);
    for (id, label, redis) in [
        ("delay-streams", "from commit to partner, with Redis", Some(redis)),
        ("delay-alone", "from commit to partner, without", None),
    ] {
        let world = World::new(stage, scratch, of(owner))?;
        stage.measure_times(id, label, &world.calm(plan, redis)?);
        world.judge(plan, false, Duration::ZERO)?;
    }
    let alone = Quantity::duration(Pace::default().alone);
    stage.measure("look-alone", "time between two looks at the table, without Redis", alone);
    Ok(())
}

fn tell(stage: &Stage, [publish, commit, streams, alone]: [&Seen; 4]) {
    stage.measure(
        "events-committed",
        "changes that were committed",
        Quantity::count(streams.committed),
    );
    stage.measure(
        "invented-publish",
        "invented: publish, then commit",
        Quantity::count(publish.invented),
    );
    stage.measure("lost-commit", "lost: commit, then publish", Quantity::count(commit.lost));
    stage.measure("lost-outbox", "lost: outbox", Quantity::count(streams.lost));
    stage.measure(
        "again-outbox",
        "sent again with their id: outbox",
        Quantity::count(streams.repeats),
    );
    stage.check(
        "publishing-first-invents-events",
        format!("published before the commit, {} events never happened", publish.invented),
        publish.invented > 0 && publish.lost == 0,
    );
    stage.check(
        "committing-first-loses-events",
        format!("published after the commit, {} of {} are lost", commit.lost, commit.committed),
        commit.lost > 0 && commit.invented == 0,
    );
    for (id, name, seen) in [
        ("the-outbox-loses-and-invents-nothing", "with Redis", streams),
        ("the-outbox-works-without-redis", "without Redis", alone),
    ] {
        stage.check(
            id,
            format!(
                "{name}, of {} committed events {} are lost, {} invented, {} out of order",
                seen.committed, seen.lost, seen.invented, seen.out_of_order
            ),
            seen.lost + seen.invented + seen.out_of_order == 0 && seen.committed > 0,
        );
    }
    stage.check(
        "repeats-keep-their-id",
        format!("{} were sent again after a death, and told apart by their id", streams.repeats),
        streams.repeats > 0,
    );
}

impl Seen {
    fn cells(&self) -> Vec<Cell> {
        let counts = [self.committed, self.lost, self.invented, self.repeats, self.out_of_order];
        let mut cells: Vec<Cell> = counts.map(|count| Quantity::count(count).into()).into();
        cells.push(Quantity::duration(self.took).into());
        cells
    }
}
