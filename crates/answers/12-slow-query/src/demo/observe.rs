//! Small questions to PostgreSQL, and their answers as cells.

use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use evidence::{Cell, Failure, Outcome, Quantity, Stage, statistics};

/// Repeats of a timing: the fewest of which a 95 % interval of the median can be given, and one.
const REPEATS: usize = 7;

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// The single number that an expression or a subquery in brackets stands for.
pub(super) fn number(connection: &mut PgConnection, expression: &str) -> QueryResult<u64> {
    let query = diesel::sql_query(format!("SELECT ({expression})::bigint AS number"));
    Ok(query.get_result::<Number>(connection)?.number.unsigned_abs())
}

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

/// The median of times and its 95 % interval, such as `618 µs (601–723 µs)`.
pub(super) fn time_cell(times: &[Duration]) -> Cell {
    let measured = statistics::median_of("", String::new(), times);
    let [low, high] =
        [measured.low, measured.high].map(|value| Quantity { value, ..measured.value }.to_string());
    let unit = high.rsplit(' ').next().unwrap_or_default();
    let low = low.strip_suffix(unit).map_or(&*low, str::trim_end);
    format!("{} ({low}–{high})", measured.value).into()
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
