//! Domain types. Raw input becomes one of these at the edge or is refused; nothing behind the
//! handlers sees an unchecked string.

use std::fmt;

use error_handling::Rejection;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Lines of one order or cart.
pub const MOST_LINES: usize = 50;

/// What the merchant calls a product: lower-case letters, digits and single hyphens, at most 64.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sku(String);

impl Sku {
    const MAX_BYTES: usize = 64;

    /// Takes a sku as it is; capitals are refused instead of lowered, so that a product has one
    /// address.
    ///
    /// # Errors
    /// With the code `not_a_sku`.
    pub fn parse(text: &str) -> Result<Self, Rejection> {
        let plain = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit();
        let hyphenated =
            |text: &str| text.split('-').all(|word| !word.is_empty() && word.bytes().all(plain));
        if text.len() <= Self::MAX_BYTES && hyphenated(text) {
            return Ok(Self(text.to_owned()));
        }
        let detail = "Use 1 to 64 lower-case letters, digits and single hyphens.";
        Err(Rejection::new("not_a_sku", detail))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Sku {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Identifies an order.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(transparent)]
#[schema(as = ShopOrderId)]
pub struct OrderId(i64);

impl OrderId {
    /// The number in the database.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }
}

impl From<i64> for OrderId {
    fn from(number: i64) -> Self {
        Self(number)
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A price in cents: at most a million of the currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cents(i64);

impl Cents {
    /// The highest.
    pub const MAX: i64 = 100_000_000;

    /// Takes a number of cents.
    ///
    /// # Errors
    /// With the code `out_of_range`.
    pub fn new(cents: i64) -> Result<Self, Rejection> {
        if (0..=Self::MAX).contains(&cents) {
            return Ok(Self(cents));
        }
        Err(Rejection::new("out_of_range", "Use whole cents from 0 to 100000000."))
    }

    /// The number of cents.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }
}

/// How many of one product: 1 to 1 000. With [`MOST_LINES`] and [`Cents::MAX`] this bounds a total
/// far inside of what an `i64` holds, and what JavaScript can count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Quantity(i32);

impl Quantity {
    /// The most.
    pub const MAX: i32 = 1_000;

    /// Takes a number of pieces.
    ///
    /// # Errors
    /// With the code `out_of_range`.
    pub fn new(pieces: i64) -> Result<Self, Rejection> {
        let known = i32::try_from(pieces).ok().filter(|pieces| (1..=Self::MAX).contains(pieces));
        known.map(Self).ok_or_else(|| Rejection::new("out_of_range", "Use 1 to 1000."))
    }

    /// The number of pieces.
    #[must_use]
    pub const fn get(self) -> i32 {
        self.0
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How many of what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Of what.
    pub sku: Sku,
    /// How many.
    pub quantity: Quantity,
}

/// What is sold, as a catalogue keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Product {
    /// What it is called in orders.
    pub sku: Sku,
    /// What one costs.
    pub price_cents: Cents,
    /// What is shown: an object of the merchant's own making.
    pub document: serde_json::Value,
    /// Counts the changes.
    pub version: i32,
}

impl Product {
    /// A product in its first version.
    #[must_use]
    pub const fn new(sku: Sku, price_cents: Cents, document: serde_json::Value) -> Self {
        Self { sku, price_cents, document, version: 1 }
    }

    /// Under which heading it stands, if any.
    #[must_use]
    pub fn category(&self) -> Option<&str> {
        self.document.get("category")?.as_str()
    }
}

/// How far an order has come. All but the first are final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = ShopOrderStatus)]
pub enum Status {
    /// Its stock is kept for it until it is paid or expires.
    Reserved,
    /// Sold.
    Paid,
    /// The provider refused the payment; its stock was given back.
    Declined,
    /// The customer thought otherwise; its stock was given back.
    Cancelled,
    /// Nobody paid in time; its stock was given back.
    Expired,
}

impl Status {
    /// The text in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reserved => "reserved",
            Self::Paid => "paid",
            Self::Declined => "declined",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }

    /// Reads what [`Status::name`] wrote.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        let all = [Self::Reserved, Self::Paid, Self::Declined, Self::Cancelled, Self::Expired];
        all.into_iter().find(|status| status.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sku_has_one_spelling() {
        for text in ["a", "7", "red-shoe-42", &"a".repeat(64)] {
            assert_eq!(Sku::parse(text).unwrap().as_str(), text);
        }
        let long = "a".repeat(65);
        for text in ["", "-", "a-", "-a", "a--b", "A", "a b", "a/b", "ä", "a\0", &long] {
            assert_eq!(Sku::parse(text).unwrap_err().code(), "not_a_sku", "{text:?}");
        }
    }

    #[test]
    fn money_and_quantities_are_bounded() {
        for cents in [0, 1, Cents::MAX] {
            assert_eq!(Cents::new(cents).unwrap().get(), cents);
        }
        for cents in [-1, Cents::MAX + 1, i64::MIN, i64::MAX] {
            assert!(Cents::new(cents).is_err(), "{cents}");
        }
        for pieces in [1, 1_000] {
            assert_eq!(i64::from(Quantity::new(pieces).unwrap().get()), pieces);
        }
        for pieces in [-1, 0, 1_001, i64::MIN, i64::MAX, 1 << 32] {
            assert!(Quantity::new(pieces).is_err(), "{pieces}");
        }
    }

    #[test]
    fn the_largest_order_has_a_total_that_a_browser_can_count() {
        let most = Cents::MAX * i64::from(Quantity::MAX) * i64::try_from(MOST_LINES).unwrap();
        assert!(most < 1 << 53, "{most}");
    }

    #[test]
    fn a_status_is_read_as_it_is_written() {
        for name in ["reserved", "paid", "declined", "cancelled", "expired"] {
            assert_eq!(Status::of(name).unwrap().name(), name);
            assert_eq!(serde_json::to_value(Status::of(name)).unwrap(), name);
        }
        assert_eq!(Status::of("shipped"), None);
    }
}
