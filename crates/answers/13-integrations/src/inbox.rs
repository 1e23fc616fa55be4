//! What partners tell us: applied once, however often it is told.

use diesel::prelude::*;
use diesel::result::Error;
use error_handling::{InvalidField, Problem, ProblemType, constraint};
use foundation::signature::Secret;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::model::PartnerId;
use crate::schema::{catalogue_pages, inbox_events, webhook_partners};

/// Most bytes of an event.
pub const MOST_BYTES: usize = 64 << 10;

/// What a partner may tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(tag = "type", content = "data")]
#[schema(as = PartnerEvent)]
pub enum Told {
    /// Some things came or went.
    #[serde(rename = "stock.changed")]
    StockChanged {
        /// The number that the page had in the old system, which is the one that partners know.
        legacy_id: i64,
        /// How many came; less than zero when they went.
        delta: i16,
    },
}

/// What telling did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It took effect.
    Now,
    /// It had taken effect before.
    Before,
}

/// Owner of a partner, and the secret of what it sends.
///
/// # Errors
/// Whatever the database says.
pub fn sender(
    connection: &mut PgConnection,
    partner: PartnerId,
) -> QueryResult<Option<(i64, Secret)>> {
    let found: Option<(i64, Vec<u8>)> = webhook_partners::table
        .find(partner.number())
        .select((webhook_partners::user_id, webhook_partners::incoming_secret))
        .first(connection)
        .optional()?;
    Ok(found.map(|(owner, secret)| (owner, Secret::from_bytes(secret))))
}

/// Applies an event unless it was applied before. The note that it was and the effect are one
/// transaction: dying between the two would lose the effect, or have it twice.
///
/// # Errors
/// 422 for an event about nothing that there is, 409 for one that would lead beyond the bounds of a
/// stock; then it is not noted either, and may come again.
pub fn apply(
    connection: &mut PgConnection,
    (partner, owner): (PartnerId, i64),
    event_id: &str,
    told: Told,
) -> Result<Applied, Problem> {
    connection.transaction(|connection| {
        // A second one at the same time waits here for the first to end.
        let noted = diesel::insert_into(inbox_events::table)
            .values((
                inbox_events::partner_id.eq(partner.number()),
                inbox_events::event_id.eq(event_id),
            ))
            .on_conflict_do_nothing()
            .execute(connection)?;
        if noted == 0 {
            return Ok(Applied::Before);
        }
        match take_effect(connection, owner, told).map_err(beyond)? {
            true => Ok(Applied::Now),
            false => Err(unknown_page()),
        }
    })
}

/// Does what the event says; tells whether there is such a page.
///
/// # Errors
/// Whatever the database says.
pub(crate) fn take_effect(
    connection: &mut PgConnection,
    owner: i64,
    told: Told,
) -> Result<bool, Error> {
    let Told::StockChanged { legacy_id, delta } = told;
    let page = catalogue_pages::table
        .filter(catalogue_pages::user_id.eq(owner))
        .filter(catalogue_pages::legacy_id.eq(legacy_id));
    let changed = diesel::update(page)
        .set(catalogue_pages::stock.eq(catalogue_pages::stock + i32::from(delta)))
        .execute(connection)?;
    Ok(changed == 1)
}

/// The bound of a stock is the database's, as two events at once see the same stock before them.
fn beyond(error: Error) -> Problem {
    if constraint(&error) != Some("catalogue_pages_stock_bounded") {
        return error.into();
    }
    let detail = "This would lead to a stock beyond a million.";
    Problem::new(ProblemType::Conflict, detail).with_errors(vec![InvalidField::body(
        "/data/delta",
        "out_of_range",
        detail,
    )])
}

fn unknown_page() -> Problem {
    let detail = "No page has this number.";
    Problem::invalid(vec![InvalidField::body("/data/legacy_id", "not_found", detail)])
}
