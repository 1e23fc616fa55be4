//! Counts the statements that really go to the database, instead of trusting the code.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use diesel::PgConnection;
use diesel::connection::{Connection, Instrumentation, InstrumentationEvent};

/// Runs `work` and tells how many statements it took.
pub(super) fn counted<T>(
    connection: &mut PgConnection,
    work: impl FnOnce(&mut PgConnection) -> T,
) -> (T, u64) {
    // Atomic, as the connection owns the half that counts and may move between threads.
    let count = Arc::new(AtomicU64::new(0));
    connection.set_instrumentation(Counter(Arc::clone(&count)));
    let done = work(connection);
    connection.set_instrumentation(None::<Box<dyn Instrumentation>>);
    (done, count.load(Ordering::Relaxed))
}

struct Counter(Arc<AtomicU64>);

impl Instrumentation for Counter {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if matches!(event, InstrumentationEvent::StartQuery { .. }) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}
