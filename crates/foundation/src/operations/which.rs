//! Which requests of the log to tell.

use std::sync::Arc;

use error_handling::{InvalidField, Problem};
use serde::{Deserialize, Deserializer};
use utoipa::IntoParams;

use super::{FinishedRequest, RequestLog};

/// Requests told at once, unless asked otherwise, and at the most.
const USUAL: u16 = 20;
const MOST: u16 = 200;

/// Which requests to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Only those that took `SLOW_REQUEST` or longer. `?slow` alone means true.
    #[serde(default, deserialize_with = "flag")]
    #[param(value_type = Option<bool>)]
    slow: bool,
    /// Only those with a status of 500 or above. `?failed` alone means true.
    #[serde(default, deserialize_with = "flag")]
    #[param(value_type = Option<bool>)]
    failed: bool,
    /// How many, 20 unless it says so.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
}

impl Which {
    pub(super) fn of(self, log: &RequestLog) -> Result<Vec<Arc<FinishedRequest>>, Problem> {
        let most = bounded(self.limit)?;
        Ok(match (self.slow, self.failed) {
            (false, false) => log.recent(most),
            (true, false) => log.slow(most),
            (false, true) => log.failed(most),
            (true, true) => {
                let mut failed = log.failed(usize::MAX);
                failed.retain(|request| request.slow);
                failed.truncate(most);
                failed
            }
        })
    }
}

fn bounded(limit: Option<u16>) -> Result<usize, Problem> {
    match limit.unwrap_or(USUAL) {
        limit if (1..=MOST).contains(&limit) => Ok(limit.into()),
        _ => Err(Problem::invalid(vec![InvalidField::parameter(
            "limit",
            "out_of_range",
            format!("Ask for 1 to {MOST} requests."),
        )])),
    }
}

/// `?slow` as people type it, beside `?slow=true`.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    match String::deserialize(deserializer)?.as_str() {
        "" | "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(serde::de::Error::custom("expected true or false")),
    }
}
