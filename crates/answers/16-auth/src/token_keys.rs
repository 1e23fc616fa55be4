//! The keys that access tokens are signed with.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use diesel::PgConnection;
use jsonwebtoken::{DecodingKey, EncodingKey};
use secrecy::{ExposeSecret, SecretSlice, SecretString};

use crate::secret::shared_secret;

/// The keys, in the order of the configuration: the first signs, all verify.
///
/// To replace one without logging anybody out: append the new key on every server, then move it to
/// the front, then take the old one away once its last token has expired.
#[derive(Clone)]
pub struct TokenKeys(Arc<[TokenKey]>);

struct TokenKey {
    id: String,
    signing: EncodingKey,
    verifying: DecodingKey,
}

/// There is no usable key; the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum TokenKeyError {
    /// Not of the form `id:base64,id:base64`.
    #[error(
        "TOKEN_KEYS is a list of id:base64 joined by commas; ids are up to 32 letters, digits, - and _"
    )]
    Form,
    /// HMAC-SHA-256 wants a key as long as its output (RFC 7518, section 3.2), as a token can be
    /// tried against guessed keys without asking the server.
    #[error("a key in TOKEN_KEYS has fewer than 256 bits: make one with `openssl rand -base64 32`")]
    TooShort,
    /// Which of the two would verify?
    #[error("two keys in TOKEN_KEYS have one id")]
    SameId,
    /// The database did not keep or give one.
    #[error("the key for tokens could not be read from the database")]
    Database(#[source] diesel::result::Error),
}

/// Both alphabets are told apart by their last two characters; padding is up to the writer.
const RELAXED: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, RELAXED);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::URL_SAFE, RELAXED);

impl TokenKeys {
    const MIN_BYTES: usize = 32;

    /// The configured keys, or one that the servers of this database made and share.
    ///
    /// # Errors
    /// See [`TokenKeyError`].
    pub fn obtain(
        configured: Option<&SecretString>,
        connection: &mut PgConnection,
    ) -> Result<Self, TokenKeyError> {
        if let Some(keys) = configured {
            return Self::parse(keys.expose_secret());
        }
        tracing::info!("TOKEN_KEYS is not set: the key for tokens is kept in the database");
        let secret = shared_secret(connection, "token").map_err(TokenKeyError::Database)?;
        Ok(Self([TokenKey::new("database", &secret)].into()))
    }

    /// Reads `id:base64,id:base64`.
    pub(crate) fn parse(list: &str) -> Result<Self, TokenKeyError> {
        let keys = list.split(',').map(TokenKey::parse).collect::<Result<Vec<_>, _>>()?;
        let is_repeated = |(place, key): (usize, &TokenKey)| {
            keys[..place].iter().any(|earlier| earlier.id == key.id)
        };
        if keys.iter().enumerate().any(is_repeated) {
            return Err(TokenKeyError::SameId);
        }
        Ok(Self(keys.into()))
    }

    pub(crate) fn signing(&self) -> (&str, &EncodingKey) {
        (&self.0[0].id, &self.0[0].signing)
    }

    pub(crate) fn verifying(&self, id: &str) -> Option<&DecodingKey> {
        self.0.iter().find(|key| key.id == id).map(|key| &key.verifying)
    }
}

impl TokenKey {
    fn new(id: &str, secret: &SecretSlice<u8>) -> Self {
        Self {
            id: id.to_owned(),
            signing: EncodingKey::from_secret(secret.expose_secret()),
            verifying: DecodingKey::from_secret(secret.expose_secret()),
        }
    }

    fn parse(item: &str) -> Result<Self, TokenKeyError> {
        let (id, encoded) = item.trim().split_once(':').ok_or(TokenKeyError::Form)?;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if !(1..=32).contains(&id.len()) || !id.bytes().all(is_plain) {
            return Err(TokenKeyError::Form);
        }
        let decoded = STANDARD.decode(encoded).or_else(|_| URL_SAFE.decode(encoded));
        let secret = SecretSlice::from(decoded.map_err(|_| TokenKeyError::Form)?);
        if secret.expose_secret().len() < TokenKeys::MIN_BYTES {
            return Err(TokenKeyError::TooShort);
        }
        Ok(Self::new(id, &secret))
    }
}

impl fmt::Debug for TokenKeys {
    /// Ids only: they are in every token anyway.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| &key.id)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

    #[test]
    fn the_first_key_signs_and_all_verify() {
        let keys = TokenKeys::parse(&format!("new:{LONG},old:{}", LONG.replace('M', "N"))).unwrap();
        assert_eq!(keys.signing().0, "new");
        assert!(keys.verifying("new").is_some() && keys.verifying("old").is_some());
        assert!(keys.verifying("other").is_none());
        assert_eq!(format!("{keys:?}"), r#"["new", "old"]"#, "and none is printed");
    }

    #[test]
    fn either_alphabet_of_base64_is_read_with_and_without_padding() {
        let odd = format!("{}+/8=", "A".repeat(44));
        for encoded in [LONG, LONG.trim_end_matches('='), &odd, &odd.replace("+/8=", "-_8")] {
            assert!(TokenKeys::parse(&format!("k:{encoded}")).is_ok(), "{encoded}");
        }
    }

    #[test]
    fn what_is_no_list_of_strong_keys_is_refused() {
        let same = format!("a:{LONG},a:{LONG}");
        let half = format!("a:{LONG},b:MDEyMzQ1Njc4OWFiY2RlZg==");
        let long_id = format!("{}:{LONG}", "i".repeat(33));
        let (form, short) = ("list of id:base64", "fewer than 256 bits");
        let cases = [
            ("", form),
            (LONG, form),
            ("a:not base64", form),
            (&long_id, form),
            ("a b:MDEy", form),
            ("a:", short),
            ("a:MDEyMzQ1Njc4OWFiY2RlZg==", short),
            (&half, short),
            (&same, "one id"),
        ];
        for (list, complaint) in cases {
            let refused = TokenKeys::parse(list).unwrap_err().to_string();
            assert!(refused.contains(complaint), "{list}: {refused}");
        }
    }
}
