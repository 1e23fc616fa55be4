//! Results as Markdown. Every number in it comes from the run.

mod pressed;
mod tables;

use evidence::{Machine, Quantity};

use crate::plan::{Plan, Workload};
use crate::results::Results;
use crate::rounds::PACED_CONNECTIONS;
use crate::stage::Stage;

const QUICK: &str = "\
> **Not for quoting.** This was not the full run: fewer or shorter rounds, or only a part of them.\n\n";

/// The whole document.
pub(crate) fn write(plan: &Plan, stage: &Stage, results: &Results) -> String {
    let mut text = String::from("# Performance\n\n");
    if !plan.is_full {
        text.push_str(QUICK);
    }
    text.push_str(&stamp(plan, stage));
    text.push_str(include_str!("report/reading.md"));
    for &workload in &plan.workloads {
        text.push_str(&section(plan, results, workload));
    }
    text.push_str("\n## Ratios\n\n");
    text.push_str(&tables::ratios(plan, results));
    if !results.costs.is_empty() {
        let intro = include_str!("report/cost.md");
        text.push_str(&intro.replace("{connections}", &PACED_CONNECTIONS.to_string()));
        text.push_str(&tables::costs(plan, results));
    }
    if let Some(pressure) = &results.pressure {
        text.push_str(&pressed::section(pressure));
    }
    text.push_str(include_str!("report/memory.md"));
    text.push_str(&tables::memory(plan, results));
    text.push_str(include_str!("report/fairness.md"));
    text
}

fn stamp(plan: &Plan, stage: &Stage) -> String {
    let machine = Machine { postgres: stage.database.version(), ..Machine::here() };
    let seconds = plan.cell.as_secs();
    let rounds = match plan.rounds {
        1 => "one round".to_owned(),
        several => format!("medians of {several} interleaved rounds, lowest–highest in brackets"),
    };
    format!(
        "Written by `make bench`; nobody typed a number.\n\n{}\n\n{} users, {} log entries, \
         {seconds} s of load per cell, {rounds}.\n\n",
        machine.line(),
        Quantity::count(Plan::USERS.into()),
        Quantity::count(Plan::LOGS.into()),
    )
}

fn section(plan: &Plan, results: &Results, workload: Workload) -> String {
    format!(
        "\n## {}\n\n{}\n\n{}Requests per second, by connections at once:\n\n{}\n\
         Latency p50 / p99 / slowest of all rounds:\n\n{}",
        workload.title(),
        route(workload),
        workload
            .sql()
            .map_or_else(String::new, |sql| format!("```sql\n{}\n```\n\n", sql.trim_end())),
        tables::rates(plan, results, workload),
        tables::latencies(plan, results, workload),
    )
}

fn route(workload: Workload) -> &'static str {
    match workload {
        Workload::Read => {
            "`GET /api/v1/users/{id}`, a random one of all users. The backend reads those that wait at \
             the same time in one statement, `= ANY($1)` instead of `= $1`; the others run one for \
             each request:"
        }
        Workload::Page => {
            "`GET /api/v1/logs?from=…&to=…&limit=20`, from the start of the month to a random \
             moment in its second half; one row more tells whether there is a next page:"
        }
        Workload::Insert => "`POST /api/v1/logs` with one entry, durable before the answer:",
        Workload::TodoRead => {
            "`GET /api/v1/todos/{id}` with a bearer token, of one of fifty people:"
        }
        Workload::TodoList => {
            "`GET /api/v1/todos?limit=99` with a bearer token: the fifty to-dos of one of fifty \
             people, from the database:"
        }
        Workload::TodoListCached => {
            "`GET /api/v1/todos`, the same fifty, as most clients ask for them: from the cache. The \
             peers have none."
        }
        Workload::TodoCreate => {
            "`POST /api/v1/todos` with a bearer token, of one of fifty others, durable before the \
             answer:"
        }
    }
}
