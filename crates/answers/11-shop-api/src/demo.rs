//! The demo: a sale that brings twenty times the buyers, and what is left of its orders.
//!
//! Read `last_units.rs` and `ways.rs` (who gets the last one), `flash.rs` (the rush), `hot_key.rs`
//! (who reads the product), `fleet.rs` (workers that come and go), `alert.rs` (who hears of it
//! first), `documents.rs` (where a catalogue belongs), then `steady.rs` (when this answer is wrong).

mod alert;
mod bank;
mod documents;
mod flash;
mod fleet;
mod hot_key;
mod last_units;
mod meeting;
mod same_key;
mod shop;
mod steady;
mod ways;

use std::sync::Arc;

use evidence::{Needs, Outcome, Quantity, Scale, Stage, Story};
use foundation::scratch::Scratch;
use foundation::testing::TestRedis;

use crate::MODULE;

pub(crate) fn needs(scale: Scale) -> Needs {
    let products = documents::products(scale);
    Needs {
        rows: 3 * products + 20_000,
        disk_bytes: 40_000_000 + products * 2_000,
        memory_bytes: 120_000_000,
    }
}

/// Performs it.
pub(crate) fn demo(stage: &Stage) -> Outcome {
    let redis = TestRedis::try_start()
        .map_err(|error| format!("this demo keeps documents in Redis, and has none: {error}"))?;
    let (scratch, _guard) = Scratch::for_demo(stage)?;
    let scratch = Arc::new(scratch);
    let last = last_units::climb(stage, &scratch)?;
    stage.go_on()?;
    // One server for all steps that need nothing special of theirs.
    let app = shop::serve(&scratch, &[&MODULE], &[], None);
    same_key::press(stage, &scratch, &app)?;
    stage.go_on()?;
    let sale = flash::hold(stage, &scratch, &app)?;
    stage.go_on()?;
    let reads = hot_key::climb(stage, &scratch, &redis)?;
    stage.go_on()?;
    let fleet = fleet::follow(stage, &scratch, &app)?;
    stage.go_on()?;
    alert::burn(stage, &scratch, &app)?;
    stage.go_on()?;
    documents::compare(stage, &scratch, &redis)?;
    stage.go_on()?;
    steady::weigh(stage, &scratch, &app)?;
    stage.story(story(&last, &sale, reads, &fleet));
    Ok(())
}

/// Cents as whole euros.
fn euros(cents: u64) -> u64 {
    cents / 100
}

fn story(
    last: &last_units::Climbed,
    sale: &flash::Kept,
    (reads, one): (u64, u64),
    fleet: &fleet::Followed,
) -> Story {
    Story {
        situation: "A shop with quiet weeks and flash sales: twenty times the buyers for minutes. \
                    It charged inside the request and the transaction, and looked at the stock \
                    before it wrote it."
            .to_owned(),
        task: "Sell what is there once, keep every order that was accepted, and pay for the rush \
               only while it lasts."
            .to_owned(),
        action: "Reserved by one conditional UPDATE; left the charge to a queue; let in as many \
                 checkouts as can be served and told the others when to come back; let workers \
                 follow the queue; alerted on the budget that slowness burns."
            .to_owned(),
        result: format!(
            "Oversold went from {} to {}. In the same rush {} € were kept instead of {} €. A hot \
             product is read {one} time instead of {reads}; {} workers came for the charges, and \
             all but one went.",
            last.oversold,
            last.oversold_right,
            Quantity::count(euros(sale.right_cents)),
            Quantity::count(euros(sale.wrong_cents)),
            fleet.most,
        ),
    }
}
