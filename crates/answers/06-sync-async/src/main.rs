//! `cargo run -p sync-async`: the demo of answer 6.

fn main() -> std::process::ExitCode {
    evidence::cli::run(&sync_async::ANSWER)
}
