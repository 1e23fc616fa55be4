//! The instruments measure what they say.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use std::hint::black_box;
use std::time::Duration;

use code_performance::allocations::{CountingAllocator, counted};
use code_performance::cost::Meter;
use code_performance::network::Network;
use code_performance::profile::Profile;
use code_performance::schema::TABLES;
use code_performance::statements::Statements;
use code_performance::steps::step0_baseline;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Integer;
use foundation::scratch::Scratch;
use local_services::Purpose;
use secrecy::ExposeSecret;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

fn network(scratch: &Scratch) -> Network {
    Network::open(scratch.url().expose_secret(), Duration::from_micros(100)).unwrap()
}

fn three_customers(connection: &mut PgConnection) {
    connection.batch_execute(TABLES).unwrap();
    connection
        .batch_execute(
            "INSERT INTO customers SELECT n, 'C01', 'customer ' || n FROM generate_series(1, 3) AS n;
             INSERT INTO payments VALUES (1, 1, 'a', 'card', 5)",
        )
        .unwrap();
}

#[test]
fn known_allocations_are_counted_exactly() {
    let cases: [(&str, fn(), u64); 4] = [
        ("nothing", || {}, 0),
        ("a box", || drop(black_box(Box::new(1))), 1),
        ("a zeroed vector", || drop(black_box(vec![0_u8; 1_000])), 1),
        (
            "a vector that grows",
            || {
                let mut vector = Vec::with_capacity(1);
                (0..2).for_each(|number| vector.push(black_box(number)));
                black_box(vector);
            },
            2,
        ),
    ];
    for (name, work, expected) in cases {
        assert_eq!(counted(work).1, Some(expected), "{name}");
    }
}

#[test]
fn allocations_of_other_threads_do_not_count() {
    let (go, started) = (std::sync::Barrier::new(2), std::sync::Barrier::new(2));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            go.wait();
            (0..100).for_each(|number| drop(black_box(vec![number; 10])));
            started.wait();
        });
        let ((), allocations) = counted(|| {
            go.wait();
            started.wait();
        });
        assert_eq!(allocations, Some(0));
    });
}

#[test]
fn statements_are_counted_whether_prepared_or_not_and_failed_or_not() {
    let scratch = Scratch::create(Purpose::Test).unwrap();
    let mut connection = scratch.connect().unwrap();
    let statements = Statements::of(&mut connection);
    connection.batch_execute("SELECT 1").unwrap();
    assert_eq!(statements.count(), 1);
    for _ in 0..3 {
        diesel::select(diesel::dsl::sql::<Integer>("1"))
            .get_result::<i32>(&mut connection)
            .unwrap();
    }
    assert_eq!(statements.count(), 4);
    diesel::sql_query("SELECT 1 / 0").execute(&mut connection).unwrap_err();
    assert_eq!(statements.count(), 5);
}

#[test]
fn a_round_trip_is_counted_for_each_statement_once_it_is_prepared() {
    let scratch = Scratch::create(Purpose::Test).unwrap();
    let network = network(&scratch);
    let mut connection = PgConnection::establish(network.url()).unwrap();
    three_customers(&mut connection);
    step0_baseline::report(&mut connection, "C01").unwrap();
    let meter = Meter::new(&network, &mut connection);
    let (body, cost) = meter.cost_of(|| step0_baseline::report(&mut connection, "C01"));
    assert_eq!((cost.statements, cost.round_trips), (4, 4));
    assert!(cost.received > body.unwrap().len() as u64 / 10, "{cost:?}");
    assert!(cost.allocations > Some(0), "{cost:?}");
    let ((), nothing) = meter.cost_of(|| ());
    assert_eq!((nothing.statements, nothing.round_trips, nothing.received), (0, 0, 0));
}

#[test]
fn connections_over_one_network_get_their_own_answers() {
    let scratch = Scratch::create(Purpose::Test).unwrap();
    let network = network(&scratch);
    let network = &network;
    std::thread::scope(|scope| {
        for number in 0..8 {
            scope.spawn(move || {
                let mut connection = PgConnection::establish(network.url()).unwrap();
                for step in 0..20 {
                    let expected = number * 1_000 + step;
                    let query = diesel::dsl::sql::<Integer>(&expected.to_string());
                    let answer: i32 = diesel::select(query).get_result(&mut connection).unwrap();
                    assert_eq!(answer, expected);
                }
            });
        }
    });
}

#[test]
fn a_large_answer_arrives_whole() {
    let scratch = Scratch::create(Purpose::Test).unwrap();
    let network = network(&scratch);
    let mut connection = PgConnection::establish(network.url()).unwrap();
    let before = network.received();
    let query = diesel::dsl::sql::<diesel::sql_types::Text>("repeat('x', 3000000)");
    let text: String = diesel::select(query).get_result(&mut connection).unwrap();
    assert_eq!(text, "x".repeat(3_000_000));
    assert!(network.received() - before >= 3_000_000);
}

#[test]
fn a_database_that_goes_away_is_an_error_and_not_a_hang() {
    let scratch = Scratch::create(Purpose::Test).unwrap();
    let network = network(&scratch);
    let mut connection = PgConnection::establish(network.url()).unwrap();
    connection.batch_execute("SELECT 1").unwrap();
    drop(scratch);
    connection.batch_execute("SELECT 1").unwrap_err();
    assert!(PgConnection::establish(network.url()).is_err());
}

#[test]
fn the_profile_shows_which_function_waits_for_which_statements() {
    let scratch = Scratch::create(Purpose::Test).unwrap();
    let mut connection = scratch.connect().unwrap();
    three_customers(&mut connection);
    let _statements = Statements::of(&mut connection);
    let (report, profile) =
        Profile::of("request", || step0_baseline::report(&mut connection, "C01"));
    report.unwrap();
    let frames: Vec<String> = profile
        .frames()
        .iter()
        .map(|frame| format!("{}{}", "-".repeat(frame.depth), frame.name))
        .collect();
    assert_eq!(
        frames,
        [
            "request",
            "-customers_of",
            "--statement",
            "-payments_of",
            "--statement",
            "-without_repeats",
            "-total",
            "-line",
            "-to_json",
        ]
    );
    // How often the sampler looked depends on the machine; every look is a line's.
    let lines = profile.folded();
    let looks: u64 =
        lines.lines().map(|l| l.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum();
    assert_eq!(looks, profile.samples(), "{lines}");
}
