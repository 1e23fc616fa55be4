//! Signed callbacks, as Standard Webhooks has them (version 1.0.0): HMAC-SHA256 over id, time and
//! body, so that none of the three can be exchanged. Answer 13 is about the scheme; here is what one
//! provider with one secret needs.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// Identifies the event, the same at every attempt.
pub const ID: &str = "webhook-id";
/// When the attempt was made, in seconds since 1970.
pub const TIMESTAMP: &str = "webhook-timestamp";
/// One or more signatures, separated by blanks: two while the secret is being changed.
pub const SIGNATURE: &str = "webhook-signature";

/// How far a timestamp may be from our clock, in seconds.
pub const TOLERANCE: i64 = 300;
/// Signatures of one header that are looked at.
const MOST_SIGNATURES: usize = 4;
/// The shortest secret, in bytes.
const LEAST_BYTES: usize = 16;

/// What we share with the provider. Never printed by accident.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The setting is no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "SHOP_PAYMENT_SECRET has fewer than 16 characters, which can be guessed.\nUse a longer one."
)]
pub struct TooShort;

impl Secret {
    /// The secret of a setting, byte by byte.
    ///
    /// # Errors
    /// [`TooShort`].
    pub fn of_setting(setting: &SecretString) -> Result<Self, TooShort> {
        let bytes = setting.expose_secret().as_bytes();
        if bytes.len() < LEAST_BYTES { Err(TooShort) } else { Ok(Self(bytes.to_vec())) }
    }

    fn mac(&self, id: &str, timestamp: i64, body: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        Some(mac)
    }

    /// The value of `webhook-signature` for one attempt.
    #[must_use]
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        // HMAC takes keys of any length, so there is always a tag.
        let tag = self.mac(id, timestamp, body).map(|mac| mac.finalize().into_bytes());
        format!("v1,{}", STANDARD.encode(tag.unwrap_or_default()))
    }

    /// Whether one of the signatures is by this secret over these bytes, at about this time. Constant
    /// in time: a comparison byte by byte tells, by how long it takes, how many were right.
    #[must_use]
    pub fn believes(
        &self,
        (id, timestamp, signatures): (&str, &str, &str),
        body: &[u8],
        now: i64,
    ) -> bool {
        let Ok(timestamp) = timestamp.parse::<i64>() else { return false };
        // Against the sum, as a difference of what a stranger sent could overflow.
        if timestamp < now.saturating_sub(TOLERANCE) || timestamp > now.saturating_add(TOLERANCE) {
            return false;
        }
        let offered = signatures.split(' ').take(MOST_SIGNATURES);
        let mut tags = offered.filter_map(|one| STANDARD.decode(one.strip_prefix("v1,")?).ok());
        tags.any(|tag| {
            self.mac(id, timestamp, body).is_some_and(|mac| mac.verify_slice(&tag).is_ok())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000;

    fn secret(text: &str) -> Secret {
        Secret::of_setting(&SecretString::from(text)).unwrap()
    }

    /// Computed with OpenSSL: printf 'msg_1.1700000000.{"a":1}' | openssl dgst -sha256 -hmac …
    #[test]
    fn the_signature_is_the_one_of_the_specification() {
        let secret = secret("0123456789abcdef0123456789abcdef");
        let signature = secret.sign("msg_1", NOW, br#"{"a":1}"#);
        assert_eq!(signature, "v1,rkwp5YuvdrMkcu0ZhuMsXoTg44mHAr1Q0+FFgFpXsjY=");
    }

    #[test]
    fn only_the_same_id_time_body_and_secret_are_believed() {
        let (ours, body) = (secret("a secret of ours, long enough"), b"body".as_slice());
        let (good, at) = (ours.sign("id", NOW, body), NOW.to_string());
        let believed = |id, at: &str, signatures: &str, body: &[u8]| {
            ours.believes((id, at, signatures), body, NOW)
        };
        assert!(believed("id", &at, &good, body));
        assert!(believed("id", &at, &format!("v1,AAAA v1a,x {good}"), body), "any of several");
        let theirs = secret("a secret of somebody else").sign("id", NOW, body);
        let cases = [
            ("another id", believed("id2", &at, &good, body)),
            ("another time", believed("id", "1700000001", &good, body)),
            ("another body", believed("id", &at, &good, b"Body")),
            ("another secret", believed("id", &at, &theirs, body)),
            ("no signature", believed("id", &at, "", body)),
            ("half a signature", believed("id", &at, &good[..20], body)),
            (
                "the fifth signature",
                believed("id", &at, &format!("{}{good}", "x ".repeat(4)), body),
            ),
            ("no time", believed("id", "now", &good, body)),
        ];
        for (case, believed) in cases {
            assert!(!believed, "{case}");
        }
    }

    #[test]
    fn a_time_is_believed_for_five_minutes_both_ways() {
        let secret = secret("a secret of ours, long enough");
        for (timestamp, expected) in [
            (NOW - TOLERANCE, true),
            (NOW + TOLERANCE, true),
            (NOW - TOLERANCE - 1, false),
            (NOW + TOLERANCE + 1, false),
            (i64::MIN, false),
            (i64::MAX, false),
        ] {
            let good = secret.sign("id", timestamp, b"");
            let at = timestamp.to_string();
            assert_eq!(secret.believes(("id", &at, &good), b"", NOW), expected, "{timestamp}");
        }
    }

    #[test]
    fn a_short_secret_is_refused_at_the_start() {
        let short = SecretString::from("123456789012345");
        assert_eq!(Secret::of_setting(&short).unwrap_err(), TooShort);
    }
}
