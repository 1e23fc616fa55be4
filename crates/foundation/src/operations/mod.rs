//! What a person on call asks a running server: which request was that, where did its time go, who
//! blocks whom, and could the log say more for a while.
//!
//! Each question has a function here and a route under `/operations`, for those who hold
//! `OPERATIONS_TOKEN`. Read `trace.rs`, `requests.rs`, `routes.rs`; docs/operations.md has the
//! commands.

mod activity;
mod guard;
mod log_level;
mod process;
mod recorder;
mod requests;
mod routes;
#[cfg(test)]
mod tests;
mod trace;
mod which;
mod workers;

use std::fmt;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use crate::config::OperationsConfig;

pub use activity::{Activity, activity};
pub use log_level::{LONGEST_CHANGE, LogLevel, LogLevelError, LogLevelState, USUAL_CHANGE};
pub use recorder::SpanRecorder;
pub use requests::{FinishedRequest, Outcome, RequestLog};
pub use trace::{MOST_SPANS, OpenSpan, RequestTrace, SpanTime, Spent, begin, timed};

pub(crate) use process::ProcessMetrics;
pub(crate) use recorder::Carried;
pub(crate) use routes::routes;
pub(crate) use workers::Workers;

/// Characters of a token that nobody guesses at the speed of the network.
const SHORTEST_TOKEN: usize = 16;

/// `OPERATIONS_TOKEN` is too short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "OPERATIONS_TOKEN must have 16 characters or more. Make one with `openssl rand -hex 32`, or \
     unset it to have no /operations routes."
)]
pub struct ShortToken;

/// How one server is operated: what its `/operations` routes and its middleware need.
#[derive(Clone)]
pub struct Operations {
    token: Option<SecretString>,
    slow_after: Duration,
}

impl fmt::Debug for Operations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operations")
            .field("has_token", &self.token.is_some())
            .field("slow_after", &self.slow_after)
            .finish()
    }
}

impl Operations {
    /// Reads the configuration. An empty token is no token, as compose files write it.
    ///
    /// # Errors
    /// [`ShortToken`].
    pub fn new(config: &OperationsConfig) -> Result<Self, ShortToken> {
        let token =
            config.operations_token.clone().filter(|token| !token.expose_secret().is_empty());
        let is_short =
            |token: &SecretString| token.expose_secret().chars().count() < SHORTEST_TOKEN;
        if token.as_ref().is_some_and(is_short) {
            return Err(ShortToken);
        }
        Ok(Self { token, slow_after: config.slow_request })
    }

    /// From when on a request counts as slow.
    #[must_use]
    pub const fn slow_after(&self) -> Duration {
        self.slow_after
    }
}
