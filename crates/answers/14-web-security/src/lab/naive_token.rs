//! Reading tokens the way their author wants them read.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Site;
use super::session::Claims;

/// What the token says of its signature.
pub(super) fn algorithm(token: &str) -> String {
    let header: Option<Value> = part(token, 0);
    header.and_then(|header| header["alg"].as_str().map(str::to_owned)).unwrap_or_default()
}

/// The claims, unchecked.
pub(super) fn unsigned(token: &str) -> Option<Claims> {
    part(token, 1)
}

fn part<T: DeserializeOwned>(token: &str, index: usize) -> Option<T> {
    let part = token.split('.').nth(index)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

/// The claims, checked as the token asked, always with the published key.
pub(super) fn signed(site: &Site, token: &str, algorithm: &str) -> Option<Claims> {
    let public = &site.tokens.public;
    let (algorithm, key) = match algorithm {
        "hs256" => (Algorithm::HS256, DecodingKey::from_secret(public)),
        _ => (Algorithm::EdDSA, DecodingKey::from_ed_der(public)),
    };
    let mut validation = Validation::new(algorithm);
    validation.validate_aud = false;
    decode(token, &key, &validation).ok().map(|decoded| decoded.claims)
}
