//! The result of a probe, and how it reads.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use evidence::Quantity;
use serde::Serialize;

use super::groups::{Group, Groups};
use super::{Cause, Difference, Evidence, Probe};

/// Groups that are listed; their number is always exact.
const LISTED: usize = 16;
/// Variants of a difference that are shown.
const SHOWN_VARIANTS: usize = 4;
/// Letters of a value that are shown.
const SHOWN: usize = 60;

/// What a probe found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Where the requests went.
    pub url: String,
    /// When the first was sent.
    pub began: DateTime<Utc>,
    /// How long all took.
    pub seconds: f64,
    /// How many were sent.
    pub requests: u32,
    /// How many different responses came back.
    pub different: u32,
    /// The most frequent groups.
    pub groups: Vec<GroupOfSame>,
    /// What differs between them, and why.
    pub differences: Vec<Difference>,
}

/// Responses that are the same.
#[derive(Clone, Debug, Serialize)]
pub struct GroupOfSame {
    /// Beginning of the digest of the response in canonical form.
    pub digest: String,
    /// Status; 0 where there was no response.
    pub status: u16,
    /// Media type; the reason where there was no response.
    pub media_type: String,
    /// How many they are.
    pub responses: u32,
    /// Place of the first of them among all responses, counted from 1.
    pub first: u32,
    /// Place of the last.
    pub last: u32,
    /// `X-Request-Id` of the first response, if it had one.
    pub request_id: Option<String>,
}

impl Report {
    pub(super) fn new(
        probe: &Probe,
        groups: &Groups,
        differences: Vec<Difference>,
        began: DateTime<Utc>,
        took: Duration,
    ) -> Self {
        let mut sorted: Vec<&Group> = groups.groups.iter().collect();
        sorted.sort_by_key(|group| (u32::MAX - group.responses, group.first));
        Self {
            url: probe.url.to_string(),
            began,
            seconds: took.as_secs_f64(),
            requests: u32::try_from(groups.observations.len()).unwrap_or(u32::MAX),
            different: u32::try_from(groups.groups.len()).unwrap_or(u32::MAX),
            groups: sorted.into_iter().take(LISTED).map(GroupOfSame::from).collect(),
            differences,
        }
    }

    /// When the last response came.
    #[must_use]
    pub fn ended(&self) -> DateTime<Utc> {
        let took = Duration::try_from_secs_f64(self.seconds).unwrap_or_default();
        self.began + took
    }

    /// Whether every response was the same.
    #[must_use]
    pub fn is_consistent(&self) -> bool {
        self.different <= 1
    }

    /// The causes that were named, each once.
    #[must_use]
    pub fn causes(&self) -> Vec<Cause> {
        let mut causes: Vec<Cause> = self.differences.iter().map(|one| one.cause).collect();
        causes.sort_unstable();
        causes.dedup();
        causes
    }

    /// The first difference with this cause.
    #[must_use]
    pub fn caused_by(&self, cause: Cause) -> Option<&Difference> {
        self.differences.iter().find(|one| one.cause == cause)
    }
}

impl From<&Group> for GroupOfSame {
    fn from(group: &Group) -> Self {
        Self {
            digest: group.digest.to_string(),
            status: group.status,
            media_type: group.media_type.clone(),
            responses: group.responses,
            first: group.first,
            last: group.last,
            request_id: group.request_id.clone(),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [sent, different] =
            [self.requests, self.different].map(|count| Quantity::count(count.into()));
        let took = Quantity::duration(Duration::from_secs_f64(self.seconds));
        writeln!(f, "{sent} identical GETs of {} in {took}", self.url)?;
        writeln!(f, "different responses: {different}\n")?;
        writeln!(f, "  {:14}{:>6}{:>11}  places", "digest", "status", "responses")?;
        for group in &self.groups {
            let GroupOfSame { digest, status, responses, first, last, .. } = group;
            writeln!(f, "  {digest:14}{status:>6}{responses:>11}  {first} to {last}")?;
        }
        if usize::try_from(self.different).is_ok_and(|groups| groups > self.groups.len()) {
            writeln!(f, "  …")?;
        }
        for (index, difference) in self.differences.iter().enumerate() {
            write!(f, "\n{}. {difference}", index + 1)?;
        }
        Ok(())
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let patterns: Vec<String> = self.patterns.iter().take(4).map(|it| pointed(it)).collect();
        let more = if self.patterns.len() > 4 { ", …" } else { "" };
        writeln!(f, "{}: {}{more}", self.cause.title(), patterns.join(", "))?;
        for (index, variant) in self.variants.iter().enumerate().take(SHOWN_VARIANTS) {
            let value = shortened(variant.value.as_deref().unwrap_or("(missing)"));
            let (pointer, responses) = (pointed(&self.pointer), variant.responses);
            let plural = if responses == 1 { "" } else { "s" };
            let letter = letter(index);
            writeln!(f, "   {letter}  {pointer} = {value}  ({responses} response{plural})")?;
        }
        if self.evidence.is_empty() && self.cause != Cause::Volatile {
            writeln!(f, "   nothing separates them: no header, no instance, no moment")?;
        }
        for evidence in &self.evidence {
            writeln!(f, "   {evidence}")?;
        }
        writeln!(f, "   → {}", self.cause.advice())
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header { name, values } => {
                let named = values.iter().take(SHOWN_VARIANTS).enumerate();
                let named =
                    named.map(|(index, value)| format!("{} {}", letter(index), shortened(value)));
                write!(f, "{name} separates them: {}", named.collect::<Vec<_>>().join("; "))
            }
            Self::Confined { variant, name, values } => {
                let values = shortened(&values.join(", "));
                write!(f, "{} came only with {name} {values}", letter(*variant))
            }
            Self::Time { from_response } => {
                write!(f, "one follows the other everywhere, from response {from_response} on")
            }
            Self::TimeWithin { instance, from_response } => {
                let instance = shortened(instance);
                write!(f, "on {instance} one follows the other, from response {from_response} on")
            }
        }
    }
}

/// Variants are A, B, … as far as there are letters.
fn letter(index: usize) -> char {
    u8::try_from(index).ok().and_then(|index| b'A'.checked_add(index)).map_or('?', char::from)
}

fn pointed(pointer: &str) -> String {
    shortened(if pointer.is_empty() { "(the whole body)" } else { pointer })
}

/// As much of a value as fits a line, without what would move the cursor of a terminal.
pub(crate) fn shortened(value: &str) -> String {
    let clean = value.chars().map(|letter| if letter.is_control() { '·' } else { letter });
    let mut short: String = clean.clone().take(SHOWN).collect();
    if clean.count() > SHOWN {
        short.push('…');
    }
    short
}
