//! What happens at once: the last one, one key often, two carts crosswise, three ends of an order.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use std::sync::mpsc;

use auth::testing::sign_up;
use diesel::connection::SimpleConnection;
use foundation::testing::{Client, TestApp, count, execute};
use futures_util::future::join_all;
use serde_json::json;
use shop_api::MODULE;
use shop_api::model::{Line, Quantity};
use shop_api::store::stock;
use support::{
    FLAGS, app, app_with, cancel, line, on_sale, order, order_one, refused, replica_of,
    shop_and_buyer, sku, stock_of, tell, told,
};

/// Fifty people, every second of them at the other replica.
fn crowd(replicas: &[TestApp; 2]) -> Vec<Client> {
    let buyer = |number: usize| {
        let signed_in = sign_up(&replicas[0], &format!("buyer-{number}"));
        replicas[number % 2].bearing(signed_in.token)
    };
    (0..50).map(buyer).collect()
}

#[actix_web::test]
async fn of_fifty_buyers_on_two_replicas_one_gets_the_last_unit_thirty_times_over() {
    let first = app();
    let replicas = [replica_of(&first), first];
    let buyers = crowd(&replicas);
    for round in 0..30 {
        let name = format!("last-{round}");
        on_sale(&replicas[0].scratch, &name, 4_990, 1);
        let wish = json!({"lines": [line(&name, 1)]});

        let replies = join_all(buyers.iter().map(|buyer| order(buyer, &name, &wish))).await;

        let placed = replies.iter().filter(|reply| reply.status == 201).count();
        assert_eq!(placed, 1, "round {round}");
        for reply in replies.iter().filter(|reply| reply.status != 201) {
            assert_eq!(refused(&reply.problem(409)), ("#/lines/0", "out_of_stock"));
        }
        assert_eq!(stock_of(&replicas[0].scratch, &name), (0, 1, 0));
    }
    assert_eq!(count(&replicas[0].scratch, "shop_orders"), 30);
}

/// The same arranged race, twice: between the look of the first buyer and its write comes the second.
#[test]
fn reading_then_writing_sells_the_last_unit_twice_where_one_statement_does_not() {
    let app = app();
    on_sale(&app.scratch, "tempting", 100, 1);
    let mut buyers = [app.scratch.connect().unwrap(), app.scratch.connect().unwrap()];
    let looks = buyers.each_mut().map(|buyer| stock::available(buyer, &sku("tempting")).unwrap());
    for (buyer, seen) in buyers.iter_mut().zip(looks) {
        let left = seen.unwrap() - 1;
        assert_eq!(left, 0, "each sees one, and takes it");
        buyer
            .batch_execute(&format!(
                "UPDATE shop_stock SET available = {left}, reserved = reserved + 1
                 WHERE sku = 'tempting'"
            ))
            .unwrap();
    }
    assert_eq!(stock_of(&app.scratch, "tempting"), (0, 2, 0), "two of one");

    on_sale(&app.scratch, "right", 100, 1);
    let lines = [Line { sku: sku("right"), quantity: Quantity::new(1).unwrap() }];
    let [mut first, mut second] = buyers;
    first.batch_execute("BEGIN").unwrap();
    assert_eq!(stock::reserve(&mut first, &lines).unwrap(), ["right"]);
    let (tell, told) = mpsc::channel();
    let waiting = std::thread::spawn(move || {
        tell.send(()).unwrap();
        stock::reserve(&mut second, &lines).unwrap()
    });
    told.recv().unwrap();
    first.batch_execute("COMMIT").unwrap();
    assert!(waiting.join().unwrap().is_empty(), "the second finds none left");
    assert_eq!(stock_of(&app.scratch, "right"), (0, 1, 0));
}

#[actix_web::test]
async fn one_key_fifty_times_at_once_is_one_order() {
    let first = app();
    let replicas = [replica_of(&first), first];
    on_sale(&replicas[0].scratch, "shoe", 4_990, 100);
    let token = sign_up(&replicas[0], "buyer").token;
    let clients = replicas.each_ref().map(|replica| replica.bearing(token.clone()));
    let wish = json!({"lines": [line("shoe", 1)]});

    let requests = (0..50).map(|number| order(&clients[number % 2], "once", &wish));
    let replies = join_all(requests).await;

    let (done, running): (Vec<_>, Vec<_>) =
        replies.into_iter().partition(|reply| reply.status == 201);
    assert!(!done.is_empty());
    for reply in &done {
        assert_eq!(reply.text, done[0].text);
    }
    let fresh = done.iter().filter(|reply| reply.header("idempotency-replayed").is_empty());
    assert_eq!(fresh.count(), 1);
    for reply in running {
        reply.problem(409);
        assert_eq!(reply.header("retry-after"), "1");
    }
    assert_eq!(count(&replicas[0].scratch, "shop_orders"), 1);
    assert_eq!(stock_of(&replicas[0].scratch, "shoe"), (99, 1, 0));

    let again = order(&clients[1], "once", &wish).await;
    assert_eq!((again.status.as_u16(), again.header("idempotency-replayed")), (201, "true"));
    assert_eq!(again.text, done[0].text);
    let other = order(&clients[0], "once", &json!({"lines": [line("shoe", 2)]})).await;
    assert_eq!(refused(&other.problem(422)), ("Idempotency-Key", "reused"));
}

#[actix_web::test]
async fn of_many_orders_at_once_one_person_gets_as_many_pieces_as_one_may_reserve() {
    let first = app_with(&["--shop-reserved-per-person", "7"]);
    let flags = [&FLAGS[..], &["--shop-reserved-per-person", "7"]].concat();
    let replicas = [TestApp::serving_on(&first.scratch, &[&MODULE], &flags), first];
    let scratch = replicas[0].scratch.clone();
    on_sale(&scratch, "shoe", 4_990, 100);
    let token = sign_up(&replicas[0], "hoarder").token;
    let clients = replicas.each_ref().map(|replica| replica.bearing(token.clone()));
    let pair = json!({"lines": [line("shoe", 2)]});

    let keys: Vec<String> = (0..16).map(|number| format!("k{number}")).collect();
    let orders = keys.iter().enumerate().map(|(n, key)| order(&clients[n % 2], key, &pair));
    let replies = join_all(orders).await;

    let placed: Vec<i64> = replies
        .iter()
        .filter(|reply| reply.status == 201)
        .map(|reply| reply.json()["id"].as_i64().unwrap())
        .collect();
    assert_eq!(placed.len(), 3, "three pairs are six, and a fourth would be eight");
    for reply in replies.iter().filter(|reply| reply.status != 201) {
        let problem = reply.problem(409);
        assert_eq!(problem["type"], "/problems/conflict");
        assert_eq!(refused(&problem).1, "too_many");
    }
    assert_eq!(stock_of(&scratch, "shoe"), (94, 6, 0));
    assert_eq!(order(&clients[0], "one", &json!({"lines": [line("shoe", 1)]})).await.status, 201);

    // What is paid for or given back counts no more, and other people have their own.
    let paid = tell(&clients[0], "evt", &told("succeeded", placed[0], 9_980)).await;
    assert_eq!(paid.json()["applied"], true, "{}", paid.text);
    assert_eq!(cancel(&clients[0], placed[1]).await.status, 200);
    for key in ["again", "and again"] {
        assert_eq!(order(&clients[1], key, &pair).await.status, 201, "{key}");
    }
    order(&clients[1], "too many", &pair).await.problem(409);
    let other = sign_up(&replicas[0], "other").client;
    assert_eq!(order(&other, "k", &pair).await.status, 201);
}

#[actix_web::test]
async fn two_orders_of_the_same_products_crosswise_do_not_wait_for_each_other_for_ever() {
    let (app, buyer) = shop_and_buyer();
    on_sale(&app.scratch, "left", 100, 100);
    on_sale(&app.scratch, "right", 100, 100);
    let crosswise = [
        json!({"lines": [line("left", 1), line("right", 1)]}),
        json!({"lines": [line("right", 1), line("left", 1)]}),
    ];
    for round in 0..20 {
        let keys = [format!("a{round}"), format!("b{round}")];
        let both = keys.iter().zip(&crosswise).map(|(key, wish)| order(&buyer, key, wish));
        for reply in join_all(both).await {
            assert_eq!(reply.status, 201, "round {round}: {}", reply.text);
        }
    }
    assert_eq!(stock_of(&app.scratch, "left"), (60, 40, 0));
    assert_eq!(stock_of(&app.scratch, "right"), (60, 40, 0));
}

#[actix_web::test]
async fn an_order_that_is_cancelled_expired_paid_and_declined_at_once_ends_once() {
    let (app, buyer) = shop_and_buyer();
    let provider = app.anonymous();
    on_sale(&app.scratch, "shoe", 100, 20);
    let mut ends = 0;
    for round in 0..10 {
        let id = order_one(&buyer, &format!("k{round}"), "shoe").await;
        let expiry = format!(
            "UPDATE shop_orders SET expires_at = now(), asked_at = now() - interval '1 hour'
             WHERE id = {id}"
        );
        execute(&app.scratch, &expiry);
        let (succeeded, declined) = (told("succeeded", id, 100), told("declined", id, 100));
        let (scratch, events) = (app.scratch.clone(), [format!("s{id}"), format!("d{id}")]);
        let expire = actix_web::web::block(move || {
            let job = MODULE.jobs[0];
            job.run_locked(&mut scratch.connect().unwrap(), false).unwrap()
        });
        let (_, _, cancelled, expired) = tokio::join!(
            tell(&provider, &events[0], &succeeded),
            tell(&provider, &events[1], &declined),
            cancel(&buyer, id),
            expire,
        );
        assert!([200, 409].contains(&cancelled.status.as_u16()), "{}", cancelled.text);
        expired.unwrap().expect("nobody else runs the job");
        let path = format!("shop_orders WHERE id = {id} AND status <> 'reserved'");
        ends += count(&app.scratch, &path);
        let (available, reserved, sold) = stock_of(&app.scratch, "shoe");
        assert_eq!((available + sold, reserved), (20, 0), "round {round}");
        assert_eq!(sold, count(&app.scratch, "shop_orders WHERE status = 'paid'"));
    }
    assert_eq!(ends, 10);
}
