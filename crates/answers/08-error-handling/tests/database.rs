//! Database errors on their way to a client, from a real PostgreSQL.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use diesel::result::Error;
use diesel::{Connection, PgConnection, RunQueryDsl, sql_query};
use error_handling::{InvalidField, Problem, ProblemType, connection_lost, on_constraint};
use local_services::Purpose;

fn connect() -> PgConnection {
    let url = local_services::server_url(Purpose::Test).unwrap();
    let mut connection = PgConnection::establish(&url).unwrap();
    sql_query(
        "CREATE TEMPORARY TABLE parents (id int PRIMARY KEY, \
         email text CONSTRAINT parents_email_unique UNIQUE)",
    )
    .execute(&mut connection)
    .unwrap();
    sql_query("CREATE TEMPORARY TABLE children (parent int REFERENCES parents)")
        .execute(&mut connection)
        .unwrap();
    sql_query("INSERT INTO parents VALUES (1, 'ada@example.org')")
        .execute(&mut connection)
        .unwrap();
    connection
}

fn fail(connection: &mut PgConnection, statement: &str) -> Error {
    sql_query(statement).execute(connection).unwrap_err()
}

#[test]
fn each_kind_of_database_error_has_its_problem_type_and_tells_no_values() {
    let mut connection = connect();
    sql_query("SET statement_timeout = '100ms'").execute(&mut connection).unwrap();
    let cases = [
        ("INSERT INTO parents VALUES (2, 'ada@example.org')", ProblemType::Conflict),
        ("INSERT INTO children VALUES (77)", ProblemType::Conflict),
        ("SELECT pg_sleep(5), 'ada@example.org'", ProblemType::Unavailable),
        ("SELECT 'ada@example.org' FROM nowhere", ProblemType::Internal),
        ("SELECT 'ada@example.org'::int", ProblemType::Internal),
    ];
    for (statement, kind) in cases {
        let problem = Problem::from(fail(&mut connection, statement));
        assert_eq!(problem.kind(), kind, "{statement}");
        let told = format!("{problem} {problem:?} {:?}", problem.body());
        for secret in ["ada@example.org", "nowhere", "SELECT", "INSERT"] {
            assert!(!told.contains(secret), "{secret} in {told}");
        }
    }
}

#[test]
fn a_named_constraint_points_at_its_field_and_any_other_does_not() {
    let mut connection = connect();
    let field = || InvalidField::body("/email", "taken", "This address has an account.");
    let taken = fail(&mut connection, "INSERT INTO parents VALUES (2, 'ada@example.org')");
    let problem = on_constraint(taken, "parents_email_unique", field);
    assert_eq!((problem.kind(), problem.body().errors), (ProblemType::Conflict, vec![field()]));
    assert_eq!(
        problem.cause().unwrap().to_string(),
        "database UniqueViolation constraint=parents_email_unique table=parents",
        "the log learns which constraint it was"
    );
    let same_id = fail(&mut connection, "INSERT INTO parents VALUES (1, 'bob@example.org')");
    let problem = on_constraint(same_id, "parents_email_unique", field);
    assert_eq!((problem.kind(), problem.body().errors), (ProblemType::Conflict, vec![]));
}

#[test]
fn a_connection_that_the_server_closed_is_known_as_lost() {
    let mut connection = connect();
    let syntax = fail(&mut connection, "SELEC 1");
    assert!(!connection_lost(&syntax));
    let _ = sql_query("SELECT pg_terminate_backend(pg_backend_pid())").execute(&mut connection);
    let closed = fail(&mut connection, "SELECT 1");
    assert!(connection_lost(&closed), "{closed:?}");
    assert_eq!(Problem::from(closed).kind(), ProblemType::Unavailable);
}

/// Two transactions that want what the other holds; PostgreSQL ends one of them after a second.
#[test]
fn a_deadlock_is_passing_and_says_so() {
    // Of this process, as others test on the same server.
    let keys = [1, 2].map(|n| {
        format!("SELECT pg_advisory_xact_lock({}::bigint << 8 | {n})", std::process::id())
    });
    let together = std::sync::Barrier::new(2);
    let meet = |first: &str, second: &str| {
        connect().transaction(|connection| {
            sql_query(first).execute(connection)?;
            together.wait();
            sql_query(second).execute(connection)
        })
    };
    let ends: Vec<Result<usize, Error>> = std::thread::scope(|scope| {
        let one = scope.spawn(|| meet(&keys[0], &keys[1]));
        let other = scope.spawn(|| meet(&keys[1], &keys[0]));
        vec![one.join().unwrap(), other.join().unwrap()]
    });
    let failed: Vec<_> = ends.into_iter().filter_map(Result::err).collect();
    assert_eq!(failed.len(), 1, "{failed:?}");
    for error in failed {
        assert_eq!(Problem::from(error).kind(), ProblemType::Unavailable);
    }
}
