//! The months of a search, where PostgreSQL sees them before it locks anything.

use diesel::expression::{AppearsOnTable, Expression, ValidGrouping, is_aggregate};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::Bool;

use crate::month::Month;
use crate::schema::log_entries;

/// That an entry is of one of these months.
///
/// Literals, beside the exact range in parameters: a plan for any range locks every partition before
/// it leaves one out. Months instead of instants, so that a prepared statement serves a whole month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InMonths {
    pub(crate) first: Month,
    pub(crate) last: Month,
    /// Whether connections keep the statement. Each text that they keep takes memory, and clients
    /// choose the months.
    pub(crate) is_kept: bool,
}

impl QueryFragment<Pg> for InMonths {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        if !self.is_kept {
            out.unsafe_to_cache_prepared();
        }
        let (from, to) = (self.first.start(), self.last.end());
        out.push_sql(&format!(
            "(log_entries.logged_at >= '{from}' AND log_entries.logged_at < '{to}')"
        ));
        Ok(())
    }
}

impl QueryId for InMonths {
    type QueryId = ();
    // The text decides, as it holds the months.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Expression for InMonths {
    type SqlType = Bool;
}

impl ValidGrouping<()> for InMonths {
    type IsAggregate = is_aggregate::No;
}

impl AppearsOnTable<log_entries::table> for InMonths {}
