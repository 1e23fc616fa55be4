//! Which statement costs the database most, by `pg_stat_statements`.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Double, Nullable, Text};

/// The statements of this database by the buffers that they touched in total. By buffers, not by
/// time: they are the same on a busy server. In service, sort by `total_exec_time` too.
pub const BY_BUFFERS: &str = "\
SELECT query, calls, shared_blks_hit + shared_blks_read AS buffers,
       mean_exec_time AS mean_ms
FROM pg_stat_statements JOIN pg_database ON pg_database.oid = dbid
WHERE datname = current_database() AND query ILIKE 'select%from orders%'
ORDER BY buffers DESC LIMIT 5";

/// What one statement cost.
#[derive(Clone, Debug, PartialEq, QueryableByName)]
pub struct Spent {
    /// The statement, with `$1` in place of its constants.
    #[diesel(sql_type = Text)]
    pub query: String,
    /// How often it ran.
    #[diesel(sql_type = BigInt)]
    pub calls: i64,
    /// Buffers that it touched in total.
    #[diesel(sql_type = BigInt)]
    pub buffers: i64,
    /// Mean time of a call in milliseconds, where somebody measured it.
    #[diesel(sql_type = Nullable<Double>)]
    pub mean_ms: Option<f64>,
}

/// Asks `pg_stat_statements`. `None` where the server does not have it: it must be installed,
/// stand in `shared_preload_libraries`, and this role must be allowed to create it.
pub fn spent(connection: &mut PgConnection) -> Option<Vec<Spent>> {
    connection.batch_execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements").ok()?;
    diesel::sql_query(BY_BUFFERS).load(connection).ok()
}
