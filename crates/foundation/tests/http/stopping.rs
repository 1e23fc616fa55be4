//! A server that is told to stop finishes what it has begun.

use std::time::Duration;

use crate::common::ROUTES;
use foundation::testing::TestApp;

#[actix_web::test]
async fn readiness_goes_first_and_accepted_requests_are_finished() {
    let app = TestApp::start_with(ROUTES, &["--drain", "1s"]);
    let client = app.anonymous();
    let held = {
        let client = client.clone();
        actix_web::rt::spawn(async move { client.get("/api/hold/1").await })
    };
    while app.metrics.in_flight.get() < 1 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let stop = app.stop_handle();
    let stopping = actix_web::rt::spawn(async move { stop.stop().await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    client.get("/health/ready").await.problem(503);
    assert_eq!(client.get("/health/live").await.status.as_u16(), 200);
    crate::common::gate(1).add_permits(1);
    assert_eq!(held.await.unwrap().text, "released");
    stopping.await.unwrap();
}
