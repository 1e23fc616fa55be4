//! How the database executor behaves when things go wrong.

use std::time::{Duration, Instant};

use crate::common::ROUTES;
use diesel::{RunQueryDsl, sql_query};
use foundation::testing::{TestApp, config};

#[actix_web::test]
async fn a_full_queue_answers_503_at_once_with_a_time_to_return() {
    let flags = ["--database-threads", "1", "--database-queue", "1", "--statement-timeout", "1s"];
    let app = TestApp::start_with(ROUTES, &flags);
    let client = app.anonymous();
    let calls = [(); 6].map(|()| {
        let client = client.clone();
        actix_web::rt::spawn(async move { client.get("/api/sleep").await })
    });
    let mut refused = 0;
    for call in calls {
        let reply = call.await.unwrap();
        reply.problem(503);
        assert!(reply.header("retry-after").parse::<u64>().unwrap() >= 1);
        refused += 1;
    }
    assert_eq!(refused, 6, "none got through, and every one was told so");
    let metrics = client.get("/metrics").await.text;
    assert!(metrics.contains(r#"database_refused_total{lane="short"}"#));
    // The one that was queued may have got its turn a moment before its caller gave up.
    let deadline = Instant::now() + Duration::from_secs(20);
    while client.get("/api/name").await.status.as_u16() != 200 {
        assert!(Instant::now() < deadline, "the lane is free again");
    }
}

#[actix_web::test]
async fn long_statements_on_every_long_connection_leave_short_ones_alone() {
    let app = TestApp::start_with(ROUTES, &["--database-long-threads", "2"]);
    let client = app.anonymous();
    let long = [(); 2].map(|()| {
        let client = client.clone();
        actix_web::rt::spawn(async move { client.get("/api/sleep-long").await })
    });
    let mut admin = app.scratch.connect().unwrap();
    let mut sleeping = |command: &str| {
        let statement = format!(
            "SELECT {command} FROM pg_stat_activity \
             WHERE datname = current_database() AND query LIKE 'SELECT pg_sleep%'"
        );
        sql_query(statement).execute(&mut admin).unwrap()
    };
    while sleeping("pid") < 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for _ in 0..20 {
        assert_eq!(client.get("/api/name").await.status.as_u16(), 200);
    }
    assert_eq!(sleeping("pg_cancel_backend(pid)"), 2, "the long ones were running all the while");
    for call in long {
        call.await.unwrap().problem(503);
    }
}

#[actix_web::test]
async fn connections_that_the_server_cut_are_replaced() {
    let app = TestApp::start(ROUTES);
    let client = app.anonymous();
    assert_eq!(client.get("/api/name").await.status.as_u16(), 200);
    let mut admin = app.scratch.connect().unwrap();
    sql_query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    .execute(&mut admin)
    .unwrap();
    let mut statuses = Vec::new();
    for _ in 0..40 {
        statuses.push(client.get("/api/name").await.status.as_u16());
    }
    assert!(statuses.iter().all(|status| [200, 503].contains(status)), "{statuses:?}");
    assert_eq!(statuses[30..], [200; 10], "each dead connection fails at most once");
}

#[actix_web::test]
async fn without_a_database_requests_get_503_and_liveness_stays() {
    let app = TestApp::start(ROUTES);
    let client = app.anonymous();
    let nowhere = secrecy::SecretString::from("postgres://nobody@127.0.0.1:1/none".to_owned());
    let metrics = foundation::metrics::Metrics::new().unwrap();
    let database = foundation::database::Database::open(&nowhere, &config(&[]).database, &metrics);
    let problem =
        database.run(|connection| sql_query("SELECT 1").execute(connection)).await.unwrap_err();
    assert_eq!(problem.kind(), error_handling::ProblemType::Unavailable);
    assert_eq!(client.get("/health/live").await.status.as_u16(), 200);
}

#[actix_web::test]
async fn work_whose_caller_hung_up_while_queued_is_not_done() {
    let flags = ["--database-threads", "1"];
    let app = TestApp::start_with(ROUTES, &flags);
    let blocker =
        app.database.run(|connection| sql_query("SELECT pg_sleep(0.3)").execute(connection));
    let (done, seen) = std::sync::mpsc::channel::<()>();
    let abandoned = app.database.run(move |_| -> diesel::QueryResult<()> {
        let _ = done.send(());
        Ok(())
    });
    {
        let mut abandoned = Box::pin(abandoned);
        let mut blocker = Box::pin(blocker);
        tokio::select! {
            biased;
            _ = &mut blocker => panic!("the blocker holds the only thread"),
            _ = &mut abandoned => panic!("the second one waits behind it"),
            () = tokio::time::sleep(Duration::from_millis(50)) => {}
        }
    }
    assert_eq!(app.anonymous().get("/api/name").await.status.as_u16(), 200);
    assert!(seen.try_recv().is_err(), "the abandoned work never ran");
}

/// Time-outs are told by their message, so it has to be in English whatever the database says.
#[actix_web::test]
async fn sessions_of_every_lane_ask_for_messages_in_english() {
    let scratch = foundation::scratch::Scratch::create(local_services::Purpose::Test).unwrap();
    let elsewhere = format!("ALTER DATABASE \"{}\" SET lc_messages = 'POSIX'", scratch.name());
    sql_query(elsewhere).execute(&mut scratch.connect().unwrap()).unwrap();
    let metrics = foundation::metrics::Metrics::new().unwrap();
    let config = config(&[]).database;
    let database = foundation::database::Database::open(&scratch.url(), &config, &metrics);
    let language = |connection: &mut diesel::PgConnection| {
        let setting = diesel::dsl::sql::<diesel::sql_types::Text>("current_setting('lc_messages')");
        diesel::select(setting).get_result::<String>(connection)
    };
    let told = [
        database.run(language).await,
        database.run_write(language).await,
        database.run_long(language).await,
    ];
    for lane in told {
        assert_eq!(lane.map_err(|problem| problem.to_string()).unwrap(), "C");
    }
}
