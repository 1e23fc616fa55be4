//! The keeper's own connection.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use secrecy::{ExposeSecret, SecretString};

/// Every wait is bounded: for the connection, for a statement, for a lock, for a peer that is gone.
/// A lock is given up before PostgreSQL looks for deadlocks, so that it never ends the caller's
/// transaction instead of this one, which simply tries again.
///
/// One connection apart from those of the handlers and of HTTP: nothing they do can keep a lease
/// from being renewed. Statements are planned each time: a plan made while the queue was empty would
/// read the whole table once it is not.
pub(crate) fn connect(url: &SecretString) -> QueryResult<PgConnection> {
    let url = url.expose_secret();
    let separator = if url.contains('?') { '&' } else { '?' };
    let bounded = format!("{url}{separator}connect_timeout=2&tcp_user_timeout=10000");
    // The reason may hold host and user names, and the next try tells the same.
    let mut connection = PgConnection::establish(&bounded)
        .map_err(|_| diesel::result::Error::BrokenTransactionManager)?;
    connection.batch_execute(
        "SET TIME ZONE 'UTC'; SET statement_timeout = 5000; SET lock_timeout = 500;
         SET idle_in_transaction_session_timeout = 10000; SET plan_cache_mode = force_custom_plan;",
    )?;
    Ok(connection)
}
