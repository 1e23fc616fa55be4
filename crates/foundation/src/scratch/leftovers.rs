//! What processes that died left behind.

use diesel::prelude::*;
use diesel::sql_types::Text;

use super::{Named, PREFIX, ScratchError, connect};

/// Scratch databases that nobody uses: no session is in one, and none holds its lock.
///
/// An advisory lock belongs to one database and cannot be tried from another, while `DATABASE_URL`
/// may name any of them. `pg_locks` shows those of the whole server (PostgreSQL manual, 54.12), and
/// a name never comes again: once nobody holds its lock, nobody ever will.
const UNUSED: &str = "
    SELECT datname::text AS name FROM pg_database AS found
    WHERE starts_with(datname, $1)
      AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE datid = found.oid)
      AND NOT EXISTS (
          SELECT FROM pg_locks
          WHERE locktype = 'advisory' AND objsubid = 1
            AND ((classid::bigint << 32) | objid::bigint) = hashtextextended(datname::text, 0))";

/// Drops the scratch databases on this server that no process uses any more; returns their names.
/// Each process does so once by itself, before its first scratch database.
///
/// # Errors
/// When the server does not answer.
pub fn sweep(server: &str) -> Result<Vec<String>, ScratchError> {
    Ok(drop_all(&mut connect(server)?)?)
}

pub(super) fn drop_all(connection: &mut PgConnection) -> QueryResult<Vec<String>> {
    let unused: Vec<Named> = diesel::sql_query(UNUSED).bind::<Text, _>(PREFIX).load(connection)?;
    let mut dropped = Vec::new();
    for Named { name } in unused {
        // Not by force: whoever came in since keeps it. One of another role's stays as well, and
        // neither keeps this process from its own database.
        let statement = format!("DROP DATABASE IF EXISTS \"{name}\"");
        if diesel::sql_query(statement).execute(connection).is_ok() {
            dropped.push(name);
        }
    }
    Ok(dropped)
}
