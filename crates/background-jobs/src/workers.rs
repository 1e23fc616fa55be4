//! Threads that do the jobs of registered kinds, until they are dropped.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use foundation::database::Place;
use foundation::metrics::Metrics;
use foundation::module::Share;
use serde::de::DeserializeOwned;

use crate::crew::Crew;
use crate::event::{Event, Events};
use crate::handler::{Attempt, Failure};
use crate::keeper::Keeper;
use crate::kind::Kind;
use crate::metrics::JobMetrics;
use crate::registry::Registry;

/// How the workers of one process behave.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How long an idle process waits before it asks for due jobs again, half to all of it at random.
    pub poll: Duration,
    /// How long jobs that run may take to finish when the workers stop; the others are given back.
    pub stop_within: Duration,
    /// Threads that run handlers. One is enough while handlers only wait; those that compute should
    /// do so in `actix_web::web::block`.
    pub threads: usize,
    /// Connections for the short statements of handlers, and as many for their writes.
    pub connections: usize,
    /// How often depth and age are measured.
    pub measure: Duration,
    /// Whether SIGTERM and Ctrl-C stop the workers. They do so beside others who listen.
    pub stop_on_signals: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            poll: Duration::from_millis(200),
            stop_within: Duration::from_secs(10),
            threads: 1,
            connections: 2,
            measure: Duration::from_secs(15),
            stop_on_signals: false,
        }
    }
}

/// The workers could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Two metrics of one name: workers were started twice with the same metrics.
    #[error("metrics cannot be registered: {0}")]
    Metrics(#[from] prometheus::Error),
    /// The system gives no further thread.
    #[error("the worker thread did not start: {0}")]
    Thread(#[from] std::io::Error),
}

/// A kind was registered twice; the first handler stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("jobs of kind {0:?} have a handler already")]
pub struct KindTaken(pub &'static str);

/// The workers of this process; cheap to clone. They stop when the last clone is dropped, which
/// waits until they have: so no handler may own a clone.
#[derive(Clone, Debug)]
pub struct Workers {
    inner: Arc<Inner>,
}

impl Workers {
    /// Starts the threads. Nothing is claimed before a kind is registered; what is due of other
    /// kinds waits. Connections are made in the background, so this succeeds without a database.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn start(
        place: impl Into<Place>,
        settings: Settings,
        metrics: &Metrics,
    ) -> Result<Self, StartError> {
        let place = place.into();
        let registry = Arc::new(Registry::default());
        let (events, inbox) = Events::channel();
        let crew = Crew::start(&place, &settings, &events)?;
        let metrics = JobMetrics::register(metrics)?;
        let session = place.session().clone();
        let keeper = Keeper::new(session, settings, Arc::clone(&registry), crew, metrics);
        let thread = std::thread::Builder::new().name("background-jobs".to_owned());
        let thread = Mutex::new(Some(thread.spawn(move || keeper.run(&inbox))?));
        Ok(Self { inner: Arc::new(Inner { registry, events, thread }) })
    }

    /// Does jobs of this kind with `handler` from now on.
    ///
    /// The handler is async and may be `!Send`, so that it can use awc; database work goes through
    /// [`Attempt::database`], computing through `actix_web::web::block`. A panic fails the attempt.
    ///
    /// # Errors
    /// [`KindTaken`] when the kind has a handler already.
    pub fn register<P, F, Fut>(&self, kind: &Kind<P>, handler: F) -> Result<(), KindTaken>
    where
        P: DeserializeOwned + 'static,
        F: Fn(Attempt<P>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Failure>> + 'static,
    {
        self.inner.registry.add(kind, handler)?;
        self.wake();
        Ok(())
    }

    /// Looks for due jobs at once, instead of at the next poll; call it after the commit of a
    /// transaction that enqueued something.
    pub fn wake(&self) {
        self.inner.events.wake();
    }

    /// Hands the workers to the routes of a server as `web::Data<Workers>`.
    #[must_use]
    pub fn share(&self) -> Share {
        crate::kept(self.clone())
    }

    /// Stops claiming, lets what runs finish within the bound of [`Settings`], gives back the rest,
    /// and waits for that. The same happens when the last clone is dropped.
    pub fn stop(&self) {
        self.inner.finish();
    }

    /// Waits until the workers have stopped, after a signal or [`Workers::stop`].
    pub fn join(&self) {
        self.inner.join();
    }
}

#[derive(Debug)]
struct Inner {
    registry: Arc<Registry>,
    events: Events,
    /// A mutex: whoever comes first joins the thread, others wait for that.
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Inner {
    fn finish(&self) {
        self.events.send(Event::Stop);
        self.join();
    }

    fn join(&self) {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the worker thread panicked");
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.finish();
    }
}
