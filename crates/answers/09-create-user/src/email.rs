//! An e-mail address: how it was written, and the one form that decides whose it is.

use icu_normalizer::ComposingNormalizerBorrowed;
use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};

use crate::model::Rejection;
use crate::text::is_invisible;

/// An address that may have an account.
///
/// Parsed by rules, instead of one regular expression: each rule has a source and a code of its
/// own. Whether the mailbox exists, only a letter to it can tell.
#[derive(Clone, PartialEq, Eq)]
pub struct Email {
    written: String,
    normalized: String,
}

impl Email {
    /// Longest address: a path of 256 octets without its brackets (RFC 5321, section 4.5.3.1.3).
    pub const MAX_CHARS: usize = 254;
    /// Longest in bytes, 64 + 1 + 255 (RFC 5321, section 4.5.3.1): what the column takes.
    pub const MAX_BYTES: usize = 320;
    /// Longest part before the @, in octets (RFC 5321, section 4.5.3.1.1).
    pub const MAX_LOCAL: usize = 64;

    /// Takes what somebody typed, spaces around it included.
    ///
    /// # Errors
    /// With the code `empty`, `too_long`, `control_character`, `invisible_character` or
    /// `not_an_address`.
    pub fn parse(typed: &str) -> Result<Self, Rejection> {
        let trimmed = typed.trim();
        refuse_unwritable(trimmed)?;
        // Compatibility form (UAX #15), to compare by alone: a full-width keyboard types the same
        // address. What goes into letters, `written`, stays NFC as RFC 6532, section 3.1 wants.
        let plain = ComposingNormalizerBorrowed::new_nfkc().normalize(trimmed);
        let (local, domain) = plain
            .split_once('@')
            .filter(|(_, domain)| !domain.contains('@'))
            .ok_or_else(|| no_address("Write it as name@example.org, with one @."))?;
        let normalized = format!("{}@{}", normal_local(local)?, normal_domain(domain)?);
        let composed = ComposingNormalizerBorrowed::new_nfc().normalize(trimmed);
        // No mail server reads a full-width @; anything else is kept as the person writes it.
        let written = if composed.contains('@') { composed } else { plain.clone() };
        refuse_long(&normalized)?;
        refuse_long(&written)?;
        Ok(Self { written: written.into_owned(), normalized })
    }

    /// As it was written, composed (NFC) and trimmed: the form for letters.
    #[must_use]
    pub fn written(&self) -> &str {
        &self.written
    }

    /// The form that is unique: two addresses that share it are one account.
    #[must_use]
    pub fn normalized(&self) -> &str {
        &self.normalized
    }
}

fn refuse_unwritable(text: &str) -> Result<(), Rejection> {
    if text.is_empty() {
        return Err(Rejection::new("empty", "An address is needed."));
    }
    refuse_long(text)?;
    if text.chars().any(char::is_control) {
        return Err(Rejection::new("control_character", "Control characters are not allowed."));
    }
    // Two addresses that look the same and differ in what cannot be seen are an impostor's tool.
    if text.chars().any(is_invisible) {
        let detail = "The address holds characters that cannot be seen.";
        return Err(Rejection::new("invisible_character", detail));
    }
    Ok(())
}

fn refuse_long(text: &str) -> Result<(), Rejection> {
    if text.len() > Email::MAX_BYTES || text.chars().count() > Email::MAX_CHARS {
        return Err(Rejection::new("too_long", "At most 254 characters and 320 bytes."));
    }
    Ok(())
}

/// A dot-atom (RFC 5322, section 3.2.3), beyond ASCII as RFC 6531, section 3.3 extends it. Quoted
/// parts such as `"a b"@example.org` are refused: no provider hands them out, and parsers differ.
///
/// Lower case, although RFC 5321, section 2.4 leaves case to the receiving host: no provider of
/// note tells `Ada@` from `ada@`, and people type both.
fn normal_local(local: &str) -> Result<String, Rejection> {
    let lower = local.to_lowercase();
    // Lower-casing can leave a decomposed letter behind, such as the dot of İ.
    let local = ComposingNormalizerBorrowed::new_nfkc().normalize(&lower);
    if local.len() > Email::MAX_LOCAL {
        return Err(Rejection::new("too_long", "At most 64 bytes before the @."));
    }
    let is_atom = |atom: &str| !atom.is_empty() && atom.chars().all(is_atom_letter);
    if !local.split('.').all(is_atom) {
        return Err(no_address("The part before the @ cannot be read."));
    }
    Ok(local.into_owned())
}

fn is_atom_letter(letter: char) -> bool {
    match letter.is_ascii() {
        true => letter.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(letter),
        false => !letter.is_whitespace() && !letter.is_control(),
    }
}

/// The domain as the DNS knows it: lower case, `xn--` for what is not ASCII (UTS #46, without
/// transitional processing), labels of 63 and a whole of 253 octets (RFC 1035, section 2.3.4).
fn normal_domain(domain: &str) -> Result<String, Rejection> {
    let ascii = Uts46::new()
        .to_ascii(
            domain.as_bytes(),
            AsciiDenyList::STD3,
            Hyphens::CheckFirstLast,
            DnsLength::Verify,
        )
        .map_err(|_| no_address("The part after the @ is no domain."))?;
    let last = ascii.rsplit_once('.').map(|(_, last)| last);
    // One label is a host of somebody's own network; a last label of digits is an address of one
    // (RFC 3696, section 2).
    match last {
        Some(last) if !last.bytes().all(|byte| byte.is_ascii_digit()) => Ok(ascii.into_owned()),
        _ => Err(no_address("The part after the @ is no public domain.")),
    }
}

fn no_address(detail: &'static str) -> Rejection {
    Rejection::new("not_an_address", detail)
}

impl std::fmt::Debug for Email {
    /// Personal data: in no log by accident.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Email([redacted])")
    }
}

#[cfg(test)]
mod tests;
