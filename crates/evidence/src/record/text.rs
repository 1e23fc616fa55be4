//! A run as plain text for a README: the stamp and the compact output.

use std::fmt::Write;

use crate::terminal::whole_ladder;
use crate::text::wrap;
use crate::{Cell, Comparison, Event, Lower, Measurement, Quantity, RungKind, Unit, Verdict};

/// Columns that a code block shows without scrolling.
const WIDTH: usize = 92;

/// Where and when the run took place, and what it used, as one line.
#[must_use]
pub fn stamp(events: &[Event]) -> String {
    let postgres = events.iter().find_map(|event| match event {
        Event::Environment { postgres } => Some(postgres.clone()),
        _ => None,
    });
    let started = events.iter().find_map(|event| match event {
        Event::Started { machine, scale, seed, .. } => Some((machine.clone(), scale, seed)),
        _ => None,
    });
    let Some((mut machine, scale, seed)) = started else { return String::new() };
    if let Some(postgres) = postgres {
        machine.postgres = postgres;
    }
    format!("{} · scale {scale} · seed {seed}", machine.line())
}

/// What the run showed, without colour: ladders, comparisons, measurements, checks, verdict.
#[must_use]
pub fn output(events: &[Event]) -> String {
    let mut text = String::new();
    for event in events {
        match event {
            Event::Ladder { ladder, title, columns } => {
                let table = whole_ladder(columns, &rungs(events, *ladder), WIDTH);
                let _ = writeln!(text, "{}\n\n{table}", wrap(title, WIDTH).join("\n"));
            }
            Event::Comparison(comparison) => text.push_str(&compared(comparison)),
            _ => {}
        }
    }
    text.push_str(&measured(events));
    for event in events {
        if let Event::Check { id, claim, passed } = event {
            let sign = if *passed { "✓" } else { "✗" };
            let lines = wrap(claim, WIDTH - 4).join("\n    ");
            let _ = writeln!(text, "{sign} {id}\n    {lines}");
        }
    }
    if let Some(Event::Finished { verdict, passed, failed, seconds, .. }) = events.last() {
        let word = match verdict {
            Verdict::Passed => "passed",
            Verdict::Failed => "failed",
            Verdict::Interrupted => "stopped",
        };
        let took = Quantity { value: *seconds, unit: Unit::Seconds };
        let _ = writeln!(text, "\n{word}: {passed} of {} claims proven in {took}", passed + failed);
    }
    text
}

fn rungs(events: &[Event], wanted: u32) -> Vec<(RungKind, String, Vec<Cell>)> {
    events
        .iter()
        .filter_map(|event| match event {
            Event::Rung { ladder, kind, name, cells } if *ladder == wanted => {
                Some((*kind, name.clone(), cells.clone()))
            }
            _ => None,
        })
        .collect()
}

fn compared(comparison: &Comparison) -> String {
    let Comparison { label, left, right, verdict, .. } = comparison;
    let verdict = match verdict {
        Lower::Left => format!("{} is lower", left.label),
        Lower::Right => format!("{} is lower", right.label),
        Lower::NoVerdict => "no verdict".to_owned(),
    };
    let sides = [left, right].map(|side| format!("{} {}", side.label, with_interval(side)));
    let line = format!("{label}: {}, {}; {verdict}", sides[0], sides[1]);
    wrap(&line, WIDTH).join("\n    ") + "\n\n"
}

fn measured(events: &[Event]) -> String {
    let values: Vec<&Measurement> = events
        .iter()
        .filter_map(|event| match event {
            Event::Measurement(measurement) => Some(measurement),
            _ => None,
        })
        .collect();
    let mut text = String::new();
    for value in &values {
        let line = format!("{}: {}", value.label, with_interval(value));
        let _ = writeln!(text, "{}", wrap(&line, WIDTH).join("\n    "));
    }
    if !values.is_empty() {
        text.push('\n');
    }
    text
}

fn with_interval(measurement: &Measurement) -> String {
    let unit = measurement.value.unit;
    if measurement.samples <= 1 {
        return measurement.value.to_string();
    }
    let [low, high] = [measurement.low, measurement.high].map(|value| Quantity { value, unit });
    format!("{} [{low} to {high}]", measurement.value)
}
