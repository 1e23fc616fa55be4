//! From the CSV that an old CMS gives away to pages and addresses, with a word on every row that
//! did not make it.
//!
//! One transaction, and the export's own numbers as keys: a second import of the same file changes
//! nothing, and one that dies half-way has imported nothing. Read `row.rs` → `export.rs` →
//! `store.rs`.

mod export;
mod row;
mod store;

use auth::UserId;
use diesel::PgConnection;
use diesel::connection::Connection;
use error_handling::{InvalidField, Problem, Rejection};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use export::Export;
pub use row::{COLUMNS, NewPage};

/// Most bytes of an export.
pub const MOST_BYTES: usize = 8 << 20;
/// Most rows of an export, and most pages that are live: what one sitemap may list.
pub const MOST_ROWS: usize = 50_000;
/// Refusals that a report spells out; the rest is counted.
pub const MOST_REFUSALS: usize = 1_000;

/// What became of an export.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ImportReport)]
pub struct Report {
    /// Rows below the header.
    #[schema(example = 512)]
    pub rows: usize,
    /// Pages that are new.
    #[schema(example = 500)]
    pub inserted: usize,
    /// Pages that were there and differ.
    pub updated: usize,
    /// Old addresses that now lead to another page than before, or to one at all.
    #[schema(example = 506)]
    pub addresses: usize,
    /// Rows that were refused, whether or not they are all in the list.
    #[schema(example = 6)]
    pub refused: usize,
    /// Why, for the first thousand, in order of the rows.
    pub refusals: Vec<Refusal>,
}

/// Why a row was left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = RefusedRow)]
pub struct Refusal {
    /// The row as a spreadsheet numbers it: the header is 1.
    #[schema(example = 17)]
    pub row: usize,
    /// The column at fault; empty when it is the whole row.
    #[schema(example = "published")]
    pub column: String,
    /// Stable code for programs.
    #[schema(example = "not_a_date")]
    pub code: String,
    /// The same for a person.
    pub detail: String,
}

impl Refusal {
    fn new(row: usize, column: &str, why: &Rejection) -> Self {
        let (column, code) = (column.to_owned(), why.code().to_owned());
        Self { row, column, code, detail: why.to_string() }
    }
}

/// Imports an export for its owner, all rows that can be taken or, after an error, none.
///
/// # Errors
/// 422 for a file that is no such export or too long; 503 when the database is away.
pub fn import(connection: &mut PgConnection, owner: UserId, csv: &[u8]) -> Result<Report, Problem> {
    let export = Export::read(csv).map_err(|why| whole_file(&why))?;
    connection.transaction(|connection| store::save(connection, owner, export))
}

/// The file itself cannot be taken.
fn whole_file(why: &Rejection) -> Problem {
    Problem::invalid(vec![InvalidField::body("", why.code(), why.to_string())])
}
