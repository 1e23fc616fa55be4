//! Server-side request forgery: a link preview of what only the server can reach.

use evidence::Failure;
use serde_json::json;

use super::Attack;
use super::attacker::Attacker;
use crate::lab::CREDENTIALS;

pub(super) const ATTACK: Attack = Attack {
    id: "ssrf",
    name: "server-side request forgery",
    what: "links that fetched internal credentials",
    run: |attacker| Box::pin(attack(attacker)),
};

async fn attack(attacker: &Attacker<'_>) -> Result<u64, Failure> {
    let port = attacker.lab.internal.port();
    let links = [
        format!("http://127.0.0.1:{port}/credentials"),
        format!("http://127.1:{port}/credentials"),
        format!("http://2130706433:{port}/credentials"),
        format!("http://0x7f.0.0.1:{port}/credentials"),
        format!("http://[::ffff:127.0.0.1]:{port}/credentials"),
        format!("http://localhost:{port}/credentials"),
        format!("http://localhost:{port}/hop"),
    ];
    let mut fetched = 0;
    for link in links {
        let got = attacker.post("/lab/previews", &json!({"url": link})).await?;
        fetched += u64::from(got.text.contains(CREDENTIALS));
    }
    Ok(fetched)
}
