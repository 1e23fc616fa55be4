//! Keyset paging: the next page starts after the last row seen, not after a number of rows.
//!
//! Chosen instead of OFFSET, which reads and discards every row before the page and skips or
//! repeats rows while others insert.

mod parameters;

use actix_web::http::Uri;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use error_handling::{InvalidField, Problem, ProblemType};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use parameters::{DEFAULT_LIMIT, MOST_LIMIT, PageParameters};

/// How many items a page has; parsed from `?limit=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(u16);

impl Limit {
    /// Reads the parameter: `default` when absent, refused when zero or over `most`, as a client
    /// that asks for 1000 and is given 100 would take it for the last page.
    ///
    /// # Errors
    /// 422 that names the bounds.
    pub fn parse(value: Option<u16>, default: u16, most: u16) -> Result<Self, Problem> {
        match value.unwrap_or(default) {
            limit if (1..=most).contains(&limit) => Ok(Self(limit)),
            _ => {
                let detail = format!("Ask for 1 to {most} items.");
                Err(Problem::invalid(vec![InvalidField::parameter(
                    "limit",
                    "out_of_range",
                    detail,
                )]))
            }
        }
    }

    /// Rows to fetch: one more than the page holds, which tells whether there is a next page.
    #[must_use]
    pub fn rows_to_fetch(self) -> i64 {
        i64::from(self.0) + 1
    }
}

/// Writes the position after a row as an opaque cursor.
///
/// # Errors
/// 500 when the position cannot be written as JSON.
pub fn encode_cursor<P: Serialize>(position: &P) -> Result<String, Problem> {
    let json = serde_json::to_vec(position)
        .map_err(|_| Problem::internal(error_handling::Cause::new("cursor encoding")))?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}

/// Reads a cursor back.
///
/// # Errors
/// 400 for anything that did not come from [`encode_cursor`].
pub fn decode_cursor<P: DeserializeOwned>(cursor: Option<&str>) -> Result<Option<P>, Problem> {
    let Some(cursor) = cursor else { return Ok(None) };
    let decoded = URL_SAFE_NO_PAD.decode(cursor).ok();
    decoded.and_then(|json| serde_json::from_slice(&json).ok()).map(Some).ok_or_else(|| {
        let detail = "Take the cursor from the Link header of the page before.";
        Problem::new(ProblemType::Malformed, "The cursor cannot be read.")
            .with_errors(vec![InvalidField::parameter("cursor", "not_readable", detail)])
    })
}

/// One page and where the next one starts.
#[derive(Debug)]
pub struct Page<T> {
    /// The items, in order.
    pub items: Vec<T>,
    /// Cursor of the next page; none on the last.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// Cuts the extra row off that [`Limit::rows_to_fetch`] asked for.
    ///
    /// # Errors
    /// As [`encode_cursor`].
    pub fn from_rows<P: Serialize>(
        mut rows: Vec<T>,
        limit: Limit,
        position: impl Fn(&T) -> P,
    ) -> Result<Self, Problem> {
        let size = usize::from(limit.0);
        let more = rows.len() > size;
        rows.truncate(size);
        let next = match rows.last() {
            Some(last) if more => Some(encode_cursor(&position(last))?),
            _ => None,
        };
        Ok(Self { items: rows, next })
    }

    /// The `Link` header to the next page (RFC 8288), with every other parameter kept.
    #[must_use]
    pub fn link(&self, uri: &Uri) -> Option<String> {
        let next = self.next.as_ref()?;
        let mut query = form_urlencoded::Serializer::new(String::new());
        let pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        query.extend_pairs(pairs.filter(|(name, _)| name != "cursor"));
        query.append_pair("cursor", next);
        Some(format!("<{}?{}>; rel=\"next\"", uri.path(), query.finish()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_without_gap_or_repeat() {
        let all: Vec<u32> = (0..10).collect();
        let limit = Limit::parse(Some(4), 20, 100).unwrap();
        let (mut seen, mut cursor) = (Vec::<u32>::new(), None);
        loop {
            let after: Option<u32> = decode_cursor(cursor.as_deref()).unwrap();
            let rows = all.iter().copied().filter(|row| after.is_none_or(|last| *row > last));
            let rows = rows.take(usize::try_from(limit.rows_to_fetch()).unwrap()).collect();
            let page = Page::from_rows(rows, limit, |row| *row).unwrap();
            seen.extend(&page.items);
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, all);
    }

    #[test]
    fn the_link_keeps_the_other_parameters() {
        let page = Page { items: vec![1], next: Some("abc".to_owned()) };
        let uri: Uri = "/logs?level=error&cursor=old&service=a%20b".parse().unwrap();
        let link = page.link(&uri).unwrap();
        assert_eq!(link, "</logs?level=error&service=a+b&cursor=abc>; rel=\"next\"");
    }

    #[test]
    fn a_cursor_that_is_not_ours_is_refused() {
        for cursor in ["", "!", "bm90anNvbg", "e30"] {
            let read = decode_cursor::<(i64, i64)>(Some(cursor));
            assert_eq!(read.unwrap_err().kind(), ProblemType::Malformed, "{cursor:?}");
        }
    }
}
