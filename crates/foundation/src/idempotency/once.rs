//! One attempt, from its claim to its stored response.

use std::time::Duration;

use actix_web::HttpResponse;
use diesel::PgConnection;
use error_handling::Problem;

use super::{Attempt, Claim, Lease, StoredResponse, claim, release};
use crate::database::Database;
use crate::task::to_the_end;

/// An attempt that this request may do.
pub type Claimed = (Attempt, Lease);

/// Does `work` once, however often its attempt is repeated; `lease` must be longer than it can take.
///
/// Claims before the work begins: of ten repetitions at once, nine cost a statement and no work.
/// `work` calls [`super::finish`] in its transaction. It goes on when the client hangs up: the key
/// would stay taken until the lease ends, and it is the client that lost its connection who repeats.
///
/// # Errors
/// Those of `work`, after which the key is free again; 409 while the same attempt runs, 422 for a
/// key that came with another request.
pub async fn once<F, Work>(
    database: &Database,
    attempt: Attempt,
    lease: Duration,
    work: F,
) -> Result<HttpResponse, Problem>
where
    F: FnOnce(Claimed) -> Work,
    Work: Future<Output = Result<StoredResponse, Problem>> + Send + 'static,
{
    let claiming = attempt.clone();
    let claim = move |connection: &mut PgConnection| claim(connection, &claiming, lease);
    let claimed = match database.run_write(claim).await? {
        Claim::Done(response) => return Ok(response.into_response(true)),
        Claim::Mine(lease) => (attempt, lease),
    };
    let (database, work) = (database.clone(), work(claimed.clone()));
    let made = to_the_end(async move {
        let made = work.await;
        if made.is_err() {
            give_back(&database, claimed).await;
        }
        made
    });
    Ok(made.await?.into_response(false))
}

/// So that the client may correct what was wrong. When the outcome is unknown, as after a time-out,
/// this is safe as well: a finished attempt is not released, and one that was released cannot finish.
async fn give_back(database: &Database, (attempt, lease): Claimed) {
    let release = move |connection: &mut PgConnection| release(connection, &attempt, lease);
    if let Err(problem) = database.run_write(release).await {
        tracing::warn!(%problem, "idempotency key not given back; its lease will end");
    }
}
