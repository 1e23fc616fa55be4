//! Finds an item in source text by its name, so that READMEs never cite line numbers.

use std::ops::RangeInclusive;

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{ImplItem, Item as SynItem, TraitItem, Type};

/// An item and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Lines from the first doc comment or attribute to the closing brace, counted from 1.
    pub lines: RangeInclusive<usize>,
    /// Those lines.
    pub text: String,
}

/// Finds `item` in Rust source `text`: a function, method (`Type::method`), struct, enum, variant
/// (`Enum::Variant`), union, trait, type alias, constant, static, `macro_rules` macro or module.
///
/// A path may leave out its beginning (`insert` finds `Store::insert`); the shortest full path
/// wins, so a free function goes before a method of that name. `name()` and `name!` are read as
/// `name`. Returns `None` for text that does not parse, and for anything that is not Rust: use
/// [`find_text`] there.
#[must_use]
pub fn find_item(text: &str, item: &str) -> Option<Item> {
    let wanted = item.trim().trim_end_matches("()").trim_end_matches('!');
    if wanted.is_empty() {
        return None;
    }
    let file = syn::parse_file(text).ok()?;
    let mut found = Vec::new();
    collect(&file.items, "", &mut found);
    let suffix = format!("::{wanted}");
    let (_, span) = found
        .into_iter()
        .filter(|(path, _)| path == wanted || path.ends_with(&suffix))
        .min_by_key(|(path, _)| path.matches("::").count())?;
    Some(cut(text, span.start().line..=span.end().line))
}

/// Finds the first lines of `text` that hold `wanted`; for files other than Rust, such as SQL
/// migrations, where an item is any text that occurs.
#[must_use]
pub fn find_text(text: &str, wanted: &str) -> Option<Item> {
    let wanted = wanted.trim();
    let start = if wanted.is_empty() { None } else { text.find(wanted) }?;
    let line = |byte: usize| text[..byte].matches('\n').count() + 1;
    Some(cut(text, line(start)..=line(start + wanted.len())))
}

/// Finds `item` by the rules for the file's extension: [`find_item`] for `.rs`, else [`find_text`].
#[must_use]
pub fn find(path: &str, text: &str, item: &str) -> Option<Item> {
    let rust = std::path::Path::new(path).extension().is_some_and(|extension| extension == "rs");
    if rust { find_item(text, item) } else { find_text(text, item) }
}

fn cut(text: &str, lines: RangeInclusive<usize>) -> Item {
    let count = lines.end().saturating_sub(*lines.start()) + 1;
    let kept: Vec<&str> = text.lines().skip(lines.start().saturating_sub(1)).take(count).collect();
    Item { lines, text: kept.join("\n") }
}

fn collect(items: &[SynItem], prefix: &str, found: &mut Vec<(String, Span)>) {
    for item in items {
        let span = item.span();
        let mut add = |name: &syn::Ident| {
            let path = join(prefix, &name.to_string());
            found.push((path.clone(), span));
            path
        };
        match item {
            SynItem::Fn(item) => drop(add(&item.sig.ident)),
            SynItem::Struct(item) => drop(add(&item.ident)),
            SynItem::Union(item) => drop(add(&item.ident)),
            SynItem::Type(item) => drop(add(&item.ident)),
            SynItem::Const(item) => drop(add(&item.ident)),
            SynItem::Static(item) => drop(add(&item.ident)),
            SynItem::Macro(item) => drop(item.ident.as_ref().map(add)),
            SynItem::Enum(item) => {
                let path = add(&item.ident);
                let variants = item.variants.iter();
                found.extend(variants.map(|one| (join(&path, &one.ident.to_string()), one.span())));
            }
            SynItem::Trait(item) => {
                let path = add(&item.ident);
                found.extend(item.items.iter().filter_map(|item| trait_item(&path, item)));
            }
            SynItem::Mod(item) => {
                let path = add(&item.ident);
                if let Some((_, items)) = &item.content {
                    collect(items, &path, found);
                }
            }
            SynItem::Impl(item) => {
                if let Some(name) = type_name(&item.self_ty) {
                    let path = join(prefix, &name);
                    found.extend(item.items.iter().filter_map(|item| impl_item(&path, item)));
                }
            }
            _ => {}
        }
    }
}

fn trait_item(path: &str, item: &TraitItem) -> Option<(String, Span)> {
    let name = match item {
        TraitItem::Fn(item) => &item.sig.ident,
        TraitItem::Const(item) => &item.ident,
        TraitItem::Type(item) => &item.ident,
        _ => return None,
    };
    Some((join(path, &name.to_string()), item.span()))
}

fn impl_item(path: &str, item: &ImplItem) -> Option<(String, Span)> {
    let name = match item {
        ImplItem::Fn(item) => &item.sig.ident,
        ImplItem::Const(item) => &item.ident,
        ImplItem::Type(item) => &item.ident,
        _ => return None,
    };
    Some((join(path, &name.to_string()), item.span()))
}

/// The last segment of a type's path, without its parameters.
fn type_name(of: &Type) -> Option<String> {
    match of {
        Type::Path(path) => path.path.segments.last().map(|segment| segment.ident.to_string()),
        Type::Reference(reference) => type_name(&reference.elem),
        _ => None,
    }
}

fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}::{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"//! A file.

use std::fmt;

/// Stores rows.
#[derive(Debug)]
pub struct Store {
    rows: u32,
}

impl Store {
    pub const LIMIT: u32 = 10;

    /// Adds rows.
    #[must_use]
    pub fn insert<T>(&self, row: T) -> u32 {
        1
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { Ok(()) }
}

/// Adds rows without a store.
async fn insert() {}

pub enum State { Open, Closed }

trait Clock { fn now(&self) -> u64; }

macro_rules! twice { ($e:expr) => { $e * 2 }; }

static ANSWER: u32 = 42;
type Id = u64;

mod inner {
    pub(crate) fn deep() {}
}
"#;

    fn lines(item: &str) -> Option<RangeInclusive<usize>> {
        find_item(TEXT, item).map(|item| item.lines)
    }

    #[test]
    fn every_kind_of_item_is_found_with_its_docs_and_attributes() {
        let cases = [
            ("Store", Some(5..=9)),
            ("Store::insert", Some(14..=18)),
            ("Store::LIMIT", Some(12..=12)),
            ("Store::fmt", Some(22..=22)),
            ("insert", Some(25..=26)),
            ("insert()", Some(25..=26)),
            ("State::Closed", Some(28..=28)),
            ("Clock", Some(30..=30)),
            ("Clock::now", Some(30..=30)),
            ("twice!", Some(32..=32)),
            ("ANSWER", Some(34..=34)),
            ("Id", Some(35..=35)),
            ("inner", Some(37..=39)),
            ("inner::deep", Some(38..=38)),
            ("deep", Some(38..=38)),
            ("missing", None),
            ("Store::missing", None),
            ("tore", None),
            ("", None),
        ];
        for (item, expected) in cases {
            assert_eq!(lines(item), expected, "{item}");
        }
        let text = find_item(TEXT, "Store::insert").unwrap().text;
        assert!(text.starts_with("    /// Adds rows.") && text.ends_with("    }"), "{text}");
    }

    #[test]
    fn text_that_is_not_rust_is_searched_as_text() {
        let sql = "CREATE TABLE logs (\n    id bigint,\n    CHECK (id > 0)\n);\n";
        assert_eq!(find("up.sql", sql, "CHECK (id > 0)").unwrap().lines, 3..=3);
        assert_eq!(find("up.sql", sql, "bigint,\n    CHECK").unwrap().lines, 2..=3);
        assert_eq!(find("up.sql", sql, "DROP"), None);
        assert_eq!(find("lib.rs", sql, "logs"), None, "SQL does not parse as Rust");
    }
}
