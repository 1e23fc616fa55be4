//! What a build logs, kept instead of printed.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::Dispatch;

/// A log in memory.
#[derive(Clone)]
pub(super) struct Journal {
    written: Written,
    structured: Dispatch,
}

/// A mutex around bytes, as each worker writes whole lines and the reader comes at the end.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Journal {
    pub(super) fn new() -> Self {
        let written = Written::default();
        let writer = written.clone();
        let subscriber =
            tracing_subscriber::fmt().json().with_writer(move || writer.clone()).finish();
        Self { written, structured: Dispatch::new(subscriber) }
    }

    /// A line as it comes.
    pub(super) fn print(&self, line: &str) {
        let mut written = self.written.clone();
        let _ = written.write_all(format!("{line}\n").as_bytes());
    }

    /// Runs `log`, whose events are written as the backend writes them for machines.
    pub(super) fn record(&self, log: impl FnOnce()) {
        tracing::dispatcher::with_default(&self.structured, log);
    }

    pub(super) fn text(&self) -> String {
        let written = self.written.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&written).into_owned()
    }
}
