//! The hot queries keep their plans: what they read is bounded, however much there is.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use diesel::PgConnection;
use diesel::connection::SimpleConnection;
use foundation::explain::{PlanGuard, plan_of};
use foundation::testing::{TestApp, execute};
use shop_api::job::PATIENCE;
use shop_api::store::orders::{page_query as orders_query, reserved_query};
use shop_api::store::products::{find_query, page_query as products_query, related_query};
use shop_api::store::settling::{overdue_query, unasked_query};
use support::{app, sku};

/// Five thousand products in fifty categories; two hundred people with a hundred orders each. One
/// order in a hundred is still reserved, and half of those have expired.
fn busy_shop() -> (TestApp, PgConnection) {
    let app = app();
    for statement in [
        "INSERT INTO shop_products (sku, price_cents, document)
         SELECT 'thing-' || n, n, jsonb_build_object('name', 'Thing ' || n,
                'category', 'category-' || n % 50, 'text', repeat('x', 300))
         FROM generate_series(1, 5000) AS n",
        "INSERT INTO shop_stock (sku, available) SELECT sku, 10 FROM shop_products",
        "INSERT INTO users (email, email_normalized, name, password_hash)
         SELECT n || '@example.org', n || '@example.org', 'Buyer ' || n, '$2b$04$' || n
         FROM generate_series(1, 200) AS n",
        "INSERT INTO shop_orders (user_id, status, total_cents, expires_at, settled_at)
         SELECT 1 + n % 200, CASE WHEN n % 101 = 0 THEN 'reserved' ELSE 'paid' END, 100,
                now() + (10000 - n) * interval '1 minute',
                CASE WHEN n % 101 = 0 THEN NULL ELSE now() END
         FROM generate_series(1, 20000) AS n",
    ] {
        execute(&app.scratch, statement);
    }
    for table in ["shop_products", "shop_stock", "users", "shop_orders"] {
        execute(&app.scratch, &format!("VACUUM ANALYZE {table}"));
    }
    let mut connection = app.scratch.connect().unwrap();
    // As on the server: planned once for each connection, for all values.
    connection.batch_execute("SET plan_cache_mode = force_generic_plan").unwrap();
    (app, connection)
}

#[test]
fn a_page_of_orders_reads_its_own_rows() {
    let (_app, mut connection) = busy_shop();
    for before in [None, Some(10_000.into()), Some(60.into())] {
        let plan = plan_of(&mut connection, orders_query(7.into(), before, 21)).unwrap();
        PlanGuard::of(&plan)
            .no_seq_scans()
            .no_sort()
            .uses_index("shop_orders_by_user")
            .at_most_rows_read(21)
            .at_most_buffers(30);
    }
}

#[test]
fn a_product_and_its_stock_are_found_by_sku() {
    let (_app, mut connection) = busy_shop();
    let sku = sku("thing-2500");
    let plan = plan_of(&mut connection, find_query(&sku)).unwrap();
    PlanGuard::of(&plan).uses_index("shop_products_pkey").at_most_rows_read(1).at_most_buffers(4);
}

#[test]
fn a_page_of_products_reads_its_own_rows_in_order_of_the_index() {
    let (_app, mut connection) = busy_shop();
    for after in [None, Some(sku("thing-2500")), Some(sku("thing-5")), Some(sku("thing-9981"))] {
        let plan = plan_of(&mut connection, products_query(after.as_ref(), 21)).unwrap();
        PlanGuard::of(&plan)
            .no_seq_scans()
            .no_sort()
            .uses_index("shop_products_pkey")
            .uses_index("shop_stock_pkey")
            .at_most_rows_read(2 * 22)
            .at_most_buffers(110);
    }
}

#[test]
fn what_else_might_please_reads_as_many_rows_as_it_shows() {
    let (_app, mut connection) = busy_shop();
    let plan = plan_of(&mut connection, related_query("category-7", 5)).unwrap();
    PlanGuard::of(&plan)
        .no_seq_scans()
        .no_sort()
        .uses_index("shop_products_category")
        .at_most_rows_read(5)
        .at_most_buffers(10);
}

#[test]
fn the_expiry_reads_what_has_expired_and_nothing_else() {
    let (app, mut connection) = busy_shop();
    let plan = plan_of(&mut connection, unasked_query(200)).unwrap();
    PlanGuard::of(&plan)
        .no_seq_scans()
        .uses_index("shop_orders_expiring")
        .at_most_rows_read(200)
        .at_most_buffers(400);

    // Half of those that have expired were asked about a while ago.
    execute(
        &app.scratch,
        "UPDATE shop_orders SET asked_at = expires_at
         WHERE status = 'reserved' AND expires_at < now() - interval '2 days'",
    );
    execute(&app.scratch, "VACUUM ANALYZE shop_orders");
    let plan = plan_of(&mut connection, overdue_query(200, PATIENCE)).unwrap();
    PlanGuard::of(&plan)
        .no_seq_scans()
        .uses_index("shop_orders_asked")
        .at_most_rows_read(200)
        .at_most_buffers(400);
}

#[test]
fn what_one_person_has_reserved_is_summed_without_a_look_at_other_orders() {
    let (app, mut connection) = busy_shop();
    let lines = "INSERT INTO shop_order_lines SELECT id, 'thing-1', 1, 100 FROM shop_orders";
    execute(&app.scratch, lines);
    execute(&app.scratch, "VACUUM ANALYZE shop_order_lines");
    let plan = plan_of(&mut connection, reserved_query(7.into())).unwrap();
    PlanGuard::of(&plan)
        .no_seq_scans()
        .uses_index("shop_orders_reserved")
        .uses_index("shop_order_lines_pkey")
        .at_most_rows_read(10)
        .at_most_buffers(20);
}
