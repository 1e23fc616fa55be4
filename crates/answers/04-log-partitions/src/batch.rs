//! The body of an ingest request, and how its rows become entries.

use error_handling::{InvalidField, Problem};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::model::{Level, LoggedAt, Message, NewEntry, Rejection, ServiceName};

/// Rows in one batch: enough to make the round trip cheap, few enough for one short statement.
const MOST_ENTRIES: usize = 10_000;

/// A client that sends ten thousand bad rows learns nothing from more pointers than it can read.
const MOST_ERRORS: usize = 20;

/// Entries to store: all of them or none.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LogBatch)]
pub(crate) struct Batch {
    /// 1 to 10 000 entries, in any order.
    #[schema(min_items = 1, max_items = 10_000)]
    entries: Vec<EntryInput>,
}

/// One entry as it arrives. Strings, so that every bad row can be reported at once: a typed field
/// would end the reading of the body at the first.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewLogEntry)]
struct EntryInput {
    /// When it happened, RFC 3339, in the years 2000 to 2099.
    #[schema(format = DateTime, example = "2026-01-31T23:59:59.5Z")]
    logged_at: String,
    /// `debug`, `info`, `warn`, `error` or `fatal`.
    #[schema(example = "error")]
    level: String,
    /// Who wrote it, on one line.
    #[schema(min_length = 1, max_length = 64, example = "checkout")]
    service: String,
    /// What happened; line breaks and tabs are kept.
    #[schema(min_length = 1, max_length = 4096, example = "card declined, order 4711")]
    message: String,
}

impl Batch {
    /// Checks every row.
    ///
    /// # Errors
    /// 422 that points at the first refused members, such as `#/entries/17/level`.
    pub(crate) fn into_entries(self) -> Result<Vec<NewEntry>, Problem> {
        if !(1..=MOST_ENTRIES).contains(&self.entries.len()) {
            let detail = format!("Send 1 to {MOST_ENTRIES} entries.");
            return Err(Problem::invalid(vec![InvalidField::body("/entries", "length", detail)]));
        }
        let mut entries = Vec::with_capacity(self.entries.len());
        let mut errors = Vec::new();
        for (index, input) in self.entries.into_iter().enumerate() {
            let refuse = |member: &str, rejection: Rejection| {
                errors.push(rejection.in_body(&format!("/entries/{index}/{member}")));
            };
            entries.extend(input.parse(refuse));
            if errors.len() >= MOST_ERRORS {
                break;
            }
        }
        errors.truncate(MOST_ERRORS);
        if errors.is_empty() { Ok(entries) } else { Err(Problem::invalid(errors)) }
    }
}

impl EntryInput {
    /// `None` when `refuse` was told of at least one member.
    fn parse(self, mut refuse: impl FnMut(&'static str, Rejection)) -> Option<NewEntry> {
        let logged_at = LoggedAt::parse(&self.logged_at).map_err(|why| refuse("logged_at", why));
        let level = Level::parse(&self.level).map_err(|why| refuse("level", why));
        let service = ServiceName::parse(self.service).map_err(|why| refuse("service", why));
        let message = Message::parse(self.message).map_err(|why| refuse("message", why));
        Some(NewEntry {
            logged_at: logged_at.ok()?,
            level: level.ok()?,
            service: service.ok()?,
            message: message.ok()?,
        })
    }
}
