//! A blocking call on an async worker: the receipt is printed by a handler that waits in place.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use prometheus::IntGauge;
use tokio::sync::Semaphore;

use super::{Case, Fault};
use crate::service::{Action, Feature, Part, Runs};
use crate::signals::Evidence;

/// Receipts that are printed at once; others are left to the nightly run.
const AT_ONCE: usize = 2;
/// The longest that a printer is waited for.
const PATIENCE: Duration = Duration::from_secs(3);

pub(super) static CASE: Case = Case {
    fault: Fault::BlockingCall,
    title: "blocking call on an async worker",
    injected: "a release prints receipts right away",
    mitigation: &[Action::Off(Feature::Printing)],
    evidence: |seen| Evidence {
        text: format!("/health/live, which needs nothing, answered after {} ms", seen.live_ms),
        present: seen.live_ms > seen.promised_ms(),
    },
    cause: "the receipt's handler waits for the printer with a blocking socket, on the thread that \
            serves every other request",
    fix: "the printer is waited for on a blocking thread, by at most two requests at once",
    prevention: "a stall alarm on each worker; blocking sockets are disallowed in handlers by lint",
    hints: [
        "Every route is late at the same moment, also those that need no database and no \
         dependency. Look at `slow`: where do their spans say the time went?",
        "`status` shows a health check that needs nothing and answers late: the worker itself \
         stands still. Something waits on it without awaiting, since the release that prints \
         receipts. `mitigate off printing` stops that.",
        "It is a blocking call on an async worker. Enter `mitigate off printing`, `guess \
         blocking-call`, `fix`.",
    ],
};

/// Prints receipts.
pub(crate) struct Printer {
    pub(crate) part: Part,
    address: SocketAddr,
    /// Bounds the blocking threads that wait for the printer.
    places: Arc<Semaphore>,
    printing: IntGauge,
}

impl Printer {
    pub(crate) fn new(address: SocketAddr, printing: IntGauge) -> Self {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        Self { part: Part::new(false), address, places, printing }
    }

    pub(crate) fn print(&self, order: i64) {
        match self.part.runs() {
            Runs::Nothing => {}
            Runs::Faulty => wait_for_printer(self.address, order, &self.printing),
            Runs::Repaired => self.print_elsewhere(order),
        }
    }

    /// The fix: a thread that may wait does the waiting, and the request does not.
    fn print_elsewhere(&self, order: i64) {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else { return };
        let (address, printing) = (self.address, self.printing.clone());
        drop(actix_web::rt::task::spawn_blocking(move || {
            wait_for_printer(address, order, &printing);
            drop(place);
        }));
    }
}

/// Fine in a script, fatal on a worker: the thread does nothing else until the printer answers.
fn wait_for_printer(address: SocketAddr, order: i64, printing: &IntGauge) {
    printing.inc();
    if let Err(error) = ask_printer(address, order) {
        tracing::warn!(order, %error, "receipt was not printed");
    }
    printing.dec();
}

fn ask_printer(address: SocketAddr, order: i64) -> io::Result<()> {
    let mut printer = TcpStream::connect_timeout(&address, PATIENCE)?;
    printer.set_read_timeout(Some(PATIENCE))?;
    write!(printer, "GET /print/{order} HTTP/1.0\r\nhost: printer\r\n\r\n")?;
    let mut answer = Vec::new();
    printer.take(1 << 10).read_to_end(&mut answer)?;
    let printed = answer.starts_with(b"HTTP/1.0 204") || answer.starts_with(b"HTTP/1.1 204");
    if printed { Ok(()) } else { Err(io::Error::other("the printer refused")) }
}
