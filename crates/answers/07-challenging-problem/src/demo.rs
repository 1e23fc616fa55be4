//! The demo: seven attempts in one race, in every schedule, and with processes that die.
//!
//! Read `arranged.rs` (the ladder), `schedules.rs` (no luck involved), `deaths.rs` (what a counter
//! outside the database costs), `hesitation.rs` and `hot_row.rs` (when the answer is wrong), and
//! `unarranged.rs` (times).

mod arranged;
mod deaths;
mod hesitation;
mod hot_row;
mod schedules;
mod unarranged;

use evidence::{Cell, Failure, Needs, Outcome, Quantity, Scale, Stage, Story};

use crate::attempts::Attempt;
use crate::race::{Arrangement, CONNECTIONS, Hall, Race, Seen, Services};
use arranged::Sales;
use deaths::Lost;

/// What the question is about: the last hundred units and five hundred buyers.
const STOCK: u32 = 100;
const BUYERS: u32 = 500;

pub(crate) fn needs(scale: Scale) -> Needs {
    let runs = 7 * (u64::from(unarranged::rounds(scale)) + 3);
    let compared = 6 * u64::from(hot_row::rounds(scale) + 1) * u64::from(hot_row::buyers(scale));
    Needs {
        rows: (runs * u64::from(BUYERS) + compared).next_multiple_of(1_000),
        disk_bytes: 60_000_000,
        memory_bytes: 30_000_000,
    }
}

pub(crate) fn perform(stage: &Stage) -> Outcome {
    let (services, _guard) = Services::for_demo(stage)?;
    ask_for_redis(stage, &services)?;
    let mut hall = Hall::open(&services)?;
    let sales = arranged::climb(stage, &mut hall)?;
    stage.go_on()?;
    let schedules = schedules::show(stage, &services)?;
    stage.go_on()?;
    let lost = deaths::climb(stage, &mut hall)?;
    stage.go_on()?;
    hesitation::climb(stage, &mut hall)?;
    stage.go_on()?;
    unarranged::climb(stage, &mut hall)?;
    stage.go_on()?;
    hot_row::compare(stage, &mut hall)?;
    stage.story(story(&sales, schedules, lost));
    Ok(())
}

/// Says what is missing and how to get it. Where nobody reads along, missing is failing.
fn ask_for_redis(stage: &Stage, services: &Services) -> Outcome {
    let Some(missing) = services.without_redis() else { return Ok(()) };
    if std::env::var_os("CI").is_some_and(|value| !value.is_empty()) {
        return Err(format!("the rung with Redis has to run in CI: {missing}").into());
    }
    stage.note(format!("The rung with Redis is not run: {missing}"));
    Ok(())
}

/// The race of the question, for one attempt.
fn race(attempt: &Attempt, arrangement: Arrangement) -> Race {
    Race {
        buy: attempt.buy,
        counts_in_redis: attempt.counts_in_redis,
        stock: STOCK,
        buyers: BUYERS,
        products: 1,
        arrangement,
    }
}

/// Runs one attempt, or tells that it needs Redis.
fn run(hall: &mut Hall<'_>, attempt: &Attempt, race: &Race) -> Result<Option<Seen>, Failure> {
    if attempt.counts_in_redis && hall.services().without_redis().is_some() {
        return Ok(None);
    }
    hall.run(race).map(Some)
}

/// Counts as cells; a rung that was not run says so.
fn counts<const N: usize>(counts: Option<[u64; N]>) -> Vec<Cell> {
    match counts {
        Some(counts) => counts.map(|count| Quantity::count(count).into()).into(),
        None => vec!["no Redis".into(); N],
    }
}

fn story(sales: &Sales, schedules: schedules::Found, lost: Option<Lost>) -> Story {
    let redis = match lost {
        Some(Lost { deaths, units }) => format!(
            " A counter in Redis lost {units} units with {deaths} processes, so we kept it out."
        ),
        None => String::new(),
    };
    Story {
        situation: format!(
            "A sale of the last {STOCK} units: {BUYERS} buyers over {CONNECTIONS} connections. \
             Tests passed, the code was in a transaction, and we sold {} units.",
            sales.wrong
        ),
        task: "Sell each unit once, send nobody away while units are left, and be sure of it \
               without waiting for the next rush."
            .to_owned(),
        action: format!(
            "Arranged the race so that it happens every time, and wrote the attempts as steps of \
             which every schedule is tried: {} of {} oversold. REPEATABLE READ then sold {} units \
             and failed the rest; retries, locks and a conditional UPDATE were tried beside it.",
            schedules.oversold, schedules.of, sales.tempting
        ),
        result: format!(
            "The conditional UPDATE sells {} of {STOCK}, no schedule goes wrong, and each buyer \
             costs {} statements at most.{redis}",
            sales.right, sales.statements_per_sale
        ),
    }
}
