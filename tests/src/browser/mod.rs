//! Headless Chromium, driven over WebDriver (<https://www.w3.org/TR/webdriver2/>).
//!
//! A client of our own instead of a crate: it takes two hundred lines over the HTTP client that is
//! here anyway, blocks, so that a test reads as what a person does, and knows ChromeDriver's logs
//! of requests and of the console. Whatever fails panics with what was waited for.

mod database;
mod driver;
mod hands;
mod look;
mod page;
mod programs;
mod site;
mod watch;

pub use driver::Driver;
pub use look::{Look, Theme};
pub use page::Browser;
pub use programs::axe;
pub use site::{Site, visit, visit_both};
