//! Events on their way to partners: what is sent, when, how often, and in which order.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use std::time::Duration;

use auth::testing::sign_up;
use diesel::Connection;
use diesel::result::Error;
use error_handling::Retry;
use foundation::testing::{TestRedis, count, execute};
use integrations::MODULE;
use integrations::delivery::{DeliverySettings, Visit};
use integrations::outbox::{self, Queue, Settled};
use integrations::outside::{Mood, Received};
use integrations::stream::Stream;
use serde_json::json;
use support::{
    RETRY, SETTINGS, carrier, deliveries, event, import_pages, owner, prices, record, redis_of,
    serving, until, worker,
};

#[actix_web::test]
async fn a_price_change_reaches_the_partner_signed_through_the_server_alone() {
    let app = serving(&MODULE);
    let owner = sign_up(&app, "owner");
    import_pages(&app, &owner, 1);
    let (carrier, _) = carrier(&app.scratch, &owner);
    let path = "/api/v1/catalogue/pages/page-1/price";
    let body = json!({"price_cents": 77});
    let reply = owner.client.json(actix_web::http::Method::PUT, path, &body).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let id = reply.json()["event_id"].as_str().unwrap().to_owned();
    until("the webhook", || !carrier.received().is_empty()).await;
    let expected = Received { id, slug: "page-1".to_owned(), price_cents: 77 };
    assert_eq!((carrier.received(), carrier.refused()), (vec![expected], 0));

    let again = owner.client.json(actix_web::http::Method::PUT, path, &body).await;
    assert_eq!(again.json(), json!({"event_id": null}), "the same price is no event");
    sign_up(&app, "stranger")
        .client
        .json(actix_web::http::Method::PUT, path, &body)
        .await
        .problem(404);
}

#[actix_web::test]
async fn a_change_that_is_rolled_back_leaves_no_event() {
    let (app, owner) = owner();
    carrier(&app.scratch, &owner);
    let mut connection = app.scratch.connect().unwrap();
    let rolled_back: Result<(), Error> = connection.transaction(|connection| {
        outbox::record(connection, owner.user, &event(1, 5))?;
        Err(Error::RollbackTransaction)
    });
    assert_eq!(rolled_back, Err(Error::RollbackTransaction));
    assert_eq!(count(&app.scratch, "outbox_events"), 0);
}

#[actix_web::test]
async fn events_of_one_page_wait_for_each_other_until_their_transactions_end() {
    let (app, owner) = owner();
    let (_carrier, partner) = carrier(&app.scratch, &owner);
    let mut first = app.scratch.connect().unwrap();
    let second = || {
        let mut connection = app.scratch.connect().unwrap();
        execute_on(&mut connection, "SET lock_timeout = 100");
        outbox::record(&mut connection, owner.user, &event(1, 2))
    };
    first
        .transaction(|connection| {
            outbox::record(connection, owner.user, &event(1, 1))?;
            assert!(second().is_err(), "an earlier position is not committed yet");
            Ok::<_, Error>(())
        })
        .unwrap();
    second().unwrap();
    let queue = Queue::new(partner.number(), 1);
    let head = outbox::claim(&mut first, queue, Duration::from_secs(1)).unwrap().unwrap();
    assert!(head.body.contains("\"price_cents\":1"), "{}", head.body);
}

fn execute_on(connection: &mut diesel::PgConnection, statement: &str) {
    diesel::RunQueryDsl::execute(diesel::sql_query(statement), connection).unwrap();
}

#[actix_web::test]
async fn the_head_of_a_queue_is_given_to_one_worker_and_nothing_behind_it_to_anybody() {
    let (app, owner) = owner();
    let (_carrier, partner) = carrier(&app.scratch, &owner);
    let (first, second) = (record(&app, &owner, 1, 1), record(&app, &owner, 1, 2));
    let mut connection = app.scratch.connect().unwrap();
    let queue = Queue::new(partner.number(), 1);
    let long = Duration::from_secs(60);
    let head = outbox::claim(&mut connection, queue, long).unwrap().unwrap();
    assert_eq!(head.event_id, first);
    assert!(outbox::claim(&mut connection, queue, long).unwrap().is_none(), "it is leased");

    outbox::settle(&mut connection, &head, &Settled::Retry(long, "no answer")).unwrap();
    assert!(outbox::claim(&mut connection, queue, long).unwrap().is_none(), "it is not due");
    execute(&app.scratch, "UPDATE outbox_events SET due_at = now()");
    let again = outbox::claim(&mut connection, queue, Duration::ZERO).unwrap().unwrap();
    assert_eq!((again.event_id.as_str(), again.attempts), (first.as_str(), 2), "its id stays");

    let taken_over = outbox::claim(&mut connection, queue, long).unwrap().unwrap();
    assert_eq!(taken_over.attempts, 3, "the lease was over");
    let late = outbox::settle(&mut connection, &again, &Settled::Delivered).unwrap();
    assert!(!late, "whoever was overtaken notes nothing");
    assert!(outbox::settle(&mut connection, &taken_over, &Settled::Delivered).unwrap());
    let next = outbox::claim(&mut connection, queue, long).unwrap().unwrap();
    assert_eq!(next.event_id, second);
}

#[actix_web::test]
async fn what_was_sent_and_not_noted_is_sent_again_with_its_id() {
    let (app, owner) = owner();
    let (carrier, partner) = carrier(&app.scratch, &owner);
    record(&app, &owner, 1, 1);
    let queue = Queue::new(partner.number(), 1);
    let deliveries = deliveries(&app, SETTINGS, 1_000);
    assert_eq!(deliveries.visit(queue).await.unwrap(), Visit { delivered: 1, failed: 0 });
    // As if the worker had died before it could note it.
    execute(&app.scratch, "UPDATE outbox_events SET state = 'pending', settled_at = NULL");
    assert_eq!(deliveries.visit(queue).await.unwrap(), Visit { delivered: 1, failed: 0 });
    let ids: Vec<String> = carrier.received().into_iter().map(|one| one.id).collect();
    assert!(ids.len() == 2 && ids[0] == ids[1], "{ids:?}");
}

#[actix_web::test]
async fn order_is_kept_while_a_partner_fails_and_other_queues_go_on() {
    let (app, owner) = owner();
    let (carrier, _) = carrier(&app.scratch, &owner);
    carrier.be(Mood::Failing);
    for price in 1..=20 {
        record(&app, &owner, price % 3, price);
    }
    let _worker = worker(&app, None);
    until("some attempts", || carrier.calls() > 10).await;
    carrier.be(Mood::Well);
    until("all of them", || carrier.received().len() >= 20).await;
    let received = carrier.received();
    for page in 0..3 {
        let slug = format!("page-{page}");
        let mut told: Vec<i64> =
            received.iter().filter(|one| one.slug == slug).map(|one| one.price_cents).collect();
        told.dedup();
        assert!(told.is_sorted(), "{slug}: {told:?}");
    }
}

#[actix_web::test]
async fn an_event_that_is_never_taken_is_a_dead_letter_and_lets_the_next_pass() {
    let (app, owner) = owner();
    let (carrier, partner) = carrier(&app.scratch, &owner);
    let (dead, _) = (record(&app, &owner, 1, 1), record(&app, &owner, 1, 2));
    let settings = DeliverySettings {
        retry: Retry { attempts: 2, base: Duration::ZERO, ..RETRY },
        ..SETTINGS
    };
    let deliveries = deliveries(&app, settings, 1_000);
    let queue = Queue::new(partner.number(), 1);
    carrier.be(Mood::Failing);
    deliveries.visit(queue).await.unwrap();
    deliveries.visit(queue).await.unwrap();
    carrier.be(Mood::Well);
    deliveries.visit(queue).await.unwrap();
    assert_eq!(prices(&carrier), [2]);

    let letters = owner.client.get("/api/v1/dead-letters").await.json();
    assert_eq!(
        (letters[0]["event_id"].as_str(), &letters[0]["attempts"]),
        (Some(&*dead), &2.into())
    );
    assert_eq!(letters[0]["failure"], "partner in trouble");
    let replay = format!("/api/v1/dead-letters/{}/replay", letters[0]["position"]);
    let stranger = sign_up(&app, "stranger").client;
    assert_eq!(stranger.get("/api/v1/dead-letters").await.json(), json!([]));
    stranger.post(&replay, &json!({})).await.problem(404);
    assert_eq!(owner.client.post(&replay, &json!({})).await.status, 202);
    deliveries.visit(queue).await.unwrap();
    assert_eq!((prices(&carrier), carrier.received()[1].id.as_str()), (vec![2, 1], &*dead));
    owner.client.post(&replay, &json!({})).await.problem(404);
}

#[actix_web::test]
async fn a_worker_that_slept_while_its_event_died_and_was_revived_notes_nothing() {
    let (app, owner) = owner();
    let (_carrier, partner) = carrier(&app.scratch, &owner);
    record(&app, &owner, 1, 1);
    let mut connection = app.scratch.connect().unwrap();
    let queue = Queue::new(partner.number(), 1);
    let sleeps = outbox::claim(&mut connection, queue, Duration::ZERO).unwrap().unwrap();
    let long = Duration::from_secs(60);
    let gives_up = outbox::claim(&mut connection, queue, long).unwrap().unwrap();
    assert!(outbox::settle(&mut connection, &gives_up, &Settled::Dead("410 Gone")).unwrap());

    let path = format!("/api/v1/dead-letters/{}/replay", gives_up.position);
    assert_eq!(owner.client.post(&path, &json!({})).await.status, 202);
    let revived = outbox::claim(&mut connection, queue, long).unwrap().unwrap();
    assert_eq!((revived.attempts, sleeps.attempts), (1, 1), "which tells them apart no more");
    assert!(!outbox::settle(&mut connection, &sleeps, &Settled::Delivered).unwrap());
    assert!(outbox::settle(&mut connection, &revived, &Settled::Delivered).unwrap());
}

#[actix_web::test]
async fn events_are_delivered_by_the_stream_and_without_it_and_after_it_was_emptied() {
    let (app, owner) = owner();
    let (carrier, _) = carrier(&app.scratch, &owner);
    let mut server = TestRedis::start();
    let redis = redis_of(&app.scratch, &server).await;
    let _worker = worker(&app, Some(&redis));
    record(&app, &owner, 1, 1);
    until("delivery through the stream", || prices(&carrier) == [1]).await;
    assert_eq!(count(&app.scratch, "outbox_events WHERE published_at IS NOT NULL"), 1);
    let stream = Stream::new(&redis);
    until("confirmation", || stream.is_up()).await;

    server.signal(local_services::Signal::Kill);
    record(&app, &owner, 1, 2);
    until("delivery without Redis", || prices(&carrier).contains(&2)).await;

    server.restart();
    until("Redis", || redis.is_up()).await;
    record(&app, &owner, 1, 3);
    until("delivery through an empty Redis", || prices(&carrier).contains(&3)).await;
    let pending = || count(&app.scratch, "outbox_events WHERE state = 'pending'");
    until("all noted", || pending() == 0).await;
}

#[actix_web::test]
async fn entries_are_shared_by_workers_and_forgotten_once_confirmed() {
    let (app, owner) = owner();
    let (_carrier, partner) = carrier(&app.scratch, &owner);
    let server = TestRedis::start();
    let redis = redis_of(&app.scratch, &server).await;
    let (one, other) = (Stream::new(&redis), Stream::new(&redis));
    for page in 1..=3 {
        record(&app, &owner, page, 1);
    }
    let rows = outbox::unpublished(&mut app.scratch.connect().unwrap()).unwrap();
    one.take().await.unwrap();
    one.publish(&rows).await.unwrap();
    let taken = one.take().await.unwrap();
    let expected: Vec<Queue> = (1..=3).map(|page| Queue::new(partner.number(), page)).collect();
    assert_eq!(taken.queues, expected);
    assert!(other.take().await.unwrap().queues.is_empty(), "they are one's");
    assert_eq!(one.unconfirmed().await.unwrap(), 3, "until they are confirmed");
    one.confirm(&taken).await.unwrap();
    assert_eq!(one.unconfirmed().await.unwrap(), 0);
}
