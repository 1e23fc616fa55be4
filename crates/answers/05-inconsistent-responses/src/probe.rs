//! The probe: one request, many times, and what differs between the responses.
//!
//! Read this file → `canonical.rs` (when two responses are the same) → `groups.rs` → `compare.rs`
//! and `difference.rs` (what differs) → `evidence.rs` (what separates it) → `cause.rs`.

mod arguments;
mod canonical;
mod cause;
mod compare;
mod difference;
mod evidence;
mod groups;
mod headers;
mod report;
mod send;

use std::time::{Duration, Instant};

use awc::http::header::{HeaderName, HeaderValue};
use chrono::Utc;
use difference::Comparison;
use evidence::Bisection;
use futures_util::StreamExt;
use groups::{Groups, Reply};
use url::Url;

pub(crate) use arguments::PROBE;
pub use canonical::{NotAPointer, Pattern};
pub use cause::Cause;
pub use compare::Kind;
pub use difference::{Difference, Variant};
pub use evidence::Evidence;
pub(crate) use report::shortened;
pub use report::{GroupOfSame, Report};

/// Whoever watches a run; an error stops it.
pub type Watch<'watcher> =
    dyn FnMut(u32) -> Result<(), Box<dyn std::error::Error + Send + Sync>> + 'watcher;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The very first request got no response; then there is nothing to compare.
    #[error("{url} does not answer: {reason}")]
    Unreachable {
        /// Where to.
        url: String,
        /// Why not.
        reason: String,
    },
    /// Whoever watches the run stopped it.
    #[error("{0}")]
    Stopped(Box<dyn std::error::Error + Send + Sync>),
}

/// What to send, how often, and what to make of the responses.
#[derive(Clone, Debug)]
pub struct Probe {
    /// `http` or `https`.
    pub url: Url,
    /// How many identical requests; one at least.
    pub requests: u32,
    /// How many of them at a time.
    pub concurrency: u32,
    /// Sent with every request.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The response header that names instances, in lower case.
    pub instance_header: String,
    /// Members that may differ.
    pub ignore: Vec<Pattern>,
    /// A connection for each request: a balancer that chooses by connection would otherwise send
    /// them all to one instance.
    pub fresh_connections: bool,
    /// How long a response may take.
    pub timeout: Duration,
    /// Bytes of a body, at most; a longer one counts as no response.
    pub body_limit: usize,
}

impl Probe {
    /// A thousand GETs of `url`, eight at a time.
    #[must_use]
    pub fn new(url: Url) -> Self {
        Self {
            url,
            requests: 1_000,
            concurrency: 8,
            headers: Vec::new(),
            instance_header: "x-instance".to_owned(),
            ignore: Vec::new(),
            fresh_connections: false,
            timeout: Duration::from_secs(10),
            body_limit: 1 << 20,
        }
    }

    /// Sends the requests and compares the responses. `watch` is told after each how many there
    /// are. Has to run on an actix runtime, as its HTTP client does.
    ///
    /// # Errors
    /// See [`ProbeError`]. A request that fails later is a response that differs.
    pub async fn run(&self, watch: &mut Watch<'_>) -> Result<Report, ProbeError> {
        let (began, clock) = (Utc::now(), Instant::now());
        let client = self.client();
        let mut groups = Groups::default();
        let first = self.ask(&client).await.map_err(|reason| self.unreachable(reason))?;
        groups.add(1, first);
        watch(1).map_err(ProbeError::Stopped)?;
        let rest = futures_util::stream::iter(2..=self.requests).map(|_| self.ask(&client));
        let concurrency = usize::try_from(self.concurrency.max(1)).unwrap_or(1);
        let mut rest = std::pin::pin!(rest.buffer_unordered(concurrency));
        let mut done = 1;
        while let Some(reply) = rest.next().await {
            done += 1;
            groups.add(done, reply.unwrap_or_else(Reply::failed));
            watch(done).map_err(ProbeError::Stopped)?;
        }
        Ok(self.report(&groups, began, clock.elapsed()))
    }

    fn report(&self, groups: &Groups, began: chrono::DateTime<Utc>, took: Duration) -> Report {
        let bisection = Bisection {
            headers: &groups.headers,
            instance: &self.instance_header,
            concurrency: self.concurrency,
        };
        let differences = Comparison { groups, bisection }.differences();
        Report::new(self, groups, differences, began, took)
    }

    fn unreachable(&self, reason: String) -> ProbeError {
        ProbeError::Unreachable { url: self.url.to_string(), reason }
    }
}
