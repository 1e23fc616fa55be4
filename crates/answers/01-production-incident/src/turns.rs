//! Few tests at a time: each service has a dozen connections, and all tests share one PostgreSQL.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

static TURNS: [Mutex<()>; 4] = [const { Mutex::new(()) }; 4];

/// Waits for a turn, which lasts as long as the guard.
pub(crate) fn take() -> MutexGuard<'static, ()> {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let turn = &TURNS[NEXT.fetch_add(1, Ordering::Relaxed) % TURNS.len()];
    turn.lock().unwrap_or_else(PoisonError::into_inner)
}
