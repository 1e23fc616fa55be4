//! What a hash costs whoever guesses, and whoever logs in.

use std::time::{Duration, Instant};

use evidence::{Bar, Chart, ChartKind, Failure, Quantity, RungKind, Scale, Stage, Unit};
use foundation::testing::config;

/// The longest that somebody who logs in should wait for a hash.
const PATIENCE: Duration = Duration::from_millis(500);

struct Measured {
    cost: u32,
    hash: String,
    median: Duration,
}

/// Hashes at several costs and says which one this machine can afford; returns what one hash takes at
/// the cost that servers have by default.
pub(super) fn climb(stage: &Stage) -> Result<Duration, Failure> {
    let (costs, rounds) = match stage.scale() {
        Scale::Quick => ([4, 6, 8, 10], 1),
        Scale::Default => ([8, 10, 12, 14], 5),
        Scale::Full => ([8, 10, 12, 14], 15),
    };
    stage.step("What a hash costs");
    let columns = ["time of a hash", "guesses an hour on one core"];
    let ladder = stage.ladder("one password, one core", &columns);
    let default = config(&[]).passwords.bcrypt_cost;
    let mut measured = Vec::new();
    for cost in costs {
        stage.go_on()?;
        let one = measure(stage, cost, rounds)?;
        let an_hour = 3_600.0 / one.median.as_secs_f64();
        let kind = match cost {
            _ if cost < 10 => RungKind::Wrong,
            _ if cost < default => RungKind::Tempting,
            _ if cost == default => RungKind::Right,
            _ => RungKind::Costly,
        };
        let cells = [Quantity::duration(one.median), Quantity::count(an_hour as u64)];
        ladder.rung(kind, format!("cost {cost}"), cells.map(Into::into).to_vec());
        measured.push(one);
    }
    judge(stage, &measured, default);
    stage.chart(chart(&measured));
    let nearest = measured.iter().rfind(|one| one.cost <= default).ok_or("all costs are high")?;
    // Each step doubles it: the costs that can be shown in a second tell of those that cannot.
    Ok(nearest.median * 2_u32.pow(default - nearest.cost))
}

fn measure(stage: &Stage, cost: u32, rounds: usize) -> Result<Measured, Failure> {
    let (mut times, mut hash) = (Vec::with_capacity(rounds), String::new());
    for _ in 0..rounds {
        let began = Instant::now();
        hash = bcrypt::hash("correct horse battery", cost)?;
        times.push(began.elapsed());
    }
    stage.measure_times(&format!("hash-{cost}"), format!("one hash at cost {cost}"), &times);
    times.sort_unstable();
    Ok(Measured { cost, hash, median: times[times.len() / 2] })
}

/// Costs are read off the hashes; the times are for the reader.
fn judge(stage: &Stage, measured: &[Measured], default: u32) {
    stage.check(
        "cost-is-in-the-hash",
        "each hash names the cost it was made at, so that a log-in can tell which are too cheap",
        measured.iter().all(|one| one.hash.starts_with(&format!("$2b${:02}$", one.cost))),
    );
    stage.check(
        "default-cost",
        format!("a server that nobody configured hashes at cost {default}"),
        default >= 12,
    );
    if let Some(one) = measured.last() {
        let doublings = (PATIENCE.as_secs_f64() / one.median.as_secs_f64()).log2().floor();
        let affordable = i64::from(one.cost) + doublings as i64;
        stage.measure(
            "affordable-cost",
            format!("the highest cost that takes at most {} here", Quantity::duration(PATIENCE)),
            Quantity::count(affordable.clamp(4, 31).unsigned_abs()),
        );
    }
}

fn chart(measured: &[Measured]) -> Chart {
    let bars = measured.iter().map(|one| Bar {
        label: format!("cost {}", one.cost),
        value: Quantity::duration(one.median).value,
        spread: None,
        rung: None,
    });
    Chart {
        id: "hashes".to_owned(),
        title: "Time of one hash: each step of the cost doubles it".to_owned(),
        axis: "time of one hash".to_owned(),
        unit: Unit::Seconds,
        kind: ChartKind::Bars { bars: bars.collect(), logarithmic: true },
    }
}
