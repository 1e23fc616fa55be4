//! Tokens that are not for this server, forged or misused, shown to three verifiers.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{TimeDelta, Utc};
use evidence::{Failure, Quantity, RungKind, Stage};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Sha256, Sha512};

use crate::token::{Bearer, Tokens};
use crate::{RefreshToken, TokenKeys, tempting};

/// The key of the server that is attacked.
const KEY: &[u8] = b"a key of thirty-two bytes, or so";

/// Header and claims of an honest token, to be changed before they are signed again.
#[derive(Clone)]
struct Parts {
    header: Value,
    claims: Value,
}

impl Parts {
    fn of(token: &str) -> Result<Self, Failure> {
        let mut parts = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part));
        let mut next = || -> Result<Value, Failure> {
            let part = parts.next().ok_or("a token has three parts")??;
            Ok(serde_json::from_slice(&part)?)
        };
        Ok(Self { header: next()?, claims: next()? })
    }

    fn header(&self, member: &str, value: Value) -> Self {
        let mut changed = self.clone();
        changed.header[member] = value;
        changed
    }

    fn claim(&self, member: &str, value: Value) -> Self {
        let mut changed = self.clone();
        changed.claims[member] = value;
        changed
    }

    fn without(&self, claim: &str) -> Self {
        let mut changed = self.clone();
        if let Some(claims) = changed.claims.as_object_mut() {
            claims.remove(claim);
        }
        changed
    }

    fn message(&self) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}", part(&self.header), part(&self.claims))
    }

    fn unsigned(&self) -> String {
        format!("{}.", self.message())
    }

    fn signed(&self, key: &[u8]) -> Result<String, Failure> {
        let mut mac = Hmac::<Sha256>::new_from_slice(key)?;
        mac.update(self.message().as_bytes());
        Ok(format!("{}.{}", self.message(), URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())))
    }

    fn signed_with_sha_512(&self, key: &[u8]) -> Result<String, Failure> {
        let mut mac = Hmac::<Sha512>::new_from_slice(key)?;
        mac.update(self.message().as_bytes());
        Ok(format!("{}.{}", self.message(), URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())))
    }
}

/// Whether a token is accepted.
type Verifier<'key> = &'key dyn Fn(&str) -> bool;

fn forgeries(honest: &Parts) -> Result<Vec<(&'static str, String)>, Failure> {
    let now = Utc::now().timestamp();
    let (of, claim) = (
        |member: &str, value: Value| honest.header(member, value),
        |member: &str, value: Value| honest.claim(member, value),
    );
    Ok(vec![
        ("alg none", of("alg", json!("none")).unsigned()),
        ("HS512, same key", of("alg", json!("HS512")).signed_with_sha_512(KEY)?),
        ("RS256 in the header", of("alg", json!("RS256")).signed(KEY)?),
        ("no signature", honest.unsigned()),
        ("a guessed key", honest.signed(b"secret")?),
        ("somebody else's id", claim("sub", json!("1")).signed(b"")?),
        ("a key of its own", of("jwk", json!({"kty": "oct", "k": "bWluZQ"})).signed(b"mine")?),
        ("unknown crit", of("crit", json!(["exp-in-dog-years"])).signed(KEY)?),
        ("unknown kid", of("kid", json!("../../dev/null")).signed(KEY)?),
        ("another kind of token", of("typ", json!("JWT")).signed(KEY)?),
        ("expired a second ago", claim("exp", json!(now - 1)).signed(KEY)?),
        ("no expiry", honest.without("exp").signed(KEY)?),
        ("not valid yet", claim("nbf", json!(now + 30)).signed(KEY)?),
        ("another audience", claim("aud", json!("another-api")).signed(KEY)?),
        ("another issuer", claim("iss", json!("https://evil.example")).signed(KEY)?),
        ("a refresh token", RefreshToken::random().expose()),
    ])
}

/// Climbs the ladder; returns how many forgeries the worst verifier accepts.
pub(super) fn climb(stage: &Stage) -> Result<u64, Failure> {
    stage.step("Tokens that are not for this server: forged, expired, of another kind");
    let keys = TokenKeys::parse(&format!("demo:{}", STANDARD.encode(KEY)))?;
    let tokens = Tokens::new(keys, Duration::ZERO);
    let now = Utc::now();
    let bearer = Bearer { user: 17.into(), session: 1.into() };
    let honest = tokens.issue(bearer, now, now + TimeDelta::minutes(10))?;
    let forgeries = forgeries(&Parts::of(&honest)?)?;
    let columns = ["wrongly accepted", "honest ones accepted"];
    let ladder = stage
        .ladder(format!("{} tokens to be refused, and an honest one", forgeries.len()), &columns);
    let verifiers: [(RungKind, &str, Verifier<'_>); 3] = [
        (RungKind::Wrong, "reads what it says", &tempting::read_token),
        (RungKind::Tempting, "verifies what it says", &|token| tempting::verify_token(token, KEY)),
        (RungKind::Right, "knows what it must say", &|token| tokens.check(token).is_ok()),
    ];
    let mut seen = Vec::new();
    for (kind, name, accepts) in verifiers {
        let fooled: Vec<&str> =
            forgeries.iter().filter(|(_, token)| accepts(token)).map(|(name, _)| *name).collect();
        let counts = [fooled.len() as u64, u64::from(accepts(&honest))];
        ladder.rung(kind, name, counts.map(|count| Quantity::count(count).into()).to_vec());
        seen.push((fooled, counts[1]));
    }
    let [(reads, _), (verifies, _), (knows, honest)] = seen.as_slice() else {
        return Err("three rungs".into());
    };
    stage.note(format!(
        "A verifier that lets the token choose accepts: {}. Each of these has a good signature: it is \
         misused, where the others are forged.",
        verifies.join(", ")
    ));
    let all = Quantity::count(forgeries.len() as u64);
    stage.measure("forged", "tokens that must be refused", all);
    let label = "of them accepted by who checks the signature as the token asks";
    stage.measure("forged-accepted", label, Quantity::count(verifies.len() as u64));
    judge(stage, [reads.len(), verifies.len(), knows.len()], *honest == 1);
    Ok(verifies.len() as u64)
}

fn judge(stage: &Stage, [reads, verifies, knows]: [usize; 3], honest: bool) {
    stage.check(
        "unverified-tokens-are-anybodys",
        format!("a server that only decodes accepts {reads} tokens that are not for it"),
        reads > verifies,
    );
    stage.check(
        "a-good-signature-is-not-enough",
        format!("one that checks the signature as the token asks accepts {verifies}"),
        verifies > 0,
    );
    stage.check(
        "no-forgery-is-accepted",
        format!("one that knows what its tokens say accepts {knows}, and the honest one"),
        knows == 0 && honest,
    );
}
