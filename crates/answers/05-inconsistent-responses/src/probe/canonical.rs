//! When two responses are the same: status, media type, and the body in canonical form.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// SHA-256 of a response in canonical form; shown by its first twelve digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Digest([u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().take(6).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A body as it is compared.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Body {
    /// JSON without the members that are to be ignored.
    Json(Value),
    /// Anything else, byte for byte.
    Other(Vec<u8>),
}

impl Body {
    /// Reads a body: as JSON where the media type says so and it is, as bytes otherwise.
    pub(super) fn read(media_type: &str, bytes: &[u8], ignore: &[Pattern]) -> Self {
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        let json = essence == "application/json" || essence.ends_with("+json");
        match serde_json::from_slice(bytes) {
            Ok(mut value) if json => {
                ignore.iter().for_each(|pattern| pattern.remove_from(&mut value));
                Self::Json(value)
            }
            _ => Self::Other(bytes.to_vec()),
        }
    }

    /// The digest of a response with this body.
    pub(super) fn digest(&self, status: u16, media_type: &str) -> Digest {
        let mut hash = Sha256::new();
        hash.update(format!("{status}\n{media_type}\n"));
        match self {
            Self::Json(value) => hash.update(canonical(value)),
            Self::Other(bytes) => hash.update(bytes),
        }
        Digest(hash.finalize().into())
    }
}

/// JSON with sorted members and no white space, like RFC 8785, but with numbers as they were
/// written: to a client in a typed language `1.0` is no `1`.
pub(super) fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_unstable_by_key(|(name, _)| name.as_str());
            text.push('{');
            for (index, (name, member)) in sorted.into_iter().enumerate() {
                text.push_str(if index > 0 { "," } else { "" });
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                write(member, text);
            }
            text.push('}');
        }
        Value::Array(elements) => {
            text.push('[');
            for (index, element) in elements.iter().enumerate() {
                text.push_str(if index > 0 { "," } else { "" });
                write(element, text);
            }
            text.push(']');
        }
        scalar => text.push_str(&scalar.to_string()),
    }
}

/// A JSON pointer (RFC 6901) in which `*` stands for any member or element, such as `/orders/*/eta`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(Vec<String>);

/// The text is no JSON pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a JSON pointer begins with a slash and names a member, such as /request_id or /orders/*/eta"
)]
pub struct NotAPointer;

impl FromStr for Pattern {
    type Err = NotAPointer;

    fn from_str(text: &str) -> Result<Self, NotAPointer> {
        let steps = text.strip_prefix('/').filter(|steps| !steps.is_empty()).ok_or(NotAPointer)?;
        Ok(Self(steps.split('/').map(|step| step.replace("~1", "/").replace("~0", "~")).collect()))
    }
}

impl Pattern {
    /// Takes away what the pattern points at. Elements of arrays become null, so that the others
    /// keep their places.
    fn remove_from(&self, value: &mut Value) {
        remove(&self.0, value);
    }
}

fn remove(steps: &[String], value: &mut Value) {
    let Some((step, rest)) = steps.split_first() else { return };
    let matches = |name: &str| step == "*" || step == name;
    match value {
        Value::Object(members) if rest.is_empty() => members.retain(|name, _| !matches(name)),
        Value::Object(members) => {
            let chosen = members.iter_mut().filter(|(name, _)| matches(name));
            chosen.for_each(|(_, member)| remove(rest, member));
        }
        Value::Array(elements) => {
            let chosen =
                elements.iter_mut().enumerate().filter(|(index, _)| matches(&index.to_string()));
            for (_, element) in chosen {
                if rest.is_empty() {
                    *element = Value::Null;
                } else {
                    remove(rest, element);
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
