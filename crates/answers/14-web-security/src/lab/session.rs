//! Tokens that say who somebody is. How they are checked is up to each build.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{TimeDelta, Utc};
use error_handling::{Cause, Problem};
use evidence::Failure;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Site;

/// Who issues the lab's tokens.
pub(super) const ISSUER: &str = "lab";
/// Whom they are for.
pub(super) const AUDIENCE: &str = "lab-api";

/// What a token says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Claims {
    pub(super) iss: String,
    pub(super) aud: String,
    pub(super) sub: String,
    pub(super) exp: i64,
}

/// A key pair, so that others can check tokens with what is published.
pub(super) struct Tokens {
    private: EncodingKey,
    pub(super) public: Vec<u8>,
}

impl Tokens {
    /// A fresh pair.
    pub(super) fn new() -> Result<Self, Failure> {
        let failed = |_| "no key pair could be made";
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(failed)?;
        let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).map_err(|_| "no key pair")?;
        let private = EncodingKey::from_ed_der(document.as_ref());
        Ok(Self { private, public: pair.public_key().as_ref().to_vec() })
    }

    /// A token for this person.
    pub(super) fn issue(&self, person: i64) -> Result<String, Problem> {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: person.to_string(),
            exp: (Utc::now() + TimeDelta::minutes(10)).timestamp(),
        };
        encode(&Header::new(Algorithm::EdDSA), &claims, &self.private)
            .map_err(|_| Problem::internal(Cause::new("token could not be signed")))
    }
}

/// The public key, as every build publishes it.
pub(super) async fn keys(site: web::Data<Site>) -> HttpResponse {
    let key = URL_SAFE_NO_PAD.encode(&site.tokens.public);
    HttpResponse::Ok().json(json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": key}]}))
}

/// The token of a request, from its header or the session cookie of this name.
pub(super) fn presented(request: &HttpRequest, cookie: &str) -> Option<String> {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let bearer = header(header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
    let session = || {
        let cookies = header(header::COOKIE)?.split(';').map(str::trim);
        cookies.filter_map(|pair| pair.split_once('=')).find(|(name, _)| *name == cookie)
    };
    bearer.or_else(|| session().map(|(_, value)| value)).map(str::to_owned)
}
