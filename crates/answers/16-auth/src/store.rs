//! The statements on `sessions`. Knows no HTTP; the caller owns the transaction. All times are the
//! database's, as the clocks of replicas differ.

use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::dsl::{exists, now, select};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Bool, Double, Nullable, Text, Timestamptz};
use diesel::{QueryableByName, sql_query};

use crate::refresh::{RefreshToken, TokenHash};
use crate::schema::sessions;
use crate::{SessionId, UserAgent, UserId};

/// Sessions that one account may have; the one unused for longest makes room.
pub(crate) const SESSIONS_KEPT: i64 = 100;

/// How long sessions last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifetimes {
    /// Without a refresh.
    pub(crate) idle: Duration,
    /// However often refreshed.
    pub(crate) absolute: Duration,
    /// How long the last token may be sent again.
    pub(crate) grace: Duration,
}

/// A session that tokens may be issued for.
#[derive(Clone, Debug, QueryableByName)]
pub(crate) struct Live {
    #[diesel(sql_type = BigInt)]
    pub(crate) id: i64,
    #[diesel(sql_type = BigInt)]
    pub(crate) user_id: i64,
    #[diesel(sql_type = Timestamptz)]
    pub(crate) ends_at: DateTime<Utc>,
}

/// A session as its owner sees it.
#[derive(Clone, Debug, Queryable)]
pub(crate) struct Listed {
    pub(crate) id: i64,
    pub(crate) user_agent: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) last_used_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
}

/// What became of a token that is not its session's present one.
#[derive(Clone, Debug, QueryableByName)]
pub(crate) struct Stale {
    #[diesel(embed)]
    pub(crate) session: Live,
    /// The session ended by itself; whoever sends its token is late and no thief.
    #[diesel(sql_type = Bool)]
    pub(crate) has_expired: bool,
    /// It is the last token, its successor was not used yet, and the grace window is open.
    #[diesel(sql_type = Bool)]
    pub(crate) is_repeat: bool,
}

/// The session of an access token, if it has not ended since the token was issued.
#[diesel::dsl::auto_type(no_type_alias)]
pub(crate) fn live(user: UserId, session: SessionId) -> _ {
    let (user, session): (i64, i64) = (user.number(), session.number());
    sessions::table
        .filter(sessions::id.eq(session))
        .filter(sessions::user_id.eq(user))
        .filter(sessions::expires_at.gt(now))
}

/// Whether there is such a session.
pub(crate) fn is_live(
    connection: &mut PgConnection,
    user: UserId,
    session: SessionId,
) -> QueryResult<bool> {
    select(exists(live(user, session))).get_result(connection)
}

/// Stores a new session.
pub(crate) fn insert(
    connection: &mut PgConnection,
    user: UserId,
    token: &RefreshToken,
    user_agent: Option<&UserAgent>,
    lifetimes: Lifetimes,
) -> QueryResult<Live> {
    sql_query(
        "INSERT INTO sessions (user_id, family_hash, token_hash, user_agent, expires_at, ends_at)
         VALUES ($1, $2, $3, $4, now() + least($5, $6) * interval '1 second',
                 now() + $6 * interval '1 second')
         RETURNING id, user_id, ends_at",
    )
    .bind::<BigInt, _>(user.number())
    .bind::<Binary, _>(&token.family_hash()[..])
    .bind::<Binary, _>(&token.hash()[..])
    .bind::<Nullable<Text>, _>(user_agent.map(UserAgent::as_str))
    .bind::<Double, _>(lifetimes.idle.as_secs_f64())
    .bind::<Double, _>(lifetimes.absolute.as_secs_f64())
    .get_result(connection)
}

/// Ends what an account has beyond [`SESSIONS_KEPT`], those unused for longest first.
pub(crate) fn make_room(connection: &mut PgConnection, user: UserId) -> QueryResult<usize> {
    sql_query(
        "DELETE FROM sessions WHERE user_id = $1 AND id IN (
             SELECT id FROM sessions WHERE user_id = $1
             ORDER BY last_used_at DESC, id DESC OFFSET $2)",
    )
    .bind::<BigInt, _>(user.number())
    .bind::<BigInt, _>(SESSIONS_KEPT)
    .execute(connection)
}

/// Puts `next` in the place of `token`, if that is the session's present one.
///
/// One statement: of clients that send the same token at once, one finds it; the others wait for
/// its row, look again and find another.
pub(crate) fn rotate(
    connection: &mut PgConnection,
    token: &RefreshToken,
    next: &TokenHash,
    lifetimes: Lifetimes,
) -> QueryResult<Option<Live>> {
    sql_query(
        "UPDATE sessions
         SET token_hash = $3, previous_hash = token_hash, last_used_at = now(),
             expires_at = least(now() + $4 * interval '1 second', ends_at)
         WHERE family_hash = $1 AND token_hash = $2 AND expires_at > now()
         RETURNING id, user_id, ends_at",
    )
    .bind::<Binary, _>(&token.family_hash()[..])
    .bind::<Binary, _>(&token.hash()[..])
    .bind::<Binary, _>(&next[..])
    .bind::<Double, _>(lifetimes.idle.as_secs_f64())
    .get_result(connection)
    .optional()
}

/// Judges a token that [`rotate`] did not find, and holds its session for the rest of the
/// transaction. Digests are compared, which tell nothing by the time it takes. The grace is measured
/// by the clock, as `now()` of whoever waited for the winner may lie before the winner's.
pub(crate) fn judge(
    connection: &mut PgConnection,
    token: &RefreshToken,
    next: &TokenHash,
    lifetimes: Lifetimes,
) -> QueryResult<Option<Stale>> {
    sql_query(
        "SELECT id, user_id, ends_at, expires_at <= now() AS has_expired,
                coalesce(previous_hash = $2, false) AND token_hash = $3
                    AND last_used_at > clock_timestamp() - $4 * interval '1 second' AS is_repeat
         FROM sessions WHERE family_hash = $1 FOR UPDATE",
    )
    .bind::<Binary, _>(&token.family_hash()[..])
    .bind::<Binary, _>(&token.hash()[..])
    .bind::<Binary, _>(&next[..])
    .bind::<Double, _>(lifetimes.grace.as_secs_f64())
    .get_result(connection)
    .optional()
}

/// The sessions of an account, the one used last first.
pub(crate) fn list(connection: &mut PgConnection, user: UserId) -> QueryResult<Vec<Listed>> {
    sessions::table
        .filter(sessions::user_id.eq(user.number()))
        .filter(sessions::expires_at.gt(now))
        .order((sessions::last_used_at.desc(), sessions::id.desc()))
        .select((
            sessions::id,
            sessions::user_agent,
            sessions::created_at,
            sessions::last_used_at,
            sessions::expires_at,
        ))
        .limit(SESSIONS_KEPT)
        .load(connection)
}

/// Ends one session of an account: for anybody else's, there is nothing to end.
pub(crate) fn end(
    connection: &mut PgConnection,
    user: UserId,
    session: SessionId,
) -> QueryResult<bool> {
    let one = sessions::table
        .filter(sessions::id.eq(session.number()))
        .filter(sessions::user_id.eq(user.number()));
    diesel::delete(one).execute(connection).map(|ended| ended == 1)
}

/// Ends all sessions of an account.
pub(crate) fn end_all(connection: &mut PgConnection, user: UserId) -> QueryResult<usize> {
    diesel::delete(sessions::table.filter(sessions::user_id.eq(user.number()))).execute(connection)
}

/// Ends all sessions of an account but one.
pub(crate) fn end_others(
    connection: &mut PgConnection,
    user: UserId,
    kept: SessionId,
) -> QueryResult<usize> {
    let others = sessions::table
        .filter(sessions::user_id.eq(user.number()))
        .filter(sessions::id.ne(kept.number()));
    diesel::delete(others).execute(connection)
}

/// How many sessions have expired; deletes them unless `dry_run`.
pub(crate) fn expire(connection: &mut PgConnection, dry_run: bool) -> QueryResult<usize> {
    let expired = sessions::table.filter(sessions::expires_at.le(now));
    if dry_run {
        let counted: i64 = expired.count().get_result(connection)?;
        return Ok(usize::try_from(counted).unwrap_or(usize::MAX));
    }
    diesel::delete(expired).execute(connection)
}
