//! What the API promises to somebody who buys, one test each.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use actix_web::http::Method;
use auth::testing::sign_up;
use foundation::testing::{count, execute};
use serde_json::{Value, json};
use support::{
    CART, ORDERS, PRODUCTS, app, app_with, cancel, line, on_sale, order, order_one, put, refused,
    shop_and_buyer, status_of, stock_of,
};

#[actix_web::test]
async fn an_order_keeps_its_stock_at_the_price_of_the_moment() {
    let (app, buyer) = shop_and_buyer();
    on_sale(&app.scratch, "shoe", 4_990, 10);
    on_sale(&app.scratch, "lace", 250, 10);

    let reply = order(&buyer, "k", &json!({"lines": [line("shoe", 1), line("lace", 2)]})).await;

    assert_eq!(reply.status, 201, "{}", reply.text);
    let placed = reply.json();
    assert_eq!(reply.header("location"), format!("{ORDERS}/{}", placed["id"]));
    assert_eq!((&placed["status"], &placed["total_cents"]), (&json!("reserved"), &json!(5_490)));
    let lines = json!([
        {"sku": "lace", "quantity": 2, "price_cents": 250},
        {"sku": "shoe", "quantity": 1, "price_cents": 4_990},
    ]);
    assert_eq!(placed["lines"], lines);
    assert_eq!(stock_of(&app.scratch, "shoe"), (9, 1, 0));
    assert_eq!(stock_of(&app.scratch, "lace"), (8, 2, 0));
    assert_eq!(count(&app.scratch, "background_jobs WHERE kind = 'shop-charge'"), 1);

    on_sale(&app.scratch, "shoe", 9_990, 9);
    let read = buyer.get(reply.header("location")).await.json();
    assert_eq!(read, placed, "a new price is for new orders");
}

#[actix_web::test]
async fn what_is_not_there_is_refused_with_the_lines_that_failed_and_nothing_is_kept() {
    let (app, buyer) = shop_and_buyer();
    on_sale(&app.scratch, "shoe", 4_990, 10);
    on_sale(&app.scratch, "lace", 250, 1);

    let wish = json!({"lines": [line("shoe", 1), line("lace", 2)]});
    let reply = order(&buyer, "k", &wish).await;

    let problem = reply.problem(409);
    assert_eq!(problem["type"], "/problems/out-of-stock");
    assert_eq!(refused(&problem), ("#/lines/1", "out_of_stock"));
    assert_eq!(problem["errors"].as_array().unwrap().len(), 1);
    assert_eq!(stock_of(&app.scratch, "shoe"), (10, 0, 0));
    assert_eq!(count(&app.scratch, "shop_orders"), 0);
    assert_eq!(count(&app.scratch, "background_jobs"), 0);

    on_sale(&app.scratch, "lace", 250, 2);
    let again = order(&buyer, "k", &wish).await;
    assert_eq!(again.status, 201, "the key of a refusal is free again: {}", again.text);
}

#[actix_web::test]
async fn a_cart_is_ordered_as_a_whole_and_then_empty() {
    let (app, buyer) = shop_and_buyer();
    on_sale(&app.scratch, "shoe", 4_990, 10);
    on_sale(&app.scratch, "lace", 250, 10);
    for (sku, quantity) in [("shoe", 1), ("lace", 7), ("lace", 2)] {
        assert_eq!(put(&buyer, sku, quantity).await.status, 204);
    }
    assert_eq!(buyer.get(CART).await.json(), json!({"lines": [line("lace", 2), line("shoe", 1)]}));

    let reply = order(&buyer, "k", &json!({})).await;

    assert_eq!(reply.status, 201, "{}", reply.text);
    assert_eq!(reply.json()["total_cents"], 5_490);
    assert_eq!(buyer.get(CART).await.json(), json!({"lines": []}));
    let empty = order(&buyer, "another", &json!({})).await.problem(422);
    assert_eq!(refused(&empty), ("#/lines", "empty"));
}

#[actix_web::test]
async fn a_cart_that_cannot_be_ordered_stays_as_it_is() {
    let (app, buyer) = shop_and_buyer();
    on_sale(&app.scratch, "shoe", 4_990, 1);
    put(&buyer, "shoe", 2).await;

    let problem = order(&buyer, "k", &json!({})).await.problem(409);

    assert_eq!(refused(&problem), ("#/cart/shoe", "out_of_stock"));
    assert_eq!(buyer.get(CART).await.json(), json!({"lines": [line("shoe", 2)]}));
}

#[actix_web::test]
async fn a_cart_is_bounded_and_lines_leave_it() {
    let (app, buyer) = shop_and_buyer();
    let thing = |number: usize| format!("thing-{number}");
    for number in 0..51 {
        on_sale(&app.scratch, &thing(number), 100, 1);
    }
    for number in 0..50 {
        assert_eq!(put(&buyer, &thing(number), 1).await.status, 204, "{number}");
    }
    assert_eq!(refused(&put(&buyer, &thing(50), 1).await.problem(409)).1, "too_many");
    assert_eq!(put(&buyer, &thing(49), 3).await.status, 204, "what is in it may change");
    assert_eq!(put(&buyer, &thing(0), 0).await.status, 204);
    assert_eq!(put(&buyer, &thing(50), 1).await.status, 204, "there is room again");
    assert_eq!(buyer.send(Method::DELETE, CART, &[], None).await.status, 204);
    assert_eq!(buyer.get(CART).await.json(), json!({"lines": []}));
    put(&buyer, "nothing", 1).await.problem(404);
}

#[actix_web::test]
async fn an_order_is_there_for_its_owner_alone() {
    let (app, owner) = shop_and_buyer();
    let stranger = sign_up(&app, "stranger").client;
    on_sale(&app.scratch, "shoe", 4_990, 10);
    let id = order_one(&owner, "k", "shoe").await;

    let path = format!("{ORDERS}/{id}");
    stranger.get(&path).await.problem(404);
    cancel(&stranger, id).await.problem(404);
    assert_eq!(stranger.get(ORDERS).await.json(), json!([]));
    assert_eq!(status_of(&owner, id).await, "reserved");
    for path in [CART, ORDERS, &path] {
        app.anonymous().get(path).await.problem(401);
    }
    order(&app.anonymous(), "k", &json!({"lines": [line("shoe", 1)]})).await.problem(401);

    // The same key of somebody else is another key.
    let theirs = order_one(&stranger, "k", "shoe").await;
    assert_ne!(theirs, id);
}

#[actix_web::test]
async fn orders_are_listed_newest_first_in_pages_that_follow_each_other() {
    let (app, buyer) = shop_and_buyer();
    on_sale(&app.scratch, "shoe", 4_990, 10);
    let mut placed = Vec::new();
    for number in 0..5 {
        placed.push(order_one(&buyer, &format!("k{number}"), "shoe").await);
    }
    placed.reverse();

    let (mut seen, mut path) = (Vec::new(), format!("{ORDERS}?limit=2"));
    loop {
        let page = buyer.get(&path).await;
        let ids = page.json();
        seen.extend(ids.as_array().unwrap().iter().map(|order| order["id"].as_i64().unwrap()));
        let Some(next) = page.header("link").strip_prefix('<') else { break };
        path = next.split_once('>').unwrap().0.to_owned();
    }
    assert_eq!(seen, placed);
    assert_eq!(buyer.get(&format!("{ORDERS}?limit=2")).await.json()[0]["lines"][0]["sku"], "shoe");
}

#[actix_web::test]
async fn a_cancelled_order_gives_its_stock_back_once() {
    let (app, buyer) = shop_and_buyer();
    on_sale(&app.scratch, "shoe", 4_990, 10);
    let id = order_one(&buyer, "k", "shoe").await;

    for _ in 0..3 {
        let reply = cancel(&buyer, id).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        assert_eq!(reply.json()["status"], "cancelled");
        assert_eq!(stock_of(&app.scratch, "shoe"), (10, 0, 0));
    }
}

#[actix_web::test]
async fn what_cannot_be_an_order_is_refused_with_the_place_of_the_fault() {
    let (app, buyer) = shop_and_buyer();
    on_sale(&app.scratch, "shoe", 4_990, 10);
    let many: Vec<Value> = (0..51).map(|number| line(&format!("thing-{number}"), 1)).collect();
    let cases = [
        (json!({"lines": [line("nothing", 1)]}), "#/lines/0", "unknown_sku"),
        (json!({"lines": [line("Shoe", 1)]}), "#/lines/0/sku", "not_a_sku"),
        (json!({"lines": [line("shoe\u{0}", 1)]}), "#/lines/0/sku", "not_a_sku"),
        (json!({"lines": [line("shoe", 0)]}), "#/lines/0/quantity", "out_of_range"),
        (json!({"lines": [line("shoe", -1)]}), "#/lines/0/quantity", "out_of_range"),
        (json!({"lines": [line("shoe", 1_001)]}), "#/lines/0/quantity", "out_of_range"),
        (json!({"lines": [line("shoe", i64::MAX)]}), "#/lines/0/quantity", "out_of_range"),
        (json!({"lines": [line("shoe", 1), line("shoe", 1)]}), "#/lines/1/sku", "duplicate"),
        (json!({"lines": []}), "#/lines", "empty"),
        (json!({"lines": many}), "#/lines", "too_many"),
        (json!({"lines": [{"sku": "shoe", "quantity": 1.5}]}), "#/lines/0/quantity", "wrong_type"),
        (json!({"line": []}), "#/line", "unknown_field"),
        (json!({"lines": [{"sku": "shoe"}]}), "#/lines/0/quantity", "required"),
    ];
    for (body, place, code) in cases {
        let problem = order(&buyer, "k", &body).await.problem(422);
        assert_eq!(refused(&problem), (place, code), "{body}");
    }
    assert_eq!(count(&app.scratch, "shop_orders"), 0);
    let headers = [("content-type", "application/json")];
    let keyless = buyer.send(Method::POST, ORDERS, &headers, Some(b"{}".to_vec())).await;
    assert_eq!(refused(&keyless.problem(400)), ("Idempotency-Key", "required"));
    for path in [format!("{ORDERS}/0"), format!("{ORDERS}/{}", i64::MAX)] {
        buyer.get(&path).await.problem(404);
    }
    buyer.get(&format!("{ORDERS}/seven")).await.problem(400);
    buyer.get(&format!("{ORDERS}?cursor=x")).await.problem(400);
    buyer.get(&format!("{ORDERS}?limit=101")).await.problem(422);
}

#[actix_web::test]
async fn products_are_listed_in_pages_and_shown_with_what_is_left() {
    let app = app();
    let visitor = app.anonymous();
    for (name, available) in [("shoe", 3), ("lace", 2), ("sock", 1)] {
        on_sale(&app.scratch, name, 100, available);
    }

    let page = visitor.get(&format!("{PRODUCTS}?limit=2")).await;
    let expected = json!([
        {"sku": "lace", "name": "The lace", "price_cents": 100, "available": 2},
        {"sku": "shoe", "name": "The shoe", "price_cents": 100, "available": 3},
    ]);
    assert_eq!(page.json(), expected);
    let next = page.header("link").strip_prefix('<').unwrap().split_once('>').unwrap().0;
    assert_eq!(visitor.get(next).await.json()[0]["sku"], "sock");
    assert_eq!(visitor.get(PRODUCTS).await.json().as_array().unwrap().len(), 3);

    let shown = visitor.get(&format!("{PRODUCTS}/shoe")).await;
    let expected = json!({
        "sku": "shoe", "price_cents": 100, "available": 3, "related": ["lace", "sock"],
        "document": {"name": "The shoe", "category": "things"},
    });
    assert_eq!(shown.json(), expected);
    let tag = shown.header("etag");
    let known = [("if-none-match", tag)];
    let again = visitor.send(Method::GET, &format!("{PRODUCTS}/shoe"), &known, None).await;
    assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""));
    for nothing in ["nothing", "No", "a%00b", "%F0%9F%91%9F"] {
        visitor.get(&format!("{PRODUCTS}/{nothing}")).await.problem(404);
    }
}

#[actix_web::test]
async fn a_person_may_call_as_often_as_the_limit_says() {
    let app = app_with(&["--user-rate-limit", "2"]);
    let buyer = sign_up(&app, "buyer").client;
    assert_eq!(buyer.get(ORDERS).await.status, 200);
    assert_eq!(buyer.get(ORDERS).await.status, 200);
    let refused = buyer.get(ORDERS).await;
    refused.problem(429);
    assert!(!refused.header("retry-after").is_empty());
    assert_eq!(sign_up(&app, "another").client.get(ORDERS).await.status, 200);
}

#[actix_web::test]
async fn an_account_that_goes_leaves_its_orders_in_the_books() {
    let (app, buyer) = shop_and_buyer();
    on_sale(&app.scratch, "shoe", 4_990, 10);
    order_one(&buyer, "k", "shoe").await;

    execute(&app.scratch, "DELETE FROM users");

    assert_eq!(count(&app.scratch, "shop_orders WHERE user_id IS NULL"), 1);
    assert_eq!(stock_of(&app.scratch, "shoe"), (9, 1, 0));
}
