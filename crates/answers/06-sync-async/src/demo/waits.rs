//! Six ways of waiting: counted while every answer is held, then timed in turns.

use std::time::Duration;

use evidence::statistics::{self, Latencies};
use evidence::{Bar, Cell, Chart, ChartKind, Failure, Quantity, RungKind, Scale, Stage, Unit};

use super::ALIVE;
use crate::rungs::{RUNGS, Rung, sequential, thread_pool};
use crate::service::Service;
use crate::trial::{BLOCKING_THREADS, Counted, STILL, Trial, WORKERS};

/// What the story quotes.
pub(super) struct Waits {
    pub(super) async_peak: u64,
    pub(super) blocking_peak: u64,
}

/// The load of a scale.
struct Load {
    calls: usize,
    latency: Duration,
    rounds: u64,
}

impl Load {
    fn of(scale: Scale) -> Self {
        let (calls, milliseconds, rounds) = match scale {
            Scale::Quick => (200, 1, 2),
            Scale::Default => (200, 20, 4),
            Scale::Full => (1_000, 20, 5),
        };
        Self { calls, latency: Duration::from_millis(milliseconds), rounds }
    }
}

/// The repeated times of one rung, and how late the heartbeat was in all of them.
struct Times {
    took: Vec<Duration>,
    lateness: Latencies,
}

pub(super) fn climb(stage: &Stage) -> Result<Waits, Failure> {
    let load = Load::of(stage.scale());
    let calls = Quantity::count(load.calls as u64);
    stage.step("Hold every answer while calls still come, and count who waits");
    stage.predict(
        "peak-blocking-in-async",
        format!("{calls} tasks that block, on {WORKERS} workers: how many calls are in flight?"),
        Unit::Count,
    );
    let counted: Vec<Counted> = RUNGS
        .iter()
        .map(|rung| trial(stage, rung, load.calls).count())
        .collect::<Result<_, _>>()?;
    stage.reveal("peak-blocking-in-async", Quantity::count(counted[1].peak));
    let times = time_in_turns(stage, &load)?;
    show(stage, &load, &counted, &times);
    check_in_flight(stage, load.calls as u64, &counted);
    check_heartbeat(stage, &counted);
    check_awaiting_in_a_loop(stage)?;
    stage.chart(chart(&counted));
    let [_, blocking, tasks, ..] = counted[..] else { return Err("six rungs".into()) };
    Ok(Waits { async_peak: tasks.peak, blocking_peak: blocking.peak })
}

fn trial(stage: &Stage, rung: &Rung, calls: usize) -> Trial {
    let interrupt = stage.interrupt().clone();
    Trial { interrupt, ..Trial::new(rung.call_all, calls, (rung.in_flight)(calls)) }
}

/// Every rung once per round, so that whatever else the machine does hits all of them.
fn time_in_turns(stage: &Stage, load: &Load) -> Result<Vec<Times>, Failure> {
    stage.step("Time the same calls to a service that answers");
    let none = || Times { took: Vec::new(), lateness: statistics::latencies() };
    let mut times: Vec<Times> = RUNGS.iter().map(|_| none()).collect();
    let mut bar = stage.progress("six rungs in turns", load.rounds * 6, "trials");
    for _ in 0..load.rounds {
        for (rung, times) in RUNGS.iter().zip(&mut times) {
            let service = Service::answering_after(load.latency);
            let timed = trial(stage, rung, load.calls).time(&service)?;
            times.took.push(timed.took);
            times.lateness.add(&timed.pulse.lateness)?;
            bar.advance(1)?;
        }
    }
    Ok(times)
}

fn show(stage: &Stage, load: &Load, counted: &[Counted], times: &[Times]) {
    let title = format!(
        "{} calls, each answered after {}, beside a heartbeat on the same {WORKERS} workers",
        Quantity::count(load.calls as u64),
        Quantity::duration(load.latency)
    );
    let columns = ["in flight", "threads", "stalls", "beat late, p99", "time"];
    let ladder = stage.ladder(title, &columns);
    for ((rung, counted), times) in RUNGS.iter().zip(counted).zip(times) {
        let late = statistics::percentile(&times.lateness, 99.0);
        let counts = [counted.peak, counted.threads, counted.stalls];
        let mut cells = counts.map(|count| Quantity::count(count).into()).to_vec();
        cells.extend([Quantity::duration(late).into(), Cell::times(&times.took)]);
        ladder.rung(rung.kind, rung.name, cells);
    }
    for ((rung, counted), times) in RUNGS.iter().zip(counted).zip(times) {
        measure(stage, rung, counted, times);
    }
}

/// What the README quotes of a rung; `time-ID` among it.
fn measure(stage: &Stage, rung: &Rung, counted: &Counted, times: &Times) {
    let Rung { id, name, .. } = rung;
    let peak = Quantity::count(counted.peak);
    stage.measure(&format!("peak-{id}"), format!("calls in flight: {name}"), peak);
    let threads = Quantity::count(counted.threads);
    stage.measure(&format!("threads-{id}"), format!("threads occupied: {name}"), threads);
    stage.measure_times(&format!("time-{id}"), format!("all calls: {name}"), &times.took);
}

fn check_in_flight(stage: &Stage, calls: u64, counted: &[Counted]) {
    let [one, blocking, tasks, spawned, pool, threads] = counted else { return };
    let check = |id: &str, claim: String, holds| stage.check(id, claim, holds);
    check(
        "one-after-another-has-one-in-flight",
        format!("one after another has {} call in flight", one.peak),
        one.peak == 1,
    );
    check(
        "blocking-in-async-has-one-in-flight-per-worker",
        format!("{calls} tasks that block have {} calls in flight", blocking.peak),
        blocking.peak == WORKERS as u64,
    );
    check(
        "async-has-all-in-flight-on-the-workers",
        format!("async tasks have {} in flight on {} threads", tasks.peak, tasks.threads),
        tasks.peak == calls && tasks.threads <= WORKERS as u64,
    );
    check(
        "spawn-blocking-has-its-threads-in-flight",
        format!("spawn_blocking has {} in flight on {} threads", spawned.peak, spawned.threads),
        spawned.peak == BLOCKING_THREADS as u64 && spawned.threads == spawned.peak,
    );
    check(
        "a-pool-has-its-threads-in-flight",
        format!("a pool of {} threads has {} in flight", thread_pool::THREADS, pool.peak),
        pool.peak == thread_pool::THREADS as u64 && pool.threads == pool.peak,
    );
    check(
        "a-thread-per-call-has-all-in-flight",
        format!("a thread per call has {} in flight on {} threads", threads.peak, threads.threads),
        threads.peak == calls && threads.threads == calls,
    );
    let answered = counted.iter().filter(|rung| rung.answered == calls).count();
    check(
        "every-call-is-answered",
        format!("{answered} of 6 rungs got an answer to every call"),
        answered == counted.len(),
    );
}

fn check_heartbeat(stage: &Stage, counted: &[Counted]) {
    let [_, blocking, tasks, spawned, ..] = counted else { return };
    let beats =
        |rung: &Counted| format!("heartbeats {}, stalls {}", rung.beats_while_held, rung.stalls);
    for (id, label, rung) in
        [("blocking-in-async", "tasks that block", blocking), ("async", "async tasks", tasks)]
    {
        let count = Quantity::count(rung.beats_while_held);
        let label = format!("heartbeats while answers were held: {label}");
        stage.measure(&format!("beats-{id}"), label, count);
    }
    stage.check(
        "blocking-in-async-stops-the-heartbeat",
        format!("while tasks block, for {STILL} beats of a metronome: {}", beats(blocking)),
        blocking.beats_while_held == 0 && blocking.stalls > 0,
    );
    stage.check(
        "async-lets-the-heart-beat",
        format!("while async tasks wait as long: {}", beats(tasks)),
        tasks.beats_while_held >= ALIVE && tasks.stalls == 0,
    );
    stage.check(
        "spawn-blocking-lets-the-heart-beat",
        format!("while blocking threads wait as long: {}", beats(spawned)),
        spawned.beats_while_held >= ALIVE && spawned.stalls == 0,
    );
}

/// Where one call needs the answer of the one before, async has nothing to overlap.
fn check_awaiting_in_a_loop(stage: &Stage) -> Result<(), Failure> {
    stage.step("When async is wrong: each call needs the answer of the one before");
    let interrupt = stage.interrupt().clone();
    let counted = Trial { interrupt, ..Trial::new(sequential::await_each, 8, 1) }.count()?;
    stage.check(
        "awaiting-in-a-loop-has-one-in-flight",
        format!("calls awaited one by one have {} in flight", counted.peak),
        counted.peak == 1 && counted.answered == 8,
    );
    Ok(())
}

fn chart(counted: &[Counted]) -> Chart {
    let bar = |name: &str, counted: &Counted, kind: RungKind| Bar {
        label: name.to_owned(),
        value: Quantity::count(counted.peak).value,
        spread: None,
        rung: Some(kind),
    };
    let bars = RUNGS.iter().zip(counted).map(|(rung, counted)| bar(rung.name, counted, rung.kind));
    Chart {
        id: "in-flight".to_owned(),
        title: "Calls in flight at once, by the way of waiting".to_owned(),
        axis: "calls in flight".to_owned(),
        unit: Unit::Count,
        kind: ChartKind::Bars { bars: bars.collect(), logarithmic: false },
    }
}
