//! `cargo run -p slow-query`: the demo of answer 12.

fn main() -> std::process::ExitCode {
    evidence::cli::run(&slow_query::ANSWER)
}
