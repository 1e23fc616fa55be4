//! The read that a page makes for every person it shows stays one look at the primary key.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use create_user::model::UserId;
use create_user::store;
use foundation::explain::{PlanGuard, plan_of};
use foundation::testing::execute;
use support::app;

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
    let mut connection = app.scratch.connect().unwrap();
    let profile = || store::profile_query(UserId::from(777));
    plan_of(&mut connection, profile()).unwrap(); // The first one also reads the catalog.
    let plan = plan_of(&mut connection, profile()).unwrap();
    PlanGuard::of(&plan).uses_index("users_pkey").no_seq_scans().at_most_buffers(4);
    let profile = store::profile(&mut connection, UserId::from(777)).unwrap().unwrap();
    assert_eq!(profile.id, UserId::from(777));
}
