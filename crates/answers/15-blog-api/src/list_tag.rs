//! The tag of a list. That of a single post is its version, see `foundation::precondition`.

use serde::Serialize;
use sha2::{Digest, Sha256};

/// The weak tag of a list: a digest of what stands in it. Keyless SHA-256, as everybody shares the
/// cached lists, and whoever could make two with one tag could keep others from seeing the second.
pub(crate) fn list_tag(contents: &impl Serialize) -> String {
    let json = serde_json::to_vec(contents).unwrap_or_default();
    format!("W/\"{}\"", hexadecimal(&Sha256::digest(json)[..16]))
}

/// Bytes as text.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
