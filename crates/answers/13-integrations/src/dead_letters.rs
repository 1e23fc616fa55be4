//! Events that were given up on, and their second chance.

use auth::UserId;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable, Text, Timestamptz};
use diesel::{QueryableByName, sql_query};
use serde::Serialize;
use utoipa::ToSchema;

/// An event that was given up on.
#[derive(Debug, QueryableByName, Serialize, ToSchema)]
#[schema(as = WebhookDeadLetter)]
pub struct DeadLetter {
    /// Its place, by which it is replayed.
    #[diesel(sql_type = BigInt)]
    pub position: i64,
    /// Who should have heard.
    #[diesel(sql_type = BigInt)]
    pub partner_id: i64,
    /// Its name, which a replay keeps.
    #[diesel(sql_type = Text)]
    pub event_id: String,
    /// What happened.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// How often it was tried.
    #[diesel(sql_type = Integer)]
    pub attempts: i32,
    /// How the last attempt failed.
    #[diesel(sql_type = Nullable<Text>)]
    pub failure: Option<String>,
    /// When it was given up.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub settled_at: Option<DateTime<Utc>>,
}

/// The owner's dead letters after a position, in order.
///
/// # Errors
/// Whatever the database says.
pub fn page(
    connection: &mut PgConnection,
    owner: UserId,
    after: i64,
    limit: i64,
) -> QueryResult<Vec<DeadLetter>> {
    sql_query(
        "SELECT position, partner_id, event_id, kind, attempts, failure, settled_at
         FROM outbox_events
         WHERE state = 'dead' AND position > $2
           AND partner_id IN (SELECT id FROM webhook_partners WHERE user_id = $1)
         ORDER BY position LIMIT $3",
    )
    .bind::<BigInt, _>(owner.number())
    .bind::<BigInt, _>(after)
    .bind::<BigInt, _>(limit)
    .load(connection)
}

/// Gives one of the owner's dead letters all its attempts again; tells whether there is such a one.
///
/// # Errors
/// Whatever the database says.
pub fn replay(connection: &mut PgConnection, owner: UserId, position: i64) -> QueryResult<bool> {
    let replayed = sql_query(
        "UPDATE outbox_events SET state = 'pending', attempts = 0, due_at = now(),
             published_at = NULL, settled_at = NULL
         WHERE position = $2 AND state = 'dead'
           AND partner_id IN (SELECT id FROM webhook_partners WHERE user_id = $1)",
    )
    .bind::<BigInt, _>(owner.number())
    .bind::<BigInt, _>(position)
    .execute(connection)?;
    Ok(replayed == 1)
}
