//! Seven attempts, and all buyers of a round meet between the look and the write.

use evidence::{Bar, Chart, ChartKind, Failure, Quantity, RungKind, Stage, Unit};

use super::{BUYERS, STOCK, counts, race, run};
use crate::attempts::{ATTEMPTS, Attempt};
use crate::race::{Arrangement, CONNECTIONS, Hall, Seen};

/// BEGIN, UPDATE, INSERT and COMMIT.
const STATEMENTS_PER_SALE: u64 = 4;

/// Units sold by three of the rungs, for the story.
pub(super) struct Sales {
    pub(super) wrong: u64,
    pub(super) tempting: u64,
    pub(super) right: u64,
    pub(super) statements_per_sale: u64,
}

/// Climbs the ladder.
pub(super) fn climb(stage: &Stage, hall: &mut Hall<'_>) -> Result<Sales, Failure> {
    stage.step(format!("{BUYERS} buyers, {STOCK} units, and a race that is arranged"));
    stage.note(format!(
        "Buyers come in rounds of {CONNECTIONS}. All of a round are brought between their look and \
         their write at once; whoever waits for a lock of another cannot get there and is not \
         waited for. No clock decides, so each run is the same."
    ));
    for attempt in ATTEMPTS.iter().take(2) {
        stage.note(format!("{} looked right: {}", attempt.name, attempt.looked_right));
    }
    stage.predict(
        "oversold",
        format!("how many of {STOCK} units does read-then-write sell to {BUYERS} buyers?"),
        Unit::Count,
    );
    let ladder = stage.ladder(
        format!("{STOCK} units, {BUYERS} buyers, {CONNECTIONS} connections"),
        &["sold", "left", "sold + left", "errors", "retries", "statements"],
    );
    let mut seen = Vec::new();
    for attempt in ATTEMPTS {
        stage.go_on()?;
        let one = run(hall, attempt, &race(attempt, Arrangement::AllMeet))?;
        let of = |one: &Seen| {
            [one.sold, one.left, one.sold + one.left, one.errors, one.retries, one.statements]
        };
        ladder.rung(attempt.kind, attempt.name, counts(one.as_ref().map(of)));
        seen.extend(one.map(|one| (attempt, one)));
    }
    measure(stage, &seen);
    let [wrong, tempting, retry, ..] = seen.as_slice() else {
        return Err("the ladder has at least six rungs".into());
    };
    stage.reveal("oversold", Quantity::count(wrong.1.sold));
    judge_failures(stage, &wrong.1, &tempting.1);
    judge_right(stage, &seen[2..], &retry.1);
    stage.chart(chart(&seen));
    let right = seen.iter().find(|(attempt, _)| attempt.kind == RungKind::Right);
    Ok(Sales {
        wrong: wrong.1.sold,
        tempting: tempting.1.sold,
        right: right.map_or(0, |(_, seen)| seen.sold),
        statements_per_sale: STATEMENTS_PER_SALE,
    })
}

/// The counts that one would quote.
fn measure(stage: &Stage, seen: &[(&Attempt, Seen)]) {
    type Column = (&'static str, fn(&Seen) -> u64, &'static [&'static str]);
    let columns: [Column; 5] = [
        ("sold", |seen| seen.sold, &["read-then-write", "repeatable-read", "conditional"]),
        ("left", |seen| seen.left, &["read-then-write", "repeatable-read"]),
        ("errors", |seen| seen.errors, &["repeatable-read"]),
        ("retries", |seen| seen.retries, &["retry"]),
        ("statements", |seen| seen.statements, &["for-update", "conditional", "advisory"]),
    ];
    for (what, column, ids) in columns {
        for (Attempt { id, name, .. }, seen) in seen {
            if ids.contains(id) {
                let count = Quantity::count(column(seen));
                stage.measure(&format!("{what}-{id}"), format!("{what}: {name}"), count);
            }
        }
    }
}

/// Both failures are exact: a round of read-then-write takes one unit off for twenty orders, one
/// of REPEATABLE READ lets one buyer through.
fn judge_failures(stage: &Stage, wrong: &Seen, tempting: &Seen) {
    let (buyers, stock) = (u64::from(BUYERS), u64::from(STOCK));
    let rounds = buyers / CONNECTIONS as u64;
    stage.check(
        "read-then-write-oversells",
        format!("read-then-write sells {} of {stock} units, without an error", wrong.sold),
        wrong.sold == buyers && wrong.told_sold == buyers && wrong.errors == 0,
    );
    stage.check(
        "read-then-write-breaks-the-invariant",
        format!(
            "it leaves {} in stock: left + sold is {}, not {stock}, and no CHECK was violated",
            wrong.left,
            wrong.left + wrong.sold
        ),
        wrong.left == stock - rounds && !wrong.is_balanced(),
    );
    stage.check(
        "repeatable-read-sends-buyers-away",
        format!(
            "REPEATABLE READ sells {} units, {} are left, and {} buyers got an error",
            tempting.sold, tempting.left, tempting.errors
        ),
        (tempting.sold, tempting.errors) == (rounds, buyers - rounds) && tempting.left > 0,
    );
    stage.check(
        "repeatable-read-balances-all-the-same",
        format!("its books balance: {} left + {} sold", tempting.left, tempting.sold),
        tempting.is_balanced(),
    );
}

fn judge_right(stage: &Stage, right: &[(&Attempt, Seen)], retry: &Seen) {
    let stock = u64::from(STOCK);
    for (attempt, seen) in right {
        let Attempt { id, name, .. } = attempt;
        stage.check(
            &format!("{id}-sells-exactly-the-stock"),
            format!(
                "{name}: {} sold, {} left, {} sent away as sold out, {} errors",
                seen.sold, seen.left, seen.sold_out, seen.errors
            ),
            seen.sold_exactly_the_stock() && seen.sold_out == u64::from(BUYERS - STOCK),
        );
    }
    let members = CONNECTIONS as u64;
    let expected = stock / members * (members * (members - 1) / 2);
    stage.check(
        "retry-throws-work-away",
        format!("on one row {} transactions begin again for {stock} sales", retry.retries),
        retry.retries == expected,
    );
    judge_statements(stage, right);
}

/// Redis is left out: what it spares PostgreSQL it costs in units, which `deaths.rs` shows.
fn judge_statements(stage: &Stage, right: &[(&Attempt, Seen)]) {
    let in_database = right.iter().filter(|(attempt, _)| !attempt.counts_in_redis);
    let (conditional, others): (Vec<_>, Vec<_>) =
        in_database.partition(|(attempt, _)| attempt.id == "conditional");
    let [(_, conditional)] = conditional.as_slice() else { return };
    let each = others
        .iter()
        .map(|(attempt, seen)| format!("{} {}", attempt.name, Quantity::count(seen.statements)));
    stage.check(
        "conditional-takes-fewer-than-the-others-in-postgresql",
        format!(
            "of those that are right inside PostgreSQL, the conditional UPDATE takes the fewest \
             statements, {}: {}",
            Quantity::count(conditional.statements),
            each.collect::<Vec<_>>().join(", ")
        ),
        conditional.statements
            == STATEMENTS_PER_SALE * u64::from(STOCK)
                + (STATEMENTS_PER_SALE - 1) * u64::from(BUYERS - STOCK)
            && others.len() == 3
            && others.iter().all(|(_, seen)| conditional.statements < seen.statements),
    );
}

fn chart(seen: &[(&Attempt, Seen)]) -> Chart {
    let bars = seen.iter().map(|(attempt, seen)| Bar {
        label: attempt.name.to_owned(),
        value: Quantity::count(seen.sold).value,
        spread: None,
        rung: Some(attempt.kind),
    });
    Chart {
        id: "sold".to_owned(),
        title: format!("Units sold of {STOCK}"),
        axis: "units sold".to_owned(),
        unit: Unit::Count,
        kind: ChartKind::Bars { bars: bars.collect(), logarithmic: false },
    }
}
