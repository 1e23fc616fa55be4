//! What people write first. Each of these has a hole; none is mounted outside the demo.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bcrypt::BcryptResult;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Binary;
use error_handling::{Problem, ProblemType};
use foundation::database::Database;
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
use serde_json::Value;

use crate::accounts;
use crate::{Password, Passwords, RefreshToken, Verdict};

/// Hole: bytes beyond 72 are not looked at, and nobody is told.
pub(crate) fn hash_what_fits(password: &str, cost: u32) -> BcryptResult<String> {
    bcrypt::hash(password, cost)
}

/// Hole: the payload is only decoded. It says what whoever wrote it wanted.
pub(crate) fn read_token(token: &str) -> bool {
    let payload = token.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    let claims = payload.and_then(|payload| serde_json::from_slice::<Value>(&payload).ok());
    claims.is_some_and(|claims| claims["sub"].is_string())
}

/// Hole: the token chooses its algorithm, a minute is forgiven, and whom it is for, who made it and
/// what kind it is are not asked.
pub(crate) fn verify_token(token: &str, key: &[u8]) -> bool {
    let Ok(header) = decode_header(token) else { return false };
    let mut validation = Validation::new(header.alg);
    validation.validate_aud = false;
    decode::<Value>(token, &DecodingKey::from_secret(key), &validation).is_ok()
}

/// Hole: an address without an account is answered at once, one with an account after a hash.
pub(crate) async fn log_in(
    database: &Database,
    passwords: &Passwords,
    email: String,
    password: &Password,
) -> Result<(), Problem> {
    let wrong =
        || Problem::new(ProblemType::Unauthenticated, "The address or the password is wrong.");
    let found = database.run(move |connection| accounts::credentials(connection, &email)).await?;
    let account = found.ok_or_else(wrong)?;
    match passwords.verify(password, Some(&account.password_hash)).await? {
        Verdict::Right | Verdict::RightButStale => Ok(()),
        Verdict::Wrong => Err(wrong()),
    }
}

/// Hole: the token stays the same, so a copy is good for as long as the session lives.
pub(crate) fn refresh_unrotated(
    connection: &mut PgConnection,
    token: &RefreshToken,
) -> QueryResult<Option<RefreshToken>> {
    let found = sql_query("SELECT 1 FROM sessions WHERE token_hash = $1 AND expires_at > now()")
        .bind::<Binary, _>(&token.hash()[..])
        .execute(connection)?;
    Ok((found > 0).then(|| token.clone()))
}

/// Hole: a token that comes back is refused, and what was made of it goes on.
pub(crate) fn refresh_rotated(
    connection: &mut PgConnection,
    token: &RefreshToken,
) -> QueryResult<Option<RefreshToken>> {
    let next = RefreshToken::random();
    let rotated = sql_query(
        "UPDATE sessions SET token_hash = $2, family_hash = $3
         WHERE token_hash = $1 AND expires_at > now()",
    )
    .bind::<Binary, _>(&token.hash()[..])
    .bind::<Binary, _>(&next.hash()[..])
    .bind::<Binary, _>(&next.family_hash()[..])
    .execute(connection)?;
    Ok((rotated > 0).then_some(next))
}

/// Hole: whoever sends a few wrong passwords decides that the owner stays out, until somebody calls.
#[derive(Default)]
pub(crate) struct Lock {
    limit: u32,
    failures: HashMap<String, u32>,
}

impl Lock {
    pub(crate) fn after(limit: u32) -> Self {
        Self { limit, ..Self::default() }
    }

    /// Whether the password was right; nothing where nobody looked at it.
    pub(crate) fn log_in(&mut self, email: &str, stored: &str, prepared: &str) -> Option<bool> {
        let failures = self.failures.entry(email.to_owned()).or_default();
        if *failures >= self.limit {
            return None;
        }
        let is_right = verify_here(stored, prepared);
        *failures = if is_right { 0 } else { *failures + 1 };
        Some(is_right)
    }
}

/// Hole: compares right where it is called, on whatever thread that is.
pub(crate) fn verify_here(stored: &str, prepared: &str) -> bool {
    bcrypt::verify(prepared, stored).unwrap_or(false)
}
