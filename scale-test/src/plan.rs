//! What is run, and with which server.

use std::fs;
use std::path::PathBuf;

use clap::Parser;

use crate::http::Http;
use crate::process::Processes;
use crate::report::Report;
use crate::run::Run;
use crate::steps::Step;
use crate::{Outcome, record};

const EXAMPLES: &str = "Examples:
  make scale-test                           every step, about five minutes
  make scale-test ARGS='--only replicas'    one of them
  make scale-test ARGS=--record             write the figures into docs/scaling.md as well

Exit codes: 0 every check held, 1 one did not or something is missing, 130 stopped by Ctrl-C.";

/// Start the set-ups past one machine with real processes, check what docs/scaling.md promises of
/// them, and stop everything again
#[derive(Debug, Parser)]
#[command(name = "scale-test", after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Only these steps
    #[arg(long, value_delimiter = ',', value_name = "STEP")]
    only: Vec<Step>,
    /// Run the end-to-end tests on all of it as well, or, with --only, after those steps
    #[arg(long)]
    suite: bool,
    /// Write the figures into docs/scaling.md, if every check held
    #[arg(long)]
    record: bool,
    /// The backend to check
    #[arg(long, value_name = "FILE")]
    backend: Option<PathBuf>,
}

impl Arguments {
    /// Finds the project and the server, and makes a folder for this run.
    pub(crate) fn prepare(&self, processes: Processes) -> Outcome<Run> {
        let root = evidence::workspace::root().ok_or("run this inside the project")?;
        let backend = match &self.backend {
            Some(file) => file.canonicalize()?,
            None => root.join("target/release/backend"),
        };
        if !backend.is_file() {
            let hint = "build it with: cargo build --release -p backend";
            return Err(format!("there is no {}; {hint}", backend.display()).into());
        }
        let folder = root.join(".local/scale");
        fs::create_dir_all(folder.join("logs"))?;
        for log in fs::read_dir(folder.join("logs"))? {
            fs::remove_file(log?.path())?;
        }
        Ok(Run { processes, http: Http::new(), root, backend, folder })
    }

    /// Takes the steps, one after the other.
    pub(crate) fn perform(&self, run: &Run, report: &mut Report) -> Outcome<()> {
        let mut steps = self.only.clone();
        if steps.is_empty() {
            steps = Step::ALL.to_vec();
        }
        steps.extend(self.suite.then_some(Step::Suite));
        steps.sort_unstable();
        steps.dedup();
        for step in &steps {
            eprintln!("{}", step.name());
            step.take(run, report)?;
        }
        if self.record && report.failures() == 0 {
            record::write(run, report, &steps)?;
        }
        Ok(())
    }
}
