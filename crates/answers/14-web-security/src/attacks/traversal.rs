//! Path traversal: a file name that is a way out of the folder.

use evidence::Failure;

use super::Attack;
use super::attacker::{Attacker, form};
use crate::lab::SECRET_FILE;

pub(super) const ATTACK: Attack = Attack {
    id: "path-traversal",
    name: "path traversal",
    what: "names that read a file outside the folder",
    run: |attacker| Box::pin(attack(attacker)),
};

/// The last two are `../` once `../` has been cut out of them.
const NAMES: [&str; 5] = [
    "../secret.txt",
    "./../secret.txt",
    "../public/../secret.txt",
    "....//secret.txt",
    "..././secret.txt",
];

async fn attack(attacker: &Attacker<'_>) -> Result<u64, Failure> {
    let mut read = 0;
    for name in NAMES {
        let got = attacker.get(&format!("/lab/files?{}", form(&[("name", name)]))).await?;
        read += u64::from(got.text.contains(SECRET_FILE));
    }
    Ok(read)
}
