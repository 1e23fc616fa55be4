//! What the keeper is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

use crate::handler::Failure;
use crate::store::Held;

pub(crate) enum Event {
    /// Something was enqueued, or a kind was registered.
    Wake,
    /// Finish what runs, claim nothing more.
    Stop,
    /// An attempt has ended.
    Ended(Held, Outcome),
}

/// How an attempt ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    Done,
    Failed(Failure),
    /// The keeper asked for it: the lease was lost, or the workers stop.
    Cancelled,
}

/// Where events are put; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Events {
    sender: Sender<Event>,
    /// Whether a wake-up is under way already: a thousand commits need one look.
    waking: Arc<AtomicBool>,
}

/// Where the keeper takes events from.
pub(crate) struct Inbox {
    pub(crate) receiver: Receiver<Event>,
    waking: Arc<AtomicBool>,
}

impl Events {
    pub(crate) fn channel() -> (Self, Inbox) {
        let (sender, receiver) = channel();
        let waking = Arc::new(AtomicBool::new(false));
        (Self { sender, waking: Arc::clone(&waking) }, Inbox { receiver, waking })
    }

    pub(crate) fn send(&self, event: Event) {
        // Without a keeper nobody is left to do anything about it.
        let _ = self.sender.send(event);
    }

    pub(crate) fn wake(&self) {
        if !self.waking.swap(true, Ordering::AcqRel) {
            self.send(Event::Wake);
        }
    }
}

impl Inbox {
    /// The wake-up was heard; the next commit needs another.
    pub(crate) fn woken(&self) {
        self.waking.store(false, Ordering::Release);
    }
}
