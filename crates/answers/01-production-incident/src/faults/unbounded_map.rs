//! An unbounded map: answers are kept under a key that never comes again.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use error_handling::{Cause, Problem};
use prometheus::IntGauge;

use super::{Case, Fault};
use crate::service::{Action, Feature, Part, Runs};
use crate::signals::Evidence;
use crate::store::Order;

/// Bytes that the service may keep. Tiny, so that seconds do what days do; a real process is
/// killed at its limit, this one refuses, which can be counted.
pub(crate) const BUDGET: usize = 4 << 10;
/// Answers that the fix keeps.
const MOST: usize = 32;
/// What an entry takes beside its key and its order.
const OVERHEAD: usize = 64;

pub(super) static CASE: Case = Case {
    fault: Fault::UnboundedMap,
    title: "unbounded in-memory map",
    injected: "a release keeps the answers of look-ups",
    mitigation: &[Action::Off(Feature::Cache)],
    evidence: |seen| Evidence {
        text: format!("kept answers: {} entries, {} bytes of {BUDGET}", seen.kept, seen.kept_bytes),
        present: seen.kept_bytes > BUDGET * 3 / 4,
    },
    cause: "answers are kept under the request's id, so none is ever found again and none is ever \
            dropped",
    fix: "the key is the order, and beyond a fixed number the oldest answer goes",
    prevention: "every map in memory has a bound and a gauge; alert on growth under steady load",
    hints: [
        "It began some time after a release, not with it: something fills up. Which gauge rises \
         while the load stays the same? Watch `metrics`.",
        "`metrics kept_answers` only ever grows, by one for each look-up, and the budget of 4 KiB \
         is full. `mitigate off cache` drops what is kept.",
        "It is an unbounded map in memory. Enter `mitigate off cache`, `guess unbounded-map`, \
         `fix`.",
    ],
};

/// Answers of look-ups, kept in memory.
pub(crate) struct Answers {
    pub(crate) part: Part,
    /// A mutex around a list: held for a scan of a few dozen entries.
    kept: Mutex<Kept>,
    entries: IntGauge,
    bytes: IntGauge,
}

#[derive(Default)]
struct Kept {
    answers: VecDeque<(String, Order)>,
    bytes: usize,
}

impl Answers {
    pub(crate) fn new(entries: IntGauge, bytes: IntGauge) -> Self {
        Self { part: Part::new(false), kept: Mutex::default(), entries, bytes }
    }

    /// What an answer is kept under; `None` while nothing is kept.
    pub(crate) fn key(&self, order: i64, request: Option<&str>) -> Option<String> {
        match self.part.runs() {
            Runs::Nothing => None,
            // Meant to keep the answers of different callers apart.
            Runs::Faulty => Some(format!("{order}/{}", request.unwrap_or_default())),
            Runs::Repaired => Some(order.to_string()),
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<Order> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.answers.iter().find(|(of, _)| of == key).map(|(_, order)| order.clone())
    }

    /// Keeps an answer.
    ///
    /// # Errors
    /// 503 when there is no memory left for it.
    pub(crate) fn keep(&self, key: String, order: &Order) -> Result<(), Problem> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if self.part.runs() == Runs::Repaired {
            kept.drop_beyond(MOST - 1);
        }
        let size = size_of(&key);
        if kept.bytes + size > BUDGET {
            return Err(out_of_memory());
        }
        kept.bytes += size;
        kept.answers.push_back((key, order.clone()));
        self.tell(&kept);
        Ok(())
    }

    /// What a restart does to it.
    pub(crate) fn forget(&self) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = Kept::default();
        self.tell(&kept);
    }

    /// Entries and bytes.
    pub(crate) fn size(&self) -> (usize, usize) {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        (kept.answers.len(), kept.bytes)
    }

    fn tell(&self, kept: &Kept) {
        self.entries.set(i64::try_from(kept.answers.len()).unwrap_or(i64::MAX));
        self.bytes.set(i64::try_from(kept.bytes).unwrap_or(i64::MAX));
    }
}

impl Kept {
    /// The fix: an entry comes, the oldest goes.
    fn drop_beyond(&mut self, most: usize) {
        while self.answers.len() > most {
            if let Some((key, _)) = self.answers.pop_front() {
                self.bytes -= size_of(&key);
            }
        }
    }
}

fn size_of(key: &str) -> usize {
    key.len() + std::mem::size_of::<Order>() + OVERHEAD
}

fn out_of_memory() -> Problem {
    Problem::unavailable("The server is out of memory.", Duration::from_secs(1))
        .with_cause(Cause::new("memory budget used up"))
}
