//! What this server may call.

use std::time::Duration;

use clap::Args;
use ipnet::IpNet;

use super::duration;

/// Bounds on requests that this server sends to addresses it was given.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Outbound")]
pub struct OutboundConfig {
    /// Networks that may be called although they are private, such as 10.1.0.0/16
    #[arg(long, env = "OUTBOUND_ALLOW", value_delimiter = ',', value_name = "NETWORK")]
    pub outbound_allow: Vec<IpNet>,

    /// How long a call may take, from looking up the name to the last byte of the response
    #[arg(long, env = "OUTBOUND_TIMEOUT", default_value = "5s", value_name = "TIME")]
    #[arg(value_parser = duration)]
    pub outbound_timeout: Duration,
}
