//! A database with orders and a mail server, for each test its own.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)] // Each test binary uses its own part.

use std::sync::Arc;

use architecture::orders;
use architecture::post::Postbox;
use foundation::scratch::Scratch;
use foundation::testing::{TestApp, execute};
use local_services::Purpose;

pub(crate) fn shop() -> Arc<Scratch> {
    let scratch = Scratch::create(Purpose::Test).unwrap();
    orders::create(&mut scratch.connect().unwrap()).unwrap();
    Arc::new(scratch)
}

/// A server whose orders are mailed by this mail server.
pub(crate) fn serve(scratch: &Arc<Scratch>, postbox: &Postbox) -> TestApp {
    execute(scratch, &format!("INSERT INTO mail_servers VALUES ('{}')", postbox.address()));
    TestApp::serving_on(scratch, &[&auth::MODULE, &architecture::site::MODULE], &[])
}
