//! Log lines kept in memory, for whoever looks on inside this process: a demo, or a test.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};

use chrono::{DateTime, Utc};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::redacted;
use crate::operations::Carried;

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When.
    pub at: DateTime<Utc>,
    /// How bad.
    pub level: Level,
    /// Which module.
    pub target: &'static str,
    /// What happened, secrets masked.
    pub message: String,
    /// Its other fields, secrets masked.
    pub fields: Vec<(&'static str, String)>,
    /// Of the request that it was written for.
    pub request_id: Option<String>,
}

impl LogLine {
    /// The value of a field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| *field == name).map(|(_, value)| value.as_str())
    }
}

impl fmt::Display for LogLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:5} {}", self.at.format("%H:%M:%S%.3f"), self.level, self.message)?;
        let id = self.request_id.as_deref().filter(|_| self.field("request_id").is_none());
        for (name, value) in id.map(|id| ("request_id", id)).into_iter().chain(self.pairs()) {
            let quote = if value.contains(' ') { "\"" } else { "" };
            write!(f, " {name}={quote}{value}{quote}")?;
        }
        Ok(())
    }
}

impl LogLine {
    fn pairs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.fields.iter().map(|(name, value)| (*name, value.as_str()))
    }
}

/// Keeps the newest lines of this process, as the log filter lets them through, until dropped.
/// Whatever server they come from: tell them apart by request id or target.
#[derive(Debug)]
pub struct LogTap(Arc<Kept>);

#[derive(Debug)]
struct Kept {
    most: usize,
    lines: Mutex<VecDeque<LogLine>>,
}

static TAPS: RwLock<Vec<Weak<Kept>>> = RwLock::new(Vec::new());
/// So that a line costs nothing more while nobody looks.
static OPEN: AtomicUsize = AtomicUsize::new(0);

impl LogTap {
    /// Starts to keep lines, `most` at a time. Needs [`super::init`] or [`super::init_quiet`].
    #[must_use]
    pub fn start(most: usize) -> Self {
        let kept = Arc::new(Kept { most: most.max(1), lines: Mutex::default() });
        TAPS.write().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&kept));
        OPEN.fetch_add(1, Ordering::Relaxed);
        Self(kept)
    }

    /// The lines so far, oldest first.
    #[must_use]
    pub fn lines(&self) -> Vec<LogLine> {
        self.0.lock().iter().cloned().collect()
    }

    /// Takes them out.
    #[must_use]
    pub fn take(&self) -> Vec<LogLine> {
        self.0.lock().drain(..).collect()
    }
}

impl Drop for LogTap {
    fn drop(&mut self) {
        OPEN.fetch_sub(1, Ordering::Relaxed);
        let mut taps = TAPS.write().unwrap_or_else(PoisonError::into_inner);
        taps.retain(|tap| !std::ptr::eq(tap.as_ptr(), Arc::as_ptr(&self.0)));
    }
}

impl Kept {
    fn lock(&self) -> MutexGuard<'_, VecDeque<LogLine>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, line: LogLine) {
        let mut lines = self.lock();
        if lines.len() >= self.most {
            lines.pop_front();
        }
        lines.push_back(line);
    }
}

/// The layer that feeds the taps.
pub(super) struct Feed;

impl<S: Subscriber + for<'span> LookupSpan<'span>> Layer<S> for Feed {
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if OPEN.load(Ordering::Relaxed) == 0 {
            return;
        }
        let line = read(event, &context);
        for tap in TAPS.read().unwrap_or_else(PoisonError::into_inner).iter() {
            if let Some(kept) = tap.upgrade() {
                kept.push(line.clone());
            }
        }
    }
}

fn read<S: Subscriber + for<'span> LookupSpan<'span>>(
    event: &Event<'_>,
    context: &Context<'_, S>,
) -> LogLine {
    let mut words = Words::default();
    event.record(&mut words);
    let carried = context.event_scope(event).into_iter().flatten().find_map(|span| {
        let extensions = span.extensions();
        extensions.get::<Carried>().map(|carried| carried.trace.clone())
    });
    LogLine {
        at: Utc::now(),
        level: *event.metadata().level(),
        target: event.metadata().target(),
        message: words.message,
        fields: words.fields,
        request_id: carried.and_then(|trace| trace.id().map(ToString::to_string)),
    }
}

#[derive(Default)]
struct Words {
    message: String,
    fields: Vec<(&'static str, String)>,
}

impl Words {
    fn put(&mut self, field: &Field, value: &str) {
        let name = field.name();
        if name == "message" {
            self.message = redacted(value);
            return;
        }
        // With its name, which may tell that the value is a secret.
        let pair = redacted(&format!("{name}={value}"));
        self.fields.push((name, pair.get(name.len() + 1..).unwrap_or_default().to_owned()));
    }
}

impl Visit for Words {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, &format!("{value:?}"));
    }
}
