//! Redis Streams between the outbox and the workers: who has new work, and who takes it.
//!
//! Entries name a queue and carry no event, so a stream that is lost, doubled or out of order costs
//! time at most. Polled instead of a blocking XREADGROUP: that would need a connection of its own,
//! and no wait here may be longer than a Redis that hangs is waited for.

use std::sync::LazyLock;
use std::time::Duration;

use foundation::redis::{Redis, RedisGone, Script, cmd, pipe};

use crate::outbox::{Queue, Unpublished};

/// Entries kept at the most; what is older, the sweep finds in the table.
const LONGEST: usize = 100_000;
/// Entries taken at once.
const BATCH: usize = 64;
/// After this time an entry of a worker that did not confirm it is somebody else's.
const FORSAKEN: Duration = Duration::from_secs(10);

/// Takes what was forsaken, then what is new, as `[entry, partner, entity]`. One script instead of
/// three commands: it makes the group when there is none, also after Redis was emptied.
static TAKE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "redis.pcall('XGROUP', 'CREATE', KEYS[1], 'delivery', '0', 'MKSTREAM')
         local taken = {}
         local function add(entries)
             for _, entry in ipairs(entries) do
                 if entry and entry[2] then
                     table.insert(taken, {entry[1], entry[2][2], entry[2][4]})
                 end
             end
         end
         add(redis.call('XAUTOCLAIM', KEYS[1], 'delivery', ARGV[1], ARGV[2], '0-0',
                        'COUNT', ARGV[3])[2])
         local new = redis.call('XREADGROUP', 'GROUP', 'delivery', ARGV[1], 'COUNT', ARGV[3],
                                'STREAMS', KEYS[1], '>')
         if new then add(new[1][2]) end
         return taken",
    )
});

/// The stream of one database, as one consumer of its group.
#[derive(Clone, Debug)]
pub struct Stream {
    redis: Redis,
    key: String,
    consumer: String,
}

/// Some entries, to be confirmed when their queues were visited.
#[derive(Debug, Default)]
pub struct Taken {
    entries: Vec<String>,
    /// The queues that the entries name, each once.
    pub queues: Vec<Queue>,
}

impl Stream {
    /// A consumer with a name of its own. One that died leaves its name, which costs a few bytes.
    #[must_use]
    pub fn new(redis: &Redis) -> Self {
        let consumer = format!("{:016x}", rand::random::<u64>());
        Self { redis: redis.clone(), key: redis.key("outbox"), consumer }
    }

    /// Whether Redis answered lately.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.redis.is_up()
    }

    /// Tells the group of new work.
    ///
    /// # Errors
    /// When Redis gives no answer; the entries may be there all the same.
    pub async fn publish(&self, rows: &[Unpublished]) -> Result<(), RedisGone> {
        let mut pipeline = pipe();
        for row in rows {
            let add = pipeline.cmd("XADD").arg(&self.key).arg("MAXLEN").arg("~").arg(LONGEST);
            let add = add.arg("*").arg("partner").arg(row.queue.partner().number());
            add.arg("entity").arg(row.queue.entity()).ignore();
        }
        self.redis.pipeline::<()>(&pipeline).await
    }

    /// Takes some work.
    ///
    /// # Errors
    /// When Redis gives no answer.
    pub async fn take(&self) -> Result<Taken, RedisGone> {
        let forsaken = FORSAKEN.as_millis().to_string();
        let arguments = [self.consumer.clone(), forsaken, BATCH.to_string()];
        let rows: Vec<(String, i64, i64)> =
            self.redis.invoke(&TAKE, std::slice::from_ref(&self.key), &arguments).await?;
        let mut taken = Taken::default();
        for (entry, partner, entity) in rows {
            taken.entries.push(entry);
            taken.queues.push(Queue::new(partner, entity));
        }
        taken.queues.sort_unstable();
        taken.queues.dedup();
        Ok(taken)
    }

    /// Says that the work of these entries is done, and forgets them.
    ///
    /// # Errors
    /// When Redis gives no answer; then somebody does the work again and finds nothing to do.
    pub async fn confirm(&self, taken: &Taken) -> Result<(), RedisGone> {
        if taken.entries.is_empty() {
            return Ok(());
        }
        let mut pipeline = pipe();
        pipeline.cmd("XACK").arg(&self.key).arg("delivery").arg(&taken.entries).ignore();
        pipeline.cmd("XDEL").arg(&self.key).arg(&taken.entries).ignore();
        self.redis.pipeline::<()>(&pipeline).await
    }

    /// Entries that nobody has confirmed.
    ///
    /// # Errors
    /// When Redis gives no answer.
    pub async fn unconfirmed(&self) -> Result<u64, RedisGone> {
        self.redis.query(cmd("XLEN").arg(&self.key)).await
    }
}
