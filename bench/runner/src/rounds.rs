//! The order of measuring.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::load::{self, Load};
use crate::plan::{Contender, Plan, Workload};
use crate::process::{Interrupt, cpu_time, cpu_time_of_children, resident_memory};
use crate::results::{Cost, Results, Sample};
use crate::stage::{Server, Stage};
use crate::{Outcome, pgbench, pressure};

/// Connections of the paced load, and the mean pause of each: at most 2 000 requests per second.
pub(crate) const PACED_CONNECTIONS: u32 = 32;
const PAUSE: Duration = Duration::from_millis(16);

/// Warm-up, the rounds, then the paced load.
pub(crate) fn measure(plan: &Plan, stage: &Stage, interrupt: &Interrupt) -> Outcome<Results> {
    let bar = progress(plan)?;
    let mut results = Results::default();
    for server in &stage.servers {
        let idle = resident_memory(server.process());
        results.memory.insert(server.contender, (idle, 0));
    }
    warm_up(plan, stage, interrupt, &bar)?;
    for round in 1..=plan.rounds {
        bar.set_prefix(format!("round {round} of {}", plan.rounds));
        measure_round(plan, stage, interrupt, &bar, &mut results)?;
    }
    for server in &stage.servers {
        let loaded = resident_memory(server.process());
        results.memory.entry(server.contender).and_modify(|(_, after)| *after = loaded);
    }
    if plan.with_cost {
        bar.set_prefix("cost");
        measure_costs(plan, stage, interrupt, &bar, &mut results)?;
    }
    if plan.with_pressure {
        bar.set_prefix("pressure");
        bar.set_message("long statements, crowds, overload: about two minutes");
        results.pressure = Some(pressure::measure(plan, stage, interrupt)?);
    }
    bar.finish_and_clear();
    Ok(results)
}

fn progress(plan: &Plan) -> Outcome<ProgressBar> {
    let pairs = plan.workloads.iter().flat_map(|&workload| able(plan, workload)).count();
    let cells =
        |&workload: &Workload| able(plan, workload).count() * plan.connections(workload).len();
    let rounds = plan.workloads.iter().map(cells).sum::<usize>() * usize::try_from(plan.rounds)?;
    let servers = plan.workloads.iter().flat_map(|&workload| able(plan, workload));
    let servers = servers.filter(|who| *who != Contender::Pgbench).count();
    let costs = if plan.with_cost { servers } else { 0 };
    let bar = ProgressBar::new(u64::try_from(pairs + rounds + costs)?);
    let style = "{prefix:<14} [{bar:30}] {pos}/{len} {msg} (about {eta} left)";
    bar.set_style(ProgressStyle::with_template(style)?.progress_chars("=> "));
    Ok(bar)
}

fn able(plan: &Plan, workload: Workload) -> impl Iterator<Item = Contender> {
    plan.contenders.iter().copied().filter(move |contender| contender.can(workload))
}

/// Fills caches and pools, prepares statements, and lets PostgreSQL settle on generic plans.
fn warm_up(plan: &Plan, stage: &Stage, interrupt: &Interrupt, bar: &ProgressBar) -> Outcome<()> {
    bar.set_prefix("warm-up");
    for &workload in &plan.workloads {
        for contender in able(plan, workload) {
            let duration = Duration::from_secs(1);
            let load = Load { workload, connections: 32, duration, pause: None };
            measure_cell(plan, stage, contender, load, interrupt)?;
            bar.inc(1);
        }
    }
    Ok(())
}

/// The contenders follow each other closely, so that whatever else this machine does meets all.
fn measure_round(
    plan: &Plan,
    stage: &Stage,
    interrupt: &Interrupt,
    bar: &ProgressBar,
    results: &mut Results,
) -> Outcome<()> {
    for &workload in &plan.workloads {
        for connections in plan.connections(workload) {
            for contender in able(plan, workload) {
                bar.set_message(format!("{workload:?}, {connections}, {contender:?}"));
                let load = Load { workload, connections, duration: plan.cell, pause: None };
                let sample = measure_cell(plan, stage, contender, load, interrupt)?;
                let cell = (workload, contender, connections);
                results.samples.entry(cell).or_default().push(sample);
                bar.inc(1);
            }
        }
    }
    Ok(())
}

fn measure_cell(
    plan: &Plan,
    stage: &Stage,
    contender: Contender,
    load: Load,
    interrupt: &Interrupt,
) -> Outcome<Sample> {
    interrupt.check()?;
    match stage.server(contender) {
        Some(server) => load::run(stage, server, load, interrupt).map(|(sample, _)| sample),
        None => pgbench::run(plan, stage, load, interrupt),
    }
}

fn measure_costs(
    plan: &Plan,
    stage: &Stage,
    interrupt: &Interrupt,
    bar: &ProgressBar,
    results: &mut Results,
) -> Outcome<()> {
    for &workload in &plan.workloads {
        for server in stage.servers.iter().filter(|server| server.contender.can(workload)) {
            bar.set_message(format!("{workload:?}, {:?}", server.contender));
            if let Some(cost) = measure_cost(plan, stage, server, workload, interrupt)? {
                results.costs.insert((workload, server.contender), cost);
            }
            bar.inc(1);
        }
    }
    Ok(())
}

/// `None` where the system does not tell CPU times.
fn measure_cost(
    plan: &Plan,
    stage: &Stage,
    server: &Server,
    workload: Workload,
    interrupt: &Interrupt,
) -> Outcome<Option<Cost>> {
    let read =
        || Some((cpu_time(server.process())?, cpu_time_of_children(stage.database.process())?));
    let Some(before) = read() else { return Ok(None) };
    let load =
        Load { workload, connections: PACED_CONNECTIONS, duration: plan.cell, pause: Some(PAUSE) };
    let (sample, requests) = load::run(stage, server, load, interrupt)?;
    let Some(after) = read() else { return Ok(None) };
    let each = |before: Duration, after: Duration| {
        after.saturating_sub(before) / u32::try_from(requests).unwrap_or(u32::MAX).max(1)
    };
    let (server, database) = (each(before.0, after.0), each(before.1, after.1));
    Ok(Some(Cost { sample, server, database }))
}
