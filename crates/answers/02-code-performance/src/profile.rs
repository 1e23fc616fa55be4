//! A sampling profile of wall-clock time: who called whom, and where the time goes.
//!
//! A second thread looks every quarter of a millisecond which span of this crate is the innermost
//! one, so waiting shows as well as computing, and it works wherever the code does. In return it
//! sees only what has a span. `perf` and `samply` see every function, but a profile of the
//! processor shows no waiting, and here waiting is what dominates. Each span is timed as well:
//! shares come from the times, which do not depend on when the sampler happened to look.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// How long the sampler sleeps between two looks.
const EVERY: Duration = Duration::from_micros(250);

/// The spans of some work, added up by the path that led to them.
#[derive(Clone, Debug)]
pub struct Profile {
    nodes: Vec<Node>,
}

#[derive(Clone, Debug)]
struct Node {
    name: &'static str,
    parent: Option<usize>,
    itself: Duration,
    /// How often the sampler found it to be the innermost span.
    samples: u64,
}

/// A node as a flame graph draws it.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// Name of the function.
    pub name: &'static str,
    /// How many functions are between it and the root.
    pub depth: usize,
    /// Samples left of it when equal calls are put together, in the order they first happened.
    pub start: u64,
    /// Samples of all its calls together, with what they called.
    pub total: u64,
}

impl Profile {
    /// Runs `work` on this thread and profiles it. Everything lies below one root span.
    pub fn of<T>(root: &'static str, work: impl FnOnce() -> T) -> (T, Self) {
        let recording = Arc::new(Mutex::new(Recording::default()));
        let recorder = Recorder(Arc::clone(&recording));
        recorder.recording().enter(root, Instant::now());
        let value = thread::scope(|scope| {
            let sampling = Sampling::default();
            let over = Arc::clone(&sampling.over);
            scope.spawn(move || sample(&recording, &over));
            // `sampling` is dropped, and so the sampler ended, also when the work panics.
            tracing::subscriber::with_default(recorder.clone(), work)
        });
        let mut recording = recorder.recording();
        recording.exit(Instant::now());
        (value, Self { nodes: std::mem::take(&mut recording.nodes) })
    }

    /// How often the sampler looked.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.nodes.iter().map(|node| node.samples).sum()
    }

    /// Top to bottom, each followed by what it called.
    #[must_use]
    pub fn frames(&self) -> Vec<Frame> {
        let mut frames = Vec::with_capacity(self.nodes.len());
        if !self.nodes.is_empty() {
            self.visit(0, 0, 0, &mut frames);
        }
        frames
    }

    fn visit(&self, node: usize, depth: usize, start: u64, frames: &mut Vec<Frame>) {
        frames.push(Frame { name: self.nodes[node].name, depth, start, total: self.total(node) });
        let mut start = start;
        for child in self.children(node) {
            self.visit(child, depth + 1, start, frames);
            start += self.total(child);
        }
    }

    fn children(&self, node: usize) -> impl Iterator<Item = usize> {
        (0..self.nodes.len()).filter(move |&child| self.nodes[child].parent == Some(node))
    }

    fn total(&self, node: usize) -> u64 {
        let below: u64 = self.children(node).map(|child| self.total(child)).sum();
        self.nodes[node].samples + below
    }

    /// The part of the time, 0 to 1, that functions of this name took themselves.
    #[must_use]
    pub fn share_of(&self, name: &str) -> f64 {
        let all: Duration = self.nodes.iter().map(|node| node.itself).sum();
        let own = self.nodes.iter().filter(|node| node.name == name);
        let own: Duration = own.map(|node| node.itself).sum();
        own.as_secs_f64() / all.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// One line per path with its own samples: the format that flame graph tools read.
    #[must_use]
    pub fn folded(&self) -> String {
        let mut text = String::new();
        for node in (0..self.nodes.len()).filter(|&node| self.nodes[node].samples > 0) {
            let _ = writeln!(text, "{} {}", self.path(node), self.nodes[node].samples);
        }
        text
    }

    fn path(&self, node: usize) -> String {
        let Node { name, parent, .. } = self.nodes[node];
        parent.map_or_else(|| name.to_owned(), |parent| format!("{};{name}", self.path(parent)))
    }
}

/// Ends the sampler when dropped.
#[derive(Default)]
struct Sampling {
    over: Arc<AtomicBool>,
}

impl Drop for Sampling {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

fn sample(recording: &Mutex<Recording>, over: &AtomicBool) {
    while !over.load(Ordering::Relaxed) {
        thread::sleep(EVERY);
        recording.lock().unwrap_or_else(PoisonError::into_inner).look();
    }
}

/// What is recorded while the work runs.
#[derive(Debug, Default)]
struct Recording {
    nodes: Vec<Node>,
    /// Spans that are open, innermost last: the node, and since when time is its own.
    open: Vec<(usize, Instant)>,
    /// Names of the spans by their id, counted from 1.
    names: Vec<&'static str>,
}

impl Recording {
    fn enter(&mut self, name: &'static str, now: Instant) {
        let parent = self.open.last().map(|(node, _)| *node);
        self.settle(now);
        let known = self.nodes.iter().position(|node| node.parent == parent && node.name == name);
        let node = known.unwrap_or_else(|| {
            self.nodes.push(Node { name, parent, itself: Duration::ZERO, samples: 0 });
            self.nodes.len() - 1
        });
        self.open.push((node, now));
    }

    fn exit(&mut self, now: Instant) {
        self.settle(now);
        self.open.pop();
        if let Some((_, since)) = self.open.last_mut() {
            *since = now;
        }
    }

    /// Counts one sample of the innermost span.
    fn look(&mut self) {
        if let Some(&(node, _)) = self.open.last() {
            self.nodes[node].samples += 1;
        }
    }

    /// Gives the time since the last change to the innermost span.
    fn settle(&mut self, now: Instant) {
        if let Some((node, since)) = self.open.last() {
            self.nodes[*node].itself += now.saturating_duration_since(*since);
        }
    }
}

/// A subscriber of one thread, as [`tracing::subscriber::with_default`] makes it: a server that
/// runs the demo keeps its own for all others. A mutex, as the sampler looks from another thread.
#[derive(Clone)]
struct Recorder(Arc<Mutex<Recording>>);

impl Recorder {
    fn recording(&self) -> MutexGuard<'_, Recording> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_span() && metadata.target().starts_with(env!("CARGO_CRATE_NAME"))
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut recording = self.recording();
        recording.names.push(span.metadata().name());
        Id::from_u64(recording.names.len() as u64)
    }

    fn enter(&self, span: &Id) {
        let now = Instant::now();
        let mut recording = self.recording();
        let index = usize::try_from(span.into_u64() - 1).unwrap_or(usize::MAX);
        let name = recording.names.get(index).copied().unwrap_or("?");
        recording.enter(name, now);
    }

    fn exit(&self, _: &Id) {
        self.recording().exit(Instant::now());
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, _: &Event<'_>) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(frames: &[Frame]) -> Vec<(&'static str, usize)> {
        frames.iter().map(|frame| (frame.name, frame.depth)).collect()
    }

    #[test]
    fn equal_paths_are_one_frame_and_time_belongs_to_the_innermost_span() {
        let mut recording = Recording::default();
        let began = Instant::now();
        let at = |millis| began + Duration::from_millis(millis);
        recording.enter("request", at(0));
        recording.look();
        for (from, to) in [(10, 30), (35, 40)] {
            recording.enter("load", at(from));
            recording.enter("statement", at(from + 1));
            (0..to - from).for_each(|_| recording.look());
            recording.exit(at(to - 1));
            recording.exit(at(to));
        }
        recording.exit(at(100));
        let profile = Profile { nodes: recording.nodes };
        let frames = profile.frames();
        assert_eq!(nodes(&frames), [("request", 0), ("load", 1), ("statement", 2)]);
        assert_eq!(
            frames.iter().map(|f| (f.start, f.total)).collect::<Vec<_>>(),
            [(0, 26), (0, 25), (0, 25)]
        );
        assert_eq!(profile.folded(), "request 1\nrequest;load;statement 25\n");
        assert_eq!(profile.samples(), 26);
        assert!((profile.share_of("statement") - 0.21).abs() < 1e-9);
        assert!(profile.share_of("unknown").abs() < 1e-9);
    }

    #[test]
    fn the_sampler_finds_what_is_waited_for() {
        let wait = || thread::sleep(Duration::from_millis(100));
        let ((), profile) = Profile::of("root", || tracing::trace_span!("wait").in_scope(wait));
        let waited = profile.nodes.iter().find(|node| node.name == "wait").unwrap().samples;
        assert!(waited * 2 > profile.samples() && waited > 0, "{}", profile.folded());
    }

    #[test]
    fn spans_of_this_thread_and_crate_are_recorded_and_no_others() {
        let (value, profile) = Profile::of("root", || {
            let outer = tracing::trace_span!("outer").entered();
            tracing::trace_span!(target: "elsewhere", "foreign").in_scope(|| ());
            tracing::trace_span!("inner").in_scope(|| ());
            thread::scope(|scope| {
                scope.spawn(|| tracing::trace_span!("other thread").in_scope(|| ()));
            });
            drop(outer);
            7
        });
        assert_eq!(value, 7);
        assert_eq!(nodes(&profile.frames()), [("root", 0), ("outer", 1), ("inner", 2)]);
    }
}
