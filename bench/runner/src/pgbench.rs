//! pgbench: the same statements with no server between them and the database.

use std::path::Path;
use std::time::Duration;

use crate::Outcome;
use crate::load::Load;
use crate::people::People;
use crate::plan::{Plan, Workload};
use crate::process::{Interrupt, output_of};
use crate::results::Sample;
use crate::stage::Stage;

/// Makes pgbench's scripts out of the statements that the peers run.
pub(crate) fn write_scripts(folder: &Path) -> Outcome<()> {
    for workload in Workload::ALL {
        if let Some(sql) = workload.sql() {
            std::fs::write(folder.join(file(workload)), script(workload, sql))?;
        }
    }
    Ok(())
}

fn file(workload: Workload) -> String {
    format!("{workload:?}.pgbench").to_lowercase()
}

/// pgbench has no arrays and no times, so those are made from numbers in the statement.
fn script(workload: Workload, sql: &str) -> String {
    let (choose, sql) = match workload {
        Workload::Read => ("\\set id random(1, :users)", sql.replace("$1", ":id")),
        Workload::Page => (
            "\\set past random((:month_start + :month_end) / 2, :month_end)",
            sql.replace("$1", "to_timestamp(:month_start)")
                .replace("$2", "to_timestamp(:past)")
                .replace("$3", "21"),
        ),
        Workload::Insert => (
            "\\set order random(1, 1000000)",
            sql.replace("$1", "ARRAY[to_timestamp(:now)]")
                .replace("$2", "ARRAY[2::smallint]")
                .replace("$3", "ARRAY['checkout']")
                .replace("$4", "ARRAY['order ' || :order::int || ' paid by card']"),
        ),
        Workload::TodoRead => (
            "\\set person random(1, :people / 2)\n\
             \\set id (:person - 1) * :todos + random(1, :todos)",
            sql.replace("$1", ":person").replace("$2", ":id"),
        ),
        Workload::TodoList | Workload::TodoListCached => (
            "\\set person random(1, :people / 2)",
            sql.replace("$1", ":person").replace("$2", "100"),
        ),
        Workload::TodoCreate => (
            "\\set person random(:people / 2 + 1, :people)\n\\set order random(1, 1000000)",
            sql.replace("$1", ":person").replace("$2", "'order ' || :order::int"),
        ),
    };
    format!("{choose}\n{};\n", sql.trim_end())
}

/// Runs one workload; latencies come from a log of every tenth statement.
pub(crate) fn run(
    plan: &Plan,
    stage: &Stage,
    load: Load,
    interrupt: &Interrupt,
) -> Outcome<Sample> {
    let prefix = plan.folder.join("latencies");
    remove_logs(&plan.folder)?;
    let mut pgbench = stage.database.command("pgbench")?;
    let threads = load.connections.min(2);
    pgbench.args(["-n", "-M", "prepared", "-l", "--sampling-rate=0.1", "--log-prefix"]).arg(prefix);
    // The limit should be one: left to itself, PostgreSQL plans the page anew for each execution.
    pgbench.env("PGOPTIONS", "-c plan_cache_mode=force_generic_plan");
    pgbench.arg(format!("-c{}", load.connections)).arg(format!("-j{threads}"));
    pgbench.arg(format!("-T{}", load.duration.as_secs()));
    pgbench.arg("-f").arg(plan.folder.join(file(load.workload)));
    let rows = stage.rows;
    let values = [
        ("users", u64::from(Plan::USERS)),
        ("people", u64::from(People::COUNT)),
        ("todos", u64::from(People::TODOS)),
        ("month_start", rows.month_start),
        ("month_end", rows.month_end),
        ("now", rows.now),
    ];
    pgbench.args(values.map(|(name, value)| format!("-D{name}={value}")));
    let printed = output_of(&mut pgbench, interrupt)?;
    let per_second = printed
        .lines()
        .find_map(|line| line.strip_prefix("tps = ")?.split_whitespace().next()?.parse().ok());
    let latencies = read_logs(&plan.folder)?;
    let at = |share: f64| quantile(&latencies, share);
    Ok(Sample {
        per_second: per_second.ok_or_else(|| format!("pgbench printed no tps:\n{printed}"))?,
        p50: at(0.5),
        p99: at(0.99),
        max: at(1.0),
    })
}

fn logs(folder: &Path) -> Outcome<Vec<std::path::PathBuf>> {
    let entries = std::fs::read_dir(folder)?.filter_map(Result::ok).map(|entry| entry.path());
    let is_log = |path: &std::path::PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("latencies."))
    };
    Ok(entries.filter(is_log).collect())
}

fn remove_logs(folder: &Path) -> Outcome<()> {
    logs(folder)?.iter().try_for_each(std::fs::remove_file).map_err(Into::into)
}

/// The third column is the time of the statement in microseconds (manual, "Per-Transaction Logging").
fn read_logs(folder: &Path) -> Outcome<Vec<u64>> {
    let mut latencies = Vec::new();
    for path in logs(folder)? {
        let text = std::fs::read_to_string(path)?;
        latencies
            .extend(text.lines().filter_map(|line| line.split(' ').nth(2)?.parse::<u64>().ok()));
    }
    remove_logs(folder)?;
    latencies.sort_unstable();
    Ok(latencies)
}

fn quantile(sorted: &[u64], share: f64) -> Duration {
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    let index = rank.clamp(1, sorted.len().max(1)) - 1;
    sorted.get(index).copied().map_or(Duration::ZERO, Duration::from_micros)
}
