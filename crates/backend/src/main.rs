//! `backend`: serves, demonstrates, lists, checks.

use std::process::ExitCode;

/// Counts for the demo of answer 2; two additions beside each call of the system's allocator.
#[global_allocator]
static ALLOCATOR: code_performance::allocations::CountingAllocator =
    code_performance::allocations::CountingAllocator::system();

fn main() -> ExitCode {
    backend::cli::run()
}
