//! Two partners as the outside world has them, for demos and tests: a carrier, who is sent webhooks
//! and asked for quotes, and a warehouse, who sends webhooks. Threads here, processes in `command`.

mod carrier;
mod warehouse;

pub use carrier::{Carrier, Mood, Received};
pub use warehouse::{Warehouse, browser, step};
