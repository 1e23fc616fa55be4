//! Settings of the shop.

use std::time::Duration;

use clap::Args;
use secrecy::SecretString;
use url::Url;

use super::duration;

/// How the shop takes orders and money.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Shop")]
pub struct ShopConfig {
    /// Where the payment provider takes charges. Without it this process charges nobody: workers do
    #[arg(long, env = "SHOP_PAYMENT_URL", value_name = "URL", value_parser = payment_url)]
    pub shop_payment_url: Option<Url>,

    /// Secret that the provider signs its callbacks with, 16 characters or more. Without it every
    /// callback is refused
    #[arg(long, env = "SHOP_PAYMENT_SECRET", hide_env_values = true, value_name = "SECRET")]
    pub shop_payment_secret: Option<SecretString>,

    /// How long an order keeps its stock without being paid for: 1s to 7d
    #[arg(long, env = "SHOP_RESERVATION", default_value = "10m", value_name = "TIME")]
    #[arg(value_parser = reservation)]
    pub shop_reservation: Duration,

    /// Checkouts served at once, and fewer while they are slow; further ones get 503 with Retry-After.
    /// 0: no bound
    #[arg(long, env = "SHOP_CHECKOUTS_IN_FLIGHT", default_value_t = 64, value_name = "COUNT")]
    pub shop_checkouts_in_flight: usize,

    /// Pieces that one person may have in orders that are not paid yet, so that nobody keeps a sale
    /// from everybody else; 0 for no limit
    #[arg(long, env = "SHOP_RESERVED_PER_PERSON", default_value_t = 100, value_name = "COUNT")]
    pub shop_reserved_per_person: u32,
}

/// Plain HTTP is allowed, as a provider's gateway often stands in the same private network; what
/// cannot be a request at all is refused here instead of at the first order.
fn payment_url(text: &str) -> Result<Url, String> {
    let expected = || "expected a URL such as https://pay.example/charges".to_owned();
    let url = Url::parse(text).map_err(|_| expected())?;
    let usable = matches!(url.scheme(), "http" | "https") && url.has_host();
    if usable { Ok(url) } else { Err(expected()) }
}

/// Within what PostgreSQL can add to a time, and short enough that stock is not kept for ever.
fn reservation(text: &str) -> Result<Duration, String> {
    let reservation = duration(text)?;
    let week = Duration::from_secs(7 * 24 * 60 * 60);
    let allowed = (Duration::from_secs(1)..=week).contains(&reservation);
    if allowed { Ok(reservation) } else { Err("expected 1s to 7d".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payment_address_is_one_that_can_be_called() {
        for text in ["https://pay.example/charges", "http://127.0.0.1:9000"] {
            assert!(payment_url(text).is_ok(), "{text}");
        }
        for text in ["", "pay.example", "ftp://pay.example", "mailto:pay@example.org"] {
            assert!(payment_url(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_reservation_lasts_a_second_to_a_week() {
        for text in ["1s", "10m", "7d"] {
            assert!(reservation(text).is_ok(), "{text}");
        }
        for text in ["0s", "999ms", "8d"] {
            assert!(reservation(text).is_err(), "{text}");
        }
    }
}
