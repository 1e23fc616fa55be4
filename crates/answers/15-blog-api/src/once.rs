//! `Idempotency-Key`: a request that is repeated does nothing a second time.

use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponse;
use diesel::{Connection, PgConnection};
use error_handling::Problem;
use foundation::database::Database;
use foundation::idempotency::{self, Attempt, Claimed, StoredResponse};

use crate::state::Blog;

/// Longer than a post can take: the database's wait and time-out, twice.
const LEASE: Duration = Duration::from_secs(30);

impl Blog {
    /// Runs `work` in a transaction; with an attempt, once however often the request is repeated.
    ///
    /// # Errors
    /// Those of `work`; 409 while the same attempt runs, 422 for a key that came with another
    /// request.
    pub(crate) async fn create<F>(
        self: Arc<Self>,
        database: Database,
        attempt: Option<Attempt>,
        work: F,
    ) -> Result<HttpResponse, Problem>
    where
        F: FnOnce(&mut PgConnection) -> Result<StoredResponse, Problem> + Send + 'static,
    {
        let Some(attempt) = attempt else {
            let work = move |connection: &mut PgConnection| connection.transaction(work);
            return Ok(self.write(database, None, work).await?.into_response(false));
        };
        let writing = database.clone();
        // The response in the transaction of the work: either both are there or neither.
        let create = |(attempt, lease): Claimed| {
            self.write(writing, None, move |connection| {
                connection.transaction(|connection| {
                    let response = work(connection)?;
                    idempotency::finish(connection, &attempt, lease, &response)?;
                    Ok::<_, Problem>(response)
                })
            })
        };
        idempotency::once(&database, attempt, LEASE, create).await
    }
}
