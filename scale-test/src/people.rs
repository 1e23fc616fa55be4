//! People who use the API.

use serde_json::json;

use crate::Outcome;
use crate::http::{Ask, Reply};
use crate::run::Run;

const PASSWORD: &str = "correct horse battery";

/// Somebody who is logged in on one device.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) email: String,
    pub(crate) token: String,
    pub(crate) refresh: String,
}

impl Person {
    /// Registers at one server and logs in at another; they may be the same.
    pub(crate) fn sign_up(run: &Run, at: &str, then_at: &str, name: &str) -> Outcome<Self> {
        let email = format!("{name}@example.org");
        let account = json!({"email": email, "name": "Somebody", "password": PASSWORD});
        run.http.ask(&Ask::post(at, "/api/v1/users", account)).expect(201, "a registration")?;
        let reply = run.http.ask(&log_in(then_at, &email)).expect(201, "a log-in")?;
        Ok(Self::of(email, &reply))
    }

    pub(crate) fn of(email: String, reply: &Reply) -> Self {
        Self { email, token: reply.text("access_token"), refresh: reply.text("refresh_token") }
    }
}

/// A log-in with the right password.
pub(crate) fn log_in(base: &str, email: &str) -> Ask {
    Ask::post(base, "/api/v1/sessions", json!({"email": email, "password": PASSWORD}))
}

/// A log-in with a guess.
pub(crate) fn guess(base: &str, email: &str) -> Ask {
    Ask::post(base, "/api/v1/sessions", json!({"email": email, "password": "wrong horse battery"}))
}

/// A refresh.
pub(crate) fn refresh(base: &str, token: &str) -> Ask {
    Ask::post(base, "/api/v1/sessions/refresh", json!({"refresh_token": token}))
}
