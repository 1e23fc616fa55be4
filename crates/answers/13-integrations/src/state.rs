//! What all requests of a server share, and what works beside them.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web;
use foundation::config::DatabaseConfig;
use foundation::database::{Database, Place};
use foundation::metrics::Metrics;
use foundation::module::{Share, StartFailure, Starting};
use web_security::Outbound;

use crate::breaker::{BreakerMetrics, Breakers};
use crate::courier::Courier;
use crate::delivery::{Deliveries, DeliverySettings};
use crate::job;
use crate::stream::Stream;
use crate::worker::{Pace, Worker};

/// How long a visitor's request waits for a partner: what is left of a second that people notice.
pub(crate) const QUOTE_WITHIN: Duration = Duration::from_millis(500);
/// How long a delivery may take; nobody waits for it.
pub(crate) const DELIVER_WITHIN: Duration = Duration::from_secs(5);

/// Failures in a row after which a partner is left alone.
pub(crate) const THRESHOLD: u32 = 5;
/// How long it is left alone.
pub(crate) const COOL_DOWN: Duration = Duration::from_secs(5);

/// Client, breakers and settings. Nothing in it changes after the start but what counts, which has
/// locks of its own.
#[derive(Debug)]
pub(crate) struct Integrations {
    /// Apart from those of deliveries: a partner's webhooks may be down while its quotes are not.
    pub(crate) breakers: Arc<Breakers>,
    pub(crate) courier: Courier,
}

impl Integrations {
    /// Starts what the routes need, sign-in included, and the worker.
    pub(crate) fn start(starting: &mut Starting<'_>) -> Result<Share, StartFailure> {
        let workers = background_jobs::start(starting)?;
        job::register(&workers)?;
        let share_workers = workers.share();
        let metrics = BreakerMetrics::register(starting.metrics)?;
        let share = Self::share(starting, QUOTE_WITHIN, COOL_DOWN, metrics.clone())?;
        let place = starting.config.place()?.ok_or("deliveries need a database")?;
        let outbound = Outbound::start(starting)?;
        let stream = starting.redis.map(Stream::new);
        let worker =
            work(&place, outbound, metrics, stream, DeliverySettings::default(), Pace::default());
        // Kept by the apps: it stops when the last of them does.
        let worker = Arc::new(worker?);
        Ok(Arc::new(move |config| {
            share(config);
            share_workers(config);
            config.app_data(web::Data::from(Arc::clone(&worker)));
        }))
    }

    /// Starts what the routes need.
    pub(crate) fn start_idle(starting: &mut Starting<'_>) -> Result<Share, StartFailure> {
        Self::start_with(starting, QUOTE_WITHIN, COOL_DOWN)
    }

    /// The same with another patience.
    pub(crate) fn start_with(
        starting: &mut Starting<'_>,
        within: Duration,
        cool_down: Duration,
    ) -> Result<Share, StartFailure> {
        let metrics = BreakerMetrics::register(starting.metrics)?;
        Self::share(starting, within, cool_down, metrics)
    }

    fn share(
        starting: &mut Starting<'_>,
        within: Duration,
        cool_down: Duration,
        metrics: BreakerMetrics,
    ) -> Result<Share, StartFailure> {
        let share_auth = auth::start(starting)?;
        let integrations = web::Data::new(Self {
            breakers: Arc::new(Breakers::new(THRESHOLD, cool_down, metrics)),
            courier: Courier::new(Outbound::start(starting)?, within),
        });
        Ok(Arc::new(move |config| {
            share_auth(config);
            config.app_data(integrations.clone());
        }))
    }
}

/// Starts a worker on this database.
pub(crate) fn work(
    place: impl Into<Place>,
    outbound: Outbound,
    metrics: BreakerMetrics,
    stream: Option<Stream>,
    settings: DeliverySettings,
    pace: Pace,
) -> Result<Worker, StartFailure> {
    // A few threads of its own, whose counts are not those of the server that it runs beside.
    let database = Database::open(place, &own_threads(), &Metrics::new()?);
    let courier = Courier::new(outbound, DELIVER_WITHIN);
    let breakers = Arc::new(Breakers::new(THRESHOLD, COOL_DOWN.min(settings.retry.cap), metrics));
    let deliveries = Deliveries::new(database.clone(), courier, breakers, settings);
    Ok(Worker::start(database, deliveries, stream, pace)?)
}

fn own_threads() -> DatabaseConfig {
    DatabaseConfig {
        database_threads: 1,
        database_write_threads: 2,
        database_long_threads: 1,
        database_queue: 256,
        database_wait: Duration::from_secs(2),
        statement_timeout: Duration::from_secs(5),
        long_statement_timeout: Duration::from_secs(5),
        lock_timeout: Duration::from_secs(1),
    }
}
