//! Redis hangs, dies, starts anew or forgets, while two replicas read and write.

use std::time::Duration;

use evidence::statistics::{latencies, percentile, slower_than};
use evidence::{Failure, Quantity, RungKind, Scale, Stage};
use foundation::testing::TestRedis;
use futures_util::future::try_join_all;
use local_services::Signal;
use tokio::runtime::Runtime;

use super::store::Store;
use super::trouble::{POSTS, Seen, WAIT, suffer};

/// How old a read may be in trouble: a value lives for a second while nobody can tell of writes,
/// or until a replica whose breaker is open for a second can; and as much again for a busy machine.
const BOUND: Duration = Duration::from_secs(2);

/// What is done to Redis.
pub(super) struct Fault {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) rung: RungKind,
    /// Takes about as long as it is told.
    pub(super) inflict: fn(TestRedis, Duration) -> TestRedis,
    pub(super) first_post: i64,
}

const FAULTS: [Fault; 5] = [
    fault("aside", "GET, SET, DEL; Redis hangs", RungKind::Tempting, hang, 1_000),
    fault("hung", "two levels; Redis hangs", RungKind::Right, hang, 1_100),
    fault("killed", "two levels; killed", RungKind::Right, kill, 1_200),
    fault("restarted", "two levels; started anew", RungKind::Right, restart, 1_300),
    fault("flushed", "two levels; emptied", RungKind::Right, flush, 1_400),
];

const fn fault(
    id: &'static str,
    name: &'static str,
    rung: RungKind,
    inflict: fn(TestRedis, Duration) -> TestRedis,
    first_post: i64,
) -> Fault {
    Fault { id, name, rung, inflict, first_post }
}

fn hang(redis: TestRedis, down: Duration) -> TestRedis {
    redis.signal(Signal::Stop);
    std::thread::sleep(down);
    redis.signal(Signal::Continue);
    redis
}

fn kill(mut redis: TestRedis, down: Duration) -> TestRedis {
    redis.signal(Signal::Kill);
    std::thread::sleep(down);
    redis.restart();
    redis
}

fn restart(mut redis: TestRedis, down: Duration) -> TestRedis {
    redis.restart();
    std::thread::sleep(down);
    redis
}

fn flush(redis: TestRedis, down: Duration) -> TestRedis {
    std::thread::sleep(down / 2);
    redis.flush();
    std::thread::sleep(down / 2);
    redis
}

/// Breaks Redis in each way; returns how many reads were answered meanwhile.
pub(super) fn break_redis(stage: &Stage, store: &Store, run: &Runtime) -> Result<u64, Failure> {
    let down = match stage.scale() {
        Scale::Quick => Duration::from_millis(400),
        Scale::Default => Duration::from_millis(2_000),
        Scale::Full => Duration::from_secs(10),
    };
    stage.step("Redis hangs, is killed, starts anew, and is emptied");
    stage.note(
        "Two replicas read and write all the while, until they hear of each other again. Then each \
         post is read once more on both.",
    );
    let columns = ["reads", "failed", "over 50 ms", "p99", "oldest read", "stale at the end"];
    let ladder = stage.ladder(format!("{POSTS} posts read and edited throughout"), &columns);
    let seen = if stage.scale() == Scale::Quick {
        // Side by side: the counts are the same, only the times are not worth much.
        let all = FAULTS.iter().map(|fault| suffer(store, fault, down));
        run.block_on(try_join_all(all))?
    } else {
        let mut seen = Vec::new();
        for fault in &FAULTS {
            stage.go_on()?;
            seen.push(run.block_on(suffer(store, fault, down))?);
        }
        seen
    };
    for (fault, seen) in FAULTS.iter().zip(&seen) {
        let over = slower_than(&seen.times, WAIT);
        let cells = vec![
            Quantity::count(seen.reads).into(),
            Quantity::count(seen.failed).into(),
            Quantity::count(over).into(),
            Quantity::duration(percentile(&seen.times, 99.0)).into(),
            Quantity::duration(seen.oldest).into(),
            Quantity::count(seen.stale_after).into(),
        ];
        ladder.rung(fault.rung, fault.name, cells);
    }
    let [aside, levels @ ..] = seen.as_slice() else { return Err("there are five runs".into()) };
    report(stage, aside, levels);
    judge(stage, aside, levels);
    Ok(levels.iter().map(|seen| seen.reads).sum())
}

/// What a README may quote.
fn report(stage: &Stage, aside: &Seen, levels: &[Seen]) {
    let all = levels.iter().fold(latencies(), |mut all, seen| {
        // Cannot fail: a histogram without bounds takes whatever another one holds.
        let _ = all.add(&seen.times);
        all
    });
    let sum = |of: fn(&Seen) -> u64| Quantity::count(levels.iter().map(of).sum());
    let oldest = levels.iter().map(|seen| seen.oldest).max().unwrap_or_default();
    for (id, label, value) in [
        ("after-aside", "stale at the end: GET, SET, DEL", Quantity::count(aside.stale_after)),
        ("after-levels", "stale at the end: two levels", sum(|seen| seen.stale_after)),
        ("trouble-reads", "reads in trouble: two levels", sum(|seen| seen.reads)),
        ("trouble-over", "of them over 50 ms", Quantity::count(slower_than(&all, WAIT))),
        ("trouble-longest", "the longest of them", Quantity::duration(percentile(&all, 100.0))),
        ("trouble-stale", "of them stale", sum(|seen| seen.stale)),
        ("trouble-oldest", "the oldest of them, since replaced", Quantity::duration(oldest)),
    ] {
        stage.measure(id, label, value);
    }
}

fn judge(stage: &Stage, aside: &Seen, levels: &[Seen]) {
    let sum = |of: fn(&Seen) -> u64| levels.iter().map(of).sum::<u64>();
    stage.check(
        "missed-deletes-stay-stale",
        format!(
            "with GET, SET and DEL {} of {} reads are stale after Redis hung, as its DELs never \
             arrived",
            aside.stale_after,
            2 * POSTS
        ),
        aside.stale_after > 0,
    );
    stage.check(
        "no-read-fails-with-redis",
        format!(
            "{} of {} reads fail",
            sum(|seen| seen.failed),
            Quantity::count(sum(|seen| seen.reads))
        ),
        sum(|seen| seen.failed) == 0 && levels.iter().all(|seen| seen.reads > 0),
    );
    let oldest = levels.iter().map(|seen| seen.oldest).max().unwrap_or_default();
    stage.check(
        "staleness-is-bounded",
        format!(
            "the oldest read in any trouble had been replaced {} before, less than {}",
            Quantity::duration(oldest),
            Quantity::duration(BOUND)
        ),
        oldest < BOUND,
    );
    stage.check(
        "nothing-stale-after-recovery",
        format!(
            "{} of {} reads are stale once both replicas hear of each other again",
            sum(|seen| seen.stale_after),
            2 * POSTS.unsigned_abs() * levels.len() as u64
        ),
        sum(|seen| seen.stale_after) == 0,
    );
}
