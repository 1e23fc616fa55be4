//! What a domain type says of a value that it does not take.

use std::borrow::Cow;
use std::fmt;

use crate::InvalidField;

/// Why a value is not acceptable, before it is known where in the request it stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    code: &'static str,
    detail: Cow<'static, str>,
}

impl Rejection {
    /// A stable code for clients, and the same for a person.
    pub fn new(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: detail.into() }
    }

    /// Stable code for clients.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.code
    }

    /// The fault in a member of the body; `pointer` is without its `#`.
    #[must_use]
    pub fn in_body(self, pointer: &str) -> InvalidField {
        InvalidField::body(pointer, self.code, self.detail)
    }

    /// The fault in a path, query or header parameter.
    #[must_use]
    pub fn in_parameter(self, name: &str) -> InvalidField {
        InvalidField::parameter(name, self.code, self.detail)
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Rejection {}
