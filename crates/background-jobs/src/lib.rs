//! Work that is done after the response, and not lost: a job queue in PostgreSQL.
//!
//! ```text
//! static ORDER_MAIL: Kind<OrderMail> = Kind::new("order-mail").at_once(4);
//!
//! // Where the order is stored: both rows or neither.
//! connection.transaction(|connection| {
//!     let order = store::insert(connection, &new_order)?;
//!     enqueue(connection, &ORDER_MAIL, &OrderMail { order: order.id }, &Options::default())
//! })?;
//! workers.wake(); // optional: this process looks at once, instead of at its next poll
//!
//! // Where the module starts: in `serve`, and in processes that do nothing else.
//! fn start(starting: &mut Starting<'_>) -> Result<Share, StartFailure> {
//!     let workers = background_jobs::start(starting)?;
//!     workers.register(&ORDER_MAIL, |attempt: Attempt<OrderMail>| async move {
//!         let order = attempt.payload.order;
//!         let order = attempt.database().run(move |c| store::find(c, order)).await?;
//!         send(&order, attempt.id()).await.map_err(|_| Failure::again("mail server refused"))
//!     })?;
//!     Ok(workers.share()) // hands them to routes as `web::Data<Workers>`, for `wake`
//! }
//! background_jobs::work(&config, Settings::default(), |workers| workers.register(…))?;
//! ```
//!
//! 1. [`enqueue`] inserts a row in the caller's transaction.
//! 2. [`Workers`] claim due rows with `FOR UPDATE SKIP LOCKED` and a lease, which they renew while
//!    the job runs. A lease that ends makes the job due again, whatever became of its worker; each
//!    claim has a greater fencing token, so a worker that was overtaken cannot complete the job.
//! 3. A job that fails is tried again later, with full jitter; after its last attempt it is a dead
//!    letter: [`dead_letters`], [`replay`], [`discard`].
//!
//! Every job runs at least once. [`Ticket::complete`] makes it exactly once for effects in this
//! database; for others, [`Attempt::id`] is the idempotency key to send along.
//!
//! Read `kind.rs` → `enqueue.rs` → `handler.rs` → `store.rs` → `keeper.rs`; the README says why.

mod admin;
mod connection;
mod crew;
mod enqueue;
mod event;
mod handler;
mod keeper;
mod kind;
mod metrics;
mod process;
mod registry;
mod retention;
mod running;
mod settle;
pub mod store;
mod workers;

use std::sync::Arc;

use foundation::module::{Module, Share, StartFailure, Starting};

pub use admin::{
    DeadLetter, Depth, Position, Replay, dead_letters, dead_letters_query, depths, discard, replay,
    replay_kind,
};
pub use enqueue::{Due, MAX_PAYLOAD, Options, PayloadTooLarge, enqueue, enqueue_unique};
pub use handler::{Attempt, Failure, Ticket};
pub use kind::{JobId, Kind};
pub use process::{WorkError, work};
pub use retention::RETENTION;
pub use workers::{KindTaken, Settings, StartError, Workers};

/// The workers of a server, and the retention of dead letters; it has no routes. Mount it beside
/// the answers that register kinds.
pub static MODULE: Module = Module { routes: |_| {}, start: start_module, jobs: &[&RETENTION] };

fn start_module(starting: &mut Starting<'_>) -> Result<Share, StartFailure> {
    Ok(start(starting)?.share())
}

/// The workers of this server, started at the first call; each module registers its own kinds.
///
/// They stop with the server: at SIGTERM at the same time as HTTP, otherwise after it, and in both
/// cases the server waits for them. Call it inside the server's actix system, as modules do.
///
/// # Errors
/// [`StartError`], or that there is no database, or no system.
pub fn start(starting: &mut Starting<'_>) -> Result<Workers, StartFailure> {
    starting.once(|starting| {
        let place = starting.config.place()?.ok_or("background jobs need a database")?;
        if actix_web::rt::System::try_current().is_none() {
            return Err("background jobs start inside an actix system".into());
        }
        let settings = Settings { stop_on_signals: true, ..Settings::default() };
        let workers = Workers::start(place, settings, starting.metrics)?;
        stop_with_the_system(workers.clone());
        Ok(workers)
    })
}

/// A task is dropped when the system of its thread ends, which is what recurring jobs stop by, too.
/// Chosen instead of the last clone in an app: the thread of that app is not waited for.
fn stop_with_the_system(workers: Workers) {
    struct Stop(Workers);
    impl Drop for Stop {
        fn drop(&mut self) {
            self.0.stop();
        }
    }
    let stop = Stop(workers);
    actix_web::rt::spawn(async move {
        let _stop = stop;
        std::future::pending::<()>().await;
    });
}

/// Hands something to every app of a server.
fn kept<T: Clone + Send + Sync + 'static>(value: T) -> Share {
    Arc::new(move |config| {
        config.app_data(actix_web::web::Data::new(value.clone()));
    })
}
