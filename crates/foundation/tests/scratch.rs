//! Scratch databases come migrated and leave nothing behind.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use diesel::sql_types::{BigInt, Text};
use diesel::{PgConnection, QueryableByName, RunQueryDsl, sql_query};
use foundation::scratch::Scratch;
use local_services::Purpose;

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

fn databases_named(connection: &mut PgConnection, name: &str) -> i64 {
    sql_query("SELECT count(*) AS count FROM pg_database WHERE datname = $1")
        .bind::<Text, _>(name)
        .get_result::<Count>(connection)
        .unwrap()
        .count
}

#[test]
fn a_scratch_database_is_migrated_and_gone_after_use() {
    let scratch = Scratch::create(Purpose::Test).unwrap();
    let name = scratch.name().to_owned();
    let mut connection = scratch.connect().unwrap();
    let applied: Count = sql_query("SELECT count(*) AS count FROM __diesel_schema_migrations")
        .get_result(&mut connection)
        .unwrap();
    assert!(applied.count > 0);
    let other = Scratch::create(Purpose::Test).unwrap();
    drop(scratch);
    let mut connection = other.connect().unwrap();
    assert_eq!(databases_named(&mut connection, &name), 0);
}

#[test]
fn a_stopped_demo_drops_its_database_at_once_and_breaks_off_its_statement() {
    let interrupt = evidence::Interrupt::default();
    let sink = std::sync::Arc::new(evidence::Recorder::default());
    let stage = evidence::Stage::new(sink, evidence::Scale::Quick, 1, interrupt.clone());
    let (scratch, _guard) = Scratch::for_demo(&stage).unwrap();
    let mut connection = scratch.connect().unwrap();
    let stopper = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(200));
        interrupt.request();
    });
    let long = sql_query("SELECT pg_sleep(60)").execute(&mut connection);
    assert!(long.is_err(), "the statement ended with the database");
    stopper.join().unwrap();
    let name = scratch.name().to_owned();
    let other = Scratch::create(Purpose::Demo).unwrap();
    assert_eq!(databases_named(&mut other.connect().unwrap(), &name), 0);
}

#[test]
fn migrating_twice_at_once_applies_each_migration_once() {
    let scratch = Scratch::create(Purpose::Test).unwrap();
    sql_query("DROP SCHEMA public CASCADE").execute(&mut scratch.connect().unwrap()).unwrap();
    sql_query("CREATE SCHEMA public").execute(&mut scratch.connect().unwrap()).unwrap();
    let applied: usize = std::thread::scope(|scope| {
        let replicas = [(); 4].map(|()| {
            scope.spawn(|| foundation::migrate::migrate(&mut scratch.connect().unwrap()).unwrap())
        });
        replicas.map(|replica| replica.join().unwrap()).iter().sum()
    });
    let rows: Count = sql_query("SELECT count(*) AS count FROM __diesel_schema_migrations")
        .get_result(&mut scratch.connect().unwrap())
        .unwrap();
    assert_eq!(i64::try_from(applied).unwrap(), rows.count);
}
