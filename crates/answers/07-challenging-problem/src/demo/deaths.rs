//! Processes that die between the decision and the order.

use evidence::{Failure, Quantity, RungKind, Stage};

use super::{STOCK, counts, race, run};
use crate::attempts::ATTEMPTS;
use crate::race::{Arrangement, Hall, Race};

/// Processes that die, each with a buyer who has got as far as a unit.
const DEATHS: u32 = 10;

/// More than there are units and deaths, so that somebody buys each unit that comes back.
const BUYERS: u32 = 200;

/// Units that the counter lost, for the story.
#[derive(Clone, Copy)]
pub(super) struct Lost {
    pub(super) deaths: u64,
    pub(super) units: u64,
}

/// Climbs the ladder; nothing where there is no Redis.
pub(super) fn climb(stage: &Stage, hall: &mut Hall<'_>) -> Result<Option<Lost>, Failure> {
    stage.step(format!("{DEATHS} processes die between taking a unit and storing its order"));
    let ladder = stage.ladder(
        format!("{STOCK} units, {BUYERS} buyers, {DEATHS} deaths"),
        &["died", "sold", "left", "lost"],
    );
    let (mut in_database, mut in_redis) = (Vec::new(), None);
    for attempt in ATTEMPTS {
        if matches!(attempt.kind, RungKind::Wrong | RungKind::Tempting) {
            continue;
        }
        stage.go_on()?;
        let race = Race { buyers: BUYERS, ..race(attempt, Arrangement::Die(DEATHS)) };
        let seen = run(hall, attempt, &race)?;
        let row = seen.map(|seen| {
            [seen.died, seen.sold, seen.left, seen.stock.saturating_sub(seen.left + seen.sold)]
        });
        ladder.rung(attempt.kind, attempt.name, counts(row));
        match row {
            Some(row) if attempt.counts_in_redis => in_redis = Some(row),
            Some(row) => in_database.push(row),
            None => {}
        }
    }
    let (deaths, stock) = (u64::from(DEATHS), u64::from(STOCK));
    stage.check(
        "postgresql-loses-no-unit",
        format!("in a transaction {deaths} deaths lose no unit: all {stock} are sold to others"),
        !in_database.is_empty() && in_database.iter().all(|row| *row == [deaths, stock, 0, 0]),
    );
    let Some(row @ [.., lost]) = in_redis else { return Ok(None) };
    stage.check(
        "redis-loses-a-unit-with-each-death",
        format!("the counter says sold out, and {lost} of {stock} units are neither sold nor left"),
        row == [deaths, stock - deaths, 0, deaths],
    );
    let label = format!("units lost with {deaths} processes: Redis counter in front");
    stage.measure("lost-redis", label, Quantity::count(lost));
    Ok(Some(Lost { deaths, units: lost }))
}
