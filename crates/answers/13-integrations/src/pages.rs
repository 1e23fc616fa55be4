//! Pages at their new addresses, and where the old ones lead. Knows no HTTP.

use auth::UserId;
use chrono::{DateTime, NaiveDate, Utc};
use diesel::helper_types::IntoBoxed;
use diesel::pg::Pg;
use diesel::prelude::*;

use crate::model::{LegacyAddress, PageId, Price, Slug};
use crate::schema::{catalogue_pages, legacy_addresses};

/// The path of a page.
#[must_use]
pub fn path(slug: &str) -> String {
    format!("/catalogue/{slug}")
}

/// A page as visitors see it.
#[derive(Clone, Debug, Queryable)]
pub struct Page {
    /// The last segment of its address.
    pub slug: String,
    /// Its title.
    pub title: String,
    /// Where it belongs.
    pub category: String,
    /// What it costs, in cents.
    pub price_cents: i32,
    /// Since when it is on the site.
    pub published_on: NaiveDate,
    /// Its text.
    pub body: String,
}

/// The live page of this slug.
///
/// # Errors
/// Whatever the database says.
pub fn find(connection: &mut PgConnection, slug: &Slug) -> QueryResult<Option<Page>> {
    catalogue_pages::table
        .filter(catalogue_pages::slug.eq(slug.as_str().to_owned()))
        .filter(catalogue_pages::live)
        .select((
            catalogue_pages::slug,
            catalogue_pages::title,
            catalogue_pages::category,
            catalogue_pages::price_cents,
            catalogue_pages::published_on,
            catalogue_pages::body,
        ))
        .first(connection)
        .optional()
}

/// The statement of [`successor`], apart so that its plan can be held by a test.
#[must_use]
pub fn successor_query<'a>(address: &LegacyAddress) -> IntoBoxed<'a, slugs, Pg> {
    slugs()
        .filter(legacy_addresses::address.eq(address.as_str().to_owned()))
        .filter(catalogue_pages::live)
        .into_boxed()
}

#[diesel::dsl::auto_type]
fn slugs() -> _ {
    legacy_addresses::table.inner_join(catalogue_pages::table).select(catalogue_pages::slug)
}

/// The slug of the live page that an old address leads to. A row and not an address: whatever was
/// imported, it leads to a page of this site, in one step.
///
/// # Errors
/// Whatever the database says.
pub fn successor(
    connection: &mut PgConnection,
    address: &LegacyAddress,
) -> QueryResult<Option<String>> {
    successor_query(address).first(connection).optional()
}

/// Slug and last change of every live page, at most as many as a sitemap may have (sitemaps.org:
/// 50 000), which is also the most that imports leave live.
///
/// # Errors
/// Whatever the database says.
pub fn live(connection: &mut PgConnection) -> QueryResult<Vec<(String, DateTime<Utc>)>> {
    catalogue_pages::table
        .filter(catalogue_pages::live)
        .order(catalogue_pages::slug)
        .limit(i64::try_from(crate::import::MOST_ROWS).unwrap_or(i64::MAX))
        .select((catalogue_pages::slug, catalogue_pages::changed_at))
        .load(connection)
}

/// Changes the price of one of the owner's pages; tells which page it was and whether it changed.
///
/// # Errors
/// Whatever the database says.
pub fn set_price(
    connection: &mut PgConnection,
    owner: UserId,
    slug: &Slug,
    price: Price,
) -> QueryResult<Option<(PageId, bool)>> {
    let mine = catalogue_pages::table
        .filter(catalogue_pages::slug.eq(slug.as_str()))
        .filter(catalogue_pages::user_id.eq(owner.number()));
    let found: Option<(i64, i32)> = mine
        .select((catalogue_pages::id, catalogue_pages::price_cents))
        .for_update()
        .first(connection)
        .optional()?;
    let Some((id, before)) = found else { return Ok(None) };
    if before == price.cents() {
        return Ok(Some((id.into(), false)));
    }
    diesel::update(catalogue_pages::table.find(id))
        .set((
            catalogue_pages::price_cents.eq(price.cents()),
            catalogue_pages::changed_at.eq(diesel::dsl::now),
        ))
        .execute(connection)?;
    Ok(Some((id.into(), true)))
}
