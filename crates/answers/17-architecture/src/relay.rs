//! The same over a broker: a relay empties a table into a stream in Redis, consumers send from it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::rt::System;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use evidence::{Failure, Outcome};
use redis::Connection as RedisConnection;
use secrecy::{ExposeSecret, SecretString};

use crate::desk::mail;
use crate::post;

/// Names of the stream and of those who read it together.
pub(crate) const STREAM: &str = "architecture:mails";
const GROUP: &str = "mailers";
/// Consumers of a process: each waits for one mail at a time.
pub(crate) const CONSUMERS: usize = 12;
/// How long an idle relay and an idle consumer wait before they look again.
const POLL: Duration = Duration::from_millis(20);

/// A relay and its consumers; stops, without finishing anything, when dropped.
#[derive(Debug)]
pub(crate) struct Relay {
    stopped: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Relay {
    pub(crate) fn start(
        database: &SecretString,
        redis: &SecretString,
        post: SocketAddr,
    ) -> Result<Self, Failure> {
        let client = redis::Client::open(redis.expose_secret())?;
        let mut connection = client.get_connection()?;
        // There is one already after the first start.
        let mut create = redis::cmd("XGROUP");
        create.arg("CREATE").arg(STREAM).arg(GROUP).arg(0).arg("MKSTREAM");
        let _ = create.query::<()>(&mut connection);
        let mut relay = Self { stopped: Arc::default(), threads: Vec::new() };
        let mut rows = PgConnection::establish(database.expose_secret())?;
        relay.thread(move || relay_some(&mut rows, &mut connection));
        for number in 0..CONSUMERS {
            let name = format!("consumer-{number}");
            let mut connection = client.get_connection()?;
            // Its own first: what a consumer of this name got before it died, it gets again.
            let mut from = "0";
            relay.thread(move || {
                let sent = consume(&mut connection, &name, from, post)?;
                from = if sent { from } else { ">" };
                Ok(())
            });
        }
        Ok(relay)
    }

    /// Repeats `work` until the relay stops; what failed is tried again.
    fn thread(&mut self, mut work: impl FnMut() -> Outcome + Send + 'static) {
        let stopped = Arc::clone(&self.stopped);
        self.threads.push(std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                if work().is_err() {
                    std::thread::sleep(POLL);
                }
            }
        }));
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    order_id: i64,
}

/// Published before the delete commits: a death in between publishes again and loses nothing.
fn relay_some(rows: &mut PgConnection, redis: &mut RedisConnection) -> Outcome {
    let relayed = rows.transaction::<_, Failure, _>(|rows| {
        let taken: Vec<Row> = diesel::sql_query(
            "DELETE FROM mails_to_relay WHERE order_id IN (SELECT order_id FROM mails_to_relay
             ORDER BY order_id LIMIT 64 FOR UPDATE SKIP LOCKED) RETURNING order_id",
        )
        .load(rows)?;
        for row in &taken {
            let mut add = redis::cmd("XADD");
            add.arg(STREAM).arg("*").arg("order").arg(row.order_id).query::<()>(redis)?;
        }
        Ok(taken.len())
    })?;
    if relayed == 0 {
        std::thread::sleep(POLL);
    }
    Ok(())
}

/// Entries by stream, as XREADGROUP gives them: ids, each with its fields.
type Entries = Vec<(String, Vec<(String, HashMap<String, i64>)>)>;

/// Sends one mail, if there is one; acknowledged after it was accepted.
fn consume(
    redis: &mut RedisConnection,
    name: &str,
    from: &str,
    post: SocketAddr,
) -> Result<bool, Failure> {
    let mut read = redis::cmd("XREADGROUP");
    read.arg("GROUP").arg(GROUP).arg(name).arg("COUNT").arg(1);
    read.arg("BLOCK").arg(POLL.as_millis() as u64).arg("STREAMS").arg(STREAM).arg(from);
    let entries: Option<Entries> = read.query(redis)?;
    let entry = entries.and_then(|streams| streams.into_iter().flat_map(|(_, all)| all).next());
    let Some((id, fields)) = entry else { return Ok(false) };
    let order = *fields.get("order").ok_or("an entry without an order")?;
    System::new().block_on(post::send(post, &mail(order)))?;
    redis::cmd("XACK").arg(STREAM).arg(GROUP).arg(id).query::<()>(redis)?;
    Ok(true)
}

/// Mails that consumers have got and not acknowledged.
pub(crate) fn pending(redis: &mut RedisConnection) -> Result<u64, Failure> {
    type Summary = (u64, Option<String>, Option<String>, Option<Vec<(String, String)>>);
    let (count, ..): Summary = redis::cmd("XPENDING").arg(STREAM).arg(GROUP).query(redis)?;
    Ok(count)
}
