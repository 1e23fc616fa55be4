//! Logs: lines that nobody wrote, and secrets for whoever may read them.

use evidence::Failure;
use serde_json::json;

use super::Attack;
use super::attacker::Attacker;

pub(super) const ATTACK: Attack = Attack {
    id: "log-injection",
    name: "log injection and leak",
    what: "forged lines and secrets in the log",
    run: |attacker| Box::pin(attack(attacker)),
};

/// The line that is to be believed.
const FORGED: &str = "INFO log-in succeeded name=admin";
/// Must stand in no log.
const SECRETS: [&str; 2] = ["canary-password", "canary-token"];
/// What viewers and shippers of logs take for the end of a line.
const LINE_ENDS: [char; 5] = ['\n', '\r', '\u{b}', '\u{85}', '\u{2028}'];

async fn attack(attacker: &Attacker<'_>) -> Result<u64, Failure> {
    for end in ["\n", "\r", "\u{2028}"] {
        let body = json!({"name": format!("eve{end}{FORGED}"), "password": SECRETS[0]});
        attacker.post("/lab/log-in", &body).await?;
    }
    attacker.get(&format!("/lab/me?access_token={}", SECRETS[1])).await?;
    Ok(taken_in(&attacker.lab.log()))
}

fn taken_in(log: &str) -> u64 {
    let forged = log.split(LINE_ENDS).filter(|line| line.starts_with(FORGED)).count();
    let leaked = SECRETS.iter().filter(|secret| log.contains(**secret)).count();
    (forged + leaked) as u64
}
