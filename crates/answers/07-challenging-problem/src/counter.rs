//! A counter of units in Redis, in front of the database.

use local_services::{Purpose, Redis, project_root};
use redis::{Client, Commands, Connection, RedisResult};

/// A run that is killed cannot clean up; its key goes by itself after this many seconds.
const EXPIRES: u64 = 3_600;

/// There is no Redis to count in.
#[derive(Debug, thiserror::Error)]
pub enum NoRedis {
    /// No private server could be started; the message says how to install one.
    #[error(transparent)]
    Private(#[from] local_services::Error),
    /// The server of `REDIS_URL` does not answer.
    #[error("the Redis of REDIS_URL does not answer: {0}")]
    Unreachable(#[from] redis::RedisError),
}

/// A Redis, and the key of one sale in it, deleted with this value.
#[derive(Debug)]
pub struct CounterServer {
    client: Client,
    key: String,
    /// Dropped after the key is deleted: the server stops with its last holder.
    _private: Option<Redis>,
}

impl CounterServer {
    /// The server of `REDIS_URL` when set, else a private one for `purpose`. `sale` is part of the
    /// key, so it has to differ from every other sale's.
    ///
    /// # Errors
    /// See [`NoRedis`].
    pub fn find(purpose: Purpose, sale: &str) -> Result<Self, NoRedis> {
        let named = std::env::var("REDIS_URL").ok().filter(|url| !url.is_empty());
        let (url, private) = match named {
            Some(url) => (url, None),
            None => {
                let private = Redis::acquire(&project_root()?, purpose)?;
                (private.url().to_owned(), Some(private))
            }
        };
        let client = Client::open(url)?;
        let key = format!("show-your-work:challenging-problem:{sale}:units");
        let server = Self { client, key, _private: private };
        server.connect()?;
        Ok(server)
    }

    /// A connection to the counter.
    ///
    /// # Errors
    /// When the server is gone.
    pub fn connect(&self) -> RedisResult<Counter> {
        Ok(Counter { connection: self.client.get_connection()?, key: self.key.clone() })
    }
}

impl Drop for CounterServer {
    fn drop(&mut self) {
        // Nothing better can be done here; the key expires.
        if let Ok(mut counter) = self.connect() {
            let _: RedisResult<()> = counter.connection.del(&self.key);
        }
    }
}

/// One connection to the counter.
pub struct Counter {
    connection: Connection,
    key: String,
}

impl std::fmt::Debug for Counter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Counter").field("key", &self.key).finish_non_exhaustive()
    }
}

impl Counter {
    /// Sets the number of units.
    ///
    /// # Errors
    /// Whatever Redis says.
    pub fn stock_up(&mut self, units: u64) -> RedisResult<()> {
        self.connection.set_ex(&self.key, units, EXPIRES)
    }

    /// Takes one unit; whether there was one. Redis runs one command at a time, so no two callers
    /// get the same unit. Below zero it only counts who was turned away, and needs no correction.
    ///
    /// # Errors
    /// Whatever Redis says.
    pub fn take(&mut self) -> RedisResult<bool> {
        let left: i64 = self.connection.decr(&self.key, 1)?;
        Ok(left >= 0)
    }

    /// Units left.
    ///
    /// # Errors
    /// Whatever Redis says.
    pub fn left(&mut self) -> RedisResult<u64> {
        let left: i64 = self.connection.get(&self.key)?;
        Ok(u64::try_from(left).unwrap_or(0))
    }
}
