//! Counts what this thread asks of Rust's allocator.
//!
//! The counting itself is a library's, as a global allocator needs `unsafe`, which this workspace
//! forbids. Per thread instead of per process: other requests of a server that runs the demo do
//! not count. What libpq allocates in C is not seen.

/// What a binary installs as `#[global_allocator]` so that [`counted`] can count.
pub use densa_alloc::CountingAllocator;

/// Runs `work` and counts its allocations: new blocks and blocks that had to grow. `None` where the
/// binary has another allocator.
pub fn counted<T>(work: impl FnOnce() -> T) -> (T, Option<u64>) {
    if !densa_alloc::is_active() {
        return (work(), None);
    }
    let (value, stats) = densa_alloc::measure(work);
    (value, Some(stats.allocs + stats.reallocs))
}
