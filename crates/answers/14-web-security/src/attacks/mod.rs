//! Fourteen attacks, each a small program that takes what it can get over HTTP.

pub(crate) mod attacker;
mod body;
mod brute_force;
mod csrf;
mod injection;
mod jwt;
pub(crate) mod lockfiles;
mod logs;
mod mass_assignment;
mod object_access;
mod redirect;
mod slow_client;
mod ssrf;
mod traversal;
mod vulnerable_dependency;
mod xss;

use evidence::Failure;
use futures_util::future::LocalBoxFuture;

use crate::lab::Lab;
pub(crate) use attacker::Attacker;

/// What an attack got away with: zero, or it landed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loot {
    /// How many.
    pub count: u64,
    /// Of what, in the plural.
    pub what: &'static str,
}

/// One attack.
pub struct Attack {
    /// Stable name, such as `sql-injection`.
    pub id: &'static str,
    /// What people call it.
    pub name: &'static str,
    what: &'static str,
    run: for<'lab> fn(&'lab Attacker<'lab>) -> LocalBoxFuture<'lab, Result<u64, Failure>>,
}

impl std::fmt::Debug for Attack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Attack").field(&self.id).finish()
    }
}

impl Attack {
    /// Attacks a running build, on an actix runtime.
    ///
    /// # Errors
    /// When the build cannot be reached, which is no defence.
    pub async fn run(&self, lab: &Lab) -> Result<Loot, Failure> {
        let count = (self.run)(&Attacker::new(lab)).await?;
        Ok(Loot { count, what: self.what })
    }
}

/// Every attack.
pub static ATTACKS: [Attack; 14] = [
    injection::ATTACK,
    object_access::ATTACK,
    mass_assignment::ATTACK,
    jwt::ATTACK,
    ssrf::ATTACK,
    traversal::ATTACK,
    xss::ATTACK,
    csrf::ATTACK,
    brute_force::ATTACK,
    body::ATTACK,
    slow_client::ATTACK,
    logs::ATTACK,
    redirect::ATTACK,
    vulnerable_dependency::ATTACK,
];
