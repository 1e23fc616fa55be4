//! The connection pool that the order table came with, from before the backend had an executor.
//!
//! It hands connections *out*, so whoever takes one may keep it. [`foundation::database::Database`]
//! only lends one to a closure, which is why the fix of the leak goes through that.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use actix_web::web;
use diesel::connection::SimpleConnection;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, Error, Pool, PooledConnection};
use diesel::{PgConnection, QueryResult};
use error_handling::{Cause, Problem};
use evidence::Failure;
use foundation::metrics::Metrics;
use foundation::operations;
use prometheus::IntGauge;
use secrecy::{ExposeSecret, SecretString};

type Manager = ConnectionManager<PgConnection>;

/// A connection that its taker may keep.
pub(crate) type Taken = PooledConnection<Manager>;

/// Connections of the pool.
pub(crate) const POOL: u32 = 4;
/// What people raise it to when it runs dry.
pub(crate) const BIGGER_POOL: u32 = 8;
/// How long a request waits for a connection before it is refused.
const CHECKOUT: Duration = Duration::from_millis(500);

pub(crate) struct OrderPool {
    url: SecretString,
    /// A lock around the pool, as a restart replaces it.
    pool: RwLock<Pool<Manager>>,
    out: IntGauge,
    size: IntGauge,
}

impl OrderPool {
    pub(crate) fn open(url: SecretString, metrics: &Metrics) -> Result<Arc<Self>, Failure> {
        let out = IntGauge::new("order_pool_connections_out", "Connections that are taken")?;
        let size = IntGauge::new("order_pool_connections", "Connections in all")?;
        metrics.register(out.clone())?;
        metrics.register(size.clone())?;
        size.set(i64::from(POOL));
        let pool = RwLock::new(build(&url, POOL)?);
        Ok(Arc::new(Self { url, pool, out, size }))
    }

    /// Runs a statement on a connection, off the workers.
    pub(crate) async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&mut PgConnection) -> QueryResult<T> + Send + 'static,
    ) -> Result<T, Problem> {
        let pool = Arc::clone(self);
        let ran = web::block(move || {
            let outcome = pool.take().and_then(|mut taken| Ok(work(&mut taken)?));
            pool.count();
            outcome
        });
        operations::timed("order_pool", ran).await.map_err(|_| gone())?
    }

    /// Takes a connection out of the pool.
    pub(crate) fn take(&self) -> Result<Taken, Problem> {
        let pool = self.pool.read().unwrap_or_else(PoisonError::into_inner).clone();
        let taken = pool.get_timeout(CHECKOUT);
        self.count();
        taken.map_err(|_| exhausted())
    }

    /// A new pool, as after a restart. Connections that are out are not waited for.
    pub(crate) fn rebuild(&self, size: u32) -> Result<(), Failure> {
        let fresh = build(&self.url, size)?;
        *self.pool.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        self.size.set(i64::from(size));
        self.count();
        Ok(())
    }

    /// Connections that somebody has at this moment; also brings the gauge up to date.
    pub(crate) fn count(&self) -> u32 {
        let state = self.pool.read().unwrap_or_else(PoisonError::into_inner).state();
        let out = state.connections.saturating_sub(state.idle_connections);
        self.out.set(i64::from(out));
        out
    }
}

/// With all its connections: none of them should have to be made while requests wait.
fn build(url: &SecretString, size: u32) -> Result<Pool<Manager>, Failure> {
    Ok(Pool::builder()
        .max_size(size)
        .min_idle(Some(size))
        .test_on_check_out(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .connection_customizer(Box::new(Bounded))
        .build(Manager::new(url.expose_secret()))?)
}

/// No statement of this pool runs for longer than the service's promise.
#[derive(Debug)]
struct Bounded;

impl CustomizeConnection<PgConnection, Error> for Bounded {
    fn on_acquire(&self, connection: &mut PgConnection) -> Result<(), Error> {
        connection.batch_execute("SET statement_timeout = 1000").map_err(Error::QueryError)
    }
}

fn exhausted() -> Problem {
    Problem::unavailable("The server is busy.", Duration::from_secs(1))
        .with_cause(Cause::new("order pool has no connection left"))
}

fn gone() -> Problem {
    Problem::internal(Cause::new("blocking pool"))
}
