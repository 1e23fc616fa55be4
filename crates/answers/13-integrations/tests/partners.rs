//! What partners send, what they are asked, and what becomes of one that hangs or changes its mind.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use auth::testing::sign_up;
use chrono::Utc;
use foundation::signature::{Secret, TOLERANCE};
use foundation::testing::{count, execute};
use futures_util::future::join_all;
use integrations::contract::{Breach, Quote, quote};
use integrations::outside::{Mood, Warehouse};
use serde_json::{Value, json};
use support::{carrier, import_pages, owner, refused, warehouse};

const TOLD: &str = r#"{"type":"stock.changed","data":{"legacy_id":1,"delta":3}}"#;

#[actix_web::test]
async fn an_event_takes_effect_once_however_often_and_however_closely_it_is_told() {
    let (app, owner) = owner();
    import_pages(&app, &owner, 1);
    let warehouse = warehouse(&app, &owner);
    let attempts = join_all((0..8).map(|_| warehouse.tell("stock-1", 1, 3))).await;
    assert!(attempts.iter().all(|status| *status == Some(200)), "{attempts:?}");
    assert_eq!(warehouse.tell("stock-1", 1, 3).await, Some(200));
    assert_eq!(warehouse.tell("stock-2", 1, -1).await, Some(200));
    let found = app.anonymous().get("/api/v1/catalogue").await.json();
    assert_eq!(found[0]["stock"], 2);
}

#[actix_web::test]
async fn an_event_that_cannot_take_effect_is_not_noted_and_may_come_again() {
    let (app, owner) = owner();
    let warehouse = warehouse(&app, &owner);
    assert_eq!(warehouse.tell("stock-1", 1, 3).await, Some(422));
    assert_eq!(count(&app.scratch, "inbox_events"), 0);
    import_pages(&app, &owner, 1);
    assert_eq!(warehouse.tell("stock-1", 1, 3).await, Some(200));
}

#[actix_web::test]
async fn a_stock_stays_within_bounds_and_the_event_beyond_them_is_refused_and_not_noted() {
    let (app, owner) = owner();
    import_pages(&app, &owner, 1);
    let warehouse = warehouse(&app, &owner);
    for (stock, delta) in [(1_000_000, 1), (999_999, i16::MAX), (-1_000_000, i16::MIN)] {
        execute(&app.scratch, &format!("UPDATE catalogue_pages SET stock = {stock}"));
        assert_eq!(warehouse.tell("beyond", 1, delta).await, Some(409), "{stock} and {delta}");
    }
    assert_eq!(count(&app.scratch, "inbox_events"), 0);
    assert_eq!(warehouse.tell("beyond", 1, 1).await, Some(200));
}

#[actix_web::test]
async fn nothing_is_believed_that_is_not_signed_now_by_this_partner() {
    let (app, owner) = owner();
    import_pages(&app, &owner, 1);
    let genuine = warehouse(&app, &owner);
    let now = Utc::now().timestamp();
    let guessed = Warehouse { secret: Secret::random(), ..genuine.clone() };
    let unknown =
        Warehouse { inbox: genuine.inbox.replace("partners/", "partners/9"), ..genuine.clone() };
    let old = now - TOLERANCE - 10;
    let attempts = [
        guessed.send("a", now, TOLD.to_owned()).await,
        unknown.send("b", now, TOLD.to_owned()).await,
        genuine.send("c", old, TOLD.to_owned()).await,
        genuine.send("d", now + TOLERANCE + 10, TOLD.to_owned()).await,
    ];
    assert_eq!(attempts, [Some(401); 4]);
    let path = genuine.inbox.split_once("/api").map(|(_, path)| format!("/api{path}")).unwrap();
    app.anonymous().post(&path, &json!({})).await.problem(401);
    assert_eq!(count(&app.scratch, "inbox_events"), 0);

    assert_eq!(genuine.send("e", now, "{}".to_owned()).await, Some(422));
    assert_eq!(genuine.send("f", now, "nonsense".to_owned()).await, Some(400));
    assert_eq!(genuine.send(&"g".repeat(101), now, TOLD.to_owned()).await, Some(422));
    assert_eq!(genuine.send("h", now, "x".repeat(70_000)).await, Some(413));
    assert_eq!(genuine.send("i", now, TOLD.to_owned()).await, Some(200));
}

#[actix_web::test]
async fn a_partner_is_its_owners_alone_and_its_secrets_are_shown_once() {
    let (app, owner) = owner();
    let stranger = sign_up(&app, "stranger").client;
    let new = json!({"name": "Carrier", "url": "https://carrier.example/api/"});
    let added = owner.client.post("/api/v1/partners", &new).await;
    assert_eq!(added.status, 201, "{}", added.text);
    let body: Value = added.json();
    assert!(body["outgoing_secret"].as_str().unwrap().starts_with("whsec_"));
    assert_ne!(body["outgoing_secret"], body["incoming_secret"]);
    let expected =
        json!([{"id": body["id"], "name": "Carrier", "url": "https://carrier.example/api"}]);
    assert_eq!(owner.client.get("/api/v1/partners").await.json(), expected);

    assert_eq!(stranger.get("/api/v1/partners").await.json(), json!([]));
    let path = added.header("location");
    let delete = actix_web::http::Method::DELETE;
    stranger.send(delete.clone(), path, &[], None).await.problem(404);
    stranger.get(&format!("{path}/quotes/1")).await.problem(404);
    app.anonymous().get("/api/v1/partners").await.problem(401);
    assert_eq!(owner.client.send(delete, path, &[], None).await.status, 204);
}

#[actix_web::test]
async fn a_partner_that_cannot_be_is_refused_by_field() {
    let (_app, owner) = owner();
    for (name, url) in [
        ("A", "ftp://partner.example"),
        ("A", "https://user:pass@partner.example"),
        ("A", "https://partner.example/?a=1"),
        ("A", "partner.example"),
        ("A", &format!("https://partner.example/{}", "a".repeat(500))),
    ] {
        let reply = owner.client.post("/api/v1/partners", &json!({"name": name, "url": url})).await;
        assert_eq!(
            refused(&reply, 422),
            [("#/url".to_owned(), "not_an_address".to_owned())],
            "{url}"
        );
    }
    let reply = owner.client.post("/api/v1/partners", &json!({"name": "", "url": "x"})).await;
    assert_eq!(refused(&reply, 422).len(), 2, "both at once");
}

#[actix_web::test]
async fn the_eleventh_partner_is_refused() {
    let (app, owner) = owner();
    let new = json!({"name": "One of many", "url": "https://partner.example"});
    for _ in 0..10 {
        assert_eq!(owner.client.post("/api/v1/partners", &new).await.status, 201);
    }
    let reply = owner.client.post("/api/v1/partners", &new).await;
    assert_eq!(refused(&reply, 409), [("#".to_owned(), "too_many".to_owned())]);
    execute(&app.scratch, "DELETE FROM webhook_partners WHERE slot = 4");
    assert_eq!(owner.client.post("/api/v1/partners", &new).await.status, 201, "in its slot");
}

#[actix_web::test]
async fn a_partner_that_hangs_is_left_alone_after_five_requests_and_the_metrics_say_so() {
    let (app, owner) = owner();
    let (carrier, id) = carrier(&app.scratch, &owner);
    let path = format!("/api/v1/partners/{id}/quotes/17");
    let well = owner.client.get(&path).await;
    assert_eq!(well.json(), json!({"delivery_days": 3, "price_cents": 495}));

    carrier.be(Mood::Hanging);
    let waited = join_all((0..5).map(|_| owner.client.get(&path))).await;
    assert!(waited.iter().all(|reply| reply.status == 503));
    assert_eq!(carrier.calls(), 6);
    let spared = join_all((0..20).map(|_| owner.client.get(&path))).await;
    assert!(
        spared.iter().all(|reply| reply.status == 503 && !reply.header("retry-after").is_empty())
    );
    assert_eq!(carrier.calls(), 6, "nobody asked again");
    let metrics = String::from_utf8(app.metrics.render().unwrap()).unwrap();
    for line in [
        "partner_breakers{state=\"open\"} 1",
        "partner_breaker_changes_total{state=\"open\"} 1",
        "partner_breaker_changes_total{state=\"half_open\"} 0",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
}

#[actix_web::test]
async fn a_private_address_is_not_called_unless_it_is_allowed() {
    let app = foundation::testing::TestApp::serving(&[&integrations::WITHOUT_WORKER], &[]);
    let owner = sign_up(&app, "owner");
    let (carrier, id) = carrier(&app.scratch, &owner);
    owner.client.get(&format!("/api/v1/partners/{id}/quotes/17")).await.problem(503);
    assert_eq!(carrier.calls(), 0);
}

/// An answer of the partner as it was recorded: what the code relies on is held to it.
const RECORDED: &str = include_str!("../contracts/quote.json");

fn changed(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut answer: Value = serde_json::from_str(RECORDED).unwrap();
    change(&mut answer);
    answer.to_string().into_bytes()
}

#[test]
fn the_recorded_answer_keeps_the_contract_and_so_does_one_with_a_further_member() {
    let expected = Quote { delivery_days: 3, price_cents: 495 };
    assert_eq!(quote(RECORDED.as_bytes()), Ok(expected));
    assert_eq!(quote(&changed(|answer| answer["insured"] = json!(true))), Ok(expected));
}

#[test]
fn a_member_that_is_renamed_or_of_another_type_breaks_the_contract_by_name() {
    let breach = |pointer: &str, code: &str| {
        Err(Breach { pointer: pointer.to_owned(), code: code.to_owned() })
    };
    let renamed = changed(|answer| {
        let days = answer.as_object_mut().unwrap().remove("delivery_days").unwrap();
        answer["deliveryDays"] = days;
    });
    assert_eq!(quote(&renamed), breach("#/delivery_days", "required"));
    let text = changed(|answer| answer["price_cents"] = json!("4.95"));
    assert_eq!(quote(&text), breach("#/price_cents", "wrong_type"));
    let negative = changed(|answer| answer["delivery_days"] = json!(-1));
    assert_eq!(quote(&negative).unwrap_err().pointer, "#/delivery_days");
    assert_eq!(quote(b"<html>"), breach("#", "not_json"));
}

#[actix_web::test]
async fn what_the_partner_of_the_demo_answers_is_what_was_recorded() {
    let (app, owner) = owner();
    let (carrier, id) = carrier(&app.scratch, &owner);
    let url = format!("{}/quotes/17", carrier.url());
    let answer = awc::Client::default().get(&url).send().await.unwrap().body().await.unwrap();
    let recorded: Value = serde_json::from_str(RECORDED).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&answer).unwrap(), recorded);
    carrier.be(Mood::Renamed);
    owner.client.get(&format!("/api/v1/partners/{id}/quotes/17")).await.problem(503);
}
