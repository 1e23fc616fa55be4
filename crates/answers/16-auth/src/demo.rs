//! The demo: passwords, guesses, times, tokens and storms, each the wrong way first.
//!
//! Read `hashes.rs` and `tails.rs` (what is stored), `guesses.rs` and `timing.rs` (who may try),
//! `forgeries.rs` and `replay.rs` (what is carried around), `storm.rs` (who waits), then `price.rs`.
//! `owner.rs` and `weather.rs` judge for `guesses.rs` and `storm.rs`.

mod forgeries;
mod guesses;
mod hashes;
mod owner;
mod price;
mod replay;
mod storm;
mod tails;
mod timing;
mod weather;

use std::sync::Arc;

use actix_web::rt::System;
use evidence::{Needs, Outcome, Scale, Stage, Story};
use foundation::scratch::Scratch;
use serde_json::{Value, json};

pub(crate) use guesses::LIMIT_OFF;
use guesses::Verified;
use replay::Stolen;

/// A few accounts and their sessions.
pub(crate) fn needs(_: Scale) -> Needs {
    Needs { rows: 1_000, disk_bytes: 20_000_000, memory_bytes: 60_000_000 }
}

pub(crate) fn perform(stage: &Stage) -> Outcome {
    let (scratch, _guard) = Scratch::for_demo(stage)?;
    let scratch = Arc::new(scratch);
    let hash = hashes::climb(stage)?;
    stage.go_on()?;
    let accepted = tails::climb(stage)?;
    stage.go_on()?;
    let verified = guesses::climb(stage, &scratch, hash)?;
    stage.go_on()?;
    timing::climb(stage, &scratch)?;
    stage.go_on()?;
    let forged = forgeries::climb(stage)?;
    stage.go_on()?;
    let stolen = replay::climb(stage, &scratch)?;
    stage.go_on()?;
    storm::climb(stage, &scratch)?;
    stage.go_on()?;
    price::weigh(stage, &scratch)?;
    stage.story(story(accepted, verified, forged, stolen));
    Ok(())
}

/// The cheapest hash, which nobody is refused for: few parts are about its cost.
const CHEAP: [&str; 6] = ["--bcrypt-cost", "4", "--hashing-wait", "60s", "--rate-limit", "0"];

/// Flags of a server without limits: what is shown is not about them.
fn unlimited(cost: &str) -> Vec<&str> {
    let none = ["--login-limit", "0", "--login-address-limit", "0", "--bcrypt-cost", cost];
    CHEAP.into_iter().chain(none).collect()
}

fn login(email: &str, password: &str) -> Value {
    json!({"email": email, "password": password})
}

/// Runs asynchronous work as a client of the servers, which have threads of their own.
fn in_system<T>(work: impl Future<Output = T>) -> T {
    System::new().block_on(work)
}

fn story(accepted: u64, verified: Verified, forged: u64, stolen: Stolen) -> Story {
    Story {
        situation: "Log-in was bcrypt and a JWT, each as its library gives it by default."
            .to_owned(),
        task: "Passwords that count to their last byte, guesses that do not pay, tokens that \
               nobody can make or keep, and a server that stays quick while people log in."
            .to_owned(),
        action: "Keyed and normalised passwords before hashing them, on a thread of their own; \
                 counted failures for account and address in Redis; pinned everything a token \
                 says; rotated refresh tokens and ended a session whose used token came back."
            .to_owned(),
        result: format!(
            "Wrong passwords that open the door: {accepted} to none. Guesses verified of the same \
             {}: {} to {}. Tokens accepted that are not for it: {forged} to none. Refreshes that a stolen token \
             is good for: {} to {}.",
            guesses::GUESSES,
            verified.unlimited,
            verified.limited,
            stolen.unrotated,
            stolen.detected,
        ),
    }
}
