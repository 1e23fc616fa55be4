//! Domain types. What an export, a visitor or a partner sent becomes one of these or is refused.

use std::fmt;

use chrono::{Datelike, NaiveDate};
use error_handling::{Rejection, bounded_text, is_unprintable};
use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;

macro_rules! id {
    ($(#[$about:meta])* $name:ident) => {
        $(#[$about])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
        )]
        pub struct $name(i64);

        impl $name {
            /// The number in the database.
            #[must_use]
            pub const fn number(self) -> i64 {
                self.0
            }
        }

        impl From<i64> for $name {
            fn from(number: i64) -> Self {
                Self(number)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// Identifies a page of the catalogue, which is what events are about.
    PageId
);
id!(
    /// Identifies a partner.
    PartnerId
);
id!(
    /// Identifies an import.
    ImportId
);

/// The last segment of a page's address: lower-case letters, digits and single hyphens, at most 80.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Slug(String);

impl Slug {
    /// Most bytes.
    pub const MAX_BYTES: usize = 80;

    /// Takes a slug as it stands in an address.
    ///
    /// # Errors
    /// With the code `not_a_slug`.
    pub fn parse(text: &str) -> Result<Self, Rejection> {
        let made = Self::made_of(text)?;
        if made.0 == text { Ok(made) } else { Err(not_a_slug()) }
    }

    /// Makes one of what an export holds: capitals, accents, blanks and underscores are dirt. Two
    /// that differ in nothing else are one address, which must be found out before the database is.
    ///
    /// # Errors
    /// With the code `not_a_slug` when no letter is left, or too many are.
    pub fn made_of(text: &str) -> Result<Self, Rejection> {
        let mut slug = String::new();
        for letter in text.chars().flat_map(char::to_lowercase) {
            match letter {
                'a'..='z' | '0'..='9' => slug.push(letter),
                'ä' => slug.push_str("ae"),
                'ö' => slug.push_str("oe"),
                'ü' => slug.push_str("ue"),
                'ß' => slug.push_str("ss"),
                'à' | 'á' | 'â' => slug.push('a'),
                'è' | 'é' | 'ê' => slug.push('e'),
                _ if !slug.is_empty() && !slug.ends_with('-') => slug.push('-'),
                _ => {}
            }
        }
        let slug = slug.trim_end_matches('-');
        if slug.is_empty() || slug.len() > Self::MAX_BYTES {
            return Err(not_a_slug());
        }
        Ok(Self(slug.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn not_a_slug() -> Rejection {
    Rejection::new("not_a_slug", "Use 1 to 80 letters, digits and single hyphens.")
}

/// An address of the old site in one normal form, such as `/cms/item.php?id=17`: without host and
/// fragment, its parameters in order and without those that only count visitors.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LegacyAddress(String);

impl LegacyAddress {
    /// Where all of the old site was.
    pub const PREFIX: &'static str = "/cms/";
    const MAX_BYTES: usize = 500;

    /// Reads a path, with or without a host before it.
    ///
    /// # Errors
    /// With the code `not_an_address`, `outside` or `too_long`.
    pub fn parse(text: &str) -> Result<Self, Rejection> {
        let unreadable = || Rejection::new("not_an_address", "This is no address.");
        let base = Url::parse("http://old.invalid").map_err(|_| unreadable())?;
        let mut url = base.join(text.trim()).map_err(|_| unreadable())?;
        if !url.path().starts_with(Self::PREFIX) {
            let detail = "The old site was below /cms/; other addresses were never its own.";
            return Err(Rejection::new("outside", detail));
        }
        let mut pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        pairs.retain(|(name, _)| !name.starts_with("utm_"));
        pairs.sort();
        url.set_query(None);
        if !pairs.is_empty() {
            url.query_pairs_mut().extend_pairs(&pairs);
        }
        let address = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        if address.len() > Self::MAX_BYTES {
            return Err(Rejection::new("too_long", "At most 500 bytes."));
        }
        Ok(Self(address))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a page's thing costs, in cents: at most a million.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price(i32);

impl Price {
    /// The highest, in cents.
    pub const MAX: i32 = 100_000_000;

    /// Takes cents.
    ///
    /// # Errors
    /// With the code `out_of_range`.
    pub fn from_cents(cents: i64) -> Result<Self, Rejection> {
        let price = i32::try_from(cents).ok().filter(|cents| (0..=Self::MAX).contains(cents));
        price
            .map(Self)
            .ok_or_else(|| Rejection::new("out_of_range", "Use whole cents from 0 to 100000000."))
    }

    /// Reads `12`, `12.5`, `12.50` or, as half of the world writes it, `12,50`.
    ///
    /// # Errors
    /// With the code `not_a_price` or `out_of_range`.
    pub fn parse(text: &str) -> Result<Self, Rejection> {
        let unreadable = || Rejection::new("not_a_price", "Write a price such as 12.50 or 12,50.");
        let (whole, part) = text.split_once(['.', ',']).unwrap_or((text, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(part) || whole.len() > 9 || part.len() > 2 {
            return Err(unreadable());
        }
        let number = |text: &str| text.parse::<i64>().map_err(|_| unreadable());
        let tens = if part.len() == 1 { 10 } else { 1 };
        Self::from_cents(number(whole)? * 100 + number(part)? * tens)
    }

    /// The price in cents.
    #[must_use]
    pub const fn cents(self) -> i32 {
        self.0
    }
}

/// Reads a day as one half of the export writes it, `2019-03-31`, or as the other, `31.03.2019`.
///
/// # Errors
/// With the code `not_a_date`; also for years that no page of this site can have.
pub fn parse_day(text: &str) -> Result<NaiveDate, Rejection> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .or_else(|_| NaiveDate::parse_from_str(text, "%d.%m.%Y"));
    day.ok()
        .filter(|day| (1990..=2100).contains(&day.year()))
        .ok_or_else(|| Rejection::new("not_a_date", "Write a day as 2019-03-31 or 31.03.2019."))
}

/// Text of 1 to `most` characters without control characters but tab and newline, trimmed.
///
/// # Errors
/// With the code `empty`, `too_long` or `control_character`.
pub fn parse_text(text: &str, most: usize) -> Result<String, Rejection> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Rejection::new("empty", "Something is needed here."));
    }
    let too_long = || Rejection::new("too_long", format!("At most {most} characters."));
    bounded_text(text.to_owned(), (most, 4 * most), is_unprintable, too_long)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_that_differ_in_dirt_alone_are_one() {
        for text in ["garden-spade", "Garden Spade", " garden__spade!", "GARDEN-SPADE-"] {
            assert_eq!(Slug::made_of(text).unwrap().as_str(), "garden-spade", "{text:?}");
        }
        assert_eq!(Slug::made_of("Schöne Grüße").unwrap().as_str(), "schoene-gruesse");
        for text in ["", "---", "…", &"a".repeat(81)] {
            assert!(Slug::made_of(text).is_err(), "{text:?}");
        }
        assert!(Slug::parse("Garden-Spade").is_err(), "an address is not cleaned");
    }

    #[test]
    fn an_old_address_has_one_form() {
        let cases = [
            ("/cms/item.php?id=17", "/cms/item.php?id=17"),
            ("http://www.old.example/cms/item.php?id=17#top", "/cms/item.php?id=17"),
            ("/cms/item.php?utm_source=x&id=17&b=2", "/cms/item.php?b=2&id=17"),
            ("/cms/a/../spade.html", "/cms/spade.html"),
            ("/cms/schöne seite.html", "/cms/sch%C3%B6ne%20seite.html"),
        ];
        for (text, address) in cases {
            assert_eq!(LegacyAddress::parse(text).unwrap().as_str(), address, "{text:?}");
        }
        for text in ["/other/page", "https://evil.example/", "/cms/../admin", "javascript:alert(1)"]
        {
            assert!(LegacyAddress::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn prices_are_read_in_both_spellings_and_bounded() {
        let cases =
            [("12", 1200), ("12.5", 1250), ("12,50", 1250), ("0.05", 5), ("1000000", 100_000_000)];
        for (text, cents) in cases {
            assert_eq!(Price::parse(text).unwrap().cents(), cents, "{text:?}");
        }
        for text in ["", "free", "-1", "1.234,50", "1000000.01", "99999999999999999999", "1.", "١"]
        {
            assert!(Price::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn days_are_read_in_both_spellings() {
        for text in ["2019-03-31", "31.03.2019"] {
            assert_eq!(parse_day(text).unwrap(), NaiveDate::from_ymd_opt(2019, 3, 31).unwrap());
        }
        for text in ["", "31/03/2019", "2019-02-30", "1492-10-12", "2019-13-01"] {
            assert!(parse_day(text).is_err(), "{text:?}");
        }
    }
}
