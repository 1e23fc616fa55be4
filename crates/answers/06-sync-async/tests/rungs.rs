//! What each way of waiting does to calls and to everybody else. Every answer is held while calls
//! still come, so nothing here depends on a clock.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use std::time::Duration;

use evidence::Interrupted;
use sync_async::pulse::{Heartbeat, Metronome, STALL};
use sync_async::rungs::{
    CallAll, RUNGS, async_tasks, blocking_in_async, sequential, spawn_blocking, thread_per_call,
    thread_pool,
};
use sync_async::service::Service;
use sync_async::trial::{Counted, Trial, WORKERS, runtime};

const BLOCKING_THREADS: usize = 16;

fn trial(call_all: CallAll, calls: usize, predicted: usize) -> Trial {
    Trial { blocking_threads: BLOCKING_THREADS, ..Trial::new(call_all, calls, predicted) }
}

fn counted(call_all: CallAll, calls: usize, predicted: usize) -> Counted {
    trial(call_all, calls, predicted).count().unwrap()
}

#[test]
fn calls_made_one_after_another_are_never_in_flight_together() {
    let counted = counted(sequential::call_all, 50, 1);
    assert_eq!((counted.peak, counted.threads, counted.answered), (1, 1, 50));
}

#[test]
fn awaiting_in_a_loop_is_as_sequential_as_blocking_in_one() {
    let counted = counted(sequential::await_each, 50, 1);
    assert_eq!((counted.peak, counted.threads, counted.answered), (1, 1, 50));
}

#[test]
fn tasks_that_block_have_one_call_in_flight_per_worker_and_stop_the_heartbeat() {
    let counted = counted(blocking_in_async::call_all, 50, WORKERS);
    assert_eq!((counted.peak, counted.answered), (WORKERS as u64, 50));
    assert_eq!(counted.beats_while_held, 0, "both workers are held");
    assert!(counted.stalls >= 1, "{counted:?}");
}

#[test]
fn a_thousand_tasks_that_await_are_in_flight_on_the_workers_and_stall_nobody() {
    let counted = counted(async_tasks::call_all, 1_000, 1_000);
    assert_eq!((counted.peak, counted.answered), (1_000, 1_000));
    assert!(counted.threads <= WORKERS as u64, "{counted:?}");
    assert!(counted.beats_while_held > 0, "{counted:?}");
    assert_eq!(counted.stalls, 0, "{counted:?}");
}

#[test]
fn spawn_blocking_has_as_many_in_flight_as_it_may_start_threads() {
    let counted = counted(spawn_blocking::call_all, 50, BLOCKING_THREADS);
    let threads = BLOCKING_THREADS as u64;
    assert_eq!((counted.peak, counted.threads, counted.answered), (threads, threads, 50));
    assert!(counted.beats_while_held > 0, "{counted:?}");
    assert_eq!(counted.stalls, 0, "{counted:?}");
}

#[test]
fn a_pool_has_as_many_in_flight_as_threads() {
    let counted = counted(thread_pool::call_all, 50, thread_pool::THREADS);
    let threads = thread_pool::THREADS as u64;
    assert_eq!((counted.peak, counted.threads, counted.answered), (threads, threads, 50));
}

#[test]
fn a_thread_per_call_has_all_in_flight_on_as_many_threads() {
    let counted = counted(thread_per_call::call_all, 50, 50);
    assert_eq!((counted.peak, counted.threads, counted.answered), (50, 50, 50));
}

#[test]
fn a_prediction_that_is_wrong_does_not_change_what_is_counted() {
    let too_high = trial(blocking_in_async::call_all, 50, WORKERS + 1);
    let counted = Trial { patience: 100, ..too_high }.count().unwrap();
    assert_eq!((counted.peak, counted.answered), (WORKERS as u64, 50));

    let too_low = trial(async_tasks::call_all, 50, 1);
    let counted = too_low.count().unwrap();
    assert_eq!((counted.peak, counted.answered), (50, 50));
}

#[test]
fn no_call_at_all_ends_every_rung() {
    for rung in &RUNGS {
        let counted = counted(rung.call_all, 0, 0);
        assert_eq!((counted.peak, counted.answered), (0, 0), "{}", rung.name);
    }
}

#[test]
fn a_heartbeat_whose_workers_are_held_is_a_stall_and_one_that_goes_on_is_not() {
    let runtime = runtime(1).unwrap();
    let metronome = Metronome::start().unwrap();

    let undisturbed = Heartbeat::start(runtime.handle(), &metronome);
    metronome.wait(STALL);
    assert_eq!(undisturbed.stop().stalls, 0);

    let held_up = Heartbeat::start(runtime.handle(), &metronome);
    let service = Service::holding();
    for _ in 0..WORKERS {
        let service = service.clone();
        runtime.spawn(async move { service.ask_blocking() });
    }
    while service.in_flight() < WORKERS as u64 {
        metronome.wait(1);
    }
    metronome.wait(STALL + 1);
    service.open();
    assert_eq!(held_up.stop().stalls, 1);
}

#[test]
fn a_run_that_is_interrupted_answers_everybody_at_once() {
    for rung in &RUNGS {
        let trial = trial(rung.call_all, 50, 50);
        // Would take an hour and more, were it not interrupted.
        let service = Service::answering_after(Duration::from_secs(3_600));
        trial.interrupt.request();
        let error = trial.time(&service).unwrap_err();
        assert!(error.is::<Interrupted>(), "{}: {error}", rung.name);
        assert_eq!(service.answered(), 50, "{}", rung.name);
    }
}

#[test]
fn a_caller_that_gives_up_is_in_flight_no_longer_and_was_not_answered() {
    let runtime = runtime(1).unwrap();
    let service = Service::holding();
    runtime.block_on(async {
        let asked = tokio::time::timeout(Duration::from_millis(1), service.ask()).await;
        assert!(asked.is_err(), "nobody is answered yet");
    });
    assert_eq!((service.in_flight(), service.peak(), service.answered()), (0, 1, 0));
}
