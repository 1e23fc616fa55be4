//! What an import writes. Knows no HTTP; the caller owns the transaction.

use std::collections::HashSet;

use auth::UserId;
use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Date, Integer, Text};
use diesel::{QueryableByName, sql_query};
use error_handling::{Problem, Rejection};
use foundation::scratch::number;

use super::{Export, MOST_REFUSALS, MOST_ROWS, Refusal, Report, whole_file};
use crate::schema::{catalogue_pages, legacy_addresses};

/// One import at a time: two would each find a slug free.
const LOCK: i64 = 0x0013_0001;

#[derive(QueryableByName)]
struct Upserted {
    #[diesel(sql_type = Bool)]
    inserted: bool,
}

/// Writes the pages and addresses of an export, after refusing what belongs to somebody else.
///
/// # Errors
/// 422 when more pages would be live than a sitemap may list.
pub(super) fn save(
    connection: &mut PgConnection,
    owner: UserId,
    mut export: Export,
) -> Result<Report, Problem> {
    sql_query("SELECT pg_advisory_xact_lock($1)").bind::<BigInt, _>(LOCK).execute(connection)?;
    refuse_slugs_of_others(connection, owner, &mut export)?;
    refuse_addresses_of_others(connection, owner, &mut export)?;
    let upserted = upsert_pages(connection, owner, &export)?;
    let addresses = upsert_addresses(connection, owner, &export)?;
    // Everybody's, as everybody's are in the one sitemap.
    let live = number(connection, "SELECT count(*) FROM catalogue_pages WHERE live")?;
    if live > MOST_ROWS as u64 {
        let detail = format!("With these there would be more than {MOST_ROWS} live pages.");
        return Err(whole_file(&Rejection::new("too_many_pages", detail)));
    }
    let inserted = upserted.iter().filter(|row| row.inserted).count();
    Ok(report(export, inserted, upserted.len() - inserted, addresses))
}

fn report(export: Export, inserted: usize, updated: usize, addresses: usize) -> Report {
    let Export { rows, mut refusals, .. } = export;
    refusals.sort_by_key(|refusal| refusal.row);
    let refused = refusals.iter().map(|refusal| refusal.row).collect::<HashSet<_>>().len();
    refusals.truncate(MOST_REFUSALS);
    Report { rows, inserted, updated, addresses, refused, refusals }
}

fn refuse_slugs_of_others(
    connection: &mut PgConnection,
    owner: UserId,
    export: &mut Export,
) -> QueryResult<()> {
    let slugs: Vec<&str> = export.pages.iter().map(|(_, page)| page.slug.as_str()).collect();
    let taken: Vec<String> = catalogue_pages::table
        .filter(catalogue_pages::slug.eq_any(slugs))
        .select(catalogue_pages::slug)
        .load(connection)?;
    let taken: HashSet<String> = taken.into_iter().collect();
    let known = legacy_ids(connection, owner, export)?;
    let why = Rejection::new("slug_taken", "Another page has it.");
    let Export { pages, refusals, .. } = export;
    pages.retain(|(row, page)| {
        // A page that is there keeps the slug it has, whatever the export says now.
        let free = known.contains(&page.legacy_id) || !taken.contains(page.slug.as_str());
        if !free {
            refusals.push(Refusal::new(*row, "slug", &why));
        }
        free
    });
    Ok(())
}

fn legacy_ids(
    connection: &mut PgConnection,
    owner: UserId,
    export: &Export,
) -> QueryResult<HashSet<i64>> {
    let ids: Vec<i64> = export.pages.iter().map(|(_, page)| page.legacy_id).collect();
    let known: Vec<i64> = catalogue_pages::table
        .filter(catalogue_pages::user_id.eq(owner.number()))
        .filter(catalogue_pages::legacy_id.eq_any(ids))
        .select(catalogue_pages::legacy_id)
        .load(connection)?;
    Ok(known.into_iter().collect())
}

fn refuse_addresses_of_others(
    connection: &mut PgConnection,
    owner: UserId,
    export: &mut Export,
) -> QueryResult<()> {
    let addresses: Vec<&str> = addresses(export).map(|(address, _)| address).collect();
    let taken: Vec<String> = legacy_addresses::table
        .inner_join(catalogue_pages::table)
        .filter(legacy_addresses::address.eq_any(addresses))
        .filter(catalogue_pages::user_id.ne(owner.number()))
        .select(legacy_addresses::address)
        .load(connection)?;
    let taken: HashSet<String> = taken.into_iter().collect();
    let why = Rejection::new("url_taken", "The address belongs to somebody else's page.");
    let Export { pages, aliases, refusals, .. } = export;
    let mut keep = |row: usize, address: &str| {
        let free = !taken.contains(address);
        if !free {
            refusals.push(Refusal::new(row, "url", &why));
        }
        free
    };
    pages.retain(|(row, page)| keep(*row, page.address.as_str()));
    aliases.retain(|(row, address, _)| keep(*row, address.as_str()));
    Ok(())
}

fn addresses(export: &Export) -> impl Iterator<Item = (&str, i64)> {
    let pages = export.pages.iter().map(|(_, page)| (page.address.as_str(), page.legacy_id));
    pages.chain(export.aliases.iter().map(|(_, address, page)| (address.as_str(), *page)))
}

/// One statement for all pages. A page that is there keeps its slug: addresses that people and
/// search engines know do not change because a title did.
fn upsert_pages(
    connection: &mut PgConnection,
    owner: UserId,
    export: &Export,
) -> QueryResult<Vec<Upserted>> {
    let pages: Vec<_> = export.pages.iter().map(|(_, page)| page).collect();
    let texts = |column: fn(&super::NewPage) -> &str| {
        pages.iter().map(|page| column(page).to_owned()).collect::<Vec<String>>()
    };
    sql_query(
        "INSERT INTO catalogue_pages AS kept
             (user_id, legacy_id, slug, title, category, price_cents, published_on, live, body)
         SELECT $1, * FROM unnest($2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (user_id, legacy_id) DO UPDATE SET
             title = EXCLUDED.title, category = EXCLUDED.category,
             price_cents = EXCLUDED.price_cents, published_on = EXCLUDED.published_on,
             live = EXCLUDED.live, body = EXCLUDED.body, changed_at = now()
         WHERE (kept.title, kept.category, kept.price_cents, kept.published_on, kept.live, kept.body)
            IS DISTINCT FROM (EXCLUDED.title, EXCLUDED.category, EXCLUDED.price_cents,
                              EXCLUDED.published_on, EXCLUDED.live, EXCLUDED.body)
         RETURNING xmax = 0 AS inserted",
    )
    .bind::<BigInt, _>(owner.number())
    .bind::<Array<BigInt>, _>(pages.iter().map(|page| page.legacy_id).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(texts(|page| page.slug.as_str()))
    .bind::<Array<Text>, _>(texts(|page| &page.title))
    .bind::<Array<Text>, _>(texts(|page| &page.category))
    .bind::<Array<Integer>, _>(pages.iter().map(|page| page.price.cents()).collect::<Vec<_>>())
    .bind::<Array<Date>, _>(pages.iter().map(|page| page.published_on).collect::<Vec<NaiveDate>>())
    .bind::<Array<Bool>, _>(pages.iter().map(|page| page.live).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(texts(|page| &page.body))
    .get_results(connection)
}

/// Returns how many addresses lead somewhere new. One whose page was refused stays where it was.
fn upsert_addresses(
    connection: &mut PgConnection,
    owner: UserId,
    export: &Export,
) -> QueryResult<usize> {
    let (addresses, ids): (Vec<&str>, Vec<i64>) = addresses(export).unzip();
    sql_query(
        "INSERT INTO legacy_addresses AS kept (address, page_id)
         SELECT old.address, page.id FROM unnest($2, $3) AS old (address, legacy_id)
         JOIN catalogue_pages AS page ON page.user_id = $1 AND page.legacy_id = old.legacy_id
         ON CONFLICT (address) DO UPDATE SET page_id = EXCLUDED.page_id
         WHERE kept.page_id <> EXCLUDED.page_id",
    )
    .bind::<BigInt, _>(owner.number())
    .bind::<Array<Text>, _>(addresses)
    .bind::<Array<BigInt>, _>(ids)
    .execute(connection)
}
