//! A pooled connection that knows when it is dead.

use std::cell::Cell;
use std::fmt::Write as _;
use std::time::Duration;

use diesel::connection::{CacheSize, InstrumentationEvent, SimpleConnection};
use diesel::r2d2::{ConnectionManager, R2D2Connection};
use diesel::{Connection, ConnectionError, PgConnection, QueryResult};
use prometheus::IntGauge;
use r2d2::ManageConnection;
use secrecy::{ExposeSecret, SecretString};

use super::bounds::{SOON, bounded};
use super::pooler::IDLE_IN_TRANSACTION;

/// How often PostgreSQL plans a prepared statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PlanOften {
    /// Once for each connection. Left to itself, PostgreSQL plans a short statement on a partitioned
    /// table anew each time, which costs more than to execute it. Such a plan locks every partition
    /// and uses no partial index: a predicate that shall do either better is written as a literal.
    Once,
    /// As PostgreSQL thinks best, for statements whose best plan depends on their values.
    AsNeeded,
}

/// Whose sessions the connections of a lane are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sessions {
    /// The lane's: settings and prepared statements stay with the connection.
    Own(PlanOften),
    /// Anybody's, for a transaction at a time: settings come with them, and no statement is kept by
    /// name, as the next one may find another session.
    Pooled,
}

/// Makes connections with the timeouts of one lane.
pub(super) struct SessionManager {
    inner: ConnectionManager<PgConnection>,
    sessions: Sessions,
    setup: String,
    connections: IntGauge,
}

/// A connection, and whether it has been found dead.
///
/// Needed because Diesel tells r2d2 only of broken transactions, not of a connection whose server
/// is gone, and pinging at every checkout instead would double the round trips.
pub(super) struct Session {
    pub(super) connection: PgConnection,
    pub(super) lost: bool,
    connections: IntGauge,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.connections.dec();
    }
}

thread_local! {
    /// Statements that this thread has sent. A thread-local, as a session is used by the thread
    /// that checked it out, and the connection does not hand its instrumentation back.
    static STATEMENTS: Cell<u32> = const { Cell::new(0) };
}

/// How many statements this thread has sent since it was last asked, BEGIN and COMMIT among them.
pub(super) fn statements_sent() -> u32 {
    STATEMENTS.take()
}

impl SessionManager {
    pub(super) fn new(
        url: &SecretString,
        lane: &str,
        statement: Duration,
        lock: Duration,
        sessions: Sessions,
        connections: IntGauge,
    ) -> Self {
        let setup = match sessions {
            Sessions::Own(plan) => own_session(lane, statement, lock, plan),
            // One name for all lanes: PgBouncer follows it, and would set it again at each change.
            Sessions::Pooled => "SET application_name = 'lanes'".to_owned(),
        };
        let inner = ConnectionManager::new(bounded(url.expose_secret(), SOON));
        Self { inner, sessions, setup, connections }
    }
}

/// Asks for messages in English, as Diesel hides the SQLSTATE and time-outs are told by them. It
/// takes a privilege; a role without it gets the server's language.
const IN_ENGLISH: &str = "DO $$ BEGIN SET lc_messages = 'C'; \
                          EXCEPTION WHEN insufficient_privilege THEN NULL; END $$;";

fn own_session(lane: &str, statement: Duration, lock: Duration, plan: PlanOften) -> String {
    // The lane shows in pg_stat_activity.
    let mut setup = format!("SET TIME ZONE 'UTC'; SET application_name = 'lane {lane}';");
    for (name, value) in [("statement_timeout", statement), ("lock_timeout", lock)] {
        let _ = write!(setup, "SET {name} = {};", value.as_millis());
    }
    let _ = write!(setup, "SET idle_in_transaction_session_timeout = {IDLE_IN_TRANSACTION};");
    setup.push_str(IN_ENGLISH);
    if plan == PlanOften::Once {
        setup.push_str("SET plan_cache_mode = force_generic_plan;");
    }
    setup
}

/// A connection outside every lane, bounded in what it may wait for.
pub(super) fn plain(url: &SecretString) -> QueryResult<PgConnection> {
    // The reason may hold host and user names.
    let refused = |_| diesel::result::Error::BrokenTransactionManager;
    let mut connection =
        PgConnection::establish(&bounded(url.expose_secret(), SOON)).map_err(refused)?;
    connection
        .batch_execute("SET application_name = 'replica watch'; SET statement_timeout = 1000")?;
    Ok(connection)
}

impl ManageConnection for SessionManager {
    type Connection = Session;
    type Error = diesel::r2d2::Error;

    fn connect(&self) -> Result<Session, Self::Error> {
        let mut connection = self.inner.connect()?;
        let refused = |_| {
            let message = "the session refuses its settings".to_owned();
            Self::Error::ConnectionError(ConnectionError::BadConnection(message))
        };
        connection.batch_execute(&self.setup).map_err(refused)?;
        if self.sessions == Sessions::Pooled {
            connection.set_prepared_statement_cache_size(CacheSize::Disabled);
        }
        connection.set_instrumentation(|event: InstrumentationEvent<'_>| {
            if matches!(event, InstrumentationEvent::StartQuery { .. }) {
                STATEMENTS.set(STATEMENTS.get().wrapping_add(1));
            }
        });
        self.connections.inc();
        Ok(Session { connection, lost: false, connections: self.connections.clone() })
    }

    fn is_valid(&self, session: &mut Session) -> Result<(), Self::Error> {
        self.inner.is_valid(&mut session.connection)
    }

    fn has_broken(&self, session: &mut Session) -> bool {
        session.lost || session.connection.is_broken()
    }
}
