//! Refresh tokens: what a device keeps to stay logged in.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use diesel::{PgConnection, QueryResult};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use sha2::{Digest, Sha256};

use crate::secret::shared_secret;

/// A random string that means nothing in itself: 128 bits that stay for as long as the session
/// lives, and 256 that are new after each use.
///
/// The first part finds the session, so that *any* earlier token of it is recognised as one that
/// was used up, with one row for a session. Instead of a table of spent tokens, which grows by a
/// row for each use and forgets those that it deletes. Opaque instead of a JWT: it is looked up
/// anyway, and what cannot be read cannot be mistaken for an access token.
#[derive(Clone)]
pub struct RefreshToken(SecretSlice<u8>);

/// SHA-256 of something that has at least 128 random bits. A slow hash protects what people make
/// up; random bits cannot be guessed, and a fast digest lets the database compare by index.
pub(crate) type TokenHash = [u8; 32];

const FAMILY: usize = 16;
const LENGTH: usize = FAMILY + 32;

impl RefreshToken {
    /// The first token of a new session.
    #[must_use]
    pub fn random() -> Self {
        let bytes: [u8; LENGTH] = rand::random();
        Self(SecretSlice::from(bytes.to_vec()))
    }

    /// Takes what a client sent; nothing where it cannot be a token of ours.
    #[must_use]
    pub fn parse(sent: &SecretString) -> Option<Self> {
        let sent = sent.expose_secret();
        // 64 characters carry 48 bytes; a longer text is not decoded in vain.
        let bytes = URL_SAFE_NO_PAD.decode(sent).ok().filter(|_| sent.len() == LENGTH / 3 * 4)?;
        Some(Self(SecretSlice::from(bytes)))
    }

    /// For the client, and for nothing else.
    #[must_use]
    pub fn expose(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.expose_secret())
    }

    /// What all tokens of the session have in common.
    pub(crate) fn family_hash(&self) -> TokenHash {
        Sha256::digest(&self.0.expose_secret()[..FAMILY]).into()
    }

    /// What no other token has.
    pub(crate) fn hash(&self) -> TokenHash {
        Sha256::digest(self.0.expose_secret()).into()
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshToken([redacted])")
    }
}

/// The key that makes the next token out of the last.
///
/// Made, instead of drawn: a client whose response got lost asks again, of whichever replica, and
/// is given the very token it missed. Nobody has to keep that token in the clear for it, and there
/// is never a second one. Without the key, the last token tells nothing of the next.
#[derive(Clone, Debug)]
pub(crate) struct SuccessorKey(SecretSlice<u8>);

impl SuccessorKey {
    /// Kept beside the sessions it is for: whoever steals both has digests and no token to begin
    /// with.
    pub(crate) fn obtain(connection: &mut PgConnection) -> QueryResult<Self> {
        shared_secret(connection, "refresh").map(Self)
    }

    pub(crate) fn successor(&self, token: &RefreshToken) -> RefreshToken {
        let bytes = token.0.expose_secret();
        let mut next = bytes[..FAMILY].to_vec();
        match Hmac::<Sha256>::new_from_slice(self.0.expose_secret()) {
            Ok(mut mac) => {
                mac.update(bytes);
                next.extend_from_slice(&mac.finalize().into_bytes());
            }
            Err(_) => unreachable!("HMAC takes a key of any length"),
        }
        RefreshToken(SecretSlice::from(next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(bytes: &[u8]) -> SuccessorKey {
        SuccessorKey(SecretSlice::from(bytes.to_vec()))
    }

    #[test]
    fn a_token_survives_the_wire_and_nothing_else_is_taken_for_one() {
        let token = RefreshToken::random();
        let sent = SecretString::from(token.expose());
        assert_eq!(RefreshToken::parse(&sent).unwrap().hash(), token.hash());
        let text = token.expose();
        for other in ["", "x", &text[1..], &format!("{text}A"), &text.replace(&text[..1], "=")] {
            assert!(RefreshToken::parse(&SecretString::from(other)).is_none(), "{other}");
        }
    }

    #[test]
    fn the_successor_is_of_the_same_family_always_the_same_and_not_to_be_known_without_the_key() {
        let token = RefreshToken::random();
        let next = key(b"one").successor(&token);
        assert_eq!(next.family_hash(), token.family_hash());
        assert_ne!(next.hash(), token.hash());
        assert_eq!(next.hash(), key(b"one").successor(&token).hash());
        assert_ne!(next.hash(), key(b"two").successor(&token).hash());
    }

    #[test]
    fn nothing_prints_a_token() {
        assert_eq!(format!("{:?}", RefreshToken::random()), "RefreshToken([redacted])");
    }
}
