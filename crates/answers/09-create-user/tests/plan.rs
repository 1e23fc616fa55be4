//! The read that a page makes for every person it shows stays one look at the primary key.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use create_user::model::UserId;
use create_user::store;
use diesel::pg::Pg;
use diesel::sql_types::Text;
use diesel::{QueryableByName, RunQueryDsl, debug_query, sql_query};
use support::{app, execute};

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
    line: String,
}

#[test]
fn a_profile_is_read_by_its_primary_key() {
    let app = app();
    execute(
        &app.scratch,
        "INSERT INTO users (email, email_normalized, name, password_hash)
         SELECT n || '@example.org', n || '@example.org', 'Somebody', '$2b$04$' || n
         FROM generate_series(1, 20000) AS n",
    );
    execute(&app.scratch, "ANALYZE users");
    let query = store::profile_query(UserId::from(777));
    let statement = debug_query::<Pg, _>(&query).to_string();
    let (statement, _) = statement.split_once(" -- binds").unwrap();
    let explain = format!("EXPLAIN (ANALYZE, BUFFERS) {}", statement.replace("$1", "777"));
    let mut connection = app.scratch.connect().unwrap();
    let plan: Vec<String> = sql_query(explain)
        .load::<Line>(&mut connection)
        .unwrap()
        .into_iter()
        .map(|line| line.line)
        .collect();
    assert!(plan[0].starts_with("Index Scan using users_pkey on users"), "{plan:#?}");
    let profile = store::profile(&mut connection, UserId::from(777)).unwrap().unwrap();
    assert_eq!(profile.id, UserId::from(777));
}
