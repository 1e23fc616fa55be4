//! `cargo run -p work-environment`: the demo of answer 10; with `-- doctor` the doctor alone.

fn main() -> std::process::ExitCode {
    evidence::cli::run_with(&work_environment::ANSWER, work_environment::EXTRAS)
}
