//! Workers that come and go with the queue: processes that do nothing but jobs, and one that starts
//! and stops them.
//!
//! Processes stand in for containers here: what a container platform scales by is the same number,
//! the depth of the queue, and a worker is told to go in the same way, by SIGTERM and a time to
//! finish. Each worker may be killed at any time, as a job under a lease is done by another.

mod child;
pub mod command;
mod policy;
mod supervisor;

pub use policy::Policy;
