//! Which account a typed address means.

use std::fmt;
use std::sync::{Arc, OnceLock};

use foundation::module::{StartFailure, Starting};

/// From what somebody typed to the form that accounts are unique by; nothing for no address.
pub type NormalForm = fn(&str) -> Option<String>;

/// How log-in finds the account of an address.
///
/// Registration decides which addresses are one account, so it hands its rule over: a copy of it
/// here would drift, and people would have accounts that they cannot log in to.
#[derive(Clone, Default)]
pub struct AccountForm(Arc<OnceLock<NormalForm>>);

impl AccountForm {
    /// Longest address that is looked up, in bytes (RFC 5321, section 4.5.3.1): what the column
    /// takes.
    const MAX_BYTES: usize = 320;

    /// Makes log-ins of this server use `rule`; for the module that registers accounts.
    ///
    /// # Errors
    /// Never, unless two modules register accounts.
    pub fn is(starting: &mut Starting<'_>, rule: NormalForm) -> Result<(), StartFailure> {
        let twice = |_| "two modules say which addresses are one account".into();
        Self::of(starting)?.0.set(rule).map_err(twice)
    }

    pub(crate) fn of(starting: &mut Starting<'_>) -> Result<Self, StartFailure> {
        starting.once(|_| Ok(Self::default()))
    }

    /// The form of what was typed. Without a rule from registration: trimmed, in lower case.
    pub(crate) fn read(&self, typed: &str) -> Option<String> {
        let form = match self.0.get() {
            Some(rule) => rule(typed),
            None => Some(typed.trim().to_lowercase()).filter(|address| address.contains('@')),
        };
        form.filter(|address| address.len() <= Self::MAX_BYTES && !address.contains('\0'))
    }
}

impl fmt::Debug for AccountForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AccountForm").field(&self.0.get().is_some()).finish()
    }
}
