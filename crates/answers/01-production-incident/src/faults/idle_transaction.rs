//! A lock wait behind an idle transaction: a job asks a partner while it holds its locks.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use evidence::Failure;
use secrecy::{ExposeSecret, SecretString};

use super::{Case, Fault};
use crate::service::Action;
use crate::signals::Evidence;
use crate::store;

pub(super) static CASE: Case = Case {
    fault: Fault::IdleTransaction,
    title: "lock wait behind an idle transaction",
    injected: "the nightly price job runs, and its partner does not answer",
    mitigation: &[Action::TerminateIdle],
    evidence: |seen| Evidence {
        text: format!(
            "sessions idle in a transaction: {}, sessions blocked by another: {}",
            seen.idle_in_transaction, seen.blocked
        ),
        present: seen.idle_in_transaction > 0,
    },
    cause: "the price job updates every order and then, inside the transaction, waits for a partner",
    fix: "the job asks its partner first and writes in one short transaction afterwards",
    prevention: "idle_in_transaction_session_timeout for jobs too; no network call in a transaction",
    hints: [
        "Reads are fine and writes are not. What do writes need that reads do not? Look at \
         `activity` while requests fail.",
        "`activity` shows sessions that wait for a lock, and who blocks them: a session that does \
         nothing, inside a transaction. Nobody is served by it: `mitigate terminate-idle`.",
        "It is a lock wait behind an idle transaction. Enter `mitigate terminate-idle`, `guess \
         idle-transaction`, `fix`.",
    ],
};

/// The nightly job that changes prices; a client of the database like the service itself.
pub(crate) struct PriceJob {
    url: SecretString,
    running: Mutex<Option<Run>>,
}

/// A run of the job, which waits for its partner until this is dropped.
struct Run {
    partner: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl PriceJob {
    pub(crate) fn new(url: SecretString) -> Self {
        Self { url, running: Mutex::new(None) }
    }

    /// Starts it as it was shipped, and returns once it waits for its partner.
    pub(crate) fn run_faulty(&self) -> Result<(), Failure> {
        self.run(|mut connection, partner| {
            connection.batch_execute("BEGIN")?;
            store::reprice(&mut connection)?;
            Ok(Box::new(move || {
                let _ = partner.recv();
                let _ = connection.batch_execute("COMMIT");
            }))
        })
    }

    /// The fix: the partner is asked while nothing is held.
    pub(crate) fn run_repaired(&self) -> Result<(), Failure> {
        self.run(|mut connection, partner| {
            Ok(Box::new(move || {
                if partner.recv().is_ok() {
                    let _ = store::reprice(&mut connection);
                }
            }))
        })
    }

    /// Ends the run before, as a deployment does, and starts another.
    fn run(&self, begin: Begin) -> Result<(), Failure> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.take();
        let connection = PgConnection::establish(self.url.expose_secret())?;
        let (partner, answer) = channel();
        let wait = begin(connection, answer)?;
        let thread = std::thread::Builder::new().name("nightly-prices".to_owned()).spawn(wait)?;
        *running = Some(Run { partner: Some(partner), thread: Some(thread) });
        Ok(())
    }
}

/// What a run does until it has to wait for its partner, and then the waiting.
type Begin = fn(PgConnection, Receiver<()>) -> Result<Box<dyn FnOnce() + Send>, Failure>;

impl Drop for Run {
    fn drop(&mut self) {
        // The partner hangs up, so the thread goes on.
        self.partner.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
