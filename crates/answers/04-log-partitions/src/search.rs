//! What a listing asks for: query parameters become one [`Search`] or are refused.

use chrono::{DateTime, TimeDelta, Utc};
use error_handling::{InvalidField, Problem};
use foundation::paging::{Limit, decode_cursor};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use crate::in_months::InMonths;
use crate::model::{Level, LogId, LoggedAt, Rejection, ServiceName};
use crate::month::Month;

/// The longest range of one request. Every partition in it is opened, so it has to end somewhere;
/// a leap year is the longest that people ask for by name.
const LONGEST_RANGE: TimeDelta = TimeDelta::days(366);

/// Months before the present one that count as recent: as many as are kept by default.
const RECENT: u32 = 13;

/// Parameters of the listing and of its plan.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SearchParameters {
    /// Earliest time, included; 24 hours before `to` when absent.
    #[param(example = "2026-01-01T00:00:00Z")]
    from: Option<DateTime<Utc>>,
    /// Latest time, not included; now when absent. At most 366 days after `from`.
    #[param(example = "2026-02-01T00:00:00Z")]
    to: Option<DateTime<Utc>>,
    /// This level and worse.
    #[param(inline)]
    level: Option<Level>,
    /// Exactly this service.
    service: Option<String>,
    /// Entries on a page, 1 to 200; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
    /// Where the page starts, from the `Link` header of the page before.
    cursor: Option<String>,
}

/// A checked question to the log.
#[derive(Clone, Debug)]
pub struct Search {
    /// Never optional, because it is what lets the database skip partitions.
    pub range: TimeRange,
    /// This level and worse.
    pub level: Option<Level>,
    /// Exactly this service.
    pub service: Option<ServiceName>,
    /// The last entry of the page before.
    pub after: Option<Position>,
    /// Entries on a page.
    pub limit: Limit,
    /// Whether it asks about one of the last thirteen months: those are asked about again, so a
    /// connection keeps one plan for each. All others are planned each time.
    pub is_of_a_recent_month: bool,
}

/// A half-open range of time: neighbouring ranges share no entry and miss none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeRange {
    /// Included.
    pub from: DateTime<Utc>,
    /// Not included.
    pub to: DateTime<Utc>,
}

/// A place in the listing. The time alone would not do: entries can share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Time of the entry.
    pub logged_at: LoggedAt,
    /// Its id.
    pub id: LogId,
}

impl Search {
    /// Where what is still to be read ends. The row comparison of a cursor finds the place in the
    /// index but prunes nothing: pruning looks at the time alone, so months already read need this.
    #[must_use]
    pub fn unread_until(&self) -> DateTime<Utc> {
        let past = |last: Position| last.logged_at.instant() + TimeDelta::microseconds(1);
        self.after.map_or(self.range.to, |last| past(last).min(self.range.to))
    }

    /// The months that hold what is still to be read.
    pub(crate) fn months(&self) -> InMonths {
        let first = Month::of(self.range.from);
        let last = Month::of(self.unread_until() - TimeDelta::microseconds(1)).max(first);
        InMonths { first, last, is_kept: self.is_of_a_recent_month }
    }
}

impl SearchParameters {
    /// Checks every parameter; `now` is where an open range ends.
    ///
    /// # Errors
    /// 422 that names the refused parameter; 400 for a cursor that is not ours.
    pub fn into_search(self, now: DateTime<Utc>) -> Result<Search, Problem> {
        let refused = |field| Problem::invalid(vec![field]);
        let service = self.service.map(ServiceName::parse).transpose();
        let range = TimeRange::parse(self.from, self.to, now).map_err(refused)?;
        Ok(Search {
            range,
            is_of_a_recent_month: range.is_of_a_recent_month(now),
            level: self.level,
            service: service.map_err(|why| refused(why.in_parameter("service")))?,
            after: decode_cursor(self.cursor.as_deref())?,
            limit: Limit::parse(self.limit, 50, 200)?,
        })
    }
}

impl TimeRange {
    fn is_of_a_recent_month(self, now: DateTime<Utc>) -> bool {
        let (month, present) = (Month::of(self.from), Month::of(now));
        self.to <= month.end() && (present.before(RECENT)..=present).contains(&month)
    }

    fn parse(
        from: Option<DateTime<Utc>>,
        to: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<Self, InvalidField> {
        let supported = |instant: DateTime<Utc>, parameter| {
            let checked = LoggedAt::try_from(instant);
            checked.map(LoggedAt::instant).map_err(|why: Rejection| why.in_parameter(parameter))
        };
        let to = supported(to.unwrap_or(now), "to")?;
        let from = supported(from.unwrap_or(to - TimeDelta::days(1)), "from")?;
        if from >= to {
            let detail = "The range must start before it ends; it ends now when `to` is absent.";
            return Err(InvalidField::parameter("from", "not_before_to", detail));
        }
        if to - from > LONGEST_RANGE {
            let detail = format!("Ask for at most {} days.", LONGEST_RANGE.num_days());
            return Err(InvalidField::parameter("from", "range_too_long", detail));
        }
        Ok(Self { from, to })
    }
}
