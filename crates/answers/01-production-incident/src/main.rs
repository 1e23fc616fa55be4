//! `cargo run -p production-incident`: the demo of answer 1; with `-- dojo --seed N` the dojo.

fn main() -> std::process::ExitCode {
    evidence::cli::run_with(&production_incident::ANSWER, production_incident::EXTRAS)
}
