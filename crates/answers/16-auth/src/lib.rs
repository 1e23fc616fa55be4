//! Design a basic authentication system: who somebody is, for how long, and how to end it.
//!
//! 1. A [`Password`] is normalised, keyed, and hashed on a lane of its own ([`Passwords`]).
//! 2. Log-in counts an attempt before it looks at the password, the same with and without account.
//! 3. An access token proves for ten minutes who logged in ([`CurrentUser`]), without the database.
//! 4. A [`RefreshToken`] is good once; one that comes back ends its session.
//! 5. What ends sessions asks the database; the rest waits for the token to expire.
//!
//! Read `log_in.rs` → `limits.rs` → `refresh.rs`; then `password.rs`, `prepare.rs` and `lane.rs`,
//! `token.rs` and `current_user.rs`, `sessions.rs`, `store.rs` and `demo.rs`.

mod account_form;
mod accounts;
mod auth;
mod challenge;
mod current_user;
mod demo;
mod guard;
mod handlers;
mod job;
mod lane;
mod limits;
mod log_in;
mod model;
mod password;
mod password_change;
mod passwords;
#[cfg(test)]
mod plans;
mod prepare;
mod refresh;
mod request;
mod schema;
mod secret;
mod sessions;
mod store;
mod tempting;
#[cfg(feature = "testing")]
pub mod testing;
// The demo logs people in as well; whoever does not ask for the feature cannot.
#[cfg(not(feature = "testing"))]
#[allow(dead_code, unreachable_pub)]
mod testing;
mod token;
mod token_keys;

use evidence::{Answer, Switch, sources};
use foundation::module::Module;
use utoipa_actix_web::service_config::ServiceConfig;

pub use account_form::{AccountForm, NormalForm};
pub use auth::start;
pub use challenge::Unauthenticated;
pub use current_user::CurrentUser;
pub use guard::{Caller, LimitsUsers, guard};
pub use lane::{HashingLane, Verdict};
pub use model::{SessionId, UserAgent, UserId};
pub use password::{Password, PasswordFault, PasswordHash};
pub use passwords::Passwords;
pub use prepare::{KeyError, PasswordKey};
pub use refresh::RefreshToken;
pub use token_keys::{TokenKeyError, TokenKeys};

/// Question 16.
pub static ANSWER: Answer = Answer {
    number: 16,
    slug: "auth",
    title: "Design a basic authentication system from scratch",
    readme: include_str!("../README.md"),
    sources: sources![
        "src/lib.rs",
        "src/password.rs",
        "src/prepare.rs",
        "src/lane.rs",
        "src/passwords.rs",
        "src/handlers.rs",
        "src/request.rs",
        "src/log_in.rs",
        "src/account_form.rs",
        "src/accounts.rs",
        "src/limits.rs",
        "src/token.rs",
        "src/token_keys.rs",
        "src/current_user.rs",
        "src/guard.rs",
        "src/challenge.rs",
        "src/refresh.rs",
        "src/sessions.rs",
        "src/store.rs",
        "src/password_change.rs",
        "src/auth.rs",
        "src/secret.rs",
        "src/job.rs",
        "src/tempting.rs",
        "src/demo.rs",
        "src/demo/hashes.rs",
        "src/demo/tails.rs",
        "src/demo/guesses.rs",
        "src/demo/owner.rs",
        "src/demo/timing.rs",
        "src/demo/forgeries.rs",
        "src/demo/replay.rs",
        "src/demo/storm.rs",
        "src/demo/weather.rs",
        "src/demo/price.rs",
    ],
    recorded: include_str!("../recorded/run.jsonl"),
    needs: demo::needs,
    demo: demo::perform,
    routes: Some(routes),
};

/// What an interviewer may take away.
pub const SWITCHES: &[Switch] = &[Switch {
    name: demo::LIMIT_OFF,
    question: "And if somebody turns the limit off?",
    change: "The servers of the right rung run with both log-in limits at 0; Redis and hashes stay.",
    breaks: &["guesses-are-limited", "the-owner-gets-in-again", "a-lock-is-for-the-owner-too"],
}];

/// The API with its keys, its hashing lane, its limits and its hourly job.
pub static MODULE: Module = Module { routes, start, jobs: &[&job::SESSION_EXPIRY] };

/// The API below `/api/v1/sessions`, and the change of one's password.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(handlers::log_in)
        .service(handlers::refresh)
        .service(handlers::list)
        .service(handlers::log_out_everywhere)
        // Before the route with an id, which would take the word for one.
        .service(handlers::log_out)
        .service(handlers::end)
        .service(handlers::change_password);
}
