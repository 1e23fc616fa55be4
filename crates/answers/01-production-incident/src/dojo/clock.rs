//! Times of an incident, as a person says them.

use std::time::{Duration, Instant};

/// `0:07` or `12:34`; minutes and seconds.
pub(super) fn minutes(time: Duration) -> String {
    format!("{}:{:02}", time.as_secs() / 60, time.as_secs() % 60)
}

/// From one moment to another: `7.2 s` below a minute, else `12:34 min`.
pub(super) fn between(from: Instant, to: Instant) -> String {
    let time = to.saturating_duration_since(from);
    if time < Duration::from_secs(60) {
        return format!("{:.1} s", time.as_secs_f64());
    }
    format!("{} min", minutes(time))
}
