//! Settings of passwords, tokens and log-ins.

use std::time::Duration;

use clap::Args;
use secrecy::SecretString;

use super::duration;

/// How passwords are kept.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Passwords")]
pub struct PasswordConfig {
    /// bcrypt cost, 4 to 16, in service at least 12: each step doubles the time of a hash
    #[arg(long, env = "BCRYPT_COST", default_value_t = 12, value_name = "COST")]
    #[arg(value_parser = clap::value_parser!(u32).range(4..=16))]
    pub bcrypt_cost: u32,

    /// Hashes that may wait for their turn; one more is refused at once
    #[arg(long, env = "HASHING_QUEUE", default_value_t = 32, value_name = "COUNT")]
    pub hashing_queue: usize,

    /// How long a hash may wait for its turn before its request gets 503
    #[arg(long, env = "HASHING_WAIT", default_value = "2s", value_name = "TIME")]
    #[arg(value_parser = duration)]
    pub hashing_wait: Duration,

    /// Secret that passwords are prepared with, 32 characters or more, the same on every server and
    /// for ever. Without it, one is made and kept in the database, where a thief of it finds both
    #[arg(long, env = "PASSWORD_KEY", hide_env_values = true, value_name = "SECRET")]
    pub password_key: Option<SecretString>,
}

/// Tokens, sessions, and how often a log-in may fail.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Sign-in")]
pub struct AuthConfig {
    /// Keys of access tokens as id:base64,id:base64, 256 bits or more each: the first signs, all
    /// verify. Without them, one is made and kept in the database
    #[arg(long, env = "TOKEN_KEYS", hide_env_values = true, value_name = "KEYS")]
    pub token_keys: Option<SecretString>,

    /// How long an access token is good for
    #[arg(long, env = "ACCESS_LIFETIME", default_value = "10m", value_name = "TIME")]
    #[arg(value_parser = duration)]
    pub access_lifetime: Duration,

    /// How long a session lasts that is not refreshed
    #[arg(long, env = "REFRESH_LIFETIME", default_value = "14d", value_name = "TIME")]
    #[arg(value_parser = duration)]
    pub refresh_lifetime: Duration,

    /// How long a session lasts however often it is refreshed
    #[arg(long, env = "SESSION_LIFETIME", default_value = "90d", value_name = "TIME")]
    #[arg(value_parser = duration)]
    pub session_lifetime: Duration,

    /// How long a used refresh token may be repeated, for a client that lost the response: 0s to 10s
    #[arg(long, env = "REFRESH_GRACE", default_value = "10s", value_name = "TIME")]
    #[arg(value_parser = grace)]
    pub refresh_grace: Duration,

    /// How far the clocks of servers may differ when the times in a token are checked
    #[arg(long, env = "TOKEN_LEEWAY", default_value = "0s", value_name = "TIME")]
    #[arg(value_parser = duration)]
    pub token_leeway: Duration,

    /// Wrong passwords per account and 15 minutes. 0: no limit
    #[arg(long, env = "LOGIN_LIMIT", default_value_t = 10, value_name = "COUNT")]
    pub login_limit: u32,

    /// Wrong passwords per client address and 15 minutes. 0: no limit
    #[arg(long, env = "LOGIN_ADDRESS_LIMIT", default_value_t = 50, value_name = "COUNT")]
    pub login_address_limit: u32,

    /// API requests per minute and user. 0: no limit
    #[arg(long, env = "USER_RATE_LIMIT", default_value_t = 600, value_name = "COUNT")]
    pub user_rate_limit: u32,
}

/// A longer grace would give a thief of a used token time to use it as well.
fn grace(text: &str) -> Result<Duration, String> {
    let grace = duration(text)?;
    let allowed = grace <= Duration::from_secs(10);
    if allowed { Ok(grace) } else { Err("expected 0s to 10s".to_owned()) }
}
