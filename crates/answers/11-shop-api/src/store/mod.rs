//! The statements on the tables of the shop. Know no HTTP; the caller owns the transaction.

pub mod carts;
pub mod orders;
pub mod payments;
pub mod products;
pub mod settling;
pub mod stock;
pub mod switches;
