//! Where all of this does not help.

use std::sync::Arc;

use actix_web::http::Method;
use actix_web::rt::System;
use evidence::{Failure, Outcome, Quantity, Stage};
use foundation::scratch::Scratch;

use crate::attacks::Attacker;
use crate::attacks::attacker::{Got, bearer};
use crate::lab::{ADA, Build, Lab};

pub(super) fn show(stage: &Stage, scratch: &Arc<Scratch>) -> Outcome {
    stage.step("A thief with the victim's token, on the hardened build");
    let lab = Lab::open(Build::Hardened, scratch)?;
    let (orders, readable) = System::new().block_on(steal(&lab))?;
    stage.measure("stolen-orders", "orders read with a stolen token", Quantity::count(orders));
    stage.check(
        "a-stolen-token-opens-everything",
        format!("with the victim's token the hardened build gives away {orders} of 20 orders"),
        orders == 20,
    );
    stage.check(
        "cors-hides-nothing-from-a-program",
        "to a client that is no browser, an origin that is not allowed is just another header",
        readable,
    );
    Ok(())
}

/// Orders that the token opens, and whether one can be read from an origin that is not allowed.
async fn steal(lab: &Lab) -> Result<(u64, bool), Failure> {
    let thief = Attacker::new(lab);
    let stolen = bearer(&thief.log_in(ADA).await?)?;
    let headers = [("authorization", stolen.as_str()), ("origin", "https://evil.example")];
    let mut orders: Vec<Got> = Vec::new();
    for id in 1..=20 {
        let path = format!("/lab/orders/{id}");
        orders.push(thief.send(Method::GET, &path, &headers, "").await?);
    }
    let read = |got: &&Got| got.json()["owner"] == ADA.0;
    let unlisted = |got: &Got| got.header("access-control-allow-origin").is_empty();
    let readable = orders.iter().filter(read).any(unlisted);
    Ok((orders.iter().filter(read).count() as u64, readable))
}
