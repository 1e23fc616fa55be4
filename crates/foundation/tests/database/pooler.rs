//! The database behind PgBouncer in transaction mode: what holds, and what would not.

use std::sync::{Mutex, mpsc};
use std::time::Duration;

use actix_web::ResponseError;
use diesel::connection::SimpleConnection;
use diesel::sql_types::{Array, BigInt, Text};
use diesel::{Connection, PgConnection, QueryResult, QueryableByName, RunQueryDsl, sql_query};
use foundation::backing::{Backing, BackingError};
use foundation::config::Config;
use foundation::database::{Database, KeyedReads, Place, PoolerError, check_pooler, connect_query};
use foundation::jobs::Job;
use foundation::metrics::Metrics;
use foundation::testing::config;
use local_services::Purpose;
use local_services::fleet::{PgBouncer, PostgresPair};
use secrecy::{ExposeSecret, SecretString};

#[allow(missing_docs)]
mod schema {
    diesel::table! {
        notes (id) { id -> BigInt, text -> Text, }
    }
}
use schema::notes;

/// A primary and PgBouncer with two connections for all: most statements change their session.
struct Behind {
    pair: PostgresPair,
    pooler: PgBouncer,
}

impl Behind {
    fn start(query: &str) -> Self {
        let pair = PostgresPair::start(Purpose::Test).unwrap();
        let pooler = PgBouncer::start(pair.primary_socket(), query, 2).unwrap();
        let mut admin = PgConnection::establish(&pair.primary_url()).unwrap();
        admin
            .batch_execute(
                "CREATE TABLE notes (id bigint PRIMARY KEY, text text NOT NULL);
                 INSERT INTO notes SELECT n, 'note ' || n FROM generate_series(1, 100) AS n",
            )
            .unwrap();
        Self { pair, pooler }
    }

    fn bounded() -> Self {
        Self::start(&connect_query(&config(&[]).database))
    }

    fn direct(&self) -> SecretString {
        SecretString::from(self.pair.primary_url())
    }

    fn pooled(&self) -> SecretString {
        SecretString::from(self.pooler.url())
    }

    fn place(&self) -> Place {
        Place::pooled(self.pooled(), self.direct())
    }

    fn open(&self, place: &Place) -> Database {
        let flags = ["--database-threads", "8", "--database-wait", "20s"];
        Database::open(place, &config(&flags).database, &Metrics::new().unwrap())
    }
}

#[derive(QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    word: String,
}

fn show(connection: &mut PgConnection, setting: &str) -> QueryResult<String> {
    let row: Word =
        sql_query(format!("SELECT current_setting('{setting}') AS word")).get_result(connection)?;
    Ok(row.word)
}

/// Forty reads at once of one query, as a route sends it; how many failed.
async fn failures(database: &Database) -> usize {
    use diesel::prelude::*;
    let reads = (1..=40).map(|id: i64| {
        let database = database.clone();
        actix_web::rt::spawn(async move {
            database
                .run(move |connection| {
                    let text = notes::table.find(id).select(notes::text);
                    text.first::<String>(connection)
                })
                .await
        })
    });
    let mut failed = 0;
    for (read, id) in futures_util::future::join_all(reads).await.into_iter().zip(1..) {
        match read.unwrap() {
            Ok(text) => assert_eq!(text, format!("note {id}")),
            Err(_) => failed += 1,
        }
    }
    failed
}

#[actix_web::test]
async fn reads_work_behind_a_pooler_and_without_the_setting_they_would_not() {
    let behind = Behind::bounded();
    assert_eq!(failures(&behind.open(&behind.place())).await, 0);
    let told_nothing = Place::from(&behind.pooled());
    let failed = failures(&behind.open(&told_nothing)).await;
    assert!(failed > 0, "statements kept by name are met in the wrong session");
}

#[derive(QueryableByName)]
struct Note {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    text: String,
}

fn notes(connection: &mut PgConnection, ids: &[i64]) -> QueryResult<Vec<(i64, String)>> {
    let rows: Vec<Note> = sql_query("SELECT id, text FROM notes WHERE id = ANY($1)")
        .bind::<Array<BigInt>, _>(ids)
        .load(connection)?;
    Ok(rows.into_iter().map(|note| (note.id, note.text)).collect())
}

#[actix_web::test]
async fn reads_that_share_a_statement_work_behind_a_pooler() {
    let behind = Behind::bounded();
    let database = behind.open(&behind.place());
    let reads = KeyedReads::new(notes);
    let all = (1..=50).map(|id| reads.get(&database, id));
    for (found, id) in futures_util::future::join_all(all).await.into_iter().zip(1..) {
        assert_eq!(found.unwrap(), Some(format!("note {id}")));
    }
}

#[actix_web::test]
async fn short_statements_are_bounded_by_the_pooler_and_long_ones_have_a_session() {
    let behind = Behind::bounded();
    let database = behind.open(&behind.place());
    for (setting, expected) in
        [("statement_timeout", "2s"), ("lock_timeout", "1s"), ("TimeZone", "UTC")]
    {
        let read = move |connection: &mut PgConnection| show(connection, setting);
        assert_eq!(database.run(read).await.unwrap(), expected, "{setting} of a read");
        assert_eq!(database.run_write(read).await.unwrap(), expected, "{setting} of a write");
    }
    let limit = |connection: &mut PgConnection| show(connection, "statement_timeout");
    assert_eq!(database.run_long(limit).await.unwrap(), "30s");
    let name = |connection: &mut PgConnection| show(connection, "application_name");
    assert_eq!(database.run_long(name).await.unwrap(), "lane long");
    let slow = database.run(|connection| sql_query("SELECT pg_sleep(30)").execute(connection));
    assert_eq!(slow.await.unwrap_err().status_code().as_u16(), 503);
}

#[test]
fn a_pooler_without_bounds_is_refused_with_the_line_that_is_missing() {
    let behind = Behind::start("SET statement_timeout = 2000");
    let error = check_pooler(&behind.place(), &config(&[]).database).unwrap_err();
    assert!(matches!(error, PoolerError::Unbounded { .. }));
    let said = error.to_string();
    assert!(said.contains("have no lock_timeout, idle_in_transaction_session_timeout"), "{said}");
    assert!(
        said.contains("connect_query='SET statement_timeout = 2000; SET lock_timeout"),
        "{said}"
    );
}

#[test]
fn defaults_of_the_role_do_as_well_as_a_connect_query() {
    let behind = Behind::start("");
    let bounds = config(&[]).database;
    let mut admin = PgConnection::establish(&behind.pair.primary_url()).unwrap();
    admin.batch_execute(&foundation::database::role_defaults(&bounds)).unwrap();
    check_pooler(&behind.place(), &bounds).unwrap();
}

fn configured(behind: &Behind, flags: &[&str]) -> Config {
    let urls = (behind.pooled(), behind.direct());
    let mut all = vec!["--database-pooler", "transaction"];
    all.extend(["--database-url", urls.0.expose_secret()]);
    all.extend(flags);
    config(&all)
}

#[test]
fn a_server_behind_a_pooler_needs_a_way_past_it_and_migrates_there() {
    let behind = Behind::bounded();
    let missing = Backing::find_for(&configured(&behind, &[])).unwrap_err();
    assert!(matches!(missing, BackingError::Pooler(PoolerError::NoSession)));
    let direct = behind.pair.primary_url();
    let found = configured(&behind, &["--direct-database-url", &direct]);
    let backing = Backing::find_for(&found).unwrap();
    assert_eq!(backing.url().expose_secret(), behind.pooler.url());
    let mut session = backing.connect().unwrap();
    assert_eq!(show(&mut session, "statement_timeout").unwrap(), "0", "a migration may take long");
    sql_query("SELECT FROM users").execute(&mut session).unwrap();
}

/// Filled while the job holds its lock; the job goes on once it is taken.
static INSIDE: Mutex<Option<mpsc::Sender<()>>> = Mutex::new(None);

static ONCE: Job = Job {
    name: "held-once",
    about: "Holds a session lock",
    every: Duration::from_secs(60),
    run: |_, _| {
        let (go_on, told) = mpsc::channel();
        *INSIDE.lock().unwrap() = Some(go_on);
        let _ = told.recv_timeout(Duration::from_secs(60));
        Ok(vec!["done".to_owned()])
    },
};

#[actix_web::test]
async fn recurring_jobs_of_two_servers_exclude_each_other_behind_a_pooler() {
    let behind = Behind::bounded();
    let [one, other] = [behind.open(&behind.place()), behind.open(&behind.place())];
    let run = |database: Database| {
        actix_web::rt::spawn(async move {
            database.run_long(|connection| ONCE.run_locked(connection, false)).await
        })
    };
    let first = run(one.clone());
    while INSIDE.lock().unwrap().is_none() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(run(other.clone()).await.unwrap().unwrap(), None, "it is taken");
    INSIDE.lock().unwrap().take().unwrap().send(()).unwrap();
    assert!(first.await.unwrap().unwrap().is_some());
    let again = run(other);
    while INSIDE.lock().unwrap().is_none() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    INSIDE.lock().unwrap().take().unwrap().send(()).unwrap();
    assert!(again.await.unwrap().unwrap().is_some(), "given back by the session that took it");
}
