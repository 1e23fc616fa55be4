//! What a person on call may see, and from when on a request is slow.

use std::time::Duration;

use clap::Args;
use secrecy::SecretString;

use super::duration;

/// For the person on call.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Operations")]
pub struct OperationsConfig {
    /// Bearer token of the /operations routes, 16 characters or more. Without it they do not exist
    #[arg(long, env = "OPERATIONS_TOKEN", hide_env_values = true, value_name = "SECRET")]
    pub operations_token: Option<SecretString>,

    /// From when on a request is logged with its spans, and kept among the slow ones
    #[arg(long, env = "SLOW_REQUEST", default_value = "500ms", value_name = "TIME")]
    #[arg(value_parser = duration)]
    pub slow_request: Duration,
}
