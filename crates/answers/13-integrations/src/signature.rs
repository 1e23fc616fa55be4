//! Signed webhooks as the Standard Webhooks specification has them (version 1.0.0): HMAC-SHA256 over
//! id, timestamp and body.
//!
//! The id is signed, so a copy cannot be given another; the timestamp is, so an old copy cannot be
//! made young; and the bytes are, not the JSON that somebody reads out of them.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Identifies the event, the same at every attempt.
pub const ID: &str = "webhook-id";
/// When the attempt was made, in seconds since 1970.
pub const TIMESTAMP: &str = "webhook-timestamp";
/// One or more signatures, separated by blanks: two while a secret is being changed.
pub const SIGNATURE: &str = "webhook-signature";

/// How far a timestamp may be from our clock, in seconds: clocks differ, and a copy that is older is
/// refused without a look into the inbox, which forgets one day.
pub const TOLERANCE: i64 = 300;

/// Signatures of one header that are looked at.
const MOST_SIGNATURES: usize = 4;

/// What two sides share. Never printed by accident: only [`Secret::reveal`] shows it.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
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
}

/// The value of `webhook-signature` for one attempt.
#[must_use]
pub fn sign(secret: &Secret, id: &str, timestamp: i64, body: &[u8]) -> String {
    // HMAC takes keys of any length, so there is always a tag.
    let tag = secret.mac(id, timestamp, body).map(|mac| mac.finalize().into_bytes());
    format!("v1,{}", STANDARD.encode(tag.unwrap_or_default()))
}

/// Why a webhook is not believed; for the log, not for the sender.
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

/// Checks one attempt against our clock and secret. Constant in time whatever the signature is: one
/// that compares byte by byte tells, by its time, how many were right.
///
/// # Errors
/// [`Disbelief`].
pub fn verify(
    secret: &Secret,
    id: &str,
    timestamp: &str,
    signatures: &str,
    body: &[u8],
    now: i64,
) -> Result<(), Disbelief> {
    let timestamp: i64 = timestamp.parse().map_err(|_| Disbelief::Header)?;
    // Against the sum, as a difference of what a stranger sent could overflow.
    if timestamp < now.saturating_sub(TOLERANCE) || timestamp > now.saturating_add(TOLERANCE) {
        return Err(Disbelief::Time);
    }
    let offered = signatures.split(' ').take(MOST_SIGNATURES);
    let mut tags = offered.filter_map(|one| STANDARD.decode(one.strip_prefix("v1,")?).ok());
    let genuine = tags.any(|tag| {
        secret.mac(id, timestamp, body).is_some_and(|mac| mac.verify_slice(&tag).is_ok())
    });
    if genuine { Ok(()) } else { Err(Disbelief::Signature) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000;

    /// Computed with OpenSSL: printf 'msg_1.1700000000.{"a":1}' | openssl dgst -sha256 -mac hmac …
    #[test]
    fn the_signature_is_the_one_of_the_specification() {
        let secret = Secret::parse("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=").unwrap();
        assert_eq!(secret.bytes(), b"0123456789abcdef0123456789abcdef");
        let signature = sign(&secret, "msg_1", NOW, br#"{"a":1}"#);
        assert_eq!(signature, "v1,rkwp5YuvdrMkcu0ZhuMsXoTg44mHAr1Q0+FFgFpXsjY=");
    }

    #[test]
    fn only_the_same_id_time_body_and_secret_are_believed() {
        let (secret, body) = (Secret::random(), b"body".as_slice());
        let good = sign(&secret, "id", NOW, body);
        let at = NOW.to_string();
        assert_eq!(verify(&secret, "id", &at, &good, body, NOW), Ok(()));
        let rotated = format!("v1,AAAA v1a,x {good}");
        assert_eq!(verify(&secret, "id", &at, &rotated, body, NOW), Ok(()), "any of several");
        let signature = Err(Disbelief::Signature);
        assert_eq!(verify(&secret, "id2", &at, &good, body, NOW), signature);
        assert_eq!(verify(&secret, "id", "1700000001", &good, body, NOW), signature);
        assert_eq!(verify(&secret, "id", &at, &good, b"Body", NOW), signature);
        assert_eq!(verify(&Secret::random(), "id", &at, &good, body, NOW), signature);
        for bad in ["", "v1,", "v1,!", &good[..20], &format!("{} {good}", "v1,AAAA ".repeat(4))] {
            assert_eq!(verify(&secret, "id", &at, bad, body, NOW), signature, "{bad:?}");
        }
    }

    #[test]
    fn a_timestamp_is_believed_for_five_minutes_both_ways() {
        let secret = Secret::random();
        for (timestamp, expected) in [
            (NOW - TOLERANCE, Ok(())),
            (NOW + TOLERANCE, Ok(())),
            (NOW - TOLERANCE - 1, Err(Disbelief::Time)),
            (NOW + TOLERANCE + 1, Err(Disbelief::Time)),
            (i64::MIN, Err(Disbelief::Time)),
            (i64::MAX, Err(Disbelief::Time)),
        ] {
            let good = sign(&secret, "id", timestamp, b"");
            let verdict = verify(&secret, "id", &timestamp.to_string(), &good, b"", NOW);
            assert_eq!(verdict, expected, "{timestamp}");
        }
        assert_eq!(verify(&secret, "id", "now", "v1,", b"", NOW), Err(Disbelief::Header));
    }
}
