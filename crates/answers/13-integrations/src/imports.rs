//! Imports that wait and reports of those that are done.

use auth::UserId;
use diesel::prelude::*;
use diesel::result::Error;
use error_handling::{InvalidField, Problem, ProblemType, constraint};

use crate::import::{Refusal, Report, import};
use crate::model::ImportId;
use crate::schema::catalogue_imports;

/// Keeps an export until it is imported.
///
/// # Errors
/// 409 while another one of this person waits.
pub fn accept(
    connection: &mut PgConnection,
    owner: UserId,
    csv: &[u8],
) -> Result<ImportId, Problem> {
    let inserted: Result<i64, Error> = diesel::insert_into(catalogue_imports::table)
        .values((catalogue_imports::user_id.eq(owner.number()), catalogue_imports::csv.eq(csv)))
        .returning(catalogue_imports::id)
        .get_result(connection);
    inserted.map(ImportId::from).map_err(|error| match constraint(&error) {
        Some("catalogue_imports_one_waiting") => {
            let detail = "Another import of yours is waiting; look at its report first.";
            Problem::new(ProblemType::Conflict, "One import at a time.")
                .with_errors(vec![InvalidField::body("", "waiting", detail)])
        }
        _ => Problem::from(error),
    })
}

/// The report of one of the owner's imports: `None` when there is no such import, `Some(None)`
/// when it is not done.
///
/// # Errors
/// Whatever the database says.
pub fn report(
    connection: &mut PgConnection,
    owner: UserId,
    id: ImportId,
) -> QueryResult<Option<Option<Report>>> {
    let found: Option<Option<serde_json::Value>> = catalogue_imports::table
        .find(id.number())
        .filter(catalogue_imports::user_id.eq(owner.number()))
        .select(catalogue_imports::report)
        .first(connection)
        .optional()?;
    Ok(found.map(|report| report.and_then(|report| serde_json::from_value(report).ok())))
}

/// Imports what waits under this id and notes its report, in the caller's transaction; nothing when
/// that was done already. A file that cannot be taken is a report as well: its sender has left.
///
/// # Errors
/// 503 when the database is away.
pub fn perform(connection: &mut PgConnection, id: ImportId) -> Result<(), Problem> {
    let waiting: Option<(i64, Option<Vec<u8>>)> = catalogue_imports::table
        .find(id.number())
        .select((catalogue_imports::user_id, catalogue_imports::csv))
        .for_update()
        .first(connection)
        .optional()?;
    let Some((owner, Some(csv))) = waiting else { return Ok(()) };
    // A savepoint: what is refused as a whole leaves nothing, and the report all the same.
    let report = match connection.transaction(|inner| import(inner, owner.into(), &csv)) {
        Ok(report) => report,
        Err(problem) if problem.kind() == ProblemType::Invalid => refused(&problem),
        Err(problem) => return Err(problem),
    };
    let report = serde_json::to_value(&report).unwrap_or_default();
    diesel::update(catalogue_imports::table.find(id.number()))
        .set((
            catalogue_imports::report.eq(Some(report)),
            catalogue_imports::csv.eq(None::<Vec<u8>>),
        ))
        .execute(connection)?;
    Ok(())
}

fn refused(problem: &Problem) -> Report {
    let refusal = |fault: InvalidField| Refusal {
        row: 0,
        column: String::new(),
        code: fault.code.into_owned(),
        detail: fault.detail.into_owned(),
    };
    let refusals: Vec<Refusal> = problem.body().errors.into_iter().map(refusal).collect();
    Report { refused: refusals.len(), refusals, ..Report::default() }
}
