//! `cargo run -p error-handling`: the demo of answer 8.

fn main() -> std::process::ExitCode {
    evidence::cli::run(&error_handling::ANSWER)
}
