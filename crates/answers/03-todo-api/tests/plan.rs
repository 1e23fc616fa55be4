//! The hot queries keep their plans: what they read is bounded, whatever others have.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use diesel::PgConnection;
use foundation::explain::{PlanGuard, PlanTree, plan_of};
use foundation::paging::Limit;
use foundation::testing::{TestApp, execute};
use support::app;
use todo_api::model::TodoId;
use todo_api::store::categories;
use todo_api::store::todos::{Filter, Listing, find_query, listing};

/// Forty people with a thousand to-dos each, in twenty categories; nine in ten are completed.
fn forty_people() -> (TestApp, PgConnection) {
    let app = app();
    execute(
        &app.scratch,
        "INSERT INTO users (email, email_normalized, name, password_hash)
         SELECT n || '@example.org', n || '@example.org', 'Somebody', '$2b$04$' || n
         FROM generate_series(1, 40) AS n",
    );
    execute(
        &app.scratch,
        "INSERT INTO categories (user_id, name) SELECT id, n FROM users, generate_series(1, 20) n",
    );
    // By number and then by person, as they are made in life: nobody's rows lie together.
    execute(
        &app.scratch,
        "INSERT INTO todos (user_id, title, completed, category_id)
         SELECT user_id, repeat('x', 60), n % 10 > 0, id
         FROM generate_series(1, 1000) AS n
         JOIN categories ON categories.name = (n % 20 + 1)::text ORDER BY n, user_id",
    );
    for table in ["todos", "categories"] {
        execute(&app.scratch, &format!("VACUUM ANALYZE {table}"));
    }
    let connection = app.scratch.connect().unwrap();
    (app, connection)
}

fn plan(connection: &mut PgConnection, filter: Filter, after: Option<i64>) -> PlanTree {
    let limit = Limit::parse(None, 100, 500).unwrap();
    let page = Listing { filter, after: after.map(TodoId::from), limit };
    plan_of(connection, listing(17.into(), &page)).unwrap()
}

#[test]
fn a_to_do_is_read_by_its_owner_and_id() {
    let (_app, mut connection) = forty_people();
    let plan = plan_of(&mut connection, find_query(17.into(), TodoId::from(20_017))).unwrap();
    PlanGuard::of(&plan)
        .no_seq_scan("todos")
        .no_sort()
        .uses_index("todos_pkey")
        .at_most_rows_read(25)
        .at_most_buffers(10);
}

#[test]
fn a_page_and_the_next_are_read_in_order_of_the_key_and_no_further() {
    let (_app, mut connection) = forty_people();
    for after in [None, Some(20_000)] {
        let plan = plan(&mut connection, Filter::default(), after);
        PlanGuard::of(&plan)
            .no_seq_scan("todos")
            .no_sort()
            .uses_index("todos_pkey")
            // A page and one to-do, and the categories once for each or once in all.
            .at_most_rows_read(2 * 101)
            .at_most_buffers(450);
    }
}

#[test]
fn what_is_left_to_do_is_found_past_everything_that_is_done() {
    let (_app, mut connection) = forty_people();
    let open = Filter { completed: Some(false), category: None };
    let plan = plan(&mut connection, open, None);
    PlanGuard::of(&plan)
        .no_seq_scan("todos")
        .uses_index("todos_open")
        // A hundred are open, of a thousand; sorting so few is as good as reading them in order.
        .at_most_rows_read(2 * 101)
        .at_most_buffers(450);
}

#[test]
fn a_category_is_listed_by_its_own_index() {
    let (_app, mut connection) = forty_people();
    let category = categories::all(&mut connection, 17.into()).unwrap().pop().unwrap();
    let inside = Filter { completed: None, category: Some(category.id) };
    let plan = plan(&mut connection, inside, None);
    PlanGuard::of(&plan)
        .no_seq_scan("todos")
        .uses_index("todos_category")
        .at_most_rows_read(2 * 101);
}
