//! The model: what it counts, what it finds, and that PostgreSQL does the same.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use challenging_problem::attempts::{ATTEMPTS, named};
use challenging_problem::model::{
    Ending, Exploration, Isolation, Program, Step, Tally, explore, replay, schedules,
};
use challenging_problem::race::Services;
use evidence::RungKind;
use local_services::Purpose;

fn tally(programs: &[&Program], stock: u8, deaths: u8) -> Tally {
    explore(&Exploration { programs, stock, deaths })
}

fn same(id: &str, buyers: usize, stock: u8) -> Tally {
    tally(&vec![&named(id).program; buyers], stock, 0)
}

/// Read committed, with these steps.
fn program(steps: &'static [Step]) -> Program {
    Program { isolation: Isolation::ReadCommitted, retries: false, steps }
}

#[test]
fn two_buyers_who_read_then_write_oversell_in_six_of_eight_schedules() {
    let tally = same("read-then-write", 2, 1);
    // One commits before the other reads: 2. Both read before the first commit: 3 places for the
    // second read, for either of them, and the row lock keeps the writes apart: 6.
    assert_eq!((tally.schedules, tally.oversold, tally.wrong), (8, 6, 6));
}

#[test]
fn the_shortest_schedule_that_oversells_reads_twice_before_it_writes() {
    let programs = [&named("read-then-write").program; 2];
    let exploration = Exploration { programs: &programs, stock: 1, deaths: 0 };
    let trace = exploration.shortest(Ending::Oversold).unwrap();
    let steps: Vec<String> = trace
        .to_string()
        .lines()
        .skip(1)
        .map(|line| line.split_whitespace().skip(1).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(
        steps,
        [
            "A SELECT units → 1",
            "B SELECT units → 1",
            "A UPDATE SET units = 0",
            "A INSERT order, COMMIT left 0, sold 1",
            "B UPDATE SET units = 0",
            "B INSERT order, COMMIT left 0, sold 2",
        ]
    );
    assert_eq!(trace.len(), 6);
}

#[test]
fn repeatable_read_never_oversells_and_sends_buyers_away_while_units_are_left() {
    let tally = same("repeatable-read", 3, 2);
    assert_eq!((tally.oversold, tally.unbalanced), (0, 0));
    assert!(tally.turned_away > 0 && tally.turned_away < tally.schedules, "{tally:?}");
    let alone = same("repeatable-read", 2, 1);
    assert_eq!(alone.wrong, 0, "two buyers and one unit do not show it");
}

#[test]
fn right_attempts_have_no_schedule_of_up_to_four_buyers_that_goes_wrong() {
    for attempt in ATTEMPTS {
        if matches!(attempt.kind, RungKind::Wrong | RungKind::Tempting) {
            continue;
        }
        for (buyers, stock) in [(2, 1), (2, 2), (3, 1), (3, 2), (4, 2)] {
            let tally = same(attempt.id, buyers, stock);
            assert!(tally.is_right(), "{}, {buyers} for {stock}: {tally:?}", attempt.id);
        }
    }
}

#[test]
fn locks_leave_one_schedule_for_each_order_of_the_buyers() {
    for id in ["for-update", "advisory"] {
        assert_eq!(same(id, 3, 2).schedules, 6, "{id}");
    }
}

#[test]
fn a_death_at_any_moment_loses_a_unit_with_the_counter_alone() {
    for attempt in ATTEMPTS {
        if matches!(attempt.kind, RungKind::Wrong | RungKind::Tempting) {
            continue;
        }
        let tally = tally(&[&attempt.program; 3], 2, 1);
        assert_eq!(tally.unbalanced > 0, attempt.counts_in_redis, "{}: {tally:?}", attempt.id);
        assert_eq!(tally.oversold, 0, "{}", attempt.id);
    }
}

#[test]
fn a_lock_that_is_taken_after_the_read_does_not_help() {
    let late = program(&[Step::Read, Step::LockSale, Step::WriteBack, Step::OrderAndCommit]);
    assert!(tally(&[&late, &late], 1, 0).oversold > 0);
}

#[test]
fn a_lock_that_one_of_them_forgets_does_not_help() {
    let advisory = &named("advisory").program;
    let mixed = [advisory, advisory, &named("read-then-write").program];
    assert!(tally(&mixed, 2, 0).oversold > 0);
}

#[test]
fn locks_taken_in_opposite_order_are_found_to_deadlock() {
    let one = program(&[Step::LockSale, Step::TakeOne, Step::OrderAndCommit]);
    let other = program(&[Step::TakeOne, Step::LockSale, Step::OrderAndCommit]);
    let tally = tally(&[&one, &other], 2, 0);
    assert!(tally.deadlocked > 0 && tally.deadlocked < tally.schedules, "{tally:?}");
    assert!(!tally.is_right());
}

#[test]
fn counting_without_walking_gives_the_number_of_schedules_that_walking_gives() {
    for attempt in ATTEMPTS {
        let programs = [&attempt.program; 3];
        let walked = schedules(&programs, 2);
        assert_eq!(walked.len() as u64, tally(&programs, 2, 0).schedules, "{}", attempt.id);
    }
}

fn services() -> Services {
    let services = Services::open(Purpose::Test).unwrap();
    if let Some(missing) = services.without_redis() {
        panic!("{missing}");
    }
    services
}

#[test]
fn every_schedule_of_two_buyers_ends_on_postgresql_as_the_model_says() {
    let services = services();
    for attempt in ATTEMPTS {
        for stock in [1, 2] {
            let programs = [&attempt.program; 2];
            let replayed = replay(&services, &programs, stock).unwrap();
            assert!(replayed.schedules >= 2, "{}", attempt.id);
            assert_eq!(replayed.agreed, replayed.schedules, "{}, stock {stock}", attempt.id);
        }
    }
}

#[test]
fn mixed_schedules_end_on_postgresql_as_the_model_says_too() {
    let services = services();
    let [wrong, repeatable, advisory, conditional] =
        ["read-then-write", "repeatable-read", "advisory", "conditional"]
            .map(|id| &named(id).program);
    for programs in
        [[advisory, wrong], [repeatable, conditional], [repeatable, wrong], [wrong, conditional]]
    {
        let replayed = replay(&services, &programs, 1).unwrap();
        assert_eq!(replayed.agreed, replayed.schedules);
    }
}
