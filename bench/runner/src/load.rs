//! wrk: closed-loop HTTP load, and paced load for the cost of a request.

use std::process::Command;
use std::time::Duration;

use serde::Deserialize;

use crate::Outcome;
use crate::plan::{Contender, Workload};
use crate::process::{Interrupt, output_of};
use crate::results::Sample;
use crate::stage::{Server, Stage};

/// How a server is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) workload: Workload,
    pub(crate) connections: u32,
    pub(crate) duration: Duration,
    /// Mean pause of each connection between two requests.
    pub(crate) pause: Option<Duration>,
}

/// The line that `load.lua` prints.
#[derive(Deserialize)]
struct Printed {
    requests: u64,
    took: f64,
    p50: u64,
    p99: u64,
    max: u64,
    failed: u64,
    refused: u64,
}

/// Loads a server; an answer that failed ends the run, as failing is faster than working.
pub(crate) fn run(
    stage: &Stage,
    server: &Server,
    load: Load,
    interrupt: &Interrupt,
) -> Outcome<(Sample, u64)> {
    let mut wrk = Command::new("wrk");
    let threads = load.connections.min(2);
    wrk.current_dir(&stage.scripts);
    wrk.arg(format!("-t{threads}")).arg(format!("-c{}", load.connections));
    wrk.arg(format!("-d{}s", load.duration.as_secs())).args(["--timeout", "10s"]);
    wrk.args(["-s", "load.lua"]).arg(format!("http://{}", server.address)).arg("--");
    wrk.args(stage.arguments(load.workload));
    wrk.args(load.pause.map(|pause| pause.as_millis().to_string()));
    let printed = output_of(&mut wrk, interrupt)?;
    let line = printed.lines().find_map(|line| line.strip_prefix("RESULT "));
    let Some(line) = line else { return Err(format!("wrk printed no result:\n{printed}").into()) };
    let result: Printed = serde_json::from_str(line)?;
    if result.failed + result.refused > 0 || result.requests == 0 {
        return Err(complaint(server.contender, load, &result).into());
    }
    let sample = Sample {
        per_second: result.requests as f64 / (result.took / 1e6),
        p50: Duration::from_micros(result.p50),
        p99: Duration::from_micros(result.p99),
        max: Duration::from_micros(result.max),
    };
    Ok((sample, result.requests))
}

fn complaint(contender: Contender, load: Load, result: &Printed) -> String {
    let Printed { requests, failed, refused, .. } = result;
    format!("{contender:?}, {load:?}: {requests} answers, {refused} refusals, {failed} failures")
}
