//! However many profiles a statement reads, each costs one look at the primary key.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use create_user::model::UserId;
use create_user::store;
use foundation::explain::{PlanGuard, plan_of};
use foundation::testing::execute;
use support::app;

#[test]
fn profiles_are_read_by_their_primary_key() {
    let app = app();
    execute(
        &app.scratch,
        "INSERT INTO users (email, email_normalized, name, password_hash)
         SELECT n || '@example.org', n || '@example.org', 'Somebody', '$2b$04$' || n
         FROM generate_series(1, 20000) AS n",
    );
    execute(&app.scratch, "ANALYZE users");
    let mut connection = app.scratch.connect().unwrap();
    let wanted: Vec<UserId> = [777, 15_000, 20_001].map(UserId::from).to_vec();
    let profiles = || store::profiles_query(&wanted);
    plan_of(&mut connection, profiles()).unwrap(); // The first one also reads the catalog.
    let plan = plan_of(&mut connection, profiles()).unwrap();
    PlanGuard::of(&plan).uses_index("users_pkey").no_seq_scans().at_most_buffers(12);
    let found = store::profiles(&mut connection, &wanted).unwrap();
    let mut found: Vec<i64> = found.into_iter().map(|(id, _)| id.number()).collect();
    found.sort_unstable();
    assert_eq!(found, [777, 15_000], "the third account does not exist");
}
