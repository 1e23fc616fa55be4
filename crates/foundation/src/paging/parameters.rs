//! The parameters of a list that can be asked nothing but which page.

use error_handling::Problem;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

use super::{Limit, decode_cursor};

/// Items on a page of a client that did not say how many.
pub const DEFAULT_LIMIT: u16 = 20;
/// The most items on a page.
pub const MOST_LIMIT: u16 = 100;

/// Which page.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageParameters {
    /// Items on a page, 1 to 100; 20 when absent.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u16>,
    /// Where the page starts, from the `Link` header of the page before.
    cursor: Option<String>,
}

impl PageParameters {
    /// The position after which the page starts, if not at the beginning, and its size.
    ///
    /// # Errors
    /// 422 for a limit out of range; 400 for a cursor that is not ours.
    pub fn parse<P: DeserializeOwned>(&self) -> Result<(Option<P>, Limit), Problem> {
        let limit = Limit::parse(self.limit, DEFAULT_LIMIT, MOST_LIMIT)?;
        Ok((decode_cursor(self.cursor.as_deref())?, limit))
    }

    /// Whether this is the page of whoever asks for nothing in particular.
    #[must_use]
    pub fn is_front(&self) -> bool {
        self.limit.is_none() && self.cursor.is_none()
    }
}
