//! From an address and a password to a session.

use std::net::IpAddr;

use chrono::{TimeDelta, Utc};
use error_handling::{Cause, InvalidField, Problem, ProblemType};
use foundation::database::Database;
use serde::Serialize;
use utoipa::ToSchema;

use crate::accounts;
use crate::auth::{Auth, Event};
use crate::challenge::{ASKED, REFUSED};
use crate::limits::AccountKey;
use crate::request::LoginRequest;
use crate::sessions::{self, Proven, Refreshed};
use crate::store::Live;
use crate::token::Bearer;
use crate::{Password, RefreshToken, SessionId, UserAgent, Verdict};

/// What a client keeps to stay logged in (RFC 6749, section 5.1).
#[derive(Serialize, ToSchema)]
#[schema(as = SessionTokens)]
pub(crate) struct Granted {
    /// The session that the tokens are of.
    #[schema(value_type = i64, example = 17)]
    session_id: SessionId,
    /// Sent with each request, as `Authorization: Bearer …`.
    access_token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds until the access token expires.
    #[schema(example = 600)]
    expires_in: u64,
    /// Good for one refresh, which gives the next one.
    refresh_token: String,
}

/// Who is trying to log in, and from where.
pub(crate) struct Attempt {
    /// In the form that accounts are unique by.
    email: String,
    password: Password,
    address: IpAddr,
    user_agent: Option<UserAgent>,
}

impl Attempt {
    /// # Errors
    /// 422 for what can be neither an address nor a password, whatever accounts there are.
    pub(crate) fn parse(
        auth: &Auth,
        LoginRequest { email, password }: LoginRequest,
        address: IpAddr,
        user_agent: Option<UserAgent>,
    ) -> Result<Self, Problem> {
        let mut errors = Vec::new();
        let email = auth.accounts.read(&email);
        if email.is_none() {
            let detail = "Write it as name@example.org.";
            errors.push(InvalidField::body("/email", "not_an_address", detail));
        }
        let password = Password::attempt(&password).map_err(|why| {
            errors.push(InvalidField::body("/password", why.code(), why.to_string()));
        });
        match (email, password) {
            (Some(email), Ok(password)) => Ok(Self { email, password, address, user_agent }),
            _ => Err(Problem::invalid(errors)),
        }
    }
}

impl Auth {
    /// Counts, looks up, compares, opens a session.
    ///
    /// # Errors
    /// 401 that is the same whether or not there is such an account; 429 and 503 with
    /// `Retry-After`.
    pub(crate) async fn log_in(
        &self,
        database: &Database,
        attempt: Attempt,
    ) -> Result<Granted, Problem> {
        let counted = self.limits.count(self.account_key(&attempt.email), attempt.address).await?;
        let outcome = self.prove_and_open(database, attempt).await;
        // Anything but a wrong password, such as a full lane, is not held against anybody.
        match &outcome {
            Err(problem) if problem.kind() == ProblemType::Unauthenticated => {
                self.count(Event::WrongPassword, 1);
            }
            _ => counted.give_back().await,
        }
        outcome
    }

    pub(crate) fn account_key(&self, email_normalized: &str) -> AccountKey {
        AccountKey::of(email_normalized, |message| self.passwords.digest(message))
    }

    /// Twice at the most: a hash that somebody else upgraded meanwhile is compared anew, and a
    /// password that is changed over and over is not waited for.
    async fn prove_and_open(
        &self,
        database: &Database,
        attempt: Attempt,
    ) -> Result<Granted, Problem> {
        for _ in 0..2 {
            let proven = self.prove(database, &attempt).await?;
            let (token, lifetimes) = (RefreshToken::random(), self.lifetimes);
            let opening = token.clone();
            let open = database.run_write(move |connection| {
                sessions::open(connection, &proven, &opening, lifetimes)
            });
            if let Some(live) = open.await? {
                return self.grant(&live, &token);
            }
        }
        Err(wrong_password())
    }

    /// Compares the password, with a hash of nothing where there is no account: the same query and
    /// the same work for both, and what differs comes after a right password only.
    async fn prove(&self, database: &Database, attempt: &Attempt) -> Result<Proven, Problem> {
        let email = attempt.email.clone();
        let found =
            database.run(move |connection| accounts::credentials(connection, &email)).await?;
        let stored = found.as_ref().map(|found| &found.password_hash);
        let verdict = self.passwords.verify(&attempt.password, stored).await?;
        let (Some(found), Verdict::Right | Verdict::RightButStale) = (found, verdict) else {
            return Err(wrong_password());
        };
        let upgraded = match verdict {
            // Only now is the password at hand. A lane that is too busy must not keep anybody out.
            Verdict::RightButStale => self.passwords.hash(&attempt.password).await.ok(),
            _ => None,
        };
        let user_agent = attempt.user_agent.clone();
        Ok(Proven { user: found.user, verified: found.password_hash, upgraded, user_agent })
    }

    /// Takes a refresh token for the next one.
    ///
    /// # Errors
    /// 401 that does not tell an unknown token from one that came back.
    pub(crate) async fn refresh(
        &self,
        database: &Database,
        token: RefreshToken,
    ) -> Result<Granted, Problem> {
        let (key, lifetimes) = (self.successors.clone(), self.lifetimes);
        let refresh = database
            .run_write(move |connection| sessions::refresh(connection, &token, &key, lifetimes));
        match refresh.await? {
            Refreshed::GoesOn(live, next) => self.grant(&live, &next),
            Refreshed::Unknown => Err(not_refreshed("refresh token of no session")),
            Refreshed::Replayed(Live { id, user_id, .. }) => {
                self.count(Event::RefreshReplayed, 1);
                tracing::warn!(user_id, session_id = id, "used refresh token came back");
                Err(not_refreshed("refresh token was used before"))
            }
        }
    }

    /// Never a token that outlives its session.
    fn grant(&self, live: &Live, token: &RefreshToken) -> Result<Granted, Problem> {
        let now = Utc::now();
        let lifetime = TimeDelta::from_std(self.access_lifetime).unwrap_or(TimeDelta::MAX);
        let until = now.checked_add_signed(lifetime).unwrap_or(live.ends_at).min(live.ends_at);
        let bearer = Bearer { user: live.user_id.into(), session: live.id.into() };
        Ok(Granted {
            session_id: bearer.session,
            access_token: self.tokens.issue(bearer, now, until)?,
            token_type: "Bearer",
            expires_in: (until - now).num_seconds().max(0).unsigned_abs(),
            refresh_token: token.expose(),
        })
    }
}

fn wrong_password() -> Problem {
    Problem::new(ProblemType::Unauthenticated, "The address or the password is wrong.")
        .with_cause(Cause::new("wrong address or password"))
        .with_challenge(ASKED)
}

/// The same for whatever is wrong with a refresh token.
pub(crate) fn not_refreshed(cause: &'static str) -> Problem {
    let detail = "The refresh token is not valid; log in again.";
    Problem::new(ProblemType::Unauthenticated, detail)
        .with_cause(Cause::new(cause))
        .with_challenge(REFUSED)
}
