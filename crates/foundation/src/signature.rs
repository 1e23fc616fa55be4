//! Signed callbacks as the Standard Webhooks specification has them (version 1.0.0): HMAC-SHA256 over
//! id, timestamp and body.
//!
//! The id is signed, so a copy cannot be given another; the timestamp is, so an old copy cannot be
//! made young; and the bytes are, not the JSON that somebody reads out of them.

use std::fmt;

use actix_web::HttpRequest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::Utc;
use error_handling::{Cause, InvalidField, Problem, ProblemType};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// Identifies the event, the same at every attempt.
pub const ID: &str = "webhook-id";
/// When the attempt was made, in seconds since 1970.
pub const TIMESTAMP: &str = "webhook-timestamp";
/// One or more signatures, separated by blanks: two while a secret is being changed.
pub const SIGNATURE: &str = "webhook-signature";

/// How far a timestamp may be from our clock, in seconds: clocks differ, and a copy that is older is
/// refused without a look at what was received, which is forgotten one day.
pub const TOLERANCE: i64 = 300;

/// The longest id of an event, in bytes.
pub const MOST_ID_BYTES: usize = 100;

/// Signatures of one header that are looked at.
const MOST_SIGNATURES: usize = 4;
/// The shortest secret that a person may choose, in bytes.
const LEAST_BYTES: usize = 16;

/// What two sides share. Never printed by accident: only [`Secret::reveal`] shows it.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The setting of this name is no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} has fewer than 16 characters, which can be guessed.\nUse a longer one.")]
pub struct TooShort(&'static str);

/// Why a callback is not believed; for the log, not for the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Disbelief {
    /// A header is missing or cannot be read.
    #[error("a signature header is missing or cannot be read")]
    Header,
    /// The timestamp is too far from our clock.
    #[error("the timestamp is not of these minutes")]
    Time,
    /// No signature is by this secret over these bytes.
    #[error("the signature is wrong")]
    Signature,
}

impl Disbelief {
    const fn cause(self) -> &'static str {
        match self {
            Self::Header => "a signature header is missing or cannot be read",
            Self::Time => "the timestamp of a callback is not of these minutes",
            Self::Signature => "the signature of a callback is wrong",
        }
    }
}

/// What came with one attempt; empty where a header is missing or no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signed<'request> {
    /// [`ID`].
    pub id: &'request str,
    /// [`TIMESTAMP`].
    pub timestamp: &'request str,
    /// [`SIGNATURE`].
    pub signatures: &'request str,
}

impl<'request> Signed<'request> {
    /// The headers of a request.
    #[must_use]
    pub fn of(request: &'request HttpRequest) -> Self {
        let header = |name: &str| {
            request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
        };
        Self { id: header(ID), timestamp: header(TIMESTAMP), signatures: header(SIGNATURE) }
    }
}

impl Secret {
    /// 32 random bytes.
    #[must_use]
    pub fn random() -> Self {
        Self([rand::random::<[u8; 16]>(), rand::random()].concat())
    }

    /// The secret as it is stored.
    #[must_use]
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The secret of the setting of this name, byte by byte.
    ///
    /// # Errors
    /// [`TooShort`].
    pub fn of_setting(name: &'static str, setting: &SecretString) -> Result<Self, TooShort> {
        let bytes = setting.expose_secret().as_bytes();
        if bytes.len() < LEAST_BYTES { Err(TooShort(name)) } else { Ok(Self(bytes.to_vec())) }
    }

    /// Reads what [`Secret::reveal`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = STANDARD.decode(text.strip_prefix("whsec_")?).ok()?;
        (24..=64).contains(&bytes.len()).then_some(Self(bytes))
    }

    /// The bytes to store.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The secret for the other side to keep.
    #[must_use]
    pub fn reveal(&self) -> String {
        format!("whsec_{}", STANDARD.encode(&self.0))
    }

    fn mac(&self, id: &str, timestamp: i64, body: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        Some(mac)
    }

    /// The value of [`SIGNATURE`] for one attempt.
    #[must_use]
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        // HMAC takes keys of any length, so there is always a tag.
        let tag = self.mac(id, timestamp, body).map(|mac| mac.finalize().into_bytes());
        format!("v1,{}", STANDARD.encode(tag.unwrap_or_default()))
    }

    /// The headers of one attempt.
    #[must_use]
    pub fn headers(&self, id: &str, timestamp: i64, body: &[u8]) -> [(&'static str, String); 3] {
        let signature = self.sign(id, timestamp, body);
        [(ID, id.to_owned()), (TIMESTAMP, timestamp.to_string()), (SIGNATURE, signature)]
    }

    /// Checks one attempt against our clock. Constant in time whatever the signature is: one that
    /// compares byte by byte tells, by its time, how many were right.
    ///
    /// # Errors
    /// [`Disbelief`].
    pub fn verify(&self, signed: Signed<'_>, body: &[u8], now: i64) -> Result<(), Disbelief> {
        let timestamp: i64 = signed.timestamp.parse().map_err(|_| Disbelief::Header)?;
        // Against the sum, as a difference of what a stranger sent could overflow.
        if timestamp < now.saturating_sub(TOLERANCE) || timestamp > now.saturating_add(TOLERANCE) {
            return Err(Disbelief::Time);
        }
        let offered = signed.signatures.split(' ').take(MOST_SIGNATURES);
        let mut tags = offered.filter_map(|one| STANDARD.decode(one.strip_prefix("v1,")?).ok());
        let genuine = tags.any(|tag| {
            self.mac(signed.id, timestamp, body).is_some_and(|mac| mac.verify_slice(&tag).is_ok())
        });
        if genuine { Ok(()) } else { Err(Disbelief::Signature) }
    }

    /// The id of the event, once it is known that whoever shares this secret sent it just now.
    ///
    /// # Errors
    /// 401 as [`unsigned`]; 422 for an id that is empty or longer than [`MOST_ID_BYTES`].
    pub fn believe(&self, request: &HttpRequest, body: &[u8]) -> Result<String, Problem> {
        let signed = Signed::of(request);
        self.verify(signed, body, Utc::now().timestamp()).map_err(|why| unsigned(why.cause()))?;
        if !(1..=MOST_ID_BYTES).contains(&signed.id.len()) {
            let field = InvalidField::parameter(ID, "out_of_range", "Use 1 to 100 bytes.");
            return Err(Problem::invalid(vec![field]));
        }
        Ok(signed.id.to_owned())
    }
}

/// 401 that is the same whichever check failed; that, only the log knows.
#[must_use]
pub fn unsigned(cause: &'static str) -> Problem {
    let detail = "Sign the body with the secret that we share, and send it at once.";
    Problem::new(ProblemType::Unauthenticated, detail)
        .with_challenge("Webhook-Signature")
        .with_cause(Cause::new(cause))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000;

    fn verify(
        secret: &Secret,
        (id, timestamp, signatures): (&str, &str, &str),
        body: &[u8],
    ) -> Result<(), Disbelief> {
        secret.verify(Signed { id, timestamp, signatures }, body, NOW)
    }

    /// Computed with OpenSSL: printf 'msg_1.1700000000.{"a":1}' | openssl dgst -sha256 -mac hmac …
    #[test]
    fn the_signature_is_the_one_of_the_specification() {
        let bytes = b"0123456789abcdef0123456789abcdef";
        let read = Secret::parse("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=").unwrap();
        assert_eq!(read.bytes(), bytes);
        let setting = SecretString::from(String::from_utf8(bytes.to_vec()).unwrap());
        for secret in [read, Secret::of_setting("SECRET", &setting).unwrap()] {
            let signature = secret.sign("msg_1", NOW, br#"{"a":1}"#);
            assert_eq!(signature, "v1,rkwp5YuvdrMkcu0ZhuMsXoTg44mHAr1Q0+FFgFpXsjY=");
        }
    }

    #[test]
    fn only_the_same_id_time_body_and_secret_are_believed() {
        let (secret, body) = (Secret::random(), b"body".as_slice());
        let (good, at) = (secret.sign("id", NOW, body), NOW.to_string());
        assert_eq!(verify(&secret, ("id", &at, &good), body), Ok(()));
        let rotated = format!("v1,AAAA v1a,x {good}");
        assert_eq!(verify(&secret, ("id", &at, &rotated), body), Ok(()), "any of several");
        let theirs = Secret::random().sign("id", NOW, body);
        let fifth = format!("{}{good}", "x ".repeat(MOST_SIGNATURES));
        for (case, signed, body) in [
            ("another id", ("id2", at.as_str(), good.as_str()), body),
            ("another time", ("id", "1700000001", &good), body),
            ("another body", ("id", &at, &good), b"Body"),
            ("another secret", ("id", &at, &theirs), body),
            ("no signature", ("id", &at, ""), body),
            ("half a signature", ("id", &at, &good[..20]), body),
            ("the fifth signature", ("id", &at, &fifth), body),
        ] {
            assert_eq!(verify(&secret, signed, body), Err(Disbelief::Signature), "{case}");
        }
        for timestamp in ["", "now"] {
            assert_eq!(verify(&secret, ("id", timestamp, &good), body), Err(Disbelief::Header));
        }
    }

    #[test]
    fn a_time_is_believed_for_five_minutes_both_ways() {
        let secret = Secret::random();
        for (timestamp, expected) in [
            (NOW - TOLERANCE, Ok(())),
            (NOW + TOLERANCE, Ok(())),
            (NOW - TOLERANCE - 1, Err(Disbelief::Time)),
            (NOW + TOLERANCE + 1, Err(Disbelief::Time)),
            (i64::MIN, Err(Disbelief::Time)),
            (i64::MAX, Err(Disbelief::Time)),
        ] {
            let good = secret.sign("id", timestamp, b"");
            let signed = ("id", &*timestamp.to_string(), &*good);
            assert_eq!(verify(&secret, signed, b""), expected, "{timestamp}");
        }
    }

    #[test]
    fn a_secret_comes_back_as_it_was_and_a_short_one_is_refused() {
        let secret = Secret::random();
        assert_eq!(Secret::parse(&secret.reveal()).unwrap().bytes(), secret.bytes());
        assert!(!format!("{secret:?}").contains(&secret.reveal()));
        for text in ["", "whsec_", "whsec_AAAA", "whsec_?", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"] {
            assert!(Secret::parse(text).is_none(), "{text}");
        }
        let short = SecretString::from("123456789012345");
        let refused = Secret::of_setting("PARTNER_SECRET", &short).unwrap_err();
        assert_eq!(refused, TooShort("PARTNER_SECRET"));
        assert!(refused.to_string().starts_with("PARTNER_SECRET has fewer"), "{refused}");
    }
}
