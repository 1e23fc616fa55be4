//! Every element of a demo in ten seconds, without a database:
//! `cargo run -p evidence --example tour -- --scale quick`.
//!
//! Several threads add to one total: as separate reads and writes, under a lock, and atomically.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use evidence::{
    Answer, Bar, Chart, ChartKind, Line, Needs, Outcome, Quantity, RungKind, Scale, Stage, Story,
    TimelineRow, Unit,
};

const THREADS: u64 = 4;

/// Adds that many times on each thread and returns the total.
type Count = fn(u64) -> u64;

static TOUR: Answer = Answer {
    number: 0,
    slug: "tour",
    title: "Why do two correct threads count wrongly together?",
    readme: "",
    sources: &[],
    recorded: "",
    needs: |_| Needs { rows: 0, disk_bytes: 0, memory_bytes: 10_000_000 },
    demo,
    routes: None,
};

fn main() -> ExitCode {
    evidence::cli::run(&TOUR)
}

fn demo(stage: &Stage) -> Outcome {
    let additions = match stage.scale() {
        Scale::Quick => 20_000,
        Scale::Default => 100_000,
        Scale::Full => 1_000_000,
    };
    warm_up(stage)?;
    let lost = climb(stage, additions);
    compare(stage, additions)?;
    stage.step("See it");
    stage.chart(lost_chart(&lost));
    stage.chart(other_charts(0));
    stage.chart(other_charts(1));
    stage.chart(other_charts(2));
    stage.story(Story {
        situation: "A counter of visits was lower than the number of visits.".to_owned(),
        task: "Find where additions went, without slowing the page down.".to_owned(),
        action: "Reproduced it with four threads, then tried a lock and an atomic addition under \
                 the same load."
            .to_owned(),
        result: format!("{} additions lost before, 0 after.", Quantity::count(lost[0].1)),
    });
    Ok(())
}

fn warm_up(stage: &Stage) -> Outcome {
    stage.step("Warm the machine up");
    stage.note(
        "Caches and clocks settle first, or the variant that runs first pays for all of them. \
         This note is long so that you see how it is broken to the width of the terminal.",
    );
    let mut bar = stage.progress("warm up", 2_000, "rounds");
    for _ in 0..2_000 {
        std::thread::sleep(Duration::from_micros(800));
        bar.advance(1)?;
    }
    Ok(())
}

fn climb(stage: &Stage, additions: u64) -> Vec<(RungKind, u64)> {
    stage.step("Climb from the wrong way to the right one");
    stage.predict("lost", "how many additions does read-then-write lose?", Unit::Count);
    let ladder = stage.ladder(
        format!("{THREADS} threads, {} additions each", Quantity::count(additions)),
        &["lost additions", "time", "always right"],
    );
    let total = THREADS * additions;
    let variants: [(RungKind, &str, Count); 4] = [
        (RungKind::Wrong, "read, then write", racing),
        (RungKind::Tempting, "read, yield, then write", yielding),
        (RungKind::Right, "one atomic addition", atomic),
        (RungKind::Costly, "a mutex around a plain number", locked),
    ];
    let mut lost = Vec::new();
    for (kind, name, count) in variants {
        let began = Instant::now();
        let counted = count(additions);
        let took = Quantity::duration(began.elapsed());
        let right = if counted == total { "yes" } else { "no" };
        let missing = Quantity::count(total - counted);
        ladder.rung(kind, name, vec![missing.into(), took.into(), right.into()]);
        lost.push((kind, total - counted));
    }
    stage.reveal("lost", Quantity::count(lost[0].1));
    stage.check(
        "racing-loses-additions",
        format!(
            "read-then-write loses additions: {} of {} here",
            Quantity::count(lost[0].1),
            Quantity::count(total)
        ),
        lost[0].1 > 0,
    );
    stage.check("atomic-loses-none", "an atomic addition loses none", lost[2].1 == 0);
    // Seed 13 shows what a broken claim looks like.
    stage.check("mutex-loses-none", "a mutex loses none", lost[3].1 == 0 && stage.seed() != 13);
    stage.measure("lost", "additions lost by read-then-write", Quantity::count(lost[0].1));
    lost
}

fn compare(stage: &Stage, additions: u64) -> Outcome {
    stage.step("Compare the two right ways");
    stage.compare(
        "atomic-or-mutex",
        "all additions, once each way",
        12,
        ("atomic", &mut || all_counted(atomic, additions / 10)),
        ("mutex", &mut || all_counted(locked, additions / 10)),
    )?;
    stage.code(
        "What the compiler may not reorder",
        "let total = AtomicU64::new(0);\ntotal.fetch_add(1, Ordering::Relaxed);",
    );
    Ok(())
}

/// A variant that is compared must still be right, or its speed is worth nothing.
fn all_counted(count: Count, additions: u64) -> Outcome {
    if count(additions) == THREADS * additions { Ok(()) } else { Err("additions lost".into()) }
}

fn threads(work: impl Fn() + Sync, additions: u64) {
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| (0..additions).for_each(|_| work()));
        }
    });
}

fn racing(additions: u64) -> u64 {
    let total = AtomicU64::new(0);
    let add = || total.store(total.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    threads(add, additions);
    total.into_inner()
}

fn yielding(additions: u64) -> u64 {
    let total = AtomicU64::new(0);
    let add = || {
        let seen = total.load(Ordering::Relaxed);
        std::thread::yield_now();
        total.store(seen + 1, Ordering::Relaxed);
    };
    threads(add, additions);
    total.into_inner()
}

fn atomic(additions: u64) -> u64 {
    let total = AtomicU64::new(0);
    let add = || {
        total.fetch_add(1, Ordering::Relaxed);
    };
    threads(add, additions);
    total.into_inner()
}

fn locked(additions: u64) -> u64 {
    let total = Mutex::new(0);
    let add = || *total.lock().unwrap_or_else(std::sync::PoisonError::into_inner) += 1;
    threads(add, additions);
    total.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn lost_chart(lost: &[(RungKind, u64)]) -> Chart {
    let names = ["read, then write", "read, yield, write", "atomic", "mutex"];
    let bars = lost.iter().zip(names).map(|(&(kind, lost), name)| Bar {
        label: name.to_owned(),
        value: Quantity::count(lost).value,
        spread: None,
        rung: Some(kind),
    });
    Chart {
        id: "lost".to_owned(),
        title: "Additions lost, by the way of adding".to_owned(),
        axis: "additions lost".to_owned(),
        unit: Unit::Count,
        kind: ChartKind::Bars { bars: bars.collect(), logarithmic: false },
    }
}

/// Made-up curves, only to show the shapes.
fn other_charts(which: u32) -> Chart {
    let clients = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0];
    let line = |label: &str, slope: f64| Line {
        label: label.to_owned(),
        points: clients.iter().map(|&x| (x, slope * x / 1_000.0)).collect(),
    };
    let row = |label: &str, shift: f64| TimelineRow {
        label: label.to_owned(),
        spans: (0..10).map(|n| (f64::from(n) + shift, f64::from(n) + shift + 0.4)).collect(),
    };
    let (title, axis, kind) = match which {
        0 => (
            "A shape: lines",
            "latency",
            ChartKind::Lines {
                x_axis: "clients".to_owned(),
                lines: vec![line("offset", 9.0), line("keyset", 0.4), line("cursor", 0.5)],
            },
        ),
        1 => (
            "A shape: histogram",
            "latency",
            ChartKind::Histogram {
                bins: (0..12u32)
                    .map(|n| (0.001 * f64::from(1 << n), u64::from(4096_u32 >> n)))
                    .collect(),
            },
        ),
        _ => (
            "A shape: timeline",
            "seconds since the start",
            ChartKind::Timeline { rows: vec![row("worker 1", 0.0), row("worker 2", 0.5)] },
        ),
    };
    Chart {
        id: format!("shape-{which}"),
        title: title.to_owned(),
        axis: axis.to_owned(),
        unit: Unit::Seconds,
        kind,
    }
}
