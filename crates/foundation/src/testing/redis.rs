//! Redis servers for tests: one of all tests, and some that may be broken.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use local_services::fleet::RedisCluster;
use local_services::{Error, Purpose, Redis, Signal, redis_url, send_signal};
use secrecy::SecretString;
use tempfile::TempDir;

/// The cluster that all tests share; with it, a test that wants a Redis of its own gets a cluster.
const CLUSTER: &str = "TEST_REDIS_CLUSTER_URL";

/// Masters of a cluster of one test: the fewest that Redis calls a cluster.
const MASTERS: usize = 3;

/// A Redis server of one test alone, which it may hang, kill, start again and empty. Stops when
/// dropped, also after the test was killed.
#[derive(Debug)]
pub struct TestRedis {
    /// `None` between two servers only.
    server: Option<Server>,
    /// Dropped last: the server works in it.
    folder: TempDir,
}

#[derive(Debug)]
enum Server {
    One(Redis),
    /// All of its nodes are hung, killed and started again together.
    Cluster(RedisCluster),
}

impl Server {
    fn start(folder: &Path) -> Result<Self, Error> {
        if shared_cluster().is_some() {
            return Ok(Self::Cluster(RedisCluster::start(MASTERS, false)?));
        }
        Self::alone(folder)
    }

    fn alone(folder: &Path) -> Result<Self, Error> {
        Ok(Self::One(Redis::acquire(folder, Purpose::Test)?))
    }

    fn pids(&self) -> Vec<u32> {
        match self {
            Self::One(server) => vec![server.pid()],
            Self::Cluster(cluster) => {
                (0..MASTERS).filter_map(|index| Some(cluster.node(index)?.pid())).collect()
            }
        }
    }

    /// Killed first: one that hangs would not hear a friendly request.
    fn kill(&self) {
        for pid in self.pids() {
            let _ = send_signal(pid, Signal::Kill);
        }
    }
}

fn shared_cluster() -> Option<String> {
    std::env::var(CLUSTER).ok().filter(|url| !url.is_empty())
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
    pub fn try_start() -> Result<Self, Error> {
        Self::within(Server::start)
    }

    /// Starts a single one, also where the others are clusters: for a test that stands between it
    /// and its clients, as those of a cluster go past whoever stands there.
    ///
    /// # Panics
    /// As [`TestRedis::start`].
    #[must_use]
    pub fn start_alone() -> Self {
        let alone = Self::within(Server::alone);
        alone.unwrap_or_else(|error| panic!("there is no Redis for the test: {error}"))
    }

    fn within(start: impl FnOnce(&Path) -> Result<Server, Error>) -> Result<Self, Error> {
        let folder = tempfile::Builder::new()
            .prefix("redis")
            // The system's own folder for such files is too long for a socket on macOS.
            .tempdir_in("/tmp")
            .unwrap_or_else(|error| panic!("there is no folder for the test: {error}"));
        let server = start(folder.path())?;
        Ok(Self { server: Some(server), folder })
    }

    /// Where it listens, the same after [`TestRedis::restart`].
    #[must_use]
    pub fn url(&self) -> SecretString {
        SecretString::from(match self.server() {
            Server::One(server) => server.url().to_owned(),
            Server::Cluster(cluster) => cluster.url(),
        })
    }

    /// Each server by itself: one, or the nodes of a cluster.
    #[must_use]
    pub fn node_urls(&self) -> Vec<String> {
        match self.server() {
            Server::One(server) => vec![server.url().to_owned()],
            Server::Cluster(cluster) => cluster.node_urls(),
        }
    }

    /// Hangs it, lets it go on, or ends it.
    ///
    /// # Panics
    /// When the signal cannot be sent.
    pub fn signal(&self, signal: Signal) {
        for pid in self.server().pids() {
            send_signal(pid, signal)
                .unwrap_or_else(|error| panic!("Redis gets no signal: {error}"));
        }
    }

    /// Ends it, if it still runs, and starts an empty one in its place.
    ///
    /// # Panics
    /// When it does not start.
    pub fn restart(&mut self) {
        let restarted = match self.server.take() {
            Some(Server::Cluster(mut cluster)) => (0..MASTERS)
                .try_for_each(|index| cluster.restart(index))
                .and_then(|()| cluster.wait_until_whole())
                .map(|()| Server::Cluster(cluster)),
            one => {
                one.iter().for_each(Server::kill);
                drop(one);
                Server::alone(self.folder.path())
            }
        };
        let server =
            restarted.unwrap_or_else(|error| panic!("Redis does not start again: {error}"));
        self.server = Some(server);
    }

    /// Forgets every key.
    ///
    /// # Panics
    /// When it does not answer within five seconds.
    pub fn flush(&self) {
        for url in self.node_urls() {
            let flushed = redis::Client::open(url).and_then(|client| {
                let mut connection = client.get_connection_with_timeout(Duration::from_secs(5))?;
                connection.set_read_timeout(Some(Duration::from_secs(5)))?;
                redis::cmd("FLUSHALL").query::<()>(&mut connection)
            });
            flushed.unwrap_or_else(|error| panic!("Redis does not forget: {error}"));
        }
    }

    fn server(&self) -> &Server {
        self.server.as_ref().unwrap_or_else(|| panic!("Redis did not start again"))
    }
}

impl Drop for TestRedis {
    fn drop(&mut self) {
        self.server.iter().for_each(Server::kill);
    }
}

/// The URL of the Redis that all tests share; `None` where there is no Redis.
///
/// # Panics
/// When Redis is installed and does not start.
#[must_use]
pub fn shared_redis_url() -> Option<String> {
    let one =
        || redis_url(Purpose::Test).unwrap_or_else(|error| panic!("Redis does not start: {error}"));
    shared_cluster().or_else(one)
}

/// The URL of a Redis that all tests share, and a prefix of the caller's own for the keys in it;
/// `None` where there is no Redis.
///
/// # Panics
/// When Redis is installed and does not start.
#[must_use]
pub fn shared_redis() -> Option<(SecretString, String)> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let url = shared_redis_url()?;
    let serial = NEXT.fetch_add(1, Ordering::Relaxed);
    let now = chrono::Utc::now().timestamp_micros();
    let prefix = format!("test-{}-{serial}-{now}:", std::process::id());
    Some((SecretString::from(url), prefix))
}
