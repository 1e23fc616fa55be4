//! What the log may say about the reason for a failure.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error as DieselError};

use crate::{InvalidField, Problem, ProblemType};

/// A redacted reason: enough to find the defect, nothing a client or an attacker has typed.
///
/// Chosen instead of `source()` chains, because the text of a database or parser error holds SQL
/// and values, and a log line that holds them is a leak with a longer life than a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause(Cow<'static, str>);

impl Cause {
    /// A reason in fixed words.
    #[must_use]
    pub const fn new(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// What kind of database error it was, with the names of constraint, table and column, but
    /// without message, detail, hint and statement, which may all hold values.
    #[must_use]
    pub fn database(error: &DieselError) -> Self {
        match error {
            DieselError::DatabaseError(kind, information) => {
                let part = |name: &str, value: Option<&str>| {
                    value.map(|value| format!(" {name}={value}")).unwrap_or_default()
                };
                let information: &dyn DatabaseErrorInformation = &**information;
                Self(Cow::Owned(format!(
                    "database {kind:?}{}{}{}",
                    part("constraint", information.constraint_name()),
                    part("table", information.table_name()),
                    part("column", information.column_name()),
                )))
            }
            DieselError::NotFound => Self::new("database row not found"),
            DieselError::RollbackErrorOnCommit { .. } => Self::new("database rollback failed"),
            DieselError::DeserializationError(_) => Self::new("database value of another type"),
            DieselError::SerializationError(_) => Self::new("value the database cannot hold"),
            DieselError::QueryBuilderError(_) => Self::new("statement could not be built"),
            _ => Self::new("database error"),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether the connection is gone, so that only another connection can help.
#[must_use]
pub fn connection_lost(error: &DieselError) -> bool {
    matches!(
        error,
        DieselError::DatabaseError(
            DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand,
            _
        ) | DieselError::BrokenTransactionManager
    )
}

/// Any database error that a handler has no better word for.
///
/// A unique or foreign key violation becomes 409, as the database has the last word on races; map
/// the constraint's name with [`on_constraint`] where the client should learn which field it was.
impl From<DieselError> for Problem {
    fn from(error: DieselError) -> Self {
        let cause = Cause::database(&error);
        let kind = match &error {
            DieselError::DatabaseError(kind, _) => Some(kind),
            _ => None,
        };
        match kind {
            _ if connection_lost(&error) => {
                Self::unavailable("The database is not reachable.", Duration::from_secs(1))
                    .with_cause(cause)
            }
            Some(DatabaseErrorKind::UniqueViolation) => {
                Self::new(ProblemType::Conflict, "A value that must be unique is taken.")
                    .with_cause(cause)
            }
            Some(DatabaseErrorKind::ForeignKeyViolation) => {
                Self::new(ProblemType::Conflict, "The request refers to something that is gone.")
                    .with_cause(cause)
            }
            Some(kind) if met_another(kind, &error) => Self::unavailable(
                "The request met another one on the same data.",
                Duration::from_secs(1),
            )
            .with_cause(cause),
            Some(_) if timed_out(&error) => {
                Self::unavailable("The database took too long.", Duration::from_secs(1))
                    .with_cause(cause)
            }
            _ => Self::internal(cause),
        }
    }
}

/// A collision that is over as soon as one of the two has given way (PostgreSQL, section 13.5). A
/// deadlock (40P01) has no kind of its own in Diesel; see [`says_any`].
fn met_another(kind: &DatabaseErrorKind, error: &DieselError) -> bool {
    matches!(kind, DatabaseErrorKind::SerializationFailure)
        || says_any(error, &["deadlock detected"])
}

/// `statement_timeout` (57014) and `lock_timeout` (55P03), or the server ends the session.
fn timed_out(error: &DieselError) -> bool {
    let causes =
        ["canceling statement due to", "could not obtain lock", "terminating connection due to"];
    says_any(error, &causes)
}

/// Diesel hides the SQLSTATE, so PostgreSQL's message is what is left to go by. It is in English
/// where `lc_messages` says so, which sessions ask for: in another language these become 500.
fn says_any(error: &DieselError, beginnings: &[&str]) -> bool {
    let DieselError::DatabaseError(_, information) = error else { return false };
    beginnings.iter().any(|beginning| information.message().starts_with(beginning))
}

/// The name of the constraint that an error violates: what tells one refusal of the database from
/// another, whatever language its message is in.
#[must_use]
pub fn constraint(error: &DieselError) -> Option<&str> {
    match error {
        DieselError::DatabaseError(_, information) => information.constraint_name(),
        _ => None,
    }
}

/// Turns the violation of one named constraint into a 409 that points at the field; any other
/// error takes the general way.
pub fn on_constraint(
    error: DieselError,
    name: &str,
    field: impl FnOnce() -> InvalidField,
) -> Problem {
    let violated = constraint(&error) == Some(name);
    let problem = Problem::from(error);
    if violated { problem.with_errors(vec![field()]) } else { problem }
}
