//! Keys that the servers of one database make once and share.

use diesel::sql_types::{Binary, Text};
use diesel::{PgConnection, QueryResult, QueryableByName, RunQueryDsl, sql_query};
use secrecy::SecretSlice;

#[derive(QueryableByName)]
struct Stored {
    #[diesel(sql_type = Binary)]
    value: Vec<u8>,
}

/// The secret of this name, 256 random bits. Replicas that start together agree on whichever was
/// inserted first.
pub(crate) fn shared_secret(
    connection: &mut PgConnection,
    name: &str,
) -> QueryResult<SecretSlice<u8>> {
    let made: [u8; 32] = rand::random();
    sql_query("INSERT INTO server_secrets (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING")
        .bind::<Text, _>(name)
        .bind::<Binary, _>(&made[..])
        .execute(connection)?;
    let stored: Stored = sql_query("SELECT value FROM server_secrets WHERE name = $1")
        .bind::<Text, _>(name)
        .get_result(connection)?;
    Ok(SecretSlice::from(stored.value))
}
