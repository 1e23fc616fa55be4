//! The statements of sign-in keep their plans, whatever the tables hold.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::BigInt;
use foundation::explain::{PlanGuard, plan_of};
use foundation::scratch::Scratch;
use local_services::Purpose;

use crate::store::{self, Lifetimes, live};
use crate::{RefreshToken, SessionId, UserId, accounts};

const HOUR: Duration = Duration::from_secs(3_600);
const LIFETIMES: Lifetimes = Lifetimes { idle: HOUR, absolute: HOUR, grace: Duration::ZERO };

/// Twenty thousand people with a session each.
fn crowd() -> (Scratch, PgConnection) {
    let scratch = Scratch::create(Purpose::Test).unwrap();
    let mut connection = scratch.connect().unwrap();
    connection
        .batch_execute(
            "INSERT INTO users (email, email_normalized, name, password_hash)
             SELECT n || '@example.org', n || '@example.org', 'Somebody', '$2b$04$' || n
             FROM generate_series(1, 20000) AS n;
             INSERT INTO sessions (user_id, family_hash, token_hash, expires_at, ends_at)
             SELECT id, sha256(('family' || id)::bytea), sha256(('token' || id)::bytea),
                    now() + interval '1 hour', now() + interval '1 hour'
             FROM users;
             ANALYZE users, sessions;",
        )
        .unwrap();
    // Another connection: the scans of this one are still counted as its own.
    let fresh = scratch.connect().unwrap();
    (scratch, fresh)
}

#[derive(QueryableByName)]
struct Scans {
    #[diesel(sql_type = BigInt)]
    whole: i64,
    #[diesel(sql_type = BigInt)]
    by_index: i64,
}

/// What PostgreSQL scanned of both tables since the transaction began.
fn scans(connection: &mut PgConnection) -> Scans {
    sql_query(
        "SELECT sum(seq_scan)::bigint AS whole, sum(idx_scan)::bigint AS by_index
         FROM pg_stat_xact_user_tables WHERE relname IN ('users', 'sessions')",
    )
    .get_result(connection)
    .unwrap()
}

#[test]
fn nothing_that_signs_in_refreshes_or_ends_a_session_scans_a_table_whole() {
    let (_scratch, mut connection) = crowd();
    connection.test_transaction::<_, diesel::result::Error, _>(|connection| {
        let user = UserId::from(777);
        let found = accounts::credentials(connection, "777@example.org")?.unwrap();
        assert!(accounts::hold(connection, found.user, &found.password_hash)?);
        let token = RefreshToken::random();
        let session = store::insert(connection, user, &token, None, LIFETIMES)?;
        let next = RefreshToken::random().hash();
        assert!(store::rotate(connection, &token, &next, LIFETIMES)?.is_some());
        assert!(store::judge(connection, &token, &next, LIFETIMES)?.is_some());
        assert_eq!(store::list(connection, user)?.len(), 2);
        assert_eq!(store::make_room(connection, user)?, 0);
        assert!(store::end(connection, user, session.id.into())?);
        assert_eq!(store::end_all(connection, user)?, 1);
        let Scans { whole, by_index } = scans(connection);
        assert_eq!(whole, 0, "a table was read from end to end");
        assert!(by_index >= 9, "{by_index}: the control, as a statement each was counted");
        Ok(())
    });
}

#[test]
fn whether_a_session_lives_is_one_look_at_one_row() {
    let (_scratch, mut connection) = crowd();
    let query = || live(UserId::from(777), SessionId::from(777));
    plan_of(&mut connection, query()).unwrap(); // The first one also reads the catalog.
    let plan = plan_of(&mut connection, query()).unwrap();
    PlanGuard::of(&plan).no_seq_scans().at_most_rows_read(1).at_most_buffers(4);
}
