//! Redis servers for tests: one of all tests, and some that may be broken.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use local_services::{Purpose, Redis, Signal, redis_url, send_signal};
use secrecy::{ExposeSecret, SecretString};
use tempfile::TempDir;

/// A Redis server of one test alone, which it may hang, kill, start again and empty. Stops when
/// dropped, also after the test was killed.
#[derive(Debug)]
pub struct TestRedis {
    /// `None` between two servers only.
    server: Option<Redis>,
    /// Dropped last: the server works in it.
    folder: TempDir,
}

impl TestRedis {
    /// Starts an empty one.
    ///
    /// # Panics
    /// When Redis is not installed; the message says how to install it.
    #[must_use]
    pub fn start() -> Self {
        Self::try_start().unwrap_or_else(|error| panic!("there is no Redis for the test: {error}"))
    }

    /// Starts an empty one, where Redis or Valkey is installed.
    ///
    /// # Errors
    /// As [`Redis::acquire`].
    pub fn try_start() -> Result<Self, local_services::Error> {
        let folder = tempfile::Builder::new()
            .prefix("redis")
            // The system's own folder for such files is too long for a socket on macOS.
            .tempdir_in("/tmp")
            .unwrap_or_else(|error| panic!("there is no folder for the test: {error}"));
        let server = Redis::acquire(folder.path(), Purpose::Test)?;
        Ok(Self { server: Some(server), folder })
    }

    /// Where it listens, the same after [`TestRedis::restart`].
    #[must_use]
    pub fn url(&self) -> SecretString {
        SecretString::from(self.server().url())
    }

    /// The process id of the server.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.server().pid()
    }

    /// Hangs it, lets it go on, or ends it.
    ///
    /// # Panics
    /// When the signal cannot be sent.
    pub fn signal(&self, signal: Signal) {
        send_signal(self.pid(), signal)
            .unwrap_or_else(|error| panic!("Redis gets no signal: {error}"));
    }

    /// Ends it, if it still runs, and starts an empty one in its place.
    ///
    /// # Panics
    /// When it does not start.
    pub fn restart(&mut self) {
        self.end();
        let server = Redis::acquire(self.folder.path(), Purpose::Test)
            .unwrap_or_else(|error| panic!("Redis does not start again: {error}"));
        self.server = Some(server);
    }

    /// Forgets every key.
    ///
    /// # Panics
    /// When it does not answer within five seconds.
    pub fn flush(&self) {
        let flushed = redis::Client::open(self.url().expose_secret()).and_then(|client| {
            let mut connection = client.get_connection_with_timeout(Duration::from_secs(5))?;
            connection.set_read_timeout(Some(Duration::from_secs(5)))?;
            redis::cmd("FLUSHALL").query::<()>(&mut connection)
        });
        flushed.unwrap_or_else(|error| panic!("Redis does not forget: {error}"));
    }

    fn server(&self) -> &Redis {
        self.server.as_ref().unwrap_or_else(|| panic!("Redis did not start again"))
    }

    /// Killed first: one that hangs would not hear a friendly request.
    fn end(&mut self) {
        if let Some(server) = self.server.take() {
            let _ = send_signal(server.pid(), Signal::Kill);
        }
    }
}

impl Drop for TestRedis {
    fn drop(&mut self) {
        self.end();
    }
}

/// The URL of a Redis that all tests share, and a prefix of the caller's own for the keys in it;
/// `None` where there is no Redis.
///
/// # Panics
/// When Redis is installed and does not start.
#[must_use]
pub fn shared_redis() -> Option<(SecretString, String)> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let url =
        redis_url(Purpose::Test).unwrap_or_else(|error| panic!("Redis does not start: {error}"))?;
    let serial = NEXT.fetch_add(1, Ordering::Relaxed);
    let now = chrono::Utc::now().timestamp_micros();
    let prefix = format!("test-{}-{serial}-{now}:", std::process::id());
    Some((SecretString::from(url), prefix))
}
