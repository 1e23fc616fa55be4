//! The requests that this server has finished, found again by their id.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::http::header::HeaderValue;
use chrono::{DateTime, Utc};
use error_handling::RequestId;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use super::trace::{RequestTrace, SpanTime};

/// Requests kept in all: some 3 MB, and 15 MB if each had the most spans.
pub(super) const KEPT: usize = 10_000;
/// Slow requests kept, and failed ones, however many others came since.
pub(super) const REMARKABLE: usize = 500;
/// Rings that share the 10 000, so that workers seldom wait for each other or for a look-up.
const RINGS: usize = 16;
/// Requests that a look-up finds at the most: an id is the client's to repeat.
pub(super) const SAME_ID: usize = 20;

/// A request that was answered. Never its query, bodies, headers or addresses.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FinishedRequest {
    /// As in the response's `X-Request-Id`.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = String)]
    pub request_id: RequestId,
    /// The method, or `other` for one of the client's invention.
    #[schema(value_type = String)]
    pub method: &'static str,
    /// The pattern of the route, such as `/api/v1/todos/{id}`, or `unmatched`.
    pub route: String,
    /// Status of the response.
    pub status: u16,
    /// When the head of the response was ready.
    pub finished_at: DateTime<Utc>,
    /// Microseconds from the head of the request to the head of the response.
    pub duration_us: u64,
    /// Whether it took `SLOW_REQUEST` or longer.
    pub slow: bool,
    /// Where the time went, in the order the spans began.
    pub spans: Vec<SpanTime>,
    /// Spans beyond the 32 that are kept.
    pub spans_left_out: u32,
    /// Position among all requests of this server.
    #[serde(skip)]
    number: u64,
}

fn as_text<S: Serializer>(id: &RequestId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}

/// What is known of a request beside its trace.
#[derive(Debug)]
pub struct Outcome {
    /// See [`FinishedRequest::method`].
    pub method: &'static str,
    /// See [`FinishedRequest::route`].
    pub route: String,
    /// Status of the response.
    pub status: u16,
    /// From the head of the request to the head of the response.
    pub took: Duration,
}

/// The last 10 000 requests of one server, its last 500 slow and its last 500 failed ones; cheap
/// to clone.
#[derive(Clone, Default)]
pub struct RequestLog(Arc<Rings>);

#[derive(Default)]
struct Rings {
    all: [Ring; RINGS],
    slow: Ring,
    failed: Ring,
    count: AtomicU64,
}

/// A mutex instead of a lock-free queue: it is held for two moves, by one worker at a time.
#[derive(Default)]
struct Ring(Mutex<VecDeque<Arc<FinishedRequest>>>);

impl std::fmt::Debug for RequestLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestLog").field("finished", &self.finished()).finish()
    }
}

impl RequestLog {
    /// Keeps a request, and logs it with its spans when it took `slow_after` or longer.
    pub fn keep(&self, trace: &RequestTrace, outcome: Outcome, slow_after: Duration) {
        let Some(id) = trace.id() else { return };
        let spent = trace.finish();
        let number = self.0.count.fetch_add(1, Ordering::Relaxed);
        let Outcome { method, route, status, took } = outcome;
        let request = Arc::new(FinishedRequest {
            request_id: id.clone(),
            method,
            route,
            status,
            finished_at: Utc::now(),
            duration_us: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            slow: took >= slow_after,
            spans: spent.spans,
            spans_left_out: spent.left_out,
            number,
        });
        if request.slow {
            request.log();
            self.0.slow.push(Arc::clone(&request), REMARKABLE);
        }
        if status >= 500 {
            self.0.failed.push(Arc::clone(&request), REMARKABLE);
        }
        // The remainder is below RINGS, so the cast loses nothing.
        self.0.all[(number % RINGS as u64) as usize].push(request, KEPT / RINGS);
    }

    /// Requests finished since the start.
    #[must_use]
    pub fn finished(&self) -> u64 {
        self.0.count.load(Ordering::Relaxed)
    }

    /// The requests with this id, newest first: several when a client repeated it.
    #[must_use]
    pub fn find(&self, id: &str) -> Vec<Arc<FinishedRequest>> {
        // Made the way a request's own id is; a text that no request can have makes a random one.
        let id = RequestId::accept_or_make(HeaderValue::from_str(id).ok().as_ref());
        let rings = self.0.all.iter().chain([&self.0.slow, &self.0.failed]);
        let found = rings.flat_map(|ring| ring.matching(SAME_ID, |one| one.request_id == id));
        newest(found.collect(), SAME_ID)
    }

    /// The newest requests.
    #[must_use]
    pub fn recent(&self, most: usize) -> Vec<Arc<FinishedRequest>> {
        newest(self.0.all.iter().flat_map(|ring| ring.matching(most, |_| true)).collect(), most)
    }

    /// The newest that took `SLOW_REQUEST` or longer.
    #[must_use]
    pub fn slow(&self, most: usize) -> Vec<Arc<FinishedRequest>> {
        newest(self.0.slow.matching(most, |_| true), most)
    }

    /// The newest with a status of 500 or above.
    #[must_use]
    pub fn failed(&self, most: usize) -> Vec<Arc<FinishedRequest>> {
        newest(self.0.failed.matching(most, |_| true), most)
    }
}

/// A request stands in several rings: each is told once.
fn newest(mut found: Vec<Arc<FinishedRequest>>, most: usize) -> Vec<Arc<FinishedRequest>> {
    found.sort_unstable_by_key(|request| std::cmp::Reverse(request.number));
    found.dedup_by_key(|request| request.number);
    found.truncate(most);
    found
}

impl Ring {
    fn push(&self, request: Arc<FinishedRequest>, most: usize) {
        let mut ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let oldest = if ring.len() >= most { ring.pop_front() } else { None };
        ring.push_back(request);
        drop(ring);
        drop(oldest);
    }

    fn matching(
        &self,
        most: usize,
        is_wanted: impl Fn(&FinishedRequest) -> bool,
    ) -> Vec<Arc<FinishedRequest>> {
        let ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ring.iter().rev().filter(|request| is_wanted(request)).take(most).cloned().collect()
    }
}

impl FinishedRequest {
    /// How long it took.
    #[must_use]
    pub fn duration(&self) -> Duration {
        Duration::from_micros(self.duration_us)
    }

    /// The spans in one line: `database.wait 0.1+0.2ms, database.run 0.3+501.9ms (3 statements)`,
    /// each with its start and what it took.
    #[must_use]
    pub fn timeline(&self) -> String {
        let mut words = String::new();
        let milliseconds = |micros: u32| f64::from(micros) / 1_000.0;
        for span in &self.spans {
            let comma = if words.is_empty() { "" } else { ", " };
            let (start, took) = (milliseconds(span.start_us), milliseconds(span.duration_us));
            let _ = write!(words, "{comma}{} {start:.1}+{took:.1}ms", span.name);
            if let Some(statements) = span.statements {
                let _ = write!(words, " ({statements} statements)");
            }
            if span.unfinished {
                words.push_str(" (unfinished)");
            }
        }
        if self.spans_left_out > 0 {
            let _ = write!(words, ", and {} more", self.spans_left_out);
        }
        words
    }

    fn log(&self) {
        tracing::warn!(
            request_id = %self.request_id,
            method = self.method,
            route = self.route,
            status = self.status,
            elapsed_ms = self.duration_us / 1_000,
            timeline = self.timeline(),
            "slow request",
        );
    }
}
