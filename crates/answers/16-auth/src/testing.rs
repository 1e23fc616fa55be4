//! People for tests and demos, without a registration to go through.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel::{QueryableByName, sql_query};
use foundation::scratch::Scratch;
use foundation::testing::{Client, TestApp};
use secrecy::SecretString;

use crate::store::{self, Lifetimes};
use crate::token::{Bearer, Tokens};
use crate::{Password, PasswordKey, RefreshToken, SessionId, TokenKeys, UserId};

/// Somebody with an account, a session and an access token.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// Sends the access token with each request.
    pub client: Client,
    /// The account.
    pub user: UserId,
    /// The session.
    pub session: SessionId,
    /// The access token, for a client of another replica.
    pub token: String,
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Makes an account for a role such as `owner` or `stranger` and logs it in, for an hour and without
/// paying for a hash, on a server that was given no `TOKEN_KEYS`. The same role is the same account.
///
/// # Panics
/// When the database refuses: a test without its people has nothing left to say.
#[must_use]
pub fn sign_up(app: &TestApp, role: &str) -> SignedIn {
    let (user, session, token) = try_sign_up(&app.scratch, role)
        .unwrap_or_else(|error| panic!("{role} could not be signed up: {error}"));
    SignedIn { client: app.bearing(token.clone()), user, session, token }
}

fn try_sign_up(scratch: &Scratch, role: &str) -> Result<(UserId, SessionId, String), Failure> {
    let mut connection = scratch.connect()?;
    let user = insert(&mut connection, &format!("{role}@example.org"), "$2b$04$of-nothing")?;
    let hour = Duration::from_secs(3_600);
    let lifetimes = Lifetimes { idle: hour, absolute: hour, grace: Duration::ZERO };
    let live = store::insert(&mut connection, user, &RefreshToken::random(), None, lifetimes)?;
    let tokens = Tokens::new(TokenKeys::obtain(None, &mut connection)?, Duration::ZERO);
    let bearer = Bearer { user, session: live.id.into() };
    let now = Utc::now();
    let token = tokens.issue(bearer, now, now + TimeDelta::hours(1))?;
    Ok((user, bearer.session, token))
}

/// Makes an account that can log in, with a hash of this cost, where no `PASSWORD_KEY` is given.
///
/// # Panics
/// When the database refuses, or the password is too long for one.
#[must_use]
pub fn account(scratch: &Scratch, email: &str, password: &str, cost: u32) -> UserId {
    try_account(scratch, email, password, cost)
        .unwrap_or_else(|error| panic!("{email} could not be given an account: {error}"))
}

fn try_account(
    scratch: &Scratch,
    email: &str,
    password: &str,
    cost: u32,
) -> Result<UserId, Failure> {
    let mut connection = scratch.connect()?;
    let password = Password::attempt(&SecretString::from(password))?;
    let prepared = PasswordKey::obtain(None, &mut connection)?.prepare(&password);
    Ok(insert(&mut connection, email, &bcrypt::hash(prepared, cost)?)?)
}

#[derive(QueryableByName)]
struct Inserted {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

fn insert(connection: &mut PgConnection, email: &str, hash: &str) -> QueryResult<UserId> {
    let inserted: Inserted = sql_query(
        "INSERT INTO users (email, email_normalized, name, password_hash)
         VALUES ($1, $1, split_part($1, '@', 1), $2)
         ON CONFLICT (email_normalized) DO UPDATE SET password_hash = excluded.password_hash
         RETURNING id",
    )
    .bind::<Text, _>(email)
    .bind::<Text, _>(hash)
    .get_result(connection)?;
    Ok(inserted.id.into())
}

/// How well two sorts of log-ins can be told apart by their times: the probability that one of
/// `these` took longer than one of `those`, ties counted half. 0.5 means not at all, 0 and 1
/// always. It is the area under the ROC curve, as the U statistic of Mann and Whitney gives it.
#[must_use]
pub fn told_apart(these: &[Duration], those: &[Duration]) -> f64 {
    let pairs = these.iter().flat_map(|this| those.iter().map(move |that| this.cmp(that)));
    let (mut longer, mut count) = (0.0, 0.0);
    for order in pairs {
        count += 1.0;
        longer += match order {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => 0.0,
        };
    }
    longer / count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_apart_always_or_by_chance() {
        let times =
            |range: std::ops::Range<u64>| range.map(Duration::from_millis).collect::<Vec<_>>();
        let area =
            |these: &[Duration], those: &[Duration]| format!("{:.2}", told_apart(these, those));
        assert_eq!(area(&times(100..200), &times(0..100)), "1.00");
        assert_eq!(area(&times(0..100), &times(100..200)), "0.00");
        assert_eq!(area(&times(0..100), &times(0..100)), "0.50");
        assert_eq!(area(&times(50..150), &times(0..100)), "0.88", "seven of eight");
    }
}
