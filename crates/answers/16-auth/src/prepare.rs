//! From a password of any length to the bytes that bcrypt reads.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use diesel::PgConnection;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use sha2::Sha256;

use crate::Password;
use crate::secret::shared_secret;

/// The key that passwords are prepared with.
///
/// bcrypt reads 72 bytes and stops at a NUL; what comes after is ignored. A digest of the whole
/// password in base64 is 44 bytes without NUL. HMAC instead of a bare SHA-256, as otherwise a list
/// of SHA-256 hashes stolen elsewhere could be tried against ours without knowing one password.
#[derive(Clone, Debug)]
pub struct PasswordKey(SecretSlice<u8>);

/// There is no key to prepare passwords with.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A short secret could be found by trying.
    #[error("PASSWORD_KEY has fewer than 32 characters: make one with `openssl rand -base64 32`")]
    TooShort,
    /// The database did not keep or give one.
    #[error("the key for passwords could not be read from the database")]
    Database(#[source] diesel::result::Error),
}

impl PasswordKey {
    /// The configured key, or one that the servers of this database made and share.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn obtain(
        configured: Option<&SecretString>,
        connection: &mut PgConnection,
    ) -> Result<Self, KeyError> {
        if let Some(key) = configured {
            let key = key.expose_secret().as_bytes().to_vec();
            return if key.len() < 32 { Err(KeyError::TooShort) } else { Ok(Self::new(key)) };
        }
        tracing::info!("PASSWORD_KEY is not set: the key for passwords is kept in the database");
        shared_secret(connection, "password").map(Self).map_err(KeyError::Database)
    }

    /// Uses these bytes; whoever changes them invalidates every stored hash.
    #[must_use]
    pub fn new(key: Vec<u8>) -> Self {
        Self(SecretSlice::from(key))
    }

    /// The same password and key always give the same 44 bytes.
    pub(crate) fn prepare(&self, password: &Password) -> String {
        STANDARD.encode(self.digest(password.expose().as_bytes()))
    }

    /// A keyed digest, for what must be compared later and not be guessed from: an unkeyed digest
    /// of a request that holds a password would be a fast hash of that password.
    #[must_use]
    pub fn digest(&self, message: &[u8]) -> [u8; 32] {
        // HMAC takes a key of any length (RFC 2104, section 2).
        match Hmac::<Sha256>::new_from_slice(self.0.expose_secret()) {
            Ok(mut mac) => {
                mac.update(message);
                mac.finalize().into_bytes().into()
            }
            Err(_) => unreachable!("HMAC takes a key of any length"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(key: &str, typed: &str) -> String {
        let password = Password::attempt(&SecretString::from(typed)).unwrap();
        PasswordKey::new(key.as_bytes().to_vec()).prepare(&password)
    }

    #[test]
    fn every_byte_of_a_long_password_counts() {
        let long = "correct horse battery staple ".repeat(4);
        assert!(long.len() > 72);
        assert_ne!(prepared("key", &format!("{long}a")), prepared("key", &format!("{long}b")));
        assert_eq!(prepared("key", &long).len(), 44);
    }

    #[test]
    fn the_key_matters() {
        assert_ne!(prepared("one", "correct horse"), prepared("two", "correct horse"));
    }

    #[test]
    fn the_digest_is_hmac_sha_256() {
        // RFC 4231, test case 2.
        let digest = PasswordKey::new(b"Jefe".to_vec()).digest(b"what do ya want for nothing?");
        assert_eq!(digest[..4], [0x5b, 0xdc, 0xc1, 0x46]);
        assert_eq!(digest[28..], [0x64, 0xec, 0x38, 0x43]);
    }
}
