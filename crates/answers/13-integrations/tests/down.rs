//! Partners that are down, or take no call at present: what that costs their events and others'.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use std::sync::Arc;
use std::time::Duration;

use auth::testing::sign_up;
use foundation::testing::{count, execute};
use futures_util::future::poll_immediate;
use integrations::delivery::{Deliveries, Visit};
use integrations::outbox::Queue;
use integrations::outside::Mood;
use integrations::worker::{Pace, Worker};
use support::{
    SETTINGS, breakers, carrier, courier, database, deliveries, owner, prices, record, until,
};

#[actix_web::test]
async fn an_open_breaker_costs_no_attempt() {
    let (app, owner) = owner();
    let (carrier, partner) = carrier(&app.scratch, &owner);
    for page in 1..=5 {
        record(&app, &owner, page, 1);
    }
    carrier.be(Mood::Failing);
    let deliveries = deliveries(&app, SETTINGS, 2);
    for page in 1..=5 {
        deliveries.visit(Queue::new(partner.number(), page)).await.unwrap();
    }
    assert_eq!(carrier.calls(), 2);
    assert_eq!(count(&app.scratch, "outbox_events WHERE attempts = 0"), 3);
}

#[actix_web::test]
async fn a_probe_under_way_costs_the_other_events_no_attempt() {
    let (app, owner) = owner();
    let (carrier, partner) = carrier(&app.scratch, &owner);
    for page in 1..=5 {
        record(&app, &owner, page, 1);
    }
    let breakers = breakers(1, Duration::ZERO);
    let failed = breakers.call(partner, async { Err::<(), ()>(()) }).await;
    assert!(failed.is_err(), "that opens it");
    let probe = breakers.call(partner, std::future::pending::<Result<(), ()>>());
    let mut probe = Box::pin(probe);
    assert!(poll_immediate(&mut probe).await.is_none(), "it is half-open");

    let deliveries = Deliveries::new(database(&app), courier(), Arc::clone(&breakers), SETTINGS);
    for page in 1..=5 {
        let visit = deliveries.visit(Queue::new(partner.number(), page)).await.unwrap();
        assert_eq!(visit, Visit::default());
    }
    assert_eq!(carrier.calls(), 0);
    assert_eq!(count(&app.scratch, "outbox_events WHERE attempts = 0 AND state = 'pending'"), 5);

    drop(probe);
    for page in 1..=5 {
        let visit = deliveries.visit(Queue::new(partner.number(), page)).await.unwrap();
        assert_eq!(visit, Visit { delivered: 1, failed: 0 }, "the partner is back");
    }
}

#[actix_web::test]
async fn a_partner_that_is_down_with_hundreds_of_queues_holds_up_nobody_elses_events() {
    let (app, owner) = owner();
    let (down, partner) = carrier(&app.scratch, &owner);
    down.be(Mood::Failing);
    let many = format!(
        "INSERT INTO outbox_events (partner_id, event_id, entity, kind, body, due_at)
         SELECT {partner}, 'evt_' || page, page, 'page.price_changed', '{{}}',
                now() - interval '1 hour' FROM generate_series(1, 250) AS page"
    );
    execute(&app.scratch, &many);
    let other = sign_up(&app, "other");
    let (well, _) = carrier(&app.scratch, &other);
    record(&app, &other, 1, 7);

    // The first failure opens the breaker for a minute, which is longer than this waits.
    let deliveries = deliveries(&app, SETTINGS, 1);
    let _worker = Worker::start(database(&app), deliveries, None, Pace::default()).unwrap();
    until("the event of somebody else's partner", || prices(&well) == [7]).await;
    assert!(down.calls() < 200, "{} calls of a partner that is down", down.calls());
}
