//! A write to the database that makes something cached old.

use diesel::PgConnection;
use error_handling::Problem;
use foundation::database::Database;
use foundation::task::to_the_end;
use tokio::sync::oneshot::{self, error::TryRecvError};

/// Runs `work`, then `forget`s what it may have changed, before the response.
///
/// Goes on when its caller is cut off, which may be between commit and forgetting, and forgets also
/// after a write that failed: a commit whose answer was lost looks the same.
///
/// # Errors
/// As [`Database::run_write`].
pub async fn write_then_forget<T, E, F, Forgetting>(
    database: Database,
    work: F,
    forget: impl Fn() -> Forgetting + Send + 'static,
) -> Result<T, Problem>
where
    F: FnOnce(&mut PgConnection) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: Into<Problem> + 'static,
    Forgetting: Future<Output = ()> + Send + 'static,
{
    let (working, mut over) = oneshot::channel::<()>();
    let work = move |connection: &mut PgConnection| {
        let _working = working;
        work(connection)
    };
    to_the_end(async move {
        let outcome = database.run_write(work).await;
        forget().await;
        // The executor gives up on slow work, which may commit all the same: forget then, too.
        if over.try_recv() == Err(TryRecvError::Empty) {
            tokio::spawn(async move {
                let _ = over.await;
                forget().await;
            });
        }
        outcome
    })
    .await
}
