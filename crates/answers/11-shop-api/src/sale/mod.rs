//! A flash sale from outside: buyers who come by the clock, whatever the server does.
//!
//! Latency counts from the moment when a buyer *should* have come ([`evidence::load`]), and a buyer
//! who is told to come back later does so. Read `buyer.rs` → `flash.rs` → `capacity.rs`.

mod buyer;
mod capacity;
mod command;
mod flash;

pub use buyer::{Answer, Bought, Shop};
pub use capacity::{Driven, drive, measure};
pub use command::EXTRA;
pub use flash::{Crowd, Sale, rush};
