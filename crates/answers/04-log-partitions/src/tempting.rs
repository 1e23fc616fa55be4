//! What people write first. Only the demo uses it.

/// December, with the key inside a function. It reads well, it is right, and the planner, which
/// compares the key with bounds and does not calculate backwards, has to read every partition.
pub(crate) const DECEMBER_BY_FUNCTION: &str = "date_trunc('month', logged_at) = '2025-12-01'";

/// Retention by DELETE: every row is marked and logged one by one, and the file keeps its size.
pub(crate) fn delete_between(table: &str, from: &str, to: &str) -> String {
    format!("DELETE FROM {table} WHERE logged_at >= '{from}' AND logged_at < '{to}'")
}

/// A key for entries alone, which a partitioned table cannot promise: each index covers one month.
pub(crate) const UNIQUE_WITHOUT_KEY: &str = "CREATE UNIQUE INDEX ON entries_by_month (id)";
