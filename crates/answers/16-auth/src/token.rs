//! Access tokens: ten minutes of proof that somebody logged in, checked without the database.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use error_handling::{Cause, Problem};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};

use crate::token_keys::TokenKeys;
use crate::{SessionId, UserId};

/// Who issues these tokens, and the only issuer whose tokens are accepted.
const ISSUER: &str = "show-your-work";
/// Whom they are for. Constants, instead of settings, as one server issues and accepts them; make
/// them settings with the first second audience.
const AUDIENCE: &str = "show-your-work-api";
/// Says that this is an access token and no other kind of JWT (RFC 9068, section 2.1).
const TYPE: &str = "at+jwt";
/// The one algorithm. Whatever the header says, the key is never used with another.
const ALGORITHM: Algorithm = Algorithm::HS256;
/// Ours have about 400 bytes; what is longer is not even decoded.
const MAX_LENGTH: usize = 1_024;

/// Issues and checks access tokens; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    keys: TokenKeys,
    validation: Validation,
}

/// What a token of ours says about its bearer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bearer {
    pub(crate) user: UserId,
    pub(crate) session: SessionId,
}

/// RFC 9068, section 2.2, without `client_id`, as there are no third-party clients.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    sid: i64,
    jti: String,
    iat: u64,
    nbf: u64,
    exp: u64,
}

/// The header of a token of ours, to the last member. A list of what is allowed instead of what is
/// not: an embedded `jwk`, a `jku` or an extension in `crit` are all something else.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StrictHeader {
    alg: String,
    typ: String,
    kid: String,
}

impl Tokens {
    /// `leeway` forgives clocks of replicas that differ: zero, unless somebody knows they do.
    pub(crate) fn new(keys: TokenKeys, leeway: Duration) -> Self {
        let mut validation = Validation::new(ALGORITHM);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp", "nbf"]);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.validate_nbf = true;
        validation.leeway = leeway.as_secs();
        // The library lets the second of `exp` itself pass; RFC 7519, section 4.1.4 does not.
        validation.reject_tokens_expiring_in_less_than = 1;
        Self { keys, validation }
    }

    /// A token for this session that ends at `until`.
    ///
    /// # Errors
    /// 500 when it cannot be signed, which would be a defect of ours.
    pub(crate) fn issue(
        &self,
        bearer: Bearer,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<String, Problem> {
        let seconds = |time: DateTime<Utc>| time.timestamp().unsigned_abs();
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: bearer.user.to_string(),
            sid: bearer.session.number(),
            jti: URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>()),
            iat: seconds(now),
            nbf: seconds(now),
            exp: seconds(until),
        };
        let (id, key) = self.keys.signing();
        let mut header = Header::new(ALGORITHM);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(id.to_owned());
        let failed = |_| Problem::internal(Cause::new("token could not be signed"));
        encode(&header, &claims, key).map_err(failed)
    }

    /// Whose token this is, or why it is none of ours: for the log, as the reason would help a
    /// forger more than a client.
    pub(crate) fn check(&self, token: &str) -> Result<Bearer, &'static str> {
        if token.len() > MAX_LENGTH {
            return Err("token is too long");
        }
        let StrictHeader { alg, typ, kid } = header_of(token).ok_or("token header is not ours")?;
        if alg != "HS256" {
            return Err("token names another algorithm");
        }
        if typ != TYPE {
            return Err("token is of another type");
        }
        let key = self.keys.verifying(&kid).ok_or("token names an unknown key")?;
        let claims = decode::<Claims>(token, key, &self.validation)
            .map_err(|error| reason(error.kind()))?
            .claims;
        let user = claims.sub.parse::<i64>().map_err(|_| "token names no account")?;
        Ok(Bearer { user: user.into(), session: claims.sid.into() })
    }
}

fn header_of(token: &str) -> Option<StrictHeader> {
    let (header, _) = token.split_once('.')?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()
}

fn reason(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidSignature => "token signature is wrong",
        ErrorKind::ExpiredSignature => "token has expired",
        ErrorKind::ImmatureSignature => "token is not valid yet",
        ErrorKind::InvalidIssuer => "token is of another issuer",
        ErrorKind::InvalidAudience => "token is for another audience",
        ErrorKind::MissingRequiredClaim(_) => "token lacks a claim",
        _ => "token cannot be read",
    }
}
