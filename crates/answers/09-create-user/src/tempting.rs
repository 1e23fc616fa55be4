//! What people write first. Only the demo uses it.

use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

use crate::model::NewUser;

/// The table without the constraint. An ordinary index, so that the check is no slower for it.
pub(crate) const UNGUARDED_TABLE: &str = "
    CREATE TABLE users_unguarded (LIKE users INCLUDING DEFAULTS INCLUDING IDENTITY);
    CREATE INDEX ON users_unguarded (email_normalized)";

#[derive(QueryableByName)]
struct Taken {
    #[diesel(sql_type = Bool)]
    taken: bool,
}

/// Looks, then inserts: between the two, others look as well. Returns whether the address was free.
pub(crate) fn check_then_insert(
    connection: &mut PgConnection,
    user: &NewUser,
) -> QueryResult<bool> {
    let look = "SELECT EXISTS (SELECT FROM users_unguarded WHERE email_normalized = $1) AS taken";
    let Taken { taken } =
        diesel::sql_query(look).bind::<Text, _>(user.email.normalized()).get_result(connection)?;
    if !taken {
        insert_unguarded(connection, user)?;
    }
    Ok(!taken)
}

/// Inserts and trusts the client.
pub(crate) fn insert_unguarded(connection: &mut PgConnection, user: &NewUser) -> QueryResult<()> {
    diesel::sql_query(
        "INSERT INTO users_unguarded (email, email_normalized, name, password_hash)
         VALUES ($1, $2, $3, $4)",
    )
    .bind::<Text, _>(user.email.written())
    .bind::<Text, _>(user.email.normalized())
    .bind::<Text, _>(user.name.as_str())
    .bind::<Text, _>(user.password_hash.expose())
    .execute(connection)
    .map(|_| ())
}

/// Hashes right where it is called, on whatever thread that is.
pub(crate) fn hash_here(cost: u32) -> Result<String, bcrypt::BcryptError> {
    bcrypt::hash("correct horse battery", cost)
}
