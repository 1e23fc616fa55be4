//! Which kinds this process does, and how.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};

use serde::de::DeserializeOwned;

use crate::handler::{Attempt, Failure, Ticket};
use crate::kind::{Kind, Policy};
use crate::store::Claimed;
use crate::workers::KindTaken;
use foundation::database::Database;

/// The future of one attempt; it stays on the thread that made it.
pub(crate) type Work = Pin<Box<dyn Future<Output = Result<(), Failure>>>>;

/// Makes the future of an attempt, with its payload read.
type Begin = Box<dyn Fn(Claimed, Ticket, Database) -> Work + Send + Sync>;

/// A kind without the type of its payload.
pub(crate) struct Handler {
    pub(crate) policy: Policy,
    begin: Begin,
}

impl Handler {
    /// Called on a thread of the crew.
    pub(crate) fn begin(&self, job: Claimed, ticket: Ticket, database: Database) -> Work {
        (self.begin)(job, ticket, database)
    }
}

/// The handlers of this process.
#[derive(Default)]
pub(crate) struct Registry {
    /// A lock for reading and writing: modules add while the keeper already reads.
    handlers: RwLock<BTreeMap<&'static str, Arc<Handler>>>,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry").finish_non_exhaustive()
    }
}

impl Registry {
    pub(crate) fn add<P, F, Fut>(&self, kind: &Kind<P>, handler: F) -> Result<(), KindTaken>
    where
        P: DeserializeOwned + 'static,
        F: Fn(Attempt<P>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Failure>> + 'static,
    {
        let begin: Begin = Box::new(move |job, ticket, database| {
            let Ok(payload) = serde_json::from_value::<P>(job.payload) else {
                // Never tried again: the same bytes cannot be read the next time either.
                let unreadable = "the payload is not of the form that this build reads";
                return Box::pin(std::future::ready(Err(Failure::for_good(unreadable))));
            };
            let number = u32::try_from(job.attempts).unwrap_or(u32::MAX);
            let enqueued_at = job.enqueued_at;
            Box::pin(handler(Attempt { payload, number, enqueued_at, ticket, database }))
        });
        let handler = Arc::new(Handler { policy: kind.policy, begin });
        let mut handlers = self.handlers.write().unwrap_or_else(PoisonError::into_inner);
        if handlers.contains_key(kind.name()) {
            return Err(KindTaken(kind.name()));
        }
        handlers.insert(kind.name(), handler);
        Ok(())
    }

    /// All of them, in the order of their names.
    pub(crate) fn all(&self) -> Vec<Arc<Handler>> {
        let handlers = self.handlers.read().unwrap_or_else(PoisonError::into_inner);
        handlers.values().map(Arc::clone).collect()
    }
}
