//! Brute force: the passwords that people choose, one after the other.

use actix_web::http::Method;
use evidence::Failure;
use serde_json::json;

use super::Attack;
use super::attacker::{Attacker, JSON};
use crate::lab::{GRACE, PASSWORDS};

pub(super) const ATTACK: Attack = Attack {
    id: "brute-force",
    name: "brute force",
    what: "accounts opened by guessing",
    run: |attacker| Box::pin(attack(attacker)),
};

async fn attack(attacker: &Attacker<'_>) -> Result<u64, Failure> {
    for (n, password) in PASSWORDS.iter().enumerate() {
        let body = json!({"name": GRACE.1, "password": password}).to_string();
        // Another client each time, as far as its own word is taken for it.
        let made_up = format!("198.51.100.{n}");
        let headers = [JSON, ("x-forwarded-for", made_up.as_str())];
        let got = attacker.send(Method::POST, "/lab/log-in", &headers, &body).await?;
        if got.status.is_success() {
            return Ok(1);
        }
    }
    Ok(0)
}
