//! Sixteen sellers look at their dashboards at once, before and after.

mod crowd;

use std::time::Duration;

use diesel::connection::SimpleConnection;
use evidence::{
    Bar, Chart, ChartKind, Failure, Lower, Outcome, Quantity, RungKind, Scale, Stage, Unit,
    statistics,
};
use foundation::scratch::Scratch;

use super::FORBID_INDEXES;
use crate::dashboard::{OPEN_ORDERS, open_orders, plan, rules};
use crate::orders::SELLER;
use crowd::Crowd;

/// Latencies at the 99th percentile, for the story.
#[derive(Clone, Copy)]
pub(super) struct P99 {
    pub(super) before: Duration,
    pub(super) after: Duration,
}

/// How a scale spends its time: rounds, and pages in each by every client of either crowd.
fn effort(scale: Scale) -> (u32, usize, usize) {
    match scale {
        Scale::Quick => (4, 1, 10),
        Scale::Default | Scale::Full => (6, 2, 100),
    }
}

/// Runs both crowds in turn, several times.
pub(super) fn compare(stage: &Stage, scratch: &Scratch) -> Result<P99, Failure> {
    stage.step("Sixteen clients at once, before and after, each waiting for its answers");
    stage.note(
        "Both share the one table. The sessions of \"no index\" are forbidden to use one, so that \
         rounds of both can alternate; a rule on their plan makes sure. Each client waits for its \
         answer before it asks again, as the threads of an application do.",
    );
    let (rounds, few, many) = effort(stage.scale());
    let mut before = Crowd::gather(scratch, RungKind::Wrong, "no index", few)?;
    let mut after = Crowd::gather(scratch, RungKind::Right, "covering index", many)?;
    for connection in &mut before.connections {
        connection.batch_execute(FORBID_INDEXES)?;
    }
    check_plans(stage, &mut before, &mut after)?;
    for round in 0..rounds {
        stage.go_on()?;
        // Whoever goes first changes, so that neither always finds the caches as the other left them.
        let order =
            if round % 2 == 0 { [&mut before, &mut after] } else { [&mut after, &mut before] };
        for crowd in order {
            crowd.run_round()?;
        }
    }
    let ladder = stage
        .ladder("16 clients, each its own seller", &["pages", "per second", "p50", "p99", "max"]);
    before.add_rung(&ladder);
    after.add_rung(&ladder);
    let seen = record(stage, &before, &after);
    stage.chart(chart(&[&before, &after]));
    Ok(seen)
}

/// Both crowds do what their names say.
fn check_plans(stage: &Stage, before: &mut Crowd, after: &mut Crowd) -> Outcome {
    let mut broken = Vec::new();
    let mut whole = false;
    for crowd in [before, after] {
        let Some(connection) = crowd.connections.first_mut() else { return Ok(()) };
        open_orders(connection, OPEN_ORDERS, SELLER)?;
        let plan = plan(connection, OPEN_ORDERS, SELLER)?;
        whole |= plan.relations_scanned_whole().contains("orders");
        broken.push(rules().violations(&plan).len());
    }
    stage.check(
        "both-crowds-use-the-plan-they-stand-for",
        format!(
            "without an index the plan breaks {} rules and reads the whole table, with it {}",
            broken[0], broken[1]
        ),
        whole && broken[0] >= 3 && broken[1] == 0,
    );
    Ok(())
}

fn record(stage: &Stage, before: &Crowd, after: &Crowd) -> P99 {
    stage.check(
        "both-crowds-get-the-same-pages",
        format!(
            "{} and {} pages, with the same lines for each seller",
            before.latencies.len(),
            after.latencies.len()
        ),
        before.lines > 0 && before.lines_per_thousand_pages() == after.lines_per_thousand_pages(),
    );
    for (id, crowd) in [("none", before), ("covering", after)] {
        let pages = Quantity::count(crowd.latencies.len());
        let label = format!("p99 of {pages} pages, 16 clients, {}", crowd.name);
        stage.measure(&format!("p99-{id}"), label, crowd.at(99.0));
        let label = format!("p99 of a round, 16 clients, {}", crowd.name);
        stage.measure_times(&format!("p99-round-{id}"), label, &crowd.rounds);
    }
    let [left, right] =
        [before, after].map(|crowd| statistics::median_of("", String::new(), &crowd.rounds));
    let verdict = match statistics::verdict(&left, &right) {
        Lower::Right => {
            let (left, right) = (before.at(99.0).value, after.at(99.0).value);
            let factor = left / right.max(f64::MIN_POSITIVE);
            stage.measure("p99-factor", "p99 falls by", Quantity::times(factor));
            "The intervals of the rounds' p99 lie apart: the index makes the page faster."
        }
        Lower::Left => "The page became slower with the index.",
        Lower::NoVerdict => "No verdict on the times: the intervals of the rounds' p99 overlap.",
    };
    stage.note(verdict);
    let p99 = |crowd: &Crowd| statistics::percentile(&crowd.latencies, 99.0);
    P99 { before: p99(before), after: p99(after) }
}

fn chart(crowds: &[&Crowd]) -> Chart {
    let bars = crowds.iter().map(|crowd| Bar {
        label: crowd.name.to_owned(),
        value: crowd.at(99.0).value,
        spread: None,
        rung: Some(crowd.kind),
    });
    Chart {
        id: "p99".to_owned(),
        title: "Latency at the 99th percentile of all pages, 16 clients".to_owned(),
        axis: "seconds".to_owned(),
        unit: Unit::Seconds,
        kind: ChartKind::Bars { bars: bars.collect(), logarithmic: true },
    }
}
