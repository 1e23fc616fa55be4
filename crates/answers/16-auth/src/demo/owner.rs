//! The owner of the account that others guess at: logged in before, and again afterwards.

use std::num::NonZeroU32;
use std::time::Duration;

use evidence::{Cell, Failure, Outcome, Quantity, Stage};
use foundation::rate_limit::RateLimit;
use foundation::scratch::Scratch;
use foundation::testing::{Client, Reply, TestApp, config};
use secrecy::SecretString;
use serde_json::json;

use super::guesses::{GUESSES, Seen};
use super::login;
use crate::limits::{AccountKey, WINDOW};
use crate::testing::account;
use crate::{Password, PasswordKey, accounts};

pub(super) const LOGIN: &str = "/api/v1/sessions";
pub(super) const REFRESH: &str = "/api/v1/sessions/refresh";
pub(super) const EMAIL: &str = "ada@example.org";
pub(super) const PASSWORD: &str = "correct horse battery";

/// The owner's phone, which is logged in.
pub(super) struct Owner {
    access: String,
    refresh: String,
}

/// How long the owner had to wait after the guesses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waited {
    No,
    /// As told by `Retry-After`; `let_in` tells whether that was true, if it could be tried.
    Seconds {
        told: Duration,
        let_in: Option<bool>,
    },
    ForEver,
}

impl Waited {
    pub(super) fn cell(self) -> Cell {
        match self {
            Self::No => "at once".into(),
            Self::Seconds { told, .. } => Quantity::duration(told).into(),
            Self::ForEver => "never".into(),
        }
    }
}

impl Owner {
    /// Gives the owner an account and logs the phone in.
    pub(super) async fn move_in(app: &TestApp) -> Result<Self, Failure> {
        let _ = account(&app.scratch, EMAIL, PASSWORD, 4);
        let reply = app.anonymous().post(LOGIN, &login(EMAIL, PASSWORD)).await;
        let body = reply.json();
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        let tokens = text("access_token").zip(text("refresh_token"));
        let (access, refresh) = tokens.ok_or_else(|| format!("no log-in: {}", reply.text))?;
        Ok(Self { access, refresh })
    }

    /// Whether the phone reads and stays logged in.
    pub(super) async fn goes_on(&self, app: &TestApp) -> bool {
        let reads = app.bearing(self.access.as_str()).get(LOGIN).await;
        let refresh = json!({"refresh_token": self.refresh});
        let stays = app.anonymous().post(REFRESH, &refresh).await;
        reads.status == 200 && stays.status == 200
    }
}

/// Logs the owner in on a new device, after the wait that the server asks for.
pub(super) async fn log_in_again(app: &TestApp) -> Result<Waited, Failure> {
    let client = app.anonymous();
    let reply = attempt(&client).await;
    if reply.status == 201 {
        return Ok(Waited::No);
    }
    let told = Duration::from_secs(reply.header("retry-after").parse()?);
    let mut let_in = None;
    if app.redis.is_some() {
        wait_on(app, told).await?;
        let_in = Some(attempt(&client).await.status == 201);
    }
    Ok(Waited::Seconds { told, let_in })
}

async fn attempt(client: &Client) -> Reply {
    client.post(LOGIN, &login(EMAIL, PASSWORD)).await
}

/// As if this time had passed for the account: the counter in Redis is moved, nobody sleeps.
async fn wait_on(app: &TestApp, time: Duration) -> Outcome {
    let limit = NonZeroU32::new(config(&[]).auth.login_limit).ok_or("the limit is off")?;
    let counter = RateLimit::new("login-account", limit, WINDOW).shared(app.redis.as_ref());
    let key = PasswordKey::obtain(None, &mut app.scratch.connect()?)?;
    counter.pass_time(&AccountKey::of(EMAIL, |message| key.digest(message)), time).await;
    Ok(())
}

/// What is stored for the owner's password, and the password as bcrypt is given it.
pub(super) fn stored_and_right(scratch: &Scratch) -> Result<(String, String), Failure> {
    let mut connection = scratch.connect()?;
    let found = accounts::credentials(&mut connection, EMAIL)?.ok_or("the owner has no account")?;
    let key = PasswordKey::obtain(None, &mut connection)?;
    let right = key.prepare(&Password::attempt(&SecretString::from(PASSWORD))?);
    Ok((found.password_hash.expose().to_owned(), right))
}

/// Counts decide, and whether the owner got in.
pub(super) fn judge(stage: &Stage, limit: u64, seen: &[Seen]) -> Outcome {
    let [nothing, address, each, ours, lock] = seen else { return Err("five rungs".into()) };
    let all = u64::from(GUESSES);
    for (id, one) in [("unlimited", nothing), ("per-server", each), ("limited", ours)] {
        let label = format!("guesses verified of {all}, {id}");
        stage.measure(&format!("verified-{id}"), label, Quantity::count(one.verified));
    }
    stage.check(
        "without-a-limit-every-guess-counts",
        format!("without a limit {} of {all} guesses are verified", nothing.verified),
        nothing.verified == all,
    );
    stage.check(
        "addresses-are-cheap",
        format!("a limit for each address lets {} of {all} through", address.verified),
        address.verified == all,
    );
    stage.check(
        "each-server-grants-the-limit",
        format!("two servers that count alone let {} through, twice {limit}", each.verified),
        each.verified == 2 * limit,
    );
    stage.check(
        "guesses-are-limited",
        format!("counted for the account, in one place, {} are verified: the limit", ours.verified),
        ours.verified == limit,
    );
    judge_owner(stage, ours, lock);
    Ok(())
}

fn judge_owner(stage: &Stage, ours: &Seen, lock: &Seen) {
    let (told, is_let_in) = match ours.waited {
        Waited::Seconds { told, let_in } => (told, let_in != Some(false)),
        _ => (Duration::ZERO, false),
    };
    stage.measure("owner-waits", "the owner's wait on a new device", Quantity::duration(told));
    stage.check(
        "the-owner-gets-in-again",
        format!(
            "on a new device the owner is let in {} after the last guess, by itself",
            Quantity::duration(told)
        ),
        is_let_in && told <= WINDOW,
    );
    stage.check(
        "a-lock-is-for-the-owner-too",
        format!("a lock verifies as few, {}, and keeps the owner out for ever", lock.verified),
        lock.verified == ours.verified && lock.waited == Waited::ForEver,
    );
    stage.check(
        "who-is-logged-in-notices-nothing",
        "the owner's phone reads and refreshes all the while",
        ours.session_lives,
    );
}
