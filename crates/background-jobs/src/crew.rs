//! The threads that handlers run on.

use std::io;
use std::time::Duration;

use foundation::config::DatabaseConfig;
use foundation::database::{Database, Place};
use foundation::metrics::Metrics;
use foundation::task::termination;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::event::{Event, Events};
use crate::workers::{Settings, StartError};

/// Begins one attempt, on the thread that it will stay on.
type Begin = Box<dyn FnOnce() + Send>;

/// Threads with an actix system each, so that handlers may use awc, whose futures stay on one
/// thread. Apart from the threads that serve HTTP: a handler that blocks delays jobs only.
pub(crate) struct Crew {
    /// Unbounded, as the keeper claims no more than its kinds allow at once.
    threads: Vec<UnboundedSender<Begin>>,
    next: usize,
    pub(crate) events: Events,
    pub(crate) database: Database,
}

impl Crew {
    pub(crate) fn start(
        place: &Place,
        settings: &Settings,
        events: &Events,
    ) -> Result<Self, StartError> {
        let database = Database::open(place, &lanes(settings), &Metrics::new()?);
        let threads = (0..settings.threads.max(1))
            .map(|index| {
                start_thread(index, (index == 0 && settings.stop_on_signals).then_some(events))
            })
            .collect::<io::Result<Vec<_>>>()?;
        Ok(Self { threads, next: 0, events: events.clone(), database })
    }

    /// In turns; where the thread is gone, dropping `begin` tells that the attempt has ended.
    pub(crate) fn give(&mut self, begin: Begin) {
        self.next = (self.next + 1) % self.threads.len();
        if let Some(thread) = self.threads.get(self.next) {
            let _ = thread.send(begin);
        }
    }
}

/// Ends, and drops what still runs, when the crew is dropped.
fn start_thread(index: usize, stops: Option<&Events>) -> io::Result<UnboundedSender<Begin>> {
    let (sender, mut receiver): (_, UnboundedReceiver<Begin>) = unbounded_channel();
    let stops = stops.cloned();
    let thread = std::thread::Builder::new().name(format!("background-jobs-{index}"));
    thread.spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            if let Some(events) = stops {
                actix_web::rt::spawn(async move {
                    termination().await;
                    events.send(Event::Stop);
                });
            }
            while let Some(begin) = receiver.recv().await {
                begin();
            }
        });
    })?;
    Ok(sender)
}

/// Lanes apart from those of HTTP: a crowd of jobs does not keep requests from being served, nor the
/// other way round. Behind a pooler the bounds of short statements are the pooler's.
fn lanes(settings: &Settings) -> DatabaseConfig {
    DatabaseConfig {
        database_threads: settings.connections.max(1),
        database_write_threads: settings.connections.max(1),
        database_long_threads: 1,
        database_queue: 1_024,
        database_wait: Duration::from_secs(5),
        statement_timeout: Duration::from_secs(5),
        long_statement_timeout: Duration::from_secs(30),
        lock_timeout: Duration::from_secs(2),
    }
}
