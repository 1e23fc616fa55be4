//! A known vulnerability: look up what others have found in the parts.

use evidence::Failure;
use rustsec::Advisory;
use rustsec::cargo_lock::Lockfile;

use super::Attack;
use super::attacker::Attacker;
use super::lockfiles::ADVISORIES;

pub(super) const ATTACK: Attack = Attack {
    id: "known-vulnerability",
    name: "known-vulnerable dependency",
    what: "published holes in its dependencies",
    run: |attacker| Box::pin(attack(attacker)),
};

/// That the list is public is no hole: versions can be told from behaviour, too.
async fn attack(attacker: &Attacker<'_>) -> Result<u64, Failure> {
    let lockfile: Lockfile = attacker.get("/lab/dependencies").await?.text.parse()?;
    let advisories = ADVISORIES.iter().map(|text| text.parse::<Advisory>());
    let advisories = advisories.collect::<Result<Vec<_>, _>>()?;
    let affected = advisories.iter().filter(|advisory| {
        lockfile.packages.iter().any(|package| {
            package.name.as_str() == advisory.metadata.package.as_str()
                && advisory.versions.is_vulnerable(&package.version)
        })
    });
    Ok(affected.count() as u64)
}
