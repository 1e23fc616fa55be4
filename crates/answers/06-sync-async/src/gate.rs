//! One gate for threads and for tasks: what "waiting" means for each.

use std::sync::{Condvar, Mutex, PoisonError};

use tokio::sync::watch;

/// Holds whoever comes until it is opened, and lets everybody through from then on.
#[derive(Debug)]
pub(crate) struct Gate {
    /// Threads park here: the operating system takes the core away and keeps the stack.
    threads: (Mutex<bool>, Condvar),
    /// Tasks park here: the runtime keeps a waker, and the thread goes on to the next task.
    tasks: watch::Sender<bool>,
}

impl Gate {
    pub(crate) fn new(open: bool) -> Self {
        Self { threads: (Mutex::new(open), Condvar::new()), tasks: watch::Sender::new(open) }
    }

    pub(crate) fn open(&self) {
        let (open, opened) = &self.threads;
        *open.lock().unwrap_or_else(PoisonError::into_inner) = true;
        opened.notify_all();
        self.tasks.send_replace(true);
    }

    pub(crate) fn is_open(&self) -> bool {
        *self.tasks.borrow()
    }

    pub(crate) fn pass_blocking(&self) {
        let (open, opened) = &self.threads;
        let open = open.lock().unwrap_or_else(PoisonError::into_inner);
        let _open = opened.wait_while(open, |open| !*open).unwrap_or_else(PoisonError::into_inner);
    }

    pub(crate) async fn pass(&self) {
        // Fails only without a sender, and `self` is one.
        let _ = self.tasks.subscribe().wait_for(|open| *open).await;
    }
}
