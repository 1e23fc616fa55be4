//! The likeliest cause of a difference, by what separates its variants.

use serde::Serialize;

use super::compare::Kind;
use super::evidence::{AGE, Evidence};

/// Parts of the names of headers that tell which release answered.
const RELEASE: [&str; 6] = ["version", "release", "build", "revision", "commit", "deploy"];
/// From so many variants on, a value that is nearly always new is taken for new every time.
const VOLATILE: usize = 5;

/// Why responses to one request differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Some requests fail, or get another status.
    Failing,
    /// Two releases answer side by side.
    VersionSkew,
    /// An instance answers from a copy, or a state, of its own.
    StaleCopy,
    /// Rows that are equal in the sort key come in any order.
    UndeterminedOrder,
    /// The value changed everywhere at once, during the run.
    ChangedMeanwhile,
    /// Meant to be new in every response: an identifier, a time.
    Volatile,
    /// Nothing that was seen separates the variants.
    Unexplained,
}

impl Cause {
    /// Names the cause of a difference that came in so many variants over so many responses.
    pub(super) fn of(
        kind: Kind,
        evidence: &[Evidence],
        variants: usize,
        responses: usize,
        instance: &str,
    ) -> Self {
        let by = |matches: &dyn Fn(&str) -> bool| {
            evidence.iter().any(|one| matches!(one, Evidence::Header { name, .. } if matches(name)))
        };
        let release = || by(&|name| RELEASE.iter().any(|part| name.contains(part)));
        let cache = || by(&|name| name == AGE || name.contains("cache"));
        let of_an_instance = || {
            let within =
                |one: &Evidence| !matches!(one, Evidence::Header { .. } | Evidence::Time { .. });
            by(&|name| name == instance) || evidence.iter().any(within)
        };
        let at_once = evidence.iter().any(|one| matches!(one, Evidence::Time { .. }));
        match kind {
            Kind::Head => Self::Failing,
            Kind::Order => Self::UndeterminedOrder,
            Kind::Value if variants >= VOLATILE && variants * 2 > responses => Self::Volatile,
            // Asked first: a copy has an age, while a release has had its values from the start.
            Kind::Value if cache() => Self::StaleCopy,
            _ if release() => Self::VersionSkew,
            _ if at_once => Self::ChangedMeanwhile,
            Kind::Shape if by(&|name| name == instance) => Self::VersionSkew,
            Kind::Value if of_an_instance() => Self::StaleCopy,
            _ => Self::Unexplained,
        }
    }

    /// The cause in a few words.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Failing => "some requests fail",
            Self::VersionSkew => "version skew",
            Self::StaleCopy => "stale copy in one instance",
            Self::UndeterminedOrder => "order without a tie-break",
            Self::ChangedMeanwhile => "changed during the run",
            Self::Volatile => "new in every response",
            Self::Unexplained => "unexplained",
        }
    }

    /// What to do next.
    #[must_use]
    pub fn advice(self) -> &'static str {
        match self {
            Self::Failing => {
                "Look up the request id in the log; explain failures first. 429 is the probe's own \
                 fault: send fewer."
            }
            Self::VersionSkew => {
                "Finish or take back the rollout. Next time add the new member first, and remove \
                 the old one when nobody reads it any more."
            }
            Self::StaleCopy => {
                "Check the copy's version when it is read, or invalidate it on every instance. A \
                 shorter TTL is wrong for a shorter time, a sticky session for one client only."
            }
            Self::UndeterminedOrder => "End ORDER BY with a unique column.",
            Self::ChangedMeanwhile => {
                "Somebody wrote or deployed during the run; run it again when nobody does."
            }
            Self::Volatile => "If it is meant to be new each time, leave it out with --ignore.",
            Self::Unexplained => {
                "Have responses say which instance and release made them, and how old their \
                 copies are; then run it again."
            }
        }
    }

    /// Whether it is a defect of the service, as far as the probe can tell.
    #[must_use]
    pub fn is_defect(self) -> bool {
        !matches!(self, Self::ChangedMeanwhile | Self::Volatile)
    }
}
