//! The demo: the same endpoint raced, fed with bad input, repeated and stormed.
//!
//! Read `races.rs` and `attempts.rs` (who gets the address), `inputs.rs` (what is refused, and
//! how), `repeats.rs` (what a lost response costs), `hashing.rs` (who waits for a hash), then
//! `price.rs`.

mod attempts;
mod hashing;
mod inputs;
mod price;
mod races;
mod repeats;

use std::sync::Arc;

use evidence::{Failure, Needs, Outcome, Scale, Stage, Story};
use foundation::scratch::Scratch;
use foundation::testing::TestApp;

use crate::MODULE;
use crate::model::{Email, Name, NewUser};
use hashing::Storms;
use races::Races;

/// Addresses that are raced for.
fn addresses(scale: Scale) -> u64 {
    match scale {
        Scale::Quick | Scale::Default => 50,
        Scale::Full => 1_000,
    }
}

pub(crate) fn needs(scale: Scale) -> Needs {
    // One rung stores every attempt, four store one account for each address.
    let rows = addresses(scale) * (races::CLIENTS as u64 + 4) + price::ROWS;
    Needs {
        rows: rows.next_multiple_of(1_000),
        disk_bytes: 20_000_000 + rows * 1_000,
        memory_bytes: 40_000_000,
    }
}

pub(crate) fn perform(stage: &Stage) -> Outcome {
    let (scratch, _guard) = Scratch::for_demo(stage)?;
    let scratch = Arc::new(scratch);
    let races = races::climb(stage, &scratch, addresses(stage.scale()))?;
    stage.go_on()?;
    let refused = inputs::refuse(stage, &scratch)?;
    stage.go_on()?;
    repeats::climb(stage, &scratch)?;
    stage.go_on()?;
    let storms = hashing::climb(stage, &scratch)?;
    stage.go_on()?;
    price::weigh(stage, &scratch)?;
    stage.story(story(races, refused, &storms));
    Ok(())
}

/// A whole server of this answer on the demo's database. The cheapest hash and no limits: what is
/// shown is neither.
fn serve(scratch: &Arc<Scratch>) -> TestApp {
    let cheap = ["--bcrypt-cost", "4", "--hashing-wait", "60s"];
    let unlimited = ["--rate-limit", "0", "--registration-limit", "0"];
    TestApp::serving_on(scratch, &[&MODULE], &[cheap, unlimited].concat())
}

/// Somebody with this address and a hash that no password has.
fn somebody(email: &str) -> Result<NewUser, Failure> {
    Ok(NewUser {
        email: Email::parse(email)?,
        name: Name::parse("Somebody")?,
        password_hash: auth::PasswordHash::from_stored("$2b$04$of-nothing".to_owned()),
    })
}

fn story(races: Races, refused: u64, storms: &Storms) -> Story {
    Story {
        situation: "Sign-ups looked whether an address was free, then inserted. In a campaign, \
                    people who tapped twice got two accounts, and log-ins picked either."
            .to_owned(),
        task: "One account for an address, whoever races, retries or spells it differently, and \
               a server that stays quick while it hashes."
            .to_owned(),
        action: "Made one normal form of an address and let a unique constraint decide; parsed \
                 input into types; stored responses with their rows under an Idempotency-Key; \
                 hashed on one thread of its own behind a bounded queue."
            .to_owned(),
        result: format!(
            "Duplicates under the same race went from {} to {}; {refused} kinds of bad input each \
             get their own answer and none is a 500; reads answered during a storm of hashes went \
             from {} to {}.",
            races.tempting, races.right, storms.worker, storms.lane,
        ),
    }
}
