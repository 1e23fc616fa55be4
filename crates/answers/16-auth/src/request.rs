//! The bodies of requests. No `Debug`, as what cannot be printed cannot be logged.

use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

/// Somebody who wants to log in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Login)]
pub(crate) struct LoginRequest {
    /// The address of the account, in any of the forms that mean it.
    #[schema(max_length = 254, format = Email, example = "ada@example.org")]
    pub(crate) email: String,
    /// The account's password.
    #[serde(deserialize_with = "secret")]
    #[schema(value_type = String, format = Password, example = "correct horse battery staple")]
    pub(crate) password: SecretString,
}

/// Somebody who wants to stay logged in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Refresh)]
pub(crate) struct RefreshRequest {
    /// The refresh token of the last log-in or refresh.
    #[serde(deserialize_with = "secret")]
    #[schema(value_type = String, format = Password)]
    pub(crate) refresh_token: SecretString,
}

/// Somebody who wants another password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PasswordChange)]
pub(crate) struct PasswordRequest {
    /// The present password: a token may be in the wrong hands.
    #[serde(deserialize_with = "secret")]
    #[schema(value_type = String, format = Password, example = "correct horse battery staple")]
    pub(crate) current_password: SecretString,
    /// 12 to 128 characters, any of them but control characters.
    #[serde(deserialize_with = "secret")]
    #[schema(value_type = String, min_length = 12, max_length = 128, format = Password)]
    #[schema(example = "staple battery horse correct")]
    pub(crate) new_password: SecretString,
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}
