//! The statements on the password in `users`. Knows no HTTP; the caller owns the transaction.

use diesel::dsl::exists;
use diesel::prelude::*;

use crate::schema::users;
use crate::store::live;
use crate::{PasswordHash, SessionId, UserId};

/// What a password is compared with.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    pub(crate) user: UserId,
    pub(crate) password_hash: PasswordHash,
    pub(crate) email: String,
    pub(crate) email_normalized: String,
    pub(crate) name: String,
}

type Columns = (i64, String, String, String, String);

fn into_credentials((user, hash, email, email_normalized, name): Columns) -> Credentials {
    let password_hash = PasswordHash::from_stored(hash);
    Credentials { user: user.into(), password_hash, email, email_normalized, name }
}

const COLUMNS: (
    users::id,
    users::password_hash,
    users::email,
    users::email_normalized,
    users::name,
) = (users::id, users::password_hash, users::email, users::email_normalized, users::name);

/// The account with this address, in the form that is unique.
pub(crate) fn credentials(
    connection: &mut PgConnection,
    email_normalized: &str,
) -> QueryResult<Option<Credentials>> {
    let found = users::table.filter(users::email_normalized.eq(email_normalized)).select(COLUMNS);
    found.get_result::<Columns>(connection).optional().map(|row| row.map(into_credentials))
}

/// The account of somebody who is logged in, if the session has not ended meanwhile.
pub(crate) fn credentials_of(
    connection: &mut PgConnection,
    user: UserId,
    session: SessionId,
) -> QueryResult<Option<Credentials>> {
    let found = users::table.find(user.number()).filter(exists(live(user, session)));
    let row = found.select(COLUMNS).get_result::<Columns>(connection).optional()?;
    Ok(row.map(into_credentials))
}

/// Holds the account for the rest of the transaction, if its password is still the one that was
/// verified: a log-in that races a change of password must not outlive it.
pub(crate) fn hold(
    connection: &mut PgConnection,
    user: UserId,
    verified: &PasswordHash,
) -> QueryResult<bool> {
    users::table
        .find(user.number())
        .filter(users::password_hash.eq(verified.expose()))
        .select(users::id)
        // Not FOR UPDATE, which would also wait for whoever inserts rows that refer to the account.
        .for_no_key_update()
        .get_result::<i64>(connection)
        .optional()
        .map(|found| found.is_some())
}

/// Replaces the hash that was verified by another one; false if it is not there any more.
pub(crate) fn replace_password(
    connection: &mut PgConnection,
    user: UserId,
    verified: &PasswordHash,
    new: &PasswordHash,
) -> QueryResult<bool> {
    let account =
        users::table.find(user.number()).filter(users::password_hash.eq(verified.expose()));
    let replaced =
        diesel::update(account).set(users::password_hash.eq(new.expose())).execute(connection)?;
    Ok(replaced == 1)
}
