//! Fifty visitors want one product at the moment when no cache has it.
//!
//! The store holds its answers back until all of them have come, so that it is arranged who reads.

use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use evidence::{Failure, Outcome, Quantity, RungKind, Stage};
use foundation::scratch::Scratch;
use foundation::testing::{TestApp, TestRedis};
use futures_util::future::join_all;

use super::shop::{block_on, metric, put_on_sale, serve};
use crate::{MODULE, tempting};

const VISITORS: usize = 50;

const RUNGS: [(RungKind, &str, &str, &str, &str); 3] = [
    (RungKind::Wrong, "uncached", "no cache", "/tempting/uncached", tempting::READS),
    (
        RungKind::Tempting,
        "copied",
        "copy in Redis, with a lifetime",
        "/tempting/copied",
        tempting::READS,
    ),
    (
        RungKind::Right,
        "cached",
        "cache with single flight",
        "/api/v1/shop/products",
        "shop_catalogue_reads_total",
    ),
];

/// Climbs the ladder; returns the reads without a cache and with the right one.
pub(super) fn climb(
    stage: &Stage,
    scratch: &Arc<Scratch>,
    redis: &TestRedis,
) -> Result<(u64, u64), Failure> {
    stage.step("The product that everybody looks at");
    let app = serve(scratch, &[&MODULE, &tempting::MODULE], &[], Some(redis));
    let title = format!("{VISITORS} visitors when no cache has the product");
    let ladder = stage.ladder(title, &["reads of the store", "answered"]);
    let mut seen = Vec::new();
    for (kind, id, name, path, reads) in RUNGS {
        stage.go_on()?;
        // A product for each rung, as a cache that has seen it is no test of the next.
        put_on_sale(scratch, &format!("wanted-{id}"), 4_990, 1)?;
        let path = &format!("{path}/wanted-{id}");
        let expected = if kind == RungKind::Right { 1.0 } else { VISITORS as f64 };
        let (read, answered) = visit(scratch, &app, (path, reads), expected)?;
        ladder.rung(kind, name, [read, answered].map(|n| Quantity::count(n).into()).into());
        stage.measure(&format!("reads-{id}"), format!("reads: {name}"), Quantity::count(read));
        seen.push((read, answered));
    }
    let [none, copied, right] = seen.as_slice() else { return Err("three rungs".into()) };
    let all = VISITORS as u64;
    stage.check(
        "a-copy-with-a-lifetime-is-a-stampede",
        format!(
            "of {all} visitors {} read the store without a cache, {} past the copy",
            none.0, copied.0
        ),
        none.0 == all && copied.0 == all,
    );
    stage.check(
        "one-visitor-reads-for-all",
        format!("of {all} visitors {} reads the store, and {} are answered", right.0, right.1),
        right.0 == 1 && seen.iter().all(|(_, answered)| *answered == all),
    );
    Ok((none.0, right.0))
}

/// Sends everybody while the table is locked, and unlocks it when all have come.
fn visit(
    scratch: &Scratch,
    app: &TestApp,
    (path, reads): (&str, &str),
    expected: f64,
) -> Result<(u64, u64), Failure> {
    let before = metric(app, reads, &[])?;
    let mut keeper = scratch.connect()?;
    keeper.batch_execute("BEGIN; LOCK TABLE shop_products IN ACCESS EXCLUSIVE MODE")?;
    let visitors = app.anonymous();
    let answered = std::thread::scope(|scope| {
        let visits = scope.spawn(|| {
            block_on(join_all((0..VISITORS).map(|_| visitors.get(path))))
                .iter()
                .filter(|reply| reply.status == 200)
                .count()
        });
        let here = until_all_are_here(app, || Ok(metric(app, reads, &[])? - before), expected);
        let open = keeper.batch_execute("ROLLBACK");
        let answered = visits.join().map_err(|_| "a visitor got no answer")?;
        here?;
        open?;
        Ok::<_, Failure>(answered)
    })?;
    let read = metric(app, reads, &[])? - before;
    Ok((read.round() as u64, answered as u64))
}

/// Until every visitor is being served and as many as `expected` are reading.
fn until_all_are_here(
    app: &TestApp,
    reading: impl Fn() -> Result<f64, Failure>,
    expected: f64,
) -> Outcome {
    let end = Instant::now() + Duration::from_secs(20);
    while app.metrics.in_flight.get() < VISITORS as i64 || reading()? < expected {
        if Instant::now() > end {
            return Err("the visitors did not come within twenty seconds".into());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}
