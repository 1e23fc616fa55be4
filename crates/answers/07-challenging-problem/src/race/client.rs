//! One connection that serves its share of the buyers.

use std::time::{Duration, Instant};

use super::gap::{Seat, Shared};
use super::{Arrangement, CONNECTIONS, Race};
use crate::till::{Buyer, Sale, Till, Trouble};

/// What the buyers of one connection were told.
#[derive(Default)]
pub(super) struct Served {
    pub(super) sold: u64,
    pub(super) sold_out: u64,
    pub(super) errors: u64,
    pub(super) died: u64,
    pub(super) retries: u64,
    pub(super) latencies: Vec<Duration>,
    pub(super) first_error: Option<String>,
}

/// Serves every twentieth buyer. After a death somebody else takes the seat.
///
/// # Errors
/// When no new connection can be had.
pub(super) fn serve(
    race: &Race,
    shared: &Shared<'_>,
    seat: usize,
    till: &mut Till,
    reopen: &dyn Fn() -> Result<Till, Trouble>,
) -> Result<Served, Trouble> {
    let gap = Seat::new(shared, seat);
    let in_rounds = matches!(race.arrangement, Arrangement::AllMeet | Arrangement::OneHesitates);
    let mut served = Served::default();
    till.retries = 0;
    for number in (seat as u32..race.buyers).step_by(CONNECTIONS) {
        let product = i64::from(number % race.products);
        let began = Instant::now();
        let outcome = (race.buy)(till, Buyer { number: i64::from(number), product }, &gap);
        served.latencies.push(began.elapsed());
        if in_rounds {
            shared.meeting.leave();
        }
        if gap.take_death() {
            served.died += 1;
            served.retries += till.retries;
            *till = reopen()?;
            gap.reseat(till)?;
            continue;
        }
        match outcome {
            Ok(Sale::Sold) => served.sold += 1,
            Ok(Sale::SoldOut) => served.sold_out += 1,
            Err(trouble) => {
                served.errors += 1;
                served.first_error.get_or_insert_with(|| trouble.to_string());
            }
        }
    }
    served.retries += till.retries;
    Ok(served)
}
