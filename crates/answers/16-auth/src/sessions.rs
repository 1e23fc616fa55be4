//! What happens to sessions, each in one transaction.

use diesel::prelude::*;
use error_handling::Problem;

use crate::accounts;
use crate::refresh::{RefreshToken, SuccessorKey};
use crate::store::{self, Lifetimes, Live};
use crate::{PasswordHash, SessionId, UserAgent, UserId};

/// Somebody whose password was right.
#[derive(Clone, Debug)]
pub(crate) struct Proven {
    pub(crate) user: UserId,
    /// The hash that the password was compared with.
    pub(crate) verified: PasswordHash,
    /// What to store instead, where the cost has risen since.
    pub(crate) upgraded: Option<PasswordHash>,
    pub(crate) user_agent: Option<UserAgent>,
}

/// What a refresh token is worth.
#[derive(Clone, Debug)]
pub(crate) enum Refreshed {
    /// The session goes on with this token, which is new or the one whose response got lost.
    GoesOn(Live, RefreshToken),
    /// There is no such session: it never was, was ended, or has expired.
    Unknown,
    /// A token that was used up came back. Either its thief or its owner has it from the other, and
    /// nobody can tell who is who, so the session is ended for both (RFC 9700, section 4.14.2).
    Replayed(Live),
}

/// Opens a session; none if the password was changed while it was being verified.
pub(crate) fn open(
    connection: &mut PgConnection,
    proven: &Proven,
    token: &RefreshToken,
    lifetimes: Lifetimes,
) -> QueryResult<Option<Live>> {
    let Proven { user, verified, upgraded, user_agent } = proven;
    connection.transaction(|connection| {
        if !accounts::hold(connection, *user, verified)? {
            return Ok(None);
        }
        if let Some(upgraded) = upgraded {
            accounts::replace_password(connection, *user, verified, upgraded)?;
        }
        let live = store::insert(connection, *user, token, user_agent.as_ref(), lifetimes)?;
        store::make_room(connection, *user)?;
        Ok(Some(live))
    })
}

/// Takes a refresh token for the next one.
pub(crate) fn refresh(
    connection: &mut PgConnection,
    token: &RefreshToken,
    key: &SuccessorKey,
    lifetimes: Lifetimes,
) -> QueryResult<Refreshed> {
    let next = key.successor(token);
    connection.transaction(|connection| {
        if let Some(live) = store::rotate(connection, token, &next.hash(), lifetimes)? {
            return Ok(Refreshed::GoesOn(live, next));
        }
        let Some(stale) = store::judge(connection, token, &next.hash(), lifetimes)? else {
            return Ok(Refreshed::Unknown);
        };
        match stale {
            _ if stale.has_expired => Ok(Refreshed::Unknown),
            _ if stale.is_repeat => Ok(Refreshed::GoesOn(stale.session, next)),
            _ => {
                let Live { id, user_id, .. } = stale.session;
                store::end(connection, user_id.into(), id.into())?;
                Ok(Refreshed::Replayed(stale.session))
            }
        }
    })
}

/// What became of a change of password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Changed {
    /// Done; so many other sessions were ended.
    Done(usize),
    /// Somebody else changed it first.
    Overtaken,
}

/// Replaces the password and ends every other session: whoever changes a password may do so
/// because somebody else knows it.
pub(crate) fn change_password(
    connection: &mut PgConnection,
    (user, session): (UserId, SessionId),
    verified: &PasswordHash,
    new: &PasswordHash,
) -> QueryResult<Changed> {
    connection.transaction(|connection| {
        if !accounts::replace_password(connection, user, verified, new)? {
            return Ok(Changed::Overtaken);
        }
        store::end_others(connection, user, session).map(Changed::Done)
    })
}

/// Runs `work` if the session has not ended since its access token was issued.
///
/// Elsewhere a token is good until it expires; what ends sessions asks first, so that a token that
/// was stolen cannot log its owner out once the owner has ended its session.
///
/// # Errors
/// 401 if it has, else those of `work`.
pub(crate) fn while_live<T>(
    connection: &mut PgConnection,
    (user, session): (UserId, SessionId),
    work: impl FnOnce(&mut PgConnection) -> QueryResult<T>,
) -> Result<T, Problem> {
    if store::is_live(connection, user, session)? {
        return Ok(work(connection)?);
    }
    Err(crate::challenge::refused("session has ended"))
}
