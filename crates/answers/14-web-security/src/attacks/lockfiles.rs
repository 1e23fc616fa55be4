//! What each build says it is made of, and the advisories that somebody else can look up.

/// Nothing was updated since it worked.
pub(crate) const VULNERABLE: &str = include_str!("../../data/locks/vulnerable.lock");
/// What the manifest names is up to date.
pub(crate) const TEMPTING: &str = include_str!("../../data/locks/tempting.lock");
/// What this very program is made of; `make audit` asks all advisories about it, not four.
pub(crate) const HARDENED: &str = include_str!("../../../../../Cargo.lock");

/// In the format of the RustSec advisory database.
pub(super) const ADVISORIES: [&str; 4] = [
    include_str!("../../data/advisory-db/crates/h2/RUSTSEC-2024-0003.md"),
    include_str!("../../data/advisory-db/crates/rsa/RUSTSEC-2023-0071.md"),
    include_str!("../../data/advisory-db/crates/smallvec/RUSTSEC-2021-0003.md"),
    include_str!("../../data/advisory-db/crates/time/RUSTSEC-2020-0071.md"),
];
