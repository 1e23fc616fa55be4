//! The generated parts of docs/architecture.md, between markers.

use crate::floors::Arrows;
use crate::{diagram, lessons, walk};

/// The page, from the root of the repository.
pub const PAGE: &str = "docs/architecture.md";
/// The picture in it.
pub const PICTURE: &str = "docs/crates.svg";

/// The page with every part brought up to date; `None` where it lacks a marker.
#[must_use]
pub fn updated(page: &str, arrows: &Arrows) -> Option<String> {
    let crates = format!("```text\n{}```\n", diagram::text(arrows));
    let page = put(page, "crates", &crates)?;
    let page = put(&page, "walk", &walk::table())?;
    put(&page, "lessons", &lessons::table())
}

fn put(page: &str, name: &str, part: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- {name}:begin -->\n"), format!("<!-- {name}:end -->"));
    let (before, rest) = page.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}\n{part}\n{end}{after}"))
}
