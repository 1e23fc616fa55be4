//! A demo that is broken off leaves nothing behind.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use diesel::sql_types::Text;
use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, sql_query};
use end_to_end::binary;
use local_services::Purpose;

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

fn scratch_databases_of(connection: &mut PgConnection, process: u32) -> Vec<String> {
    sql_query("SELECT datname::text AS name FROM pg_database WHERE datname LIKE $1")
        .bind::<Text, _>(format!("show_your_work_scratch_{process}_%"))
        .load::<Name>(connection)
        .unwrap()
        .into_iter()
        .map(|row| row.name)
        .collect()
}

#[test]
fn ctrl_c_in_the_middle_of_a_demo_drops_its_database() {
    let url = local_services::server_url(Purpose::Test).unwrap();
    let mut admin = PgConnection::establish(&url).unwrap();
    let mut demo = Command::new(binary::path("log-partitions").unwrap())
        .args(["--scale", "default", "--json"])
        .env("DATABASE_URL", &url)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let events = BufReader::new(demo.stdout.take().unwrap()).lines();
    let mut moved = events
        .map_while(Result::ok)
        .filter(|line| line.contains(r#""event":"progress""#) && !line.contains(r#""done":0,"#));
    assert!(moved.next().is_some(), "rows are being written");
    assert_eq!(scratch_databases_of(&mut admin, demo.id()).len(), 1, "into its own database");
    binary::signal(demo.id(), "INT").unwrap();
    // Reading to the end keeps the demo from being stopped by a full pipe instead.
    moved.for_each(drop);
    assert_eq!(demo.wait().unwrap().code(), Some(130));
    assert_eq!(scratch_databases_of(&mut admin, demo.id()), Vec::<String>::new());
}
