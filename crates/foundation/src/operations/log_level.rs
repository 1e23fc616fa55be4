//! What is logged, changed while the server runs and changed back by itself.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::{EnvFilter, Registry, reload};
use utoipa::ToSchema;

/// How long a change lasts unless it says so.
pub const USUAL_CHANGE: Duration = Duration::from_secs(15 * 60);
/// The longest change; more is for the configuration.
pub const LONGEST_CHANGE: Duration = Duration::from_secs(4 * 60 * 60);
/// Directives of one change.
const MOST_DIRECTIVES: usize = 20;
/// Bytes of the target of a directive.
const LONGEST_TARGET: usize = 100;

/// The log filter of this process; cheap to clone. Of the process and not of one server, as the
/// subscriber of tracing is.
#[derive(Clone)]
pub struct LogLevel(Arc<Inner>);

struct Inner {
    handle: reload::Handle<EnvFilter, Registry>,
    configured: String,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    change: Option<Change>,
    /// Whether a thread waits to change it back.
    is_watched: bool,
}

struct Change {
    filter: String,
    end: Instant,
    until: DateTime<Utc>,
}

/// What is logged now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct LogLevelState {
    /// The directives that hold now; of two for one target the later one holds.
    pub filter: String,
    /// Those of the configuration (`LOG`).
    pub configured: String,
    /// When a change ends by itself; absent while nothing is changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
}

/// The level was not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogLevelError {
    /// A directive that tracing would take for something else, such as `inof` for a target.
    #[error(
        "Write directives such as `debug` or `foundation=debug`, separated by commas, with the \
         levels off, error, warn, info, debug and trace: 20 at the most."
    )]
    Filter,
    /// Zero, or longer than [`LONGEST_CHANGE`].
    #[error("A change lasts from 1 second to 4 hours.")]
    Duration,
    /// Nothing would change it back.
    #[error("The thread that would change it back did not start.")]
    Thread,
}

impl fmt::Debug for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LogLevel").field(&self.current()).finish()
    }
}

impl LogLevel {
    /// The filter for a subscriber, and what changes it.
    ///
    /// # Errors
    /// When `configured` is not a filter.
    pub(crate) fn new(
        configured: &str,
    ) -> Result<(reload::Layer<EnvFilter, Registry>, Self), ParseError> {
        let (filter, handle) = reload::Layer::new(EnvFilter::try_new(configured)?);
        let inner = Inner {
            handle,
            configured: configured.to_owned(),
            state: Mutex::default(),
            changed: Condvar::new(),
        };
        Ok((filter, Self(Arc::new(inner))))
    }

    /// What is logged now.
    #[must_use]
    pub fn current(&self) -> LogLevelState {
        self.state_of(&self.lock())
    }

    /// Lays `directives` over the configured ones for a while, in place of an earlier change.
    ///
    /// Over them instead of in their place, so that `foundation=debug` leaves everything else as it
    /// was, while a level alone, such as `debug`, is for whatever the configuration does not name.
    ///
    /// # Errors
    /// See [`LogLevelError`]; then nothing has changed.
    pub fn change(
        &self,
        directives: &str,
        lasting: Duration,
    ) -> Result<LogLevelState, LogLevelError> {
        if !are_directives(directives) {
            return Err(LogLevelError::Filter);
        }
        if lasting < Duration::from_secs(1) || lasting > LONGEST_CHANGE {
            return Err(LogLevelError::Duration);
        }
        let filter = format!("{},{directives}", self.0.configured);
        let parsed = EnvFilter::try_new(&filter).map_err(|_| LogLevelError::Filter)?;
        let mut state = self.lock();
        self.watch(&mut state)?;
        self.0.handle.reload(parsed).map_err(|_| LogLevelError::Filter)?;
        // At warn, so that it shows at most levels: it explains the lines that follow.
        tracing::warn!(filter, seconds = lasting.as_secs(), "log level changed");
        let until = Utc::now() + TimeDelta::from_std(lasting).unwrap_or_default();
        state.change = Some(Change { filter, end: Instant::now() + lasting, until });
        self.0.changed.notify_all();
        Ok(self.state_of(&state))
    }

    /// Ends a change before its time.
    pub fn revert(&self) -> LogLevelState {
        let mut state = self.lock();
        self.restore(&mut state);
        self.0.changed.notify_all();
        self.state_of(&state)
    }

    /// A thread for as long as a change lasts, instead of a timer of the server's runtime: it must
    /// also fire when what is looked into is a runtime that hangs.
    fn watch(&self, state: &mut State) -> Result<(), LogLevelError> {
        if !state.is_watched {
            let this = self.clone();
            let thread = std::thread::Builder::new().name("log-level".to_owned());
            thread.spawn(move || this.wait_for_end()).map_err(|_| LogLevelError::Thread)?;
            state.is_watched = true;
        }
        Ok(())
    }

    fn wait_for_end(&self) {
        let mut state = self.lock();
        while let Some(change) = &state.change {
            let left = change.end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                self.restore(&mut state);
                break;
            }
            let waited = self.0.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.is_watched = false;
    }

    fn restore(&self, state: &mut State) {
        if state.change.take().is_none() {
            return;
        }
        // It was parsed before, when the process started, and a subscriber lives as long.
        if let Ok(filter) = EnvFilter::try_new(&self.0.configured) {
            let _ = self.0.handle.reload(filter);
        }
        tracing::warn!(filter = self.0.configured, "log level restored");
    }

    fn state_of(&self, state: &State) -> LogLevelState {
        let configured = self.0.configured.clone();
        match &state.change {
            None => LogLevelState { filter: configured.clone(), configured, until: None },
            Some(Change { filter, until, .. }) => {
                LogLevelState { filter: filter.clone(), configured, until: Some(*until) }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A level, or a target and its level: narrower than tracing, where a misspelt level is a target,
/// and everything else falls silent.
fn are_directives(text: &str) -> bool {
    let levels = ["off", "error", "warn", "info", "debug", "trace"];
    let is_level = |level: &str| levels.iter().any(|known| known.eq_ignore_ascii_case(level));
    let is_target = |target: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_:".contains(&byte);
        (1..=LONGEST_TARGET).contains(&target.len()) && target.bytes().all(plain)
    };
    let is_directive = |directive: &str| match directive.split_once('=') {
        Some((target, level)) => is_target(target) && is_level(level),
        None => is_level(directive),
    };
    text.split(',').count() <= MOST_DIRECTIVES && text.split(',').all(is_directive)
}
