//! Counts the statements that really go to the database.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use diesel::connection::{Instrumentation, InstrumentationEvent};
use diesel::prelude::*;
use tracing::{Span, trace_span};

/// How many statements a connection was given. Diesel tells of each; nothing is assumed from the
/// code, where one line may hide a loop.
#[derive(Clone, Debug, Default)]
pub struct Statements {
    /// Atomic, as the connection owns the half that counts and may move between threads.
    count: Arc<AtomicU64>,
}

impl Statements {
    /// Counts what `connection` executes from now on. While a statement runs, the profile shows a
    /// span of the name `statement`.
    #[must_use]
    pub fn of(connection: &mut PgConnection) -> Self {
        let statements = Self::default();
        let count = Arc::clone(&statements.count);
        connection.set_instrumentation(Counter { count, running: Span::none() });
        statements
    }

    /// Statements so far.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}

struct Counter {
    count: Arc<AtomicU64>,
    running: Span,
}

impl Instrumentation for Counter {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        // Entered by hand, as begin and end are two calls; a guard could not be kept between them.
        match event {
            InstrumentationEvent::StartQuery { .. } => {
                self.count.fetch_add(1, Ordering::Relaxed);
                self.running = trace_span!("statement");
                self.running.with_subscriber(|(id, subscriber)| subscriber.enter(id));
            }
            InstrumentationEvent::FinishQuery { .. } => {
                let finished = std::mem::replace(&mut self.running, Span::none());
                finished.with_subscriber(|(id, subscriber)| subscriber.exit(id));
            }
            _ => {}
        }
    }
}
