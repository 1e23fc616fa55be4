//! Who ran when: a dozen calls, four ways, and the heartbeat beside three of them.

use std::time::{Duration, Instant};

use evidence::{Chart, ChartKind, Failure, Outcome, Scale, Stage, TimelineRow, Unit};

use crate::rungs::{CallAll, async_tasks, blocking_in_async, sequential, spawn_blocking};
use crate::service::{Service, Span};
use crate::trial::{Timed, Trial};

const CALLS: usize = 12;
/// Few, so that the picture shows their queue.
const BLOCKING_THREADS: usize = 4;
/// How wide a heartbeat is drawn; it takes a few microseconds.
const MARK: f64 = 0.000_3;

/// The shortest span that is drawn; a poll takes a few microseconds.
const SEEN: f64 = 0.000_01;

/// One way of calling in the picture.
struct Scene {
    name: &'static str,
    /// What its threads are called.
    thread: &'static str,
    call_all: CallAll,
    /// Whether calls wait without a thread, which needs a row of its own.
    waits_beside: bool,
    heartbeat: bool,
}

const fn scene(name: &'static str, thread: &'static str, call_all: CallAll) -> Scene {
    Scene { name, thread, call_all, waits_beside: false, heartbeat: true }
}

const SCENES: [Scene; 4] = [
    Scene { heartbeat: false, ..scene("sequential", "thread", sequential::call_all) },
    scene("blocking in async", "worker", blocking_in_async::call_all),
    Scene { waits_beside: true, ..scene("async", "worker", async_tasks::call_all) },
    scene("spawn_blocking", "thread", spawn_blocking::call_all),
];

pub(super) fn draw(stage: &Stage) -> Outcome {
    stage.step("See who ran when");
    let latency = match stage.scale() {
        Scale::Quick => Duration::from_millis(5),
        Scale::Default | Scale::Full => Duration::from_millis(20),
    };
    let mut rows = Vec::new();
    for scene in &SCENES {
        stage.go_on()?;
        rows.extend(perform(stage, scene, latency)?);
    }
    stage.chart(Chart {
        id: "who-ran-when".to_owned(),
        title: format!("Who ran when: {CALLS} calls, four ways"),
        axis: "since the first call".to_owned(),
        unit: Unit::Seconds,
        kind: ChartKind::Timeline { rows },
    });
    stage.note(
        "A filled span is a thread that is occupied. Async workers are occupied for microseconds \
         when a call begins and when it ends; in between they beat the heart.",
    );
    Ok(())
}

fn perform(stage: &Stage, scene: &Scene, latency: Duration) -> Result<Vec<TimelineRow>, Failure> {
    let service = Service::answering_after(latency);
    let timed = Trial {
        blocking_threads: BLOCKING_THREADS,
        interrupt: stage.interrupt().clone(),
        ..Trial::new(scene.call_all, CALLS, CALLS)
    }
    .time(&service)?;
    Ok(rows(scene, &service.spans(), service.began(), &timed))
}

fn rows(scene: &Scene, spans: &[Span], began: Instant, timed: &Timed) -> Vec<TimelineRow> {
    let first = spans.iter().map(|span| span.from).min().unwrap_or_default();
    let last = spans.iter().map(|span| span.to).max().unwrap_or_default();
    // To a hundredth of a millisecond, which is finer than any screen.
    let at = |moment: Duration| (moment.saturating_sub(first).as_secs_f64() * 1e5).round() / 1e5;
    let row =
        |label: String, spans| TimelineRow { label: format!("{}: {label}", scene.name), spans };
    let mut threads = Vec::new();
    for span in spans {
        if !threads.contains(&span.thread) {
            threads.push(span.thread);
        }
    }
    let mut rows: Vec<TimelineRow> = threads
        .iter()
        .enumerate()
        .map(|(index, thread)| {
            let own = spans.iter().filter(|span| span.thread == *thread);
            let spans = own.map(|span| (at(span.from), at(span.to).max(at(span.from) + SEEN)));
            let spans = spans.collect();
            row(format!("{} {}", scene.thread, index + 1), spans)
        })
        .collect();
    if scene.waits_beside {
        rows.push(row(format!("{CALLS} in flight"), vec![(at(first), at(last))]));
    }
    if scene.heartbeat {
        let beats = timed.pulse.beats.iter().map(|beat| beat.duration_since(began));
        let beats = beats.filter(|beat| (first..=last).contains(beat)).map(at);
        rows.push(row("heartbeat".to_owned(), beats.map(|beat| (beat, beat + MARK)).collect()));
    }
    rows
}
