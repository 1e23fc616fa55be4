//! Where the time of one request goes, whatever the log level is.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use error_handling::{RequestContext, RequestId, UNMATCHED};
use serde::Serialize;
use utoipa::ToSchema;

tokio::task_local! {
    /// The request that the current task serves. Threads that work for it carry a clone across.
    static CURRENT: RequestTrace;
}

/// The most spans that are kept of one request; the others are only counted.
pub const MOST_SPANS: usize = 32;

/// `took` of a span that has not ended, and `statements` of one that counts none.
const NONE: u32 = u32::MAX;

/// Collects the spans of one request; cheap to clone.
///
/// Written to directly by what every request passes, instead of through a span of tracing: that
/// costs a tenth, and must work at every log level. Any other span of tracing, at level info or
/// above, comes here through [`super::SpanRecorder`].
#[derive(Clone, Debug)]
pub struct RequestTrace(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    began: Instant,
    context: OnceLock<RequestContext>,
    /// A mutex: the threads of one request write seldom, and never two at the same moment.
    spans: Mutex<Spans>,
}

#[derive(Debug, Default)]
struct Spans {
    kept: Vec<Kept>,
    left_out: u32,
    finished: bool,
}

#[derive(Debug)]
struct Kept {
    name: &'static str,
    start: u32,
    took: u32,
    statements: u32,
}

/// One step of a request, such as its wait for a database thread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SpanTime {
    /// What was done, such as `database.run`.
    #[schema(value_type = String)]
    pub name: &'static str,
    /// Microseconds from the head of the request.
    pub start_us: u32,
    /// Microseconds that it took, or had taken when the request ended.
    pub duration_us: u32,
    /// SQL statements, BEGIN and COMMIT among them: many in one span are an N+1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statements: Option<u32>,
    /// It was still going on when the request ended, most likely because of a time-out.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unfinished: bool,
}

/// What became of the time of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Its spans, in the order they began.
    pub spans: Vec<SpanTime>,
    /// Spans beyond [`MOST_SPANS`].
    pub left_out: u32,
}

/// A span that goes on until this is dropped, also when a time-out drops it.
#[derive(Debug)]
#[must_use = "the span ends when this is dropped"]
pub struct OpenSpan {
    trace: RequestTrace,
    index: Option<usize>,
}

impl RequestTrace {
    /// For a request whose head came at `began`.
    #[must_use]
    pub fn new(began: Instant) -> Self {
        Self(Arc::new(Inner { began, context: OnceLock::new(), spans: Mutex::default() }))
    }

    /// Of the request that this task serves, if it serves one.
    #[must_use]
    pub fn current() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok()
    }

    /// Runs `future` as the serving of this request.
    pub async fn scope<F: Future>(self, future: F) -> F::Output {
        CURRENT.scope(self, future).await
    }

    /// Takes over id and route, which error-handling gives to the request further inside.
    pub(crate) fn identify_current() {
        let _ = CURRENT.try_with(|trace| {
            if let Some(context) = RequestContext::current() {
                let _ = trace.0.context.set(context);
            }
        });
    }

    /// The id of the request, once it has one.
    #[must_use]
    pub fn id(&self) -> Option<&RequestId> {
        self.0.context.get().map(RequestContext::id)
    }

    /// The pattern of its route, also of a request that was given up.
    #[must_use]
    pub fn route(&self) -> &str {
        self.0.context.get().map_or(UNMATCHED, RequestContext::route)
    }

    /// Begins a span.
    pub fn begin(&self, name: &'static str) -> OpenSpan {
        let start = micros(self.0.began.elapsed());
        let index = self.with(|spans| spans.begin(name, start));
        OpenSpan { trace: self.clone(), index }
    }

    /// Takes the spans; those that begin later are not kept.
    #[must_use]
    pub fn finish(&self) -> Spent {
        let now = micros(self.0.began.elapsed());
        let (kept, left_out) = self.with(|spans| {
            spans.finished = true;
            (std::mem::take(&mut spans.kept), spans.left_out)
        });
        Spent { spans: kept.iter().map(|span| span.time(now)).collect(), left_out }
    }

    fn with<T>(&self, change: impl FnOnce(&mut Spans) -> T) -> T {
        change(&mut self.0.spans.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Spans {
    fn begin(&mut self, name: &'static str, start: u32) -> Option<usize> {
        if self.finished {
            return None;
        }
        if self.kept.len() == MOST_SPANS {
            self.left_out += 1;
            return None;
        }
        self.kept.push(Kept { name, start, took: NONE, statements: NONE });
        Some(self.kept.len() - 1)
    }

    fn end(&mut self, index: Option<usize>, now: u32, statements: u32) {
        // Gone when the request has ended before: then it was told as unfinished.
        if let Some(span) = index.and_then(|index| self.kept.get_mut(index)) {
            span.took = now.saturating_sub(span.start);
            span.statements = statements;
        }
    }
}

impl Kept {
    fn time(&self, now: u32) -> SpanTime {
        let unfinished = self.took == NONE;
        SpanTime {
            name: self.name,
            start_us: self.start,
            duration_us: if unfinished { now.saturating_sub(self.start) } else { self.took },
            statements: (self.statements != NONE).then_some(self.statements),
            unfinished,
        }
    }
}

impl OpenSpan {
    /// Ends it, and tells how many SQL statements it took.
    pub fn end_after(mut self, statements: u32) {
        self.end(statements);
    }

    /// Ends it, and begins the next at the same moment.
    pub fn then(mut self, name: &'static str) -> Self {
        let now = micros(self.trace.0.began.elapsed());
        let index = self.index.take();
        self.index = self.trace.with(|spans| {
            spans.end(index, now, NONE);
            spans.begin(name, now)
        });
        self
    }

    fn end(&mut self, statements: u32) {
        let index = self.index.take();
        if index.is_some() {
            let now = micros(self.trace.0.began.elapsed());
            self.trace.with(|spans| spans.end(index, now, statements));
        }
    }
}

impl Drop for OpenSpan {
    fn drop(&mut self) {
        self.end(NONE);
    }
}

/// Begins a span of the request that this task serves; nothing where it serves none.
#[must_use = "the span ends when this is dropped"]
pub fn begin(name: &'static str) -> Option<OpenSpan> {
    CURRENT.try_with(|trace| trace.begin(name)).ok()
}

/// Awaits `future` as a span of the request that this task serves.
pub async fn timed<F: Future>(name: &'static str, future: F) -> F::Output {
    let _span = begin(name);
    future.await
}

/// Seventy minutes are more than any request may take.
fn micros(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(NONE - 1)
}
