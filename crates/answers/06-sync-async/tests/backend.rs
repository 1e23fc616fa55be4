//! Where this backend itself waits, and on which threads.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use actix_web::{Responder, get, web};
use diesel::{PgConnection, RunQueryDsl};
use foundation::database::Database;
use foundation::testing::TestApp;
use sync_async::service::Service;
use utoipa_actix_web::service_config::ServiceConfig;

/// Names of the threads before, during and after database work.
#[utoipa::path(responses((status = 200, body = [String])))]
#[get("/api/v1/threads")]
async fn threads(database: web::Data<Database>) -> impl Responder {
    let name = || thread::current().name().unwrap_or("unnamed").to_owned();
    let before = name();
    let during = database
        .run(move |connection| {
            diesel::sql_query("SELECT pg_sleep(0.01)").execute(connection)?;
            Ok::<_, diesel::result::Error>(name())
        })
        .await;
    web::Json([before, during.unwrap(), name()])
}

fn routes(config: &mut ServiceConfig<'_>) {
    config.service(threads);
}

#[actix_web::test]
async fn a_query_runs_on_a_thread_of_the_database_lane_and_the_handler_stays_on_its_worker() {
    let app = TestApp::start(&[routes]);
    let reply = app.anonymous().get("/api/v1/threads").await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let [before, during, after]: [String; 3] = reply.parse();
    assert!(before.starts_with("actix-"), "{before}");
    assert!(during.starts_with("database-short-"), "{during}");
    assert_eq!(before, after, "an actix worker keeps its requests");
}

#[actix_web::test]
async fn while_every_database_thread_is_held_the_only_worker_goes_on() {
    let flags = ["--database-threads", "2", "--http-workers", "1", "--statement-timeout", "60s"];
    let app = TestApp::start_with(&[], &flags);
    let service = Service::holding();
    let hold = || {
        let (database, service) = (app.database.clone(), Arc::clone(&service));
        actix_web::rt::spawn(async move {
            let ask = move |_: &mut PgConnection| {
                service.ask_blocking();
                Ok::<_, diesel::result::Error>(())
            };
            database.run(ask).await
        })
    };
    let held = [hold(), hold()];
    while service.in_flight() < 2 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let reply = app.anonymous().get("/health/live").await;
    assert_eq!((reply.status.as_u16(), service.in_flight()), (200, 2), "{}", reply.text);
    service.open();
    for held in held {
        held.await.unwrap().unwrap();
    }
}
