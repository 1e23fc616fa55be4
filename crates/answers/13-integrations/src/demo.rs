//! The demo: an old site moves, and two partners are told and tell while things die.
//!
//! Read `export.rs` (the dirt), `addresses.rs` (who finds a page), `answers.rs` (what a search
//! sends), `crashes.rs` (which events get lost, which invented), `inbound.rs` (what is applied
//! twice), then `hanging.rs` (who waits for a partner, and what a renamed field does).

mod addresses;
mod answers;
mod crashes;
mod export;
mod hanging;
mod inbound;

use std::sync::Arc;
use std::time::Duration;

use actix_web::rt::System;
use auth::UserId;
use auth::testing::{SignedIn, sign_up};
use diesel::PgConnection;
use evidence::{Failure, Needs, Outcome, Quantity, Scale, Stage, Story};
use foundation::module::Module;
use foundation::scratch::Scratch;
use foundation::signature::Secret;
use foundation::testing::TestApp;

use crate::WITHOUT_WORKER;
use crate::model::PartnerId;
use crate::outside::Carrier;
use crate::partners::{self, NewPartner, PartnerUrl};

/// How long an impatient request waits for a partner, in the demo.
pub(crate) const IMPATIENCE: Duration = Duration::from_millis(100);

pub(crate) fn needs(scale: Scale) -> Needs {
    let rows = export::pages(scale) * 2 + 10_000;
    Needs { rows, disk_bytes: 30_000_000 + rows * 2_000, memory_bytes: 80_000_000 }
}

pub(crate) fn perform(stage: &Stage) -> Outcome {
    let (scratch, _guard) = Scratch::for_demo(stage)?;
    let scratch = Arc::new(scratch);
    let app = serve(&scratch, &[&WITHOUT_WORKER]);
    let owner = sign_up(&app, "owner");
    let export = export::import(stage, &scratch, &owner)?;
    stage.go_on()?;
    let missing = addresses::climb(stage, &scratch, &app, &export)?;
    stage.go_on()?;
    answers::weigh(stage, &scratch)?;
    stage.go_on()?;
    let events = crashes::climb(stage, &scratch, &owner)?;
    stage.go_on()?;
    inbound::climb(stage, &scratch, &app, &owner)?;
    stage.go_on()?;
    hanging::climb(stage, &scratch, &owner)?;
    stage.story(story(missing, &events));
    Ok(())
}

/// A whole server of this answer on the demo's database, without limits and free to call loopback,
/// where the partners of the demo are.
fn serve(scratch: &Arc<Scratch>, modules: &[&Module]) -> TestApp {
    let flags = ["--rate-limit", "0", "--user-rate-limit", "0", "--outbound-allow", "127.0.0.0/8"];
    TestApp::serving_on(scratch, modules, &flags)
}

/// Runs a client's requests.
fn block_on<T>(requests: impl Future<Output = T>) -> T {
    System::new().block_on(requests)
}

/// Makes a carrier a partner of somebody; its webhooks are signed with the secret.
fn befriend(
    connection: &mut PgConnection,
    owner: UserId,
    carrier: &Carrier,
    secret: &Secret,
) -> Result<PartnerId, Failure> {
    let new = NewPartner {
        name: "Carrier".to_owned(),
        url: PartnerUrl::parse(&carrier.url())?,
        outgoing: secret.clone(),
        incoming: secret.clone(),
    };
    Ok(partners::add(connection, owner, &new)?.id)
}

fn of(user: &SignedIn) -> UserId {
    user.user
}

fn story(missing: u64, events: &crashes::Counts) -> Story {
    Story {
        situation: "A shop left its CMS. Search engines and partners knew the old addresses and \
                    were told of prices by the request that changed them."
            .to_owned(),
        task: "Lose no visitor, no event and no stock, whichever process dies or hangs.".to_owned(),
        action: "Imported the export with a report on each refused row; led every old address to \
                 its page in one step; wrote events into the transaction that makes them true and \
                 sent them from there; noted what came in beside its effect; put a breaker and a \
                 contract between us and each partner."
            .to_owned(),
        result: format!(
            "Old addresses answered 404 went from {} to 0. Of the same changes, {} events were \
             lost and {} invented before, and none after.",
            Quantity::count(missing),
            Quantity::count(events.lost_tempting),
            Quantity::count(events.invented_wrong),
        ),
    }
}
