//! Which reads share a statement, and which must not.

use std::sync::Arc;

use diesel::sql_types::{Array, BigInt, Text};
use diesel::{PgConnection, QueryResult, QueryableByName, RunQueryDsl, sql_query};
use foundation::database::{Database, KeyedReads};
use foundation::testing::{TestApp, execute};
use futures_util::future::join_all;

type Names = KeyedReads<i64, String>;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    name: String,
}

fn load(connection: &mut PgConnection, ids: &[i64]) -> QueryResult<Vec<(i64, String)>> {
    let rows: Vec<Row> = sql_query("SELECT id, name FROM names WHERE id = ANY($1)")
        .bind::<Array<BigInt>, _>(ids)
        .load(connection)?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

/// The same, once the lock is free; PostgreSQL takes the statement's snapshot before it waits.
fn load_behind_a_gate(
    connection: &mut PgConnection,
    ids: &[i64],
) -> QueryResult<Vec<(i64, String)>> {
    let gated = "SELECT names.id, name FROM names, pg_advisory_lock_shared(1) WHERE id = ANY($1)";
    let rows: Vec<Row> = sql_query(gated).bind::<Array<BigInt>, _>(ids).load(connection)?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

fn app_with_names() -> TestApp {
    let app = TestApp::start_with(&[], &["--database-threads", "2"]);
    execute(&app.scratch, "CREATE TABLE names (id bigint PRIMARY KEY, name text NOT NULL)");
    execute(&app.scratch, "INSERT INTO names SELECT n, 'name ' || n FROM generate_series(1, 50) n");
    app
}

/// Statements that the short lane has run, by the server's own count.
async fn statements(app: &TestApp) -> u64 {
    let metrics = app.anonymous().get("/metrics").await.text;
    let line = r#"database_run_seconds_count{lane="short"} "#;
    let count = metrics.lines().find_map(|it| it.strip_prefix(line));
    count.map_or(0, |count| count.parse().unwrap())
}

#[actix_web::test]
async fn each_reader_gets_its_own_row_and_those_that_wait_share_statements() {
    let (app, names) = (app_with_names(), Names::new(load));
    let before = statements(&app).await;
    let found = join_all((1..=60).map(|id| names.get(&app.database, id))).await;
    for (id, name) in (1..=60).zip(found) {
        let expected = (id <= 50).then(|| format!("name {id}"));
        assert_eq!(name.unwrap(), expected, "{id}");
    }
    // All sixty ask before the first statement can leave: one carries them, another finds nobody.
    assert_eq!(statements(&app).await - before, 1, "for sixty reads");
}

#[actix_web::test]
async fn one_read_after_the_other_is_a_statement_each() {
    let (app, names) = (app_with_names(), Names::new(load));
    let before = statements(&app).await;
    for id in 1..=10 {
        assert_eq!(names.get(&app.database, id).await.unwrap(), Some(format!("name {id}")));
    }
    assert_eq!(statements(&app).await - before, 10, "nobody waits for company");
}

#[actix_web::test]
async fn a_key_asked_for_by_many_is_looked_up_once_and_given_to_all() {
    let (app, names) = (app_with_names(), Names::new(load));
    let found = join_all((0..20).map(|_| names.get(&app.database, 7))).await;
    let all: Vec<_> = found.into_iter().map(|name| name.unwrap().unwrap()).collect();
    assert_eq!(all, vec!["name 7"; 20]);
}

#[actix_web::test]
async fn a_read_never_joins_a_statement_that_has_left() {
    let (app, names) = (app_with_names(), Names::new(load_behind_a_gate));
    let mut gate = app.scratch.connect().unwrap();
    sql_query("SELECT pg_advisory_lock(1)").execute(&mut gate).unwrap();
    let early = spawn_read(&names, &app.database, 1);
    wait_until_blocked(&app, 1).await;
    execute(&app.scratch, "UPDATE names SET name = 'new'");
    // Asks after the write was acknowledged, while the early one still waits with its old snapshot.
    let late = spawn_read(&names, &app.database, 1);
    wait_until_blocked(&app, 2).await;
    sql_query("SELECT pg_advisory_unlock(1)").execute(&mut gate).unwrap();
    assert_eq!(early.await.unwrap().as_deref(), Some("name 1"));
    assert_eq!(late.await.unwrap().as_deref(), Some("new"));
}

#[actix_web::test]
async fn a_reader_that_hangs_up_takes_nobody_along() {
    let (app, names) = (app_with_names(), Names::new(load));
    let mut locker = app.scratch.connect().unwrap();
    sql_query("BEGIN").execute(&mut locker).unwrap();
    sql_query("LOCK TABLE names").execute(&mut locker).unwrap();
    let first = spawn_read(&names, &app.database, 1);
    wait_until_blocked(&app, 1).await;
    let second = spawn_read(&names, &app.database, 2);
    wait_until_blocked(&app, 2).await;
    let third = spawn_read(&names, &app.database, 3);
    first.abort();
    sql_query("COMMIT").execute(&mut locker).unwrap();
    assert_eq!(second.await.unwrap().as_deref(), Some("name 2"));
    assert_eq!(third.await.unwrap().as_deref(), Some("name 3"));
}

#[actix_web::test]
async fn a_statement_that_fails_tells_everyone_who_shared_it_and_the_next_one_works() {
    let (app, names) = (app_with_names(), Names::new(load));
    execute(&app.scratch, "ALTER TABLE names RENAME TO away");
    for outcome in join_all((1..=5).map(|id| names.get(&app.database, id))).await {
        assert_eq!(outcome.unwrap_err().kind(), error_handling::ProblemType::Internal);
    }
    execute(&app.scratch, "ALTER TABLE away RENAME TO names");
    assert_eq!(names.get(&app.database, 3).await.unwrap().as_deref(), Some("name 3"));
}

fn spawn_read(
    names: &Names,
    database: &Database,
    id: i64,
) -> actix_web::rt::task::JoinHandle<Option<String>> {
    let (names, database) = (names.clone(), database.clone());
    actix_web::rt::spawn(async move { names.get(&database, id).await.unwrap() })
}

/// Until this many statements of the server wait for the lock.
async fn wait_until_blocked(app: &TestApp, wanted: u64) {
    let scratch = Arc::clone(&app.scratch);
    let blocked = "SELECT count(*) FROM pg_stat_activity \
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while foundation::scratch::number(&mut scratch.connect().unwrap(), blocked).unwrap() < wanted {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}
