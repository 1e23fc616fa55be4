//! Scratch databases come migrated and leave nothing behind.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use diesel::sql_types::{BigInt, Text};
use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, sql_query};
use foundation::scratch::{Scratch, sweep};
use local_services::{Purpose, server_url};
use secrecy::ExposeSecret;

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
        std::thread::sleep(Duration::from_millis(200));
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

/// Names the server on which this program, started by a test, holds a scratch database.
const HOLD_ON: &str = "TEST_HOLD_SCRATCH_ON";

/// A process that has made a scratch database and holds it until it is killed.
struct Holder {
    process: Child,
    name: String,
}

impl Holder {
    /// Started by `test`, which must call [`hold_if_told`] first.
    fn start(test: &str, server: &str) -> Self {
        let mut program = Command::new(std::env::current_exe().unwrap());
        program.args(["--exact", test, "--nocapture"]).env(HOLD_ON, server);
        let mut process = program
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let told = lines.find_map(|line| Some(line.unwrap().strip_prefix("holds ")?.to_owned()));
        Self { process, name: told.expect("the holder has a database") }
    }
}

impl Drop for Holder {
    /// `kill -9`, which leaves it no chance to clean up.
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// In the process of a [`Holder`] this does not return.
fn hold_if_told() {
    if let Ok(server) = std::env::var(HOLD_ON) {
        let scratch = Scratch::create_on(&server).unwrap();
        eprintln!("holds {}", scratch.name());
        let _ = std::io::stdin().read_line(&mut String::new());
    }
}

/// What the URLs of two processes name: two databases of one server.
fn both_ways(test: &str, holder_url: &str, sweeper_url: &str) {
    let mut admin = PgConnection::establish(sweeper_url).unwrap();
    let holder = Holder::start(test, holder_url);
    let name = holder.name.clone();
    assert!(!sweep(sweeper_url).unwrap().contains(&name), "its process lives");
    assert_eq!(databases_named(&mut admin, &name), 1);
    drop(holder);
    // Its sessions end a moment after it; any process of the tests may then be the one that sweeps.
    let end = Instant::now() + Duration::from_secs(60);
    while databases_named(&mut admin, &name) > 0 {
        assert!(Instant::now() < end, "{name} was left behind");
        sweep(sweeper_url).unwrap();
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_database_in_use_is_no_leftover_whichever_database_of_the_server_the_urls_name() {
    hold_if_told();
    let test =
        "scratch::a_database_in_use_is_no_leftover_whichever_database_of_the_server_the_urls_name";
    let server = server_url(Purpose::Test).unwrap();
    let elsewhere = Scratch::create(Purpose::Test).unwrap();
    both_ways(test, elsewhere.url().expose_secret(), &server);
    both_ways(test, &server, elsewhere.url().expose_secret());
}

#[test]
fn a_scratch_database_can_be_made_on_a_server_that_a_scratch_database_names() {
    let outer = Scratch::create(Purpose::Test).unwrap();
    let inner = Scratch::create_on(outer.url().expose_secret()).unwrap();
    let swept = sweep(inner.url().expose_secret()).unwrap();
    assert!(!swept.contains(&outer.name().to_owned()) && !swept.contains(&inner.name().to_owned()));
    for scratch in [&inner, &outer] {
        let mut connection = scratch.connect().unwrap();
        assert_eq!(databases_named(&mut connection, scratch.name()), 1);
    }
}

#[test]
fn a_database_named_by_a_parameter_of_the_url_is_not_taken_for_the_scratch_database() {
    let server = format!("{}&dbname=postgres", server_url(Purpose::Test).unwrap());
    let scratch = Scratch::create_on(&server).unwrap();
    let mut connection = scratch.connect().unwrap();
    let here = "SELECT (current_database() = $1)::int::bigint AS count";
    let here = sql_query(here).bind::<Text, _>(scratch.name()).get_result::<Count>(&mut connection);
    assert_eq!(here.unwrap().count, 1);
}
