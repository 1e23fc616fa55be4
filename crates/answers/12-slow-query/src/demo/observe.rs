//! Repeated times, and trials that are taken back.

use std::time::{Duration, Instant};

use diesel::prelude::*;
use evidence::{Failure, Outcome, Stage};

/// Repeats of a timing: the fewest of which a 95 % interval of the median can be given, and one.
const REPEATS: usize = 7;

/// Repeated wall-clock times of some work.
pub(super) fn times(
    stage: &Stage,
    mut work: impl FnMut() -> Outcome,
) -> Result<Vec<Duration>, Failure> {
    let mut times = Vec::with_capacity(REPEATS);
    for _ in 0..REPEATS {
        stage.go_on()?;
        let began = Instant::now();
        work()?;
        times.push(began.elapsed());
    }
    Ok(times)
}

/// Does some work and takes it back. PostgreSQL can take back DDL as well, so a trial leaves
/// nothing behind, even if it fails half-way.
pub(super) fn tried<T>(
    connection: &mut PgConnection,
    work: impl FnOnce(&mut PgConnection) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let mut result = None;
    let ended = connection.transaction::<(), Failure, _>(|connection| {
        result = Some(work(connection)?);
        Err(diesel::result::Error::RollbackTransaction.into())
    });
    match (result, ended) {
        (Some(result), _) => Ok(result),
        (None, Err(error)) => Err(error),
        (None, Ok(())) => Err("the trial ended without a result".into()),
    }
}
