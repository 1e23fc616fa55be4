//! The body of a registration, and how it becomes what may be stored.

use auth::Password;
use error_handling::{InvalidField, Problem};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use crate::model::{Email, Name};

/// Somebody who wants an account.
// Strings, so that every bad field can be reported at once; no `Debug`, as what cannot be printed
// cannot be logged.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewUser)]
pub(crate) struct Registration {
    /// Where letters go. Upper and lower case, full-width and decomposed letters are one address.
    #[schema(max_length = 254, format = Email, example = "ada@example.org")]
    email: String,
    /// What others see: 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100, example = "Ada Lovelace")]
    name: String,
    /// 12 to 128 characters, any of them but control characters.
    #[serde(deserialize_with = "secret")]
    #[schema(value_type = String, min_length = 12, max_length = 128, format = Password)]
    #[schema(example = "correct horse battery staple")]
    password: SecretString,
}

/// A registration of which every field is acceptable.
pub(crate) struct Applicant {
    pub(crate) email: Email,
    pub(crate) name: Name,
    pub(crate) password: Password,
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

impl Registration {
    /// Checks every field.
    ///
    /// # Errors
    /// 422 that points at each refused field, not only the first: a form is corrected once.
    pub(crate) fn parse(&self) -> Result<Applicant, Problem> {
        let Self { email, name, password } = self;
        let mut errors = Vec::new();
        let known = [email.trim(), name.trim()];
        let email = Email::parse(email).map_err(|why| errors.push(why.in_body("/email")));
        let name = Name::parse(name).map_err(|why| errors.push(why.in_body("/name")));
        let password = Password::parse(password, &known).map_err(|why| {
            errors.push(InvalidField::body("/password", why.code(), why.to_string()));
        });
        match (email, name, password) {
            (Ok(email), Ok(name), Ok(password)) => Ok(Applicant { email, name, password }),
            _ => Err(Problem::invalid(errors)),
        }
    }

    /// The request in one form, whatever its spaces and the order of its members: what the
    /// fingerprint of an idempotent attempt is made of. Lengths before the values, so that no two
    /// requests run together; a label, so that no other digest of the same key can equal it.
    pub(crate) fn canonical(&self) -> SecretSlice<u8> {
        let parts = ["create-user", &self.email, &self.name, self.password.expose_secret()];
        let size = parts.iter().map(|part| 8 + part.len()).sum();
        // All at once: a vector that grows leaves copies of the password in freed memory.
        let mut canonical = Vec::with_capacity(size);
        for part in parts {
            canonical.extend((part.len() as u64).to_be_bytes());
            canonical.extend(part.as_bytes());
        }
        SecretSlice::from(canonical)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(body: &str) -> Vec<u8> {
        let registration: Registration = serde_json::from_str(body).unwrap();
        registration.canonical().expose_secret().to_vec()
    }

    #[test]
    fn order_and_spaces_make_no_other_request_and_every_value_does() {
        let one = canonical(r#"{"email":"a","name":"bc","password":"d"}"#);
        assert_eq!(one, canonical(r#" {"password" : "d", "name":"b\u0063", "email":"a"} "#));
        for other in [
            r#"{"email":"ab","name":"c","password":"d"}"#,
            r#"{"email":"a","name":"b","password":"cd"}"#,
            r#"{"email":"A","name":"bc","password":"d"}"#,
            r#"{"email":"a","name":"bc","password":"e"}"#,
        ] {
            assert_ne!(one, canonical(other), "{other}");
        }
    }

    #[test]
    fn every_bad_field_is_pointed_at_in_one_answer() {
        let body = r#"{"email":"nobody","name":"","password":"short"}"#;
        let registration: Registration = serde_json::from_str(body).unwrap();
        let errors = registration.parse().err().unwrap().body().errors;
        let seen: Vec<_> =
            errors.iter().map(|error| (error.pointer.as_deref().unwrap(), &*error.code)).collect();
        assert_eq!(
            seen,
            [("#/email", "not_an_address"), ("#/name", "empty"), ("#/password", "too_short")]
        );
    }
}
