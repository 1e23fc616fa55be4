//! The tables of what was measured under pressure.

use std::time::Duration;

use super::tables::{grouped, header, milliseconds, row, with_range};
use crate::pressure::{CROWD, LONG_STATEMENT, READERS};
use crate::results::{Overload, Pressure, Sample, Spread, Visits, spread_of};

/// Both parts: reads beside something else, and overload.
pub(super) fn section(pressure: &Pressure) -> String {
    let intro = include_str!("pressure.md")
        .replace("{readers}", &READERS.to_string())
        .replace("{crowd}", &CROWD.to_string())
        .replace("{seconds}", &LONG_STATEMENT.as_secs().to_string());
    let mut text = intro;
    text.push_str(&reads(pressure));
    text.push_str(&crowd("sign-ups", &pressure.sign_ups.visits));
    text.push_str(&crowd("log-ins", &pressure.log_ins.visits));
    text.push_str(include_str!("overload.md"));
    text.push_str(&surges(&pressure.overloads));
    text
}

fn reads(pressure: &Pressure) -> String {
    let mut text = String::new();
    let columns = ["requests/s", "of those alone", "p50", "p99", "slowest"];
    header(&mut text, "Point reads", columns.map(str::to_owned).into_iter());
    let alone = rate(&pressure.alone);
    for (name, samples) in [
        ("alone", &pressure.alone),
        ("beside long statements", &pressure.beside_statements),
        ("beside sign-ups", &pressure.sign_ups.reads),
        ("beside log-ins", &pressure.log_ins.reads),
    ] {
        let time = |quantity: fn(&Sample) -> Duration, of: fn(Spread) -> f64| {
            let spread = spread_of(samples, |sample| quantity(sample).as_secs_f64());
            spread.map(|spread| format!("{} ms", milliseconds(of(spread))))
        };
        let cells = [
            rate(samples).map(with_range),
            share(rate(samples), alone),
            time(|sample| sample.p50, |spread| spread.median),
            time(|sample| sample.p99, |spread| spread.median),
            time(|sample| sample.max, |spread| spread.highest),
        ];
        row(&mut text, name, cells.into_iter());
    }
    text
}

fn rate(samples: &[Sample]) -> Option<Spread> {
    spread_of(samples, |sample| sample.per_second)
}

fn share(part: Option<Spread>, whole: Option<Spread>) -> Option<String> {
    part.zip(whole).map(|(part, whole)| format!("{:.0} %", 100.0 * part.median / whole.median))
}

fn crowd(name: &str, rounds: &[Visits]) -> String {
    let sum = |count: fn(&Visits) -> usize| -> usize { rounds.iter().map(count).sum() };
    let p99 = spread_of(rounds, |round| round.liveness.p99.as_secs_f64());
    let p99 = p99.map_or_else(String::new, |spread| milliseconds(spread.highest));
    let probes: u64 = rounds.iter().map(|round| round.liveness.probes).sum();
    let failed: u64 = rounds.iter().map(|round| round.liveness.failed).sum();
    format!(
        "\nOf {} {name}, {} were served and {} refused with 503. Liveness meanwhile: {probes} \
         probes, {failed} failed, p99 of the worst round {p99} ms.\n",
        sum(|round| round.served + round.refused),
        sum(|round| round.served),
        sum(|round| round.refused),
    )
}

fn surges(overloads: &[Overload]) -> String {
    let mut text = String::new();
    let columns = ["served/s", "of the peak", "refused", "refused within (p99)", "slowest", "lost"];
    header(&mut text, "Offered", columns.map(str::to_owned).into_iter());
    for Overload { title, peak, surges } in overloads {
        let nothing = || std::iter::repeat_n(None, columns.len() - 1);
        row(
            &mut text,
            &format!("{title}: peak"),
            [Some(grouped(*peak))].into_iter().chain(nothing()),
        );
        for surge in surges {
            let cells = [
                grouped(surge.goodput),
                format!("{:.0} %", 100.0 * surge.goodput / peak),
                surge.refused.to_string(),
                format!("{} ms", milliseconds(surge.refused_p99.as_secs_f64())),
                format!("{} ms", milliseconds(surge.refused_slowest.as_secs_f64())),
                surge.other.to_string(),
            ];
            row(&mut text, &format!("{} × the peak", surge.factor), cells.map(Some).into_iter());
        }
    }
    text
}
