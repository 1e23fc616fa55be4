//! Runs the demo of this answer; see `--help`.

use std::process::ExitCode;

use code_performance::allocations::CountingAllocator;

/// A binary chooses its allocator, never a library: this one wants to count.
#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

fn main() -> ExitCode {
    evidence::cli::run(&code_performance::ANSWER)
}
