//! Which crate may depend on which (docs/architecture.md): the rules are those that answer 17 draws.

pub use architecture::floors::{Arrows, arrows, floor, violations};
