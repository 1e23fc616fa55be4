//! What partners are to hear of: written with the change itself, sent when that is committed.
//!
//! The row decides everything; a stream or a worker that is lost loses no event. Events about one
//! entity are sent in the order of their commits, one at a time: [`claim`] gives out the head only.

use std::time::Duration;

use auth::UserId;
use chrono::{DateTime, SecondsFormat, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Bool, Integer, Nullable, Text, Timestamptz};
use diesel::{QueryableByName, sql_query};
use foundation::signature::Secret;
use serde::Serialize;
use serde_json::{Value, json};

use crate::model::{PageId, PartnerId};

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Event {
    /// What it is about.
    pub entity: PageId,
    /// What happened to it, such as `page.price_changed`.
    pub kind: &'static str,
    /// The facts, as partners get them.
    pub data: Value,
}

/// The name of an event, the same for every partner and at every attempt.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct EventId(String);

impl EventId {
    fn random() -> Self {
        Self(format!("evt_{:032x}", rand::random::<u128>()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Notes an event for every partner of the owner, in the caller's transaction: a change that is
/// rolled back leaves none, and one that is committed leaves exactly these.
///
/// # Errors
/// Whatever the database says.
pub fn record(connection: &mut PgConnection, owner: UserId, event: &Event) -> QueryResult<EventId> {
    // Before the position is drawn: otherwise the later of two transactions could commit first, and
    // its event be sent before the one that it follows.
    sql_query("SELECT pg_advisory_xact_lock(13, hashint8($1))")
        .bind::<BigInt, _>(event.entity.number())
        .execute(connection)?;
    let id = EventId::random();
    let body = json!({
        "id": id.0,
        "type": event.kind,
        "timestamp": Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true),
        "data": event.data,
    });
    sql_query(
        "INSERT INTO outbox_events (partner_id, event_id, entity, kind, body)
         SELECT id, $2, $3, $4, $5 FROM webhook_partners WHERE user_id = $1",
    )
    .bind::<BigInt, _>(owner.number())
    .bind::<Text, _>(&id.0)
    .bind::<BigInt, _>(event.entity.number())
    .bind::<Text, _>(event.kind)
    .bind::<Text, _>(body.to_string())
    .execute(connection)?;
    Ok(id)
}

/// The queue of one entity's events for one partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, QueryableByName)]
pub struct Queue {
    /// Who is to hear.
    #[diesel(sql_type = BigInt, column_name = partner_id)]
    partner: i64,
    /// Of what.
    #[diesel(sql_type = BigInt)]
    entity: i64,
}

impl Queue {
    /// The queue of this partner and entity.
    #[must_use]
    pub fn new(partner: i64, entity: i64) -> Self {
        Self { partner, entity }
    }

    /// Who is to hear.
    #[must_use]
    pub fn partner(self) -> PartnerId {
        self.partner.into()
    }

    /// Of what.
    #[must_use]
    pub fn entity(self) -> i64 {
        self.entity
    }
}

/// An event that may be sent now, by whoever holds this.
#[derive(Debug, QueryableByName)]
pub struct Head {
    /// Its place.
    #[diesel(sql_type = BigInt)]
    pub position: i64,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub event_id: String,
    /// The bytes to send and sign.
    #[diesel(sql_type = Text)]
    pub body: String,
    /// Which attempt this is, from 1.
    #[diesel(sql_type = Integer)]
    pub attempts: i32,
    /// Until when it is this worker's. It fences: whoever claims later has it for longer. Not the
    /// attempts, which are given back by a replay and by a breaker.
    #[diesel(sql_type = Timestamptz)]
    leased_until: DateTime<Utc>,
    #[diesel(sql_type = Text)]
    url: String,
    #[diesel(sql_type = Binary)]
    outgoing_secret: Vec<u8>,
}

impl Head {
    /// Where to send it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}/webhooks", self.url.trim_end_matches('/'))
    }

    /// What to sign it with.
    #[must_use]
    pub fn secret(&self) -> Secret {
        Secret::from_bytes(self.outgoing_secret.clone())
    }
}

/// The least position of what is pending, and no other: an event that waits for its next attempt
/// holds up those behind it. Whoever waited for the row looks at it anew and finds it taken.
const CLAIM: &str = "
    UPDATE outbox_events AS head
    SET leased_until = now() + $3 * interval '1 millisecond', attempts = head.attempts + 1
    FROM webhook_partners AS partner
    WHERE partner.id = head.partner_id
      AND head.position = (SELECT min(position) FROM outbox_events
                           WHERE partner_id = $1 AND entity = $2 AND state = 'pending')
      AND head.state = 'pending' AND head.due_at <= now()
      AND (head.leased_until IS NULL OR head.leased_until < now())
    RETURNING head.position, head.event_id, head.body, head.attempts, head.leased_until,
              partner.url, partner.outgoing_secret";

/// Takes the next event of a queue for `lease`, if it is due and nobody else has it.
///
/// # Errors
/// Whatever the database says.
pub fn claim(
    connection: &mut PgConnection,
    queue: Queue,
    lease: Duration,
) -> QueryResult<Option<Head>> {
    sql_query(CLAIM)
        .bind::<BigInt, _>(queue.partner)
        .bind::<BigInt, _>(queue.entity)
        .bind::<BigInt, _>(milliseconds(lease))
        .get_result(connection)
        .optional()
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// The partner has it.
    Delivered,
    /// To be tried again after this time.
    Retry(Duration, &'static str),
    /// Nothing was sent: to be looked at again after this time, with as many attempts left.
    Postponed(Duration),
    /// To be looked at by a person; those behind it go on.
    Dead(&'static str),
}

/// Notes what became of an attempt, unless somebody has claimed the event since; tells whether it
/// was noted.
///
/// # Errors
/// Whatever the database says.
pub fn settle(connection: &mut PgConnection, head: &Head, outcome: &Settled) -> QueryResult<bool> {
    let (state, wait, failure) = match outcome {
        Settled::Delivered => ("delivered", Duration::ZERO, None),
        Settled::Retry(wait, why) => ("pending", *wait, Some(*why)),
        Settled::Postponed(wait) => ("pending", *wait, Some("breaker open")),
        Settled::Dead(why) => ("dead", Duration::ZERO, Some(*why)),
    };
    let given_back = i32::from(matches!(outcome, Settled::Postponed(_)));
    let noted = sql_query(
        "UPDATE outbox_events SET state = $3, failure = $5, leased_until = NULL,
             attempts = attempts - $6, due_at = now() + $4 * interval '1 millisecond',
             settled_at = CASE $3 WHEN 'pending' THEN NULL ELSE now() END
         WHERE position = $1 AND leased_until = $2 AND state = 'pending'",
    )
    .bind::<BigInt, _>(head.position)
    .bind::<Timestamptz, _>(head.leased_until)
    .bind::<Text, _>(state)
    .bind::<BigInt, _>(milliseconds(wait))
    .bind::<Nullable<Text>, _>(failure)
    .bind::<Integer, _>(given_back)
    .execute(connection)?;
    Ok(noted == 1)
}

fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// A row that the stream does not know of yet.
#[derive(Debug, QueryableByName)]
pub struct Unpublished {
    /// Its place.
    #[diesel(sql_type = BigInt)]
    pub position: i64,
    /// Its queue.
    #[diesel(embed)]
    pub queue: Queue,
}

/// The statement of [`unpublished`].
pub const UNPUBLISHED: &str = "
    SELECT position, partner_id, entity FROM outbox_events
    WHERE state = 'pending' AND published_at IS NULL ORDER BY position LIMIT 200";

/// The oldest rows that the stream does not know of, by what is missing instead of by the last
/// position that was seen: a transaction that commits late has an early position.
///
/// # Errors
/// Whatever the database says.
pub fn unpublished(connection: &mut PgConnection) -> QueryResult<Vec<Unpublished>> {
    sql_query(UNPUBLISHED).load(connection)
}

/// Notes that the stream knows of these.
///
/// # Errors
/// Whatever the database says.
pub fn mark_published(connection: &mut PgConnection, positions: &[i64]) -> QueryResult<usize> {
    sql_query("UPDATE outbox_events SET published_at = now() WHERE position = ANY($1)")
        .bind::<Array<BigInt>, _>(positions)
        .execute(connection)
}

/// The statement of [`due`].
pub const DUE: &str = "
    SELECT partner_id, entity FROM outbox_events AS head
    WHERE state = 'pending' AND due_at <= now()
      AND (leased_until IS NULL OR leased_until < now())
      AND ($1 OR attempts > 0 OR published_at < now() - $2 * interval '1 millisecond')
      AND NOT EXISTS (SELECT FROM outbox_events AS before
                      WHERE before.partner_id = head.partner_id AND before.entity = head.entity
                        AND before.state = 'pending' AND before.position < head.position)
      AND partner_id <> ALL ($3)
    ORDER BY due_at LIMIT 200";

/// Queues whose head is due although the stream will not tell: retries, leases of the dead, and what
/// was published `forsaken` ago and not taken up. All that are due when `alone`, without Redis.
///
/// Without those of partners that are `down`: the oldest of all, they would fill each look, and
/// nobody else's would come up.
///
/// # Errors
/// Whatever the database says.
pub fn due(
    connection: &mut PgConnection,
    alone: bool,
    forsaken: Duration,
    down: &[PartnerId],
) -> QueryResult<Vec<Queue>> {
    let down: Vec<i64> = down.iter().map(|partner| partner.number()).collect();
    sql_query(DUE)
        .bind::<Bool, _>(alone)
        .bind::<BigInt, _>(milliseconds(forsaken))
        .bind::<Array<BigInt>, _>(down)
        .load(connection)
}
