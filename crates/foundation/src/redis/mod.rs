//! Redis, where there is one: every question is bounded, and a Redis that is gone costs no time.
//!
//! Whoever asks must go on without an answer. [`RedisGone`] does not tell whether the command was
//! done: one that was sent to a Redis that hung is done when it wakes, after its caller gave up.

mod keeper;
mod link;
mod prefix;
mod server;
mod subscription;

use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::PgConnection;
use error_handling::{Cause, Problem};
use prometheus::{Histogram, HistogramOpts, IntCounter, IntGauge};
use redis::{RedisResult, Value};
use secrecy::{ExposeSecret, SecretString};
use tokio::runtime::{self, Handle};
use tokio::sync::{oneshot, watch};

use crate::metrics::Metrics;
use crate::operations::timed;
use keeper::{Keeper, State};
use link::{Failure, Link};
use server::{Connection, Server};

pub use redis::{Cmd, FromRedisValue, Pipeline, Script, cmd, pipe};
pub use subscription::{Notice, Subscription};

/// Time between two attempts to reach a Redis that is gone.
const PAUSE: Duration = Duration::from_secs(1);
/// How long connecting may take; no request waits for it.
const PATIENCE: Duration = Duration::from_secs(1);

/// A handle to Redis; cheap to clone.
#[derive(Clone)]
pub struct Redis {
    shared: Arc<Shared>,
}

struct Shared {
    server: Server,
    prefix: String,
    wait: Duration,
    /// The connection while one stands. A watch channel: read at every question, replaced rarely.
    state: watch::Receiver<State>,
    failures: IntCounter,
    seconds: Histogram,
    runtime: Handle,
    /// Ends the thread when the last handle is dropped.
    _stop: oneshot::Sender<()>,
}

/// Redis gave no answer in time, or refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Redis does not answer")]
pub struct RedisGone;

impl From<RedisGone> for Problem {
    fn from(_: RedisGone) -> Self {
        Self::unavailable("The server is busy.", PAUSE).with_cause(Cause::new("Redis is gone"))
    }
}

/// Redis cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum RedisError {
    /// The URL cannot be read.
    #[error(
        "REDIS_URL is not of the form redis://:password@host:port/0, redis+unix:///path/to/socket or \
         redis+cluster://:password@host:port,host:port (TLS is not compiled in).\nCorrect it, or unset it."
    )]
    Url,
    /// The database does not tell which it is.
    #[error("the database does not say which it is: {0}")]
    Database(#[from] diesel::result::Error),
    /// The system refuses a thread.
    #[error("the thread for Redis did not start: {0}")]
    Thread(#[from] std::io::Error),
    /// Opened twice for one server.
    #[error("metrics of Redis cannot be registered: {0}")]
    Metrics(#[from] prometheus::Error),
}

impl std::fmt::Debug for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redis({:?}, {})", self.shared.prefix, if self.is_up() { "up" } else { "down" })
    }
}

impl Redis {
    /// Connects in the background, so this also succeeds while Redis is down. `prefix` begins every
    /// [`Redis::key`]; `wait` is the longest that a question may take.
    ///
    /// On a thread of its own, instead of the caller's: a test that blocks or a worker that is busy
    /// would make Redis look dead.
    ///
    /// # Errors
    /// [`RedisError`], none of which means that Redis is down.
    pub fn open(
        url: &SecretString,
        prefix: &str,
        wait: Duration,
        metrics: &Metrics,
    ) -> Result<Self, RedisError> {
        let server = Server::parse(url.expose_secret(), wait).map_err(|_| RedisError::Url)?;
        let up = IntGauge::new("redis_up", "1 while Redis answers")?;
        let failures = IntCounter::new(
            "redis_failures_total",
            "Questions that Redis did not answer, or refused",
        )?;
        metrics.register(up.clone())?;
        let seconds = HistogramOpts::new("redis_seconds", "Time of a question to Redis")
            .buckets(vec![0.0002, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 1.0]);
        let seconds = Histogram::with_opts(seconds)?;
        metrics.register(failures.clone())?;
        metrics.register(seconds.clone())?;
        let (tell, state) = watch::channel(State::Connecting);
        let keeper = Keeper::new(server.clone(), tell, wait, up);
        let thread = runtime::Builder::new_current_thread().enable_all().build()?;
        let runtime = thread.handle().clone();
        let (stop, stopped) = oneshot::channel();
        std::thread::Builder::new().name("redis".to_owned()).spawn(move || {
            thread.block_on(async {
                tokio::select! {
                    () = keeper.keep() => {}
                    _ = stopped => {}
                }
            });
        })?;
        let prefix = prefix.to_owned();
        let shared =
            Shared { server, prefix, wait, state, failures, seconds, runtime, _stop: stop };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// [`Redis::open`] for the servers of one database: they share their keys, and with no server of
    /// another database, even where one Redis serves all.
    ///
    /// # Errors
    /// As [`Redis::open`], and when the database does not answer.
    pub fn open_for(
        connection: &mut PgConnection,
        url: &SecretString,
        wait: Duration,
        metrics: &Metrics,
    ) -> Result<Self, RedisError> {
        Self::open(url, &prefix::prefix_of(connection)?, wait, metrics)
    }

    /// Waits until the first attempt to connect has ended, well or not.
    pub async fn settled(&self) {
        let mut state = self.shared.state.clone();
        // An error means that the thread has ended, so nothing will change any more.
        let _ = state.wait_for(|state| !matches!(state, State::Connecting)).await;
    }

    /// The full name of a key or channel.
    #[must_use]
    pub fn key(&self, name: &str) -> String {
        format!("{}{name}", self.shared.prefix)
    }

    /// The full name of a key or channel of a family whose keys scripts take together: a cluster
    /// keeps them all on one master. Families for the rest would only crowd that one.
    #[must_use]
    pub fn key_in(&self, family: &str, name: &str) -> String {
        if self.shared.server.is_cluster() {
            format!("{{{}{family}}}{name}", self.shared.prefix)
        } else {
            self.key(name)
        }
    }

    /// Whether Redis answered lately.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.link().is_ok()
    }

    /// Sends one command.
    ///
    /// # Errors
    /// [`RedisGone`] within the wait, and at once while Redis is known to be down.
    pub async fn query<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, RedisGone> {
        let command = command.clone();
        self.ask(|mut link| async move { command.query_async(&mut link).await }).await
    }

    /// Sends several commands in one go.
    ///
    /// # Errors
    /// As [`Redis::query`].
    pub async fn pipeline<T: FromRedisValue>(&self, pipeline: &Pipeline) -> Result<T, RedisGone> {
        let pipeline = pipeline.clone();
        self.ask(|mut link| async move { pipeline.query_async(&mut link).await }).await
    }

    /// Runs a script, which Redis does as a whole; it is sent along when Redis does not know it yet.
    ///
    /// # Errors
    /// As [`Redis::query`].
    pub async fn invoke<T: FromRedisValue>(
        &self,
        script: &Script,
        keys: &[String],
        arguments: &[String],
    ) -> Result<T, RedisGone> {
        let (script, keys, arguments) = (script.clone(), keys.to_vec(), arguments.to_vec());
        self.ask(
            |mut link| async move { script.key(keys).arg(arguments).invoke_async(&mut link).await },
        )
        .await
    }

    /// Listens to a channel, named in full as [`Redis::key`] gives it.
    #[must_use]
    pub fn subscribe(&self, channel: &str) -> Subscription {
        let Shared { server, state, runtime, .. } = &*self.shared;
        Subscription::start(runtime, server.clone(), channel.to_owned(), state.clone())
    }

    fn link(&self) -> Result<Link, RedisGone> {
        match &*self.shared.state.borrow() {
            State::Up(link) if !link.is_open() => Ok(link.clone()),
            State::Up(_) | State::Connecting | State::Gone => Err(RedisGone),
        }
    }

    /// As a task of the thread's own: a client that hangs up ends its request half-way, and that
    /// must not count as a Redis that is gone.
    async fn ask<T, F>(&self, question: impl FnOnce(Connection) -> F) -> Result<T, RedisGone>
    where
        T: FromRedisValue,
        F: Future<Output = RedisResult<Value>> + Send + 'static,
    {
        let link = self.link()?;
        let answer = question(link.connection.clone());
        let task = self.shared.runtime.spawn(link.await_answer(answer, self.shared.wait));
        let began = Instant::now();
        let told = timed("redis", task).await;
        self.shared.seconds.observe(began.elapsed().as_secs_f64());
        let refused = match told {
            Ok(Ok(value)) => match redis::from_redis_value(value) {
                Ok(answer) => return Ok(answer),
                Err(other) => other.into(),
            },
            Ok(Err(Failure::Refused(error))) => error,
            Ok(Err(Failure::Silent)) => {
                self.shared.failures.inc();
                return Err(RedisGone);
            }
            Ok(Err(Failure::Spared)) | Err(_) => return Err(RedisGone),
        };
        self.shared.failures.inc();
        // Without its text, which may quote what was asked.
        tracing::warn!(code = refused.code(), kind = refused.category(), "Redis refused");
        Err(RedisGone)
    }
}
