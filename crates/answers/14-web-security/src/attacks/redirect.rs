//! Open redirect: a link to this site that ends on another.

use evidence::Failure;
use url::Url;

use super::Attack;
use super::attacker::{Attacker, form};

pub(super) const ATTACK: Attack = Attack {
    id: "open-redirect",
    name: "open redirect",
    what: "links that lead away",
    run: |attacker| Box::pin(attack(attacker)),
};

const TARGETS: [&str; 6] = [
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example/",
    "/.//evil.example/",
    "/\t/evil.example/",
    "https:evil.example",
];

async fn attack(attacker: &Attacker<'_>) -> Result<u64, Failure> {
    let here = Url::parse(&attacker.url("/lab/leave"))?;
    let mut away = 0;
    for target in TARGETS {
        let got = attacker.get(&format!("/lab/leave?{}", form(&[("to", target)]))).await?;
        // As a browser reads it, which drops tabs and takes `\` for `/`.
        let there = here.join(got.header("location"));
        away += u64::from(there.is_ok_and(|there| there.origin() != here.origin()));
    }
    Ok(away)
}
