//! Servers of more than one machine, on this one: a primary and its replica, a pooler, a cluster.
//!
//! For tests and trials only: each has a folder of its own, which goes with it, and settings that a
//! power cut may cost data. They end with their holder, also when it is killed.

mod kept;
mod pgbouncer;
mod postgres_pair;
mod redis_cluster;

pub use kept::Kept;
pub use pgbouncer::PgBouncer;
pub use postgres_pair::PostgresPair;
pub use redis_cluster::RedisCluster;

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::Error;

/// How long a server may take to answer for the first time, also on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks again and again until it is so.
fn wait_until(what: &Path, mut so: impl FnMut() -> bool) -> Result<(), Error> {
    let end = Instant::now() + PATIENCE;
    while !so() {
        if Instant::now() > end {
            let late = std::io::Error::other("it did not answer within a minute");
            return Err(Error::io("start", what, late));
        }
        sleep(Duration::from_millis(20));
    }
    Ok(())
}
