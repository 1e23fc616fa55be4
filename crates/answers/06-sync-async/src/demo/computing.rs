//! Work that waits for nothing: async has nothing to give back, and a core is a core.

use std::num::NonZero;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use evidence::{Cell, Failure, Outcome, Quantity, Scale, Stage};

use super::ALIVE;
use crate::compute::{self, Way};
use crate::rungs::CallAll;
use crate::service::Service;
use crate::trial::{self, Counted, Trial, WORKERS};

/// How much is computed.
struct Load {
    cores: usize,
    pieces: usize,
    /// Rounds of a piece.
    rounds: u64,
    repeats: u32,
}

impl Load {
    fn of(scale: Scale) -> Self {
        let (milliseconds, repeats) = match scale {
            Scale::Quick => (1, 4),
            Scale::Default => (25, 7),
            Scale::Full => (100, 15),
        };
        let cores = available_parallelism().map_or(1, NonZero::get);
        let rounds = compute::rounds_in(Duration::from_millis(milliseconds));
        Self { cores, pieces: 4 * cores, rounds, repeats }
    }
}

pub(super) fn climb(stage: &Stage) -> Outcome {
    stage.step("When async is wrong: computing");
    let load = Load::of(stage.scale());
    let ways = compute::ways(load.cores, load.pieces);
    let title = format!(
        "{} pieces of computing beside the heartbeat, {WORKERS} workers, {} cores",
        load.pieces, load.cores
    );
    let columns = ["begun at once", "heartbeats while held", "CPU", "time"];
    let ladder = stage.ladder(title, &columns);
    let mut counted = Vec::new();
    for way in &ways {
        let counts = trial(stage, way, load.pieces).count()?;
        let (took, cpu) = time(stage, way, &load)?;
        let mut cells =
            [counts.peak, counts.beats_while_held].map(|n| Quantity::count(n).into()).to_vec();
        cells.extend([Cell::times(&cpu), Cell::times(&took)]);
        ladder.rung(way.kind, way.name, cells);
        counted.push(counts);
    }
    check(stage, &load, &counted);
    compare(stage, &load)
}

fn trial(stage: &Stage, way: &Way, pieces: usize) -> Trial {
    Trial {
        blocking_threads: way.blocking_threads,
        interrupt: stage.interrupt().clone(),
        ..Trial::new(way.call_all, pieces, way.at_once)
    }
}

/// Repeated times on the clock and on the processor.
fn time(stage: &Stage, way: &Way, load: &Load) -> Result<(Vec<Duration>, Vec<Duration>), Failure> {
    let (mut took, mut cpu) = (Vec::new(), Vec::new());
    for _ in 0..load.repeats {
        stage.go_on()?;
        let work = Service::computing(load.rounds);
        took.push(trial(stage, way, load.pieces).time(&work)?.took);
        cpu.push(work.cpu());
    }
    Ok((took, cpu))
}

fn check(stage: &Stage, load: &Load, counted: &[Counted]) {
    let [task_each, one_task, cores, pieces] = counted else { return };
    for (id, label, count) in [
        ("begun-one-task", "pieces begun at once: joined in one task", one_task.peak),
        ("begun-cores", "pieces begun at once: a thread per core", cores.peak),
        ("beats-task-each", "heartbeats while tasks computed", task_each.beats_while_held),
        ("beats-cores", "heartbeats while blocking threads computed", cores.beats_while_held),
    ] {
        stage.measure(id, label, Quantity::count(count));
    }
    stage.check(
        "joined-computing-is-one-at-a-time",
        format!("of pieces joined in one task {} is under way at once", one_task.peak),
        one_task.peak == 1,
    );
    stage.check(
        "computing-tasks-stop-the-heartbeat",
        format!(
            "{} computing tasks occupy every worker: {} heartbeats meanwhile",
            task_each.peak, task_each.beats_while_held
        ),
        task_each.peak == WORKERS as u64 && task_each.beats_while_held == 0,
    );
    stage.check(
        "computing-elsewhere-lets-the-heart-beat",
        format!("on blocking threads instead: {} heartbeats", cores.beats_while_held),
        cores.peak == load.cores as u64 && cores.beats_while_held >= ALIVE,
    );
    stage.check(
        "a-thread-per-piece-has-all-begun",
        format!("a thread per piece has {} begun at once, on {} cores", pieces.peak, load.cores),
        pieces.peak == load.pieces as u64,
    );
}

/// What the ladder cannot tell from times that were not taken in turns.
fn compare(stage: &Stage, load: &Load) -> Outcome {
    let perform = |call_all: CallAll, blocking_threads: usize| {
        let runtime = trial::runtime(blocking_threads)?;
        let pieces = load.pieces;
        let rounds = load.rounds;
        Ok::<_, Failure>(move || call_all(&runtime, &computing(rounds), pieces))
    };
    stage.compare(
        "async-computing",
        "all pieces, without a runtime and joined in one async task",
        load.repeats,
        ("one after another", &mut perform(compute::one_after_another, 1)?),
        ("joined in one task", &mut perform(compute::one_task, 1)?),
    )?;
    stage.compare(
        "threads-beyond-cores",
        "all pieces on blocking threads",
        load.repeats,
        ("a thread per core", &mut perform(compute::on_blocking_threads, load.cores)?),
        ("a thread per piece", &mut perform(compute::on_blocking_threads, load.pieces)?),
    )?;
    Ok(())
}

fn computing(rounds: u64) -> Arc<Service> {
    Service::computing(rounds)
}
