//! The blameless postmortem: what happened, to whom, and what will keep it from happening again.

use std::fmt::Write;
use std::time::Instant;

use chrono::TimeDelta;

use super::clock::between;
use super::feed::Tally;
use super::session::Record;
use crate::console::sentence;

/// Writes it in Markdown.
pub(super) fn write(record: &Record, tally: &Tally) -> String {
    let case = record.case;
    let resolved = record.is_resolved(tally);
    let mut text = format!("# Postmortem: order-lookup, {}\n\n", case.title);
    let state = if resolved { "resolved" } else { "not resolved" };
    let _ = writeln!(
        text,
        "Incident of {}, {state}. Nobody is to blame: what failed was what made it possible.\n",
        record.alerted_at.format("%Y-%m-%d %H:%M:%S UTC"),
    );
    text.push_str(&times(record, tally));
    text.push_str(&blast_radius(tally));
    text.push_str(&findings(record, tally));
    text.push_str(&communication(record));
    text
}

fn times(record: &Record, tally: &Tally) -> String {
    let since = |at: Option<Instant>| {
        at.map_or_else(|| "not reached".to_owned(), |at| between(record.injected, at))
    };
    let found = record.is_found().then(|| record.guesses.last().map(|(at, _)| *at)).flatten();
    let rows = [
        ("detected", since(Some(record.alerted))),
        ("mitigated: failures stopped", since(record.mitigated(tally))),
        ("cause found", since(found)),
        ("fixed", since(record.fixed)),
    ];
    let mut text =
        String::from("## Times\n\n| after the change that began it | time |\n|---|---|\n");
    for (what, time) in rows {
        let _ = writeln!(text, "| {what} | {time} |");
    }
    text
}

fn blast_radius(tally: &Tally) -> String {
    let mut text = format!(
        "\n## Blast radius\n\n{} of {} requests failed, about {} orders and the histories of {} \
         customers. {} parcels were shown without their status.\n\n",
        tally.failed,
        tally.requests,
        tally.orders.len(),
        tally.customers.len(),
        tally.partial,
    );
    if !tally.failures.is_empty() {
        text.push_str("| route | outcome | requests |\n|---|---|---|\n");
    }
    for ((route, outcome), count) in &tally.failures {
        let _ = writeln!(text, "| {} | {outcome} | {count} |", route.name());
    }
    text
}

fn findings(record: &Record, tally: &Tally) -> String {
    let case = record.case;
    let mut text = format!(
        "\n## What happened\n\n{}.\n\nRoot cause: {}.\n\nFix: {}.\n\nPrevention: {}.\n\n\
         ## Hypotheses\n\n| hypothesis | seen while requests failed | verdict |\n|---|---|---|\n",
        sentence(case.injected),
        case.cause,
        case.fix,
        case.prevention,
    );
    let seen = tally.seen_failing.clone().unwrap_or_default();
    for (suspect, evidence) in seen.weighed() {
        let verdict = if evidence.present { "**it**" } else { "ruled out" };
        let _ = writeln!(text, "| {} | {} | {verdict} |", suspect.title, evidence.text);
    }
    let _ = writeln!(
        text,
        "\nHints used: {} of {}. Guesses: {}.",
        record.hints,
        case.hints.len(),
        record.guesses.len()
    );
    text
}

fn communication(record: &Record) -> String {
    let mut text = String::from("\n## Communication log\n\n");
    for (at, entry) in &record.log {
        let after = at.saturating_duration_since(record.alerted);
        let time = record.alerted_at + TimeDelta::from_std(after).unwrap_or_default();
        let _ = writeln!(text, "- {} {entry}", time.format("%H:%M:%S"));
    }
    text
}
