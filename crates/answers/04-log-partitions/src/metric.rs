//! The alarm that rows arrived for which no month was ready.

use foundation::metrics::Metrics;

const NAME: &str = "log_default_partition_rows_total";
const HELP: &str = "Log entries stored in the default partition, outside every month";

/// Exposes the counter on this server's `/metrics` before the first row needs it: an alert cannot
/// tell a metric that is missing from one that never moved.
pub(crate) fn register(metrics: &Metrics) {
    count_outside_partitions(metrics, 0);
}

/// Counts rows that went to the default partition. Alert on any increase: either a clock is wrong
/// or the maintenance job does not run.
pub(crate) fn count_outside_partitions(metrics: &Metrics, rows: u64) {
    metrics.count(NAME, HELP, rows);
}
