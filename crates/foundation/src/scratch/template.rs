//! The migrated database that scratch databases are cloned from, made once per schema version.

use std::thread::sleep;
use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};

use super::{Named, ScratchError, connect, mark_as_used, unique_name, with_database};
use crate::migrate::{self, SCHEMA_VERSION};

const PREFIX: &str = "show_your_work_template_";
/// Serialises the making across processes whose URLs name one database.
const LOCK: i64 = 0x5359_5754;

/// Builds of several schemas that start at once may drop each other's template as an old one.
const ATTEMPTS: u32 = 5;

#[derive(QueryableByName)]
struct Flag {
    #[diesel(sql_type = Bool)]
    flag: bool,
}

/// Makes the database `name` out of the template.
pub(super) fn clone_to(
    name: &str,
    connection: &mut PgConnection,
    server: &str,
) -> Result<(), ScratchError> {
    let mut attempts = ATTEMPTS;
    loop {
        let template = ensure(connection, server)?;
        let clone = format!("CREATE DATABASE {name} TEMPLATE {template}");
        attempts -= 1;
        match diesel::sql_query(clone).execute(connection) {
            Err(_) if attempts > 0 && !exists(connection, &template)? => {}
            cloned => return Ok(cloned.map(drop)?),
        }
    }
}

fn ensure(connection: &mut PgConnection, server: &str) -> Result<String, ScratchError> {
    let template = format!("{PREFIX}{SCHEMA_VERSION}");
    diesel::sql_query("SELECT pg_advisory_lock($1)").bind::<BigInt, _>(LOCK).execute(connection)?;
    let made = match exists(connection, &template) {
        Ok(false) => make(connection, server, &template),
        found => found.map(drop).map_err(ScratchError::from),
    };
    diesel::sql_query("SELECT pg_advisory_unlock($1)")
        .bind::<BigInt, _>(LOCK)
        .execute(connection)?;
    made.map(|()| template)
}

fn exists(connection: &mut PgConnection, template: &str) -> QueryResult<bool> {
    let query = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1) AS flag";
    let found = diesel::sql_query(query).bind::<Text, _>(template);
    Ok(found.get_result::<Flag>(connection)?.flag)
}

/// It gets its name only when it is complete, so that a process that dies half-way leaves no broken
/// template, and a process that does not see our lock, as its URL names another database, may make
/// one at the same time: whoever comes second throws its own away.
fn make(connection: &mut PgConnection, server: &str, template: &str) -> Result<(), ScratchError> {
    let draft = unique_name();
    mark_as_used(connection, &draft)?;
    diesel::sql_query(format!("CREATE DATABASE {draft} TEMPLATE template0")).execute(connection)?;
    let Err(error) = migrate_and_rename(connection, server, &draft, template) else {
        drop_older(connection, template)?;
        return Ok(());
    };
    diesel::sql_query(format!("DROP DATABASE {draft} WITH (FORCE)")).execute(connection)?;
    if exists(connection, template)? { Ok(()) } else { Err(error) }
}

fn migrate_and_rename(
    connection: &mut PgConnection,
    server: &str,
    draft: &str,
    template: &str,
) -> Result<(), ScratchError> {
    migrate::migrate(&mut connect(&with_database(server, draft)?)?)?;
    wait_until_unused(connection, draft)?;
    let rename = format!("ALTER DATABASE {draft} RENAME TO {template}");
    Ok(diesel::sql_query(rename).execute(connection).map(drop)?)
}

/// A server process outlives the client's goodbye by a moment, and a database in use cannot be
/// renamed.
fn wait_until_unused(connection: &mut PgConnection, database: &str) -> QueryResult<()> {
    let query = "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = $1) AS flag";
    for _ in 0..500 {
        let idle = diesel::sql_query(query).bind::<Text, _>(database);
        if idle.get_result::<Flag>(connection)?.flag {
            break;
        }
        sleep(Duration::from_millis(10));
    }
    Ok(())
}

fn drop_older(connection: &mut PgConnection, current: &str) -> QueryResult<()> {
    let query = "SELECT datname::text AS name FROM pg_database
                 WHERE starts_with(datname, $1) AND datname <> $2";
    let older = diesel::sql_query(query).bind::<Text, _>(PREFIX).bind::<Text, _>(current);
    for Named { name } in older.load(connection)? {
        // Another build may be cloning it at this moment; then it stays until the next time.
        let _ =
            diesel::sql_query(format!("DROP DATABASE IF EXISTS \"{name}\"")).execute(connection);
    }
    Ok(())
}
