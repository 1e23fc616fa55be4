//! Taking an order that wants a mail, in five ways.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use background_jobs::{Attempt, Failure as Failed, Settings, Workers};
use clap::Parser;
use error_handling::{Cause, Problem};
use evidence::{Failure, Outcome, RungKind};
use foundation::config::Config;
use foundation::database::Database;
use foundation::metrics::Metrics;
use futures_util::future::try_join_all;
use secrecy::SecretString;

use crate::orders::{self, NewOrder, ORDER_MAIL, Order, OrderMail};
use crate::post::{self, Mail};
use crate::relay::Relay;

/// When the mail is sent, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By the request, which waits for it.
    Inline,
    /// By a task that the request leaves behind.
    Spawned,
    /// By a job of the order's transaction, with a key that is new for each sending.
    Unkeyed,
    /// By a job of the order's transaction, with the order as key.
    Queued,
    /// By consumers of a stream in Redis, which a relay fills from a table.
    Relayed,
}

impl Way {
    /// All of them, from wrong to costly.
    pub const ALL: [Self; 5] =
        [Self::Inline, Self::Spawned, Self::Unkeyed, Self::Queued, Self::Relayed];

    /// In one word, as the route and the process are told.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Inline => "inline",
            Self::Spawned => "spawned",
            Self::Unkeyed => "unkeyed",
            Self::Queued => "queued",
            Self::Relayed => "relayed",
        }
    }

    /// The way of this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.word() == word)
    }

    /// As the ladder calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inline => "mailed by the request",
            Self::Spawned => "spawned beside the response",
            Self::Unkeyed => "queued, mail without a key",
            Self::Queued => "queued in the transaction",
            Self::Relayed => "outbox, relay, Redis stream",
        }
    }

    /// Where it stands on the ladder.
    #[must_use]
    pub const fn kind(self) -> RungKind {
        match self {
            Self::Inline => RungKind::Wrong,
            Self::Spawned | Self::Unkeyed => RungKind::Tempting,
            Self::Queued => RungKind::Right,
            Self::Relayed => RungKind::Costly,
        }
    }
}

/// Takes orders in one way; what sends its mails runs as long as this.
#[derive(Debug)]
pub struct Desk {
    way: Way,
    post: SocketAddr,
    database: Database,
    workers: Option<Workers>,
    _relay: Option<Relay>,
}

/// Few connections: several desks stand on one database.
const LANES: [&str; 7] = [
    "desk",
    "--database-threads",
    "1",
    "--database-write-threads",
    "4",
    "--database-long-threads",
    "1",
];

#[derive(Parser)]
struct Defaults {
    #[command(flatten)]
    config: Config,
}

impl Desk {
    /// Starts what the way needs beside the request.
    ///
    /// # Errors
    /// When threads do not start, or Redis is needed and not there.
    pub fn open(
        way: Way,
        url: &SecretString,
        post: SocketAddr,
        redis: Option<&SecretString>,
    ) -> Result<Self, Failure> {
        let metrics = Metrics::new()?;
        let config = Defaults::try_parse_from(LANES)?.config.database;
        let database = Database::open(url, &config, &metrics);
        let workers = match way {
            Way::Queued | Way::Unkeyed => Some(work(way, url, post, &metrics)?),
            _ => None,
        };
        let relay = match way {
            Way::Relayed => Some(Relay::start(url, redis.ok_or("the relay needs Redis")?, post)?),
            _ => None,
        };
        Ok(Self { way, post, database, workers, _relay: relay })
    }

    /// Takes one order and answers with it as soon as the way allows.
    ///
    /// # Errors
    /// 503 when the database or, inline, the mail server does not answer in time.
    pub async fn take(&self, new: NewOrder) -> Result<Order, Problem> {
        let database = &self.database;
        match self.way {
            Way::Inline => {
                let order = database.run_write(move |c| orders::insert(c, &new)).await?;
                post::send(self.post, &mail(order.id)).await.map_err(|_| no_mail())?;
                Ok(order)
            }
            Way::Spawned => {
                let order = database.run_write(move |c| orders::insert(c, &new)).await?;
                let (post, mail) = (self.post, mail(order.id));
                // Tempting: nobody is left to tell, and nobody to try again.
                actix_web::rt::spawn(async move { drop(post::send(post, &mail).await) });
                Ok(order)
            }
            Way::Unkeyed | Way::Queued => {
                let order = database.run_write(move |c| orders::insert_with_job(c, &new)).await?;
                self.workers.iter().for_each(Workers::wake);
                Ok(order)
            }
            Way::Relayed => database.run_write(move |c| orders::insert_for_relay(c, &new)).await,
        }
    }

    /// Takes so many at once and tells of each that was answered.
    ///
    /// # Errors
    /// The first failure.
    pub async fn take_all(&self, orders: u32, answered: impl Fn(i64)) -> Outcome {
        let new = |number| NewOrder { customer: number, sku: "lamp".to_owned() };
        let one = |number| {
            let answered = &answered;
            async move { self.take(new(number)).await.map(|order| answered(order.id)) }
        };
        try_join_all((0..i64::from(orders)).map(one)).await?;
        Ok(())
    }
}

/// The order is the key: whoever sends it again, sends the same.
pub(crate) fn mail(order: i64) -> Mail {
    Mail { order, key: format!("order-{order}") }
}

fn no_mail() -> Problem {
    Problem::unavailable("The mail server does not answer.", Duration::from_secs(1))
        .with_cause(Cause::new("mail server"))
}

/// Makes the keys of `Way::Unkeyed` differ.
static SENDINGS: AtomicU64 = AtomicU64::new(0);

fn work(
    way: Way,
    url: &SecretString,
    post: SocketAddr,
    metrics: &Metrics,
) -> Result<Workers, Failure> {
    // A stop that does not wait, as close to a death as a process can come without dying.
    let settings = Settings { stop_within: Duration::ZERO, ..Settings::default() };
    let workers = Workers::start(url, settings, metrics)?;
    workers.register(&ORDER_MAIL, move |attempt: Attempt<OrderMail>| async move {
        let mut mail = mail(attempt.payload.order);
        if way == Way::Unkeyed {
            let sending = SENDINGS.fetch_add(1, Ordering::Relaxed);
            mail.key = format!("{}-{}-{sending}", mail.key, std::process::id());
        }
        post::send(post, &mail).await.map_err(|_| Failed::again("the mail server did not accept"))
    })?;
    Ok(workers)
}
