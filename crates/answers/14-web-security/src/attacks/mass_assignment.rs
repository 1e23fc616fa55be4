//! Mass assignment: a change of name that also changes what the bank says.

use actix_web::http::Method;
use evidence::Failure;
use serde_json::json;

use super::Attack;
use super::attacker::{Attacker, JSON};

pub(super) const ATTACK: Attack = Attack {
    id: "mass-assignment",
    name: "mass assignment",
    what: "fields changed that are not the client's",
    run: |attacker| Box::pin(attack(attacker)),
};

async fn attack(attacker: &Attacker<'_>) -> Result<u64, Failure> {
    let own = attacker.own_bearer().await?;
    let headers = [("authorization", own.as_str()), JSON];
    let profile = || attacker.send(Method::GET, "/lab/me", &headers[..1], "");
    let before = profile().await?.json();
    for wish in [json!({"role": "admin"}), json!({"balance": 1_000_000})] {
        attacker.send(Method::PATCH, "/lab/me", &headers, &wish.to_string()).await?;
    }
    let after = profile().await?.json();
    let changed = ["role", "balance"].iter().filter(|field| before[*field] != after[*field]);
    Ok(changed.count() as u64)
}
