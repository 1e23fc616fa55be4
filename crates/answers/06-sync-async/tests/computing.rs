//! Async does nothing for work that waits for nothing.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use sync_async::compute::{on_blocking_threads, one_after_another, one_task, task_each};
use sync_async::rungs::CallAll;
use sync_async::service::Service;
use sync_async::trial::{Counted, Trial, WORKERS};

const PIECES: usize = 6;

fn counted(call_all: CallAll, at_once: usize) -> Counted {
    let trial = Trial::new(call_all, PIECES, at_once);
    Trial { blocking_threads: at_once, ..trial }.count().unwrap()
}

#[test]
fn pieces_joined_in_one_task_are_computed_one_at_a_time() {
    let counted = counted(one_task, 1);
    assert_eq!((counted.peak, counted.threads, counted.answered), (1, 1, PIECES as u64));
}

#[test]
fn tasks_that_compute_occupy_every_worker_and_stop_the_heartbeat() {
    let counted = counted(task_each, WORKERS);
    assert_eq!((counted.peak, counted.answered), (WORKERS as u64, PIECES as u64));
    assert_eq!(counted.beats_while_held, 0, "{counted:?}");
    assert!(counted.stalls >= 1, "{counted:?}");
}

#[test]
fn pieces_on_blocking_threads_let_the_heart_beat() {
    let counted = counted(on_blocking_threads, 2);
    assert_eq!((counted.peak, counted.threads, counted.answered), (2, 2, PIECES as u64));
    assert!(counted.beats_while_held > 0, "{counted:?}");
}

#[test]
fn every_piece_takes_processor_time_whichever_way_it_is_computed() {
    for call_all in [one_after_another as CallAll, one_task, task_each, on_blocking_threads] {
        let work = Service::computing(100_000);
        Trial::new(call_all, PIECES, PIECES).time(&work).unwrap();
        assert_eq!(work.answered(), PIECES as u64);
        assert!(!work.cpu().is_zero());
    }
}
