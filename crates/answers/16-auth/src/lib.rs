//! Passwords, and hashing them without stopping anything else.
//!
//! 1. [`Password`] is parsed once at the edge: normalised, bounded, never printed.
//! 2. [`HashingLane`] hashes on one thread of its own, niced, behind a bounded queue.
//! 3. [`PasswordHash`] is all that is stored.
//!
//! Read `password.rs` → `prepare.rs` → `lane.rs`. Log-in, tokens and sessions follow.

mod lane;
mod password;
mod prepare;

pub use lane::{HashingLane, Verdict};
pub use password::{Password, PasswordFault, PasswordHash};
pub use prepare::{KeyError, PasswordKey};
