//! Who is told, and who tells us.

use auth::UserId;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::result::Error;
use diesel::sql_types::{BigInt, SmallInt};
use error_handling::{Problem, Rejection, constraint};
use foundation::signature::Secret;
use serde::Serialize;
use url::Url;
use utoipa::ToSchema;

use crate::model::PartnerId;
use crate::schema::webhook_partners;

/// A partner as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Serialize, ToSchema)]
#[schema(as = WebhookPartner)]
pub struct Partner {
    /// Identifies it.
    #[diesel(deserialize_as = i64)]
    #[schema(value_type = i64, example = 3)]
    pub id: PartnerId,
    /// What its owner calls it.
    #[schema(example = "Carrier")]
    pub name: String,
    /// What its addresses begin with.
    #[schema(example = "https://carrier.example/api")]
    pub url: String,
}

/// A partner as it shall be.
#[derive(Clone, Debug)]
pub struct NewPartner {
    /// What its owner calls it.
    pub name: String,
    /// What its addresses begin with.
    pub url: PartnerUrl,
    /// Signs what it is sent.
    pub outgoing: Secret,
    /// Signs what it sends.
    pub incoming: Secret,
}

/// The beginning of a partner's addresses. Which hosts may be reached is decided when it is called,
/// by the addresses that its name then has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartnerUrl(String);

impl PartnerUrl {
    /// Takes an http or https address of at most 500 bytes without user, query and fragment.
    ///
    /// # Errors
    /// With the code `not_an_address`.
    pub fn parse(text: &str) -> Result<Self, Rejection> {
        let url = Url::parse(text).ok().filter(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && url.username().is_empty()
                && url.password().is_none()
                && url.query().is_none()
                && url.fragment().is_none()
                && url.as_str().len() <= 500
        });
        url.map(|url| Self(url.as_str().trim_end_matches('/').to_owned())).ok_or_else(|| {
            let detail = "Use an address such as https://partner.example/api, without a query.";
            Rejection::new("not_an_address", detail)
        })
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Adds a partner in the lowest slot that is free.
///
/// # Errors
/// 409 when the owner has ten, or adds two at once.
pub fn add(
    connection: &mut PgConnection,
    owner: UserId,
    new: &NewPartner,
) -> Result<Partner, Problem> {
    let slot = sql::<SmallInt>(
        "(SELECT coalesce(min(free), 11)::smallint FROM generate_series(1, 10) AS free
          WHERE free NOT IN (SELECT slot FROM webhook_partners WHERE user_id = ",
    )
    .bind::<BigInt, _>(owner.number())
    .sql("))");
    diesel::insert_into(webhook_partners::table)
        .values((
            webhook_partners::user_id.eq(owner.number()),
            webhook_partners::slot.eq(slot),
            webhook_partners::name.eq(&new.name),
            webhook_partners::url.eq(new.url.as_str()),
            webhook_partners::outgoing_secret.eq(new.outgoing.bytes()),
            webhook_partners::incoming_secret.eq(new.incoming.bytes()),
        ))
        .returning((webhook_partners::id, webhook_partners::name, webhook_partners::url))
        .get_result(connection)
        .map_err(refusal)
}

fn refusal(error: Error) -> Problem {
    match constraint(&error) {
        Some("webhook_partners_slot_bounded") => {
            Problem::full("You have 10 partners, which is the most.")
        }
        _ => Problem::from(error),
    }
}

/// The owner's partners, ten at the most.
///
/// # Errors
/// Whatever the database says.
pub fn list(connection: &mut PgConnection, owner: UserId) -> QueryResult<Vec<Partner>> {
    webhook_partners::table
        .filter(webhook_partners::user_id.eq(owner.number()))
        .order(webhook_partners::slot)
        .select((webhook_partners::id, webhook_partners::name, webhook_partners::url))
        .load(connection)
}

/// One of the owner's partners.
///
/// # Errors
/// Whatever the database says.
pub fn find(
    connection: &mut PgConnection,
    owner: UserId,
    partner: PartnerId,
) -> QueryResult<Option<Partner>> {
    webhook_partners::table
        .find(partner.number())
        .filter(webhook_partners::user_id.eq(owner.number()))
        .select((webhook_partners::id, webhook_partners::name, webhook_partners::url))
        .first(connection)
        .optional()
}

/// Removes one of the owner's partners, with what it was yet to hear; tells whether it was there.
///
/// # Errors
/// Whatever the database says.
pub fn remove(
    connection: &mut PgConnection,
    owner: UserId,
    partner: PartnerId,
) -> QueryResult<bool> {
    let mine = webhook_partners::table
        .find(partner.number())
        .filter(webhook_partners::user_id.eq(owner.number()));
    Ok(diesel::delete(mine).execute(connection)? == 1)
}
