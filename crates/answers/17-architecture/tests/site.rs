//! The request that is followed, as its client and as the person on call see it.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use std::time::Duration;

use architecture::post::Postbox;
use auth::testing::sign_up;
use foundation::testing::count;
use serde_json::json;
use support::{serve, shop};

#[actix_web::test]
async fn an_order_is_a_201_two_rows_and_a_mail() {
    let (scratch, postbox) = (shop(), Postbox::open(Duration::ZERO).unwrap());
    let app = serve(&scratch, &postbox);
    let customer = sign_up(&app, "customer").client;

    let reply = customer.post("/api/v1/mailed-orders/queued", &json!({"sku": "lamp"})).await;

    assert_eq!(reply.status, 201, "{}", reply.text);
    let order = reply.json();
    assert_eq!(order["sku"], "lamp");
    assert_eq!(order["customer"], serde_json::Value::Null, "who ordered is nobody's business");
    assert_eq!(count(&scratch, "mailed_orders"), 1);
    actix_web::web::block(move || postbox.delivers(1).map(|()| postbox.seen().inbox))
        .await
        .unwrap()
        .map(|inbox| assert_eq!(inbox, [order["id"].as_i64().unwrap()]))
        .unwrap();
}

#[actix_web::test]
async fn the_server_keeps_the_spans_of_the_order() {
    let (scratch, postbox) = (shop(), Postbox::open(Duration::ZERO).unwrap());
    let app = serve(&scratch, &postbox);
    let customer = sign_up(&app, "customer").client;

    let reply = customer.post("/api/v1/mailed-orders/queued", &json!({"sku": "lamp"})).await;

    let found = app.metrics.request_log().find(reply.header("x-request-id"));
    let [request] = found.as_slice() else { panic!("one request has this id: {found:?}") };
    let spans: Vec<_> = request.spans.iter().map(|span| (span.name, span.statements)).collect();
    assert_eq!(
        spans,
        [
            ("extraction", None),
            ("handler", None),
            ("database.wait", None),
            ("database.run", Some(4)), // BEGIN, the order, its job, COMMIT
        ]
    );
}

#[actix_web::test]
async fn what_is_no_order_is_refused_and_leaves_no_row() {
    let (scratch, postbox) = (shop(), Postbox::open(Duration::ZERO).unwrap());
    let app = serve(&scratch, &postbox);
    let customer = sign_up(&app, "customer").client;
    let queued = "/api/v1/mailed-orders/queued";
    let cases = [
        (queued, json!({"sku": ""}), 422),
        (queued, json!({"sku": "x".repeat(41)}), 422),
        (queued, json!({"sku": "a\u{0}b"}), 422),
        (queued, json!({"sku": 7}), 422),
        (queued, json!({"sku": "lamp", "price": 1}), 422),
        ("/api/v1/mailed-orders/by-pigeon", json!({"sku": "lamp"}), 404),
    ];
    for (path, body, status) in cases {
        customer.post(path, &body).await.problem(status);
    }
    app.anonymous().post(queued, &json!({"sku": "lamp"})).await.problem(401);
    assert_eq!(count(&scratch, "mailed_orders"), 0);
}
