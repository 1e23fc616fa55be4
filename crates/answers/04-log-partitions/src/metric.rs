//! The alarm that rows arrived for which no month was ready.

use std::sync::LazyLock;

use foundation::metrics::Metrics;
use prometheus::IntCounter;

/// One for the process, because the routes are built once per worker thread and all of them count
/// the same thing. It is still exposed per server: only where it was registered.
static OUTSIDE_PARTITIONS: LazyLock<Option<IntCounter>> = LazyLock::new(|| {
    let help = "Log entries stored in the default partition, outside every month";
    IntCounter::new("log_default_partition_rows_total", help).ok()
});

/// Exposes the counter on this server's `/metrics`; a second call changes nothing.
pub fn register_metrics(metrics: &Metrics) {
    if let Some(counter) = &*OUTSIDE_PARTITIONS {
        // The only refusal is "registered already", which is what was asked for.
        let _ = metrics.register(counter.clone());
    }
}

/// Counts rows that went to the default partition. Alert on any increase: either a clock is wrong
/// or the maintenance job does not run.
pub(crate) fn count_outside_partitions(metrics: &Metrics, rows: u64) {
    register_metrics(metrics);
    if let Some(counter) = &*OUTSIDE_PARTITIONS {
        counter.inc_by(rows);
    }
}
