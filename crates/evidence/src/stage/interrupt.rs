//! How a run is stopped before its end.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The reader asked for the run to stop.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("stopped at your request")]
pub struct Interrupted;

/// Lets somebody else stop a run: Ctrl-C in the terminal, a button on the page.
#[derive(Clone, Default)]
pub struct Interrupt(Arc<InterruptState>);

#[derive(Default)]
struct InterruptState {
    requested: AtomicBool,
    /// A mutex, as hooks come and go a few times per run and are never on a hot path.
    hooks: Mutex<BTreeMap<u32, Box<dyn FnOnce() + Send>>>,
    next_hook: AtomicU32,
}

impl fmt::Debug for Interrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Interrupt").field(&self.requested()).finish()
    }
}

impl Interrupt {
    /// Asks the run to stop and calls every hook once, newest first.
    pub fn request(&self) {
        self.0.requested.store(true, Ordering::SeqCst);
        let hooks = {
            let mut hooks = self.0.hooks.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *hooks)
        };
        for (_, hook) in hooks.into_iter().rev() {
            hook();
        }
    }

    /// Whether the run has been asked to stop.
    #[must_use]
    pub fn requested(&self) -> bool {
        self.0.requested.load(Ordering::SeqCst)
    }

    /// Registers work that breaks off something long, such as a statement on the server. It is
    /// called at once if the run has been asked to stop already, and forgotten with the guard.
    #[must_use]
    pub fn on_request(&self, hook: impl FnOnce() + Send + 'static) -> HookGuard {
        let id = self.0.next_hook.fetch_add(1, Ordering::Relaxed);
        {
            let mut hooks = self.0.hooks.lock().unwrap_or_else(PoisonError::into_inner);
            hooks.insert(id, Box::new(hook));
        }
        if self.requested() {
            self.request();
        }
        HookGuard { interrupt: self.clone(), id }
    }
}

/// Forgets an interrupt hook when dropped.
#[derive(Debug)]
pub struct HookGuard {
    interrupt: Interrupt,
    id: u32,
}

impl Drop for HookGuard {
    fn drop(&mut self) {
        let mut hooks = self.interrupt.0.hooks.lock().unwrap_or_else(PoisonError::into_inner);
        hooks.remove(&self.id);
    }
}
