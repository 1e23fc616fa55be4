//! The tables.

use std::fmt::Write as _;
use std::time::Duration;

use evidence::Quantity;

use crate::plan::{Contender, Plan, Workload};
use crate::results::{Results, Sample, Spread};

/// A cell that was not measured.
const NOTHING: &str = "–";

/// Requests per second of one workload: a row for each contender, a column for each load.
pub(super) fn rates(plan: &Plan, results: &Results, workload: Workload) -> String {
    by_connections(plan, workload, |contender, connections| {
        let cell = (workload, contender, connections);
        results.spread(cell, |sample| sample.per_second).map(with_range)
    })
}

/// Latencies of one workload.
pub(super) fn latencies(plan: &Plan, results: &Results, workload: Workload) -> String {
    by_connections(plan, workload, |contender, connections| {
        let spread = |quantity: fn(&Sample) -> Duration| {
            results
                .spread((workload, contender, connections), |sample| quantity(sample).as_secs_f64())
        };
        let p50 = milliseconds(spread(|sample| sample.p50)?.median);
        let p99 = milliseconds(spread(|sample| sample.p99)?.median);
        let slowest = milliseconds(spread(|sample| sample.max)?.highest);
        Some(format!("{p50} / {p99} / {slowest} ms"))
    })
}

/// The backend's throughput as a share of everybody else's, at 32 connections.
pub(super) fn ratios(plan: &Plan, results: &Results) -> String {
    let at = 32;
    let others: Vec<Contender> =
        plan.contenders.iter().copied().filter(|who| *who != Contender::Backend).collect();
    let mut text = format!("Throughput of the backend at {at} connections, as a multiple of:\n\n");
    header(&mut text, "", others.iter().map(|other| other.title().to_owned()));
    for &workload in &plan.workloads {
        let ours = results.rate((workload, Contender::Backend, at));
        let cells = others.iter().map(|&other| {
            let theirs = results.rate((workload, other, at));
            ours.zip(theirs).map(|(ours, theirs)| format!("{:.2}×", ours / theirs))
        });
        row(&mut text, workload.title(), cells);
    }
    let backend = |workload| results.rate((workload, Contender::Backend, at));
    let pair = backend(Workload::TodoListCached).zip(backend(Workload::TodoList));
    if let Some((cached, uncached)) = pair {
        let _ = writeln!(
            text,
            "\nThe cached list is served {:.1}× as often as the other.",
            cached / uncached
        );
    }
    text
}

/// CPU time for each request of the paced load.
pub(super) fn costs(plan: &Plan, results: &Results) -> String {
    let mut text = String::new();
    let columns = ["requests/s", "p50", "p99", "CPU in the server", "CPU in PostgreSQL"];
    header(&mut text, "", columns.map(str::to_owned).into_iter());
    for &workload in &plan.workloads {
        for &contender in &plan.contenders {
            let Some(cost) = results.costs.get(&(workload, contender)) else { continue };
            let microseconds = |time: Duration| format!("{:.0} µs", time.as_secs_f64() * 1e6);
            let cells = [
                grouped(cost.sample.per_second),
                format!("{} ms", milliseconds(cost.sample.p50.as_secs_f64())),
                format!("{} ms", milliseconds(cost.sample.p99.as_secs_f64())),
                microseconds(cost.server),
                match contender {
                    Contender::Plaintext => NOTHING.to_owned(),
                    _ => microseconds(cost.database),
                },
            ];
            let name = format!("{}, {}", workload.title(), contender.title());
            row(&mut text, &name, cells.map(Some).into_iter());
        }
    }
    text
}

/// Resident memory.
pub(super) fn memory(plan: &Plan, results: &Results) -> String {
    let mut text = String::new();
    header(
        &mut text,
        "",
        ["before the first load", "after the last"].map(str::to_owned).into_iter(),
    );
    for &contender in &plan.contenders {
        let Some(&(before, after)) = results.memory.get(&contender) else { continue };
        let cells = [before, after].map(|bytes| Some(Quantity::bytes(bytes).to_string()));
        row(&mut text, contender.title(), cells.into_iter());
    }
    text
}

fn by_connections(
    plan: &Plan,
    workload: Workload,
    cell: impl Fn(Contender, u32) -> Option<String>,
) -> String {
    let mut text = String::new();
    let connections = plan.connections(workload);
    header(&mut text, "", connections.iter().map(u32::to_string));
    for &contender in plan.contenders.iter().filter(|contender| contender.can(workload)) {
        let cells = connections.iter().map(|&connections| cell(contender, connections));
        row(&mut text, contender.title(), cells);
    }
    text
}

pub(super) fn header(text: &mut String, first: &str, columns: impl Iterator<Item = String>) {
    let columns: Vec<String> = columns.collect();
    let _ = writeln!(text, "| {first} | {} |", columns.join(" | "));
    let _ = writeln!(text, "|---|{}", "---:|".repeat(columns.len()));
}

pub(super) fn row(text: &mut String, name: &str, cells: impl Iterator<Item = Option<String>>) {
    let cells: Vec<String> = cells.map(|cell| cell.unwrap_or_else(|| NOTHING.to_owned())).collect();
    let _ = writeln!(text, "| {name} | {} |", cells.join(" | "));
}

pub(super) fn with_range(spread: Spread) -> String {
    let Spread { lowest, median, highest } = spread;
    if lowest < highest {
        return format!("{} ({}–{})", grouped(median), grouped(lowest), grouped(highest));
    }
    grouped(median)
}

/// Three digits; more would be noise.
pub(super) fn grouped(per_second: f64) -> String {
    let unit = 10_f64.powf((per_second.max(1.0).log10().floor() - 2.0).max(0.0));
    let rounded = (per_second / unit).round() * unit;
    Quantity::count(rounded as u64).to_string()
}

pub(super) fn milliseconds(seconds: f64) -> String {
    let value = seconds * 1e3;
    let digits = if value < 1.0 { 2 } else { usize::from(value < 99.95) };
    format!("{value:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_keep_three_digits_and_times_what_can_be_told_apart() {
        let thousands: String = grouped(34_567.0).chars().filter(char::is_ascii_digit).collect();
        assert_eq!(thousands, "34600");
        assert_eq!(grouped(7.4), "7");
        assert_eq!(milliseconds(0.000_123_4), "0.12");
        assert_eq!(milliseconds(0.012_34), "12.3");
        assert_eq!(milliseconds(0.123_4), "123");
    }
}
