//! Work that runs at start and then at intervals, once however many servers there are.

use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use error_handling::Problem;

use crate::database::Database;

/// What a job did, or would do, one sentence each.
pub type Report = Vec<String>;

/// Recurring work of an answer.
#[derive(Debug)]
pub struct Job {
    /// Name on the command line, such as `log-maintenance`.
    pub name: &'static str,
    /// What it does, for `--help`.
    pub about: &'static str,
    /// Time between two runs.
    pub every: Duration,
    /// Does the work, or with `dry_run` only tells what it would do.
    pub run: fn(&mut PgConnection, dry_run: bool) -> QueryResult<Report>,
}

#[derive(QueryableByName)]
struct Locked {
    #[diesel(sql_type = Bool)]
    locked: bool,
}

impl Job {
    /// Runs once, unless another server is running it already; then returns `None`.
    ///
    /// # Errors
    /// Whatever the work returns.
    pub fn run_locked(
        &self,
        connection: &mut PgConnection,
        dry_run: bool,
    ) -> QueryResult<Option<Report>> {
        let key = self.lock_key();
        // A session lock instead of one per transaction: the job may take several transactions.
        let taken = diesel::sql_query("SELECT pg_try_advisory_lock($1) AS locked")
            .bind::<BigInt, _>(key)
            .get_result::<Locked>(connection)?;
        if !taken.locked {
            return Ok(None);
        }
        let outcome = (self.run)(connection, dry_run);
        diesel::sql_query("SELECT pg_advisory_unlock($1)")
            .bind::<BigInt, _>(key)
            .execute(connection)?;
        outcome.map(Some)
    }

    /// The same key on every server: FNV-1a of the name.
    fn lock_key(&self) -> i64 {
        let hash = self.name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        hash.cast_signed()
    }

    /// Runs now and then at intervals, in the background, until the system stops.
    pub fn spawn(&'static self, database: Database) {
        actix_web::rt::spawn(async move {
            loop {
                let outcome = database.run_long(|connection| self.run_locked(connection, false));
                log(self.name, outcome.await);
                tokio::time::sleep(self.every).await;
            }
        });
    }
}

fn log(job: &str, outcome: Result<Option<Report>, Problem>) {
    match outcome {
        Ok(Some(report)) => {
            for done in &report {
                tracing::info!(job, done, "job");
            }
        }
        Ok(None) => tracing::info!(job, "job runs on another server"),
        Err(problem) => tracing::error!(job, %problem, "job failed"),
    }
}
