use std::cell::RefCell;
use std::sync::Arc;

use super::*;
use crate::{Interrupt, Interrupted, Recorder, Scale};

fn milliseconds(values: impl IntoIterator<Item = u64>) -> Vec<Duration> {
    values.into_iter().map(Duration::from_millis).collect()
}

fn measured(values: impl IntoIterator<Item = u64>) -> Measurement {
    median_of("id", "label".to_owned(), &milliseconds(values))
}

fn ranks_from_one(count: usize) -> (usize, usize) {
    let (low, high) = interval_ranks(count);
    (low + 1, high + 1)
}

#[test]
fn interval_ranks_are_those_of_the_published_table() {
    // Le Boudec, appendix A: number of samples → ranks of the 95 % interval of the median.
    let table = [(6, (1, 6)), (8, (1, 8)), (9, (2, 8)), (10, (2, 9)), (20, (6, 15))];
    for (count, ranks) in table {
        assert_eq!(ranks_from_one(count), ranks, "{count} samples");
    }
    assert_eq!(ranks_from_one(70), (27, 44));
}

#[test]
fn fewer_than_six_samples_give_the_smallest_and_the_largest() {
    let measured = measured([5, 1, 3]);
    assert_eq!((measured.value.value, measured.low, measured.high), (0.003, 0.001, 0.005));
    assert_eq!(measured.samples, 3);
}

#[test]
fn an_even_number_of_samples_has_its_median_between_the_middle_two() {
    assert_eq!(measured([1, 2, 4, 9]).value.value, 0.003);
}

#[test]
fn no_samples_and_thousands_of_samples_are_both_fine() {
    assert_eq!(measured([]).samples, 0);
    let many = measured(1..=5_000);
    assert!(many.low > 2.42 && many.low < 2.5 && many.high > 2.5 && many.high < 2.58);
}

#[test]
fn intervals_apart_give_a_verdict() {
    let (slow, fast) = (measured(100..=110), measured(10..=20));
    assert_eq!(verdict(&fast, &slow), Lower::Left);
    assert_eq!(verdict(&slow, &fast), Lower::Right);
}

#[test]
fn the_same_variant_twice_gives_no_verdict() {
    // Two interleaved halves of one series: every even and every odd sample.
    let (left, right) = (measured((10..30).step_by(2)), measured((11..30).step_by(2)));
    assert_eq!(verdict(&left, &right), Lower::NoVerdict);
}

#[test]
fn three_rounds_never_give_a_verdict() {
    assert_eq!(verdict(&measured([1, 2, 3]), &measured([7, 8, 9])), Lower::NoVerdict);
}

#[test]
fn samples_above_a_threshold_are_counted() {
    let mut histogram = latencies();
    for value in milliseconds([1, 1, 1, 1, 1, 1, 1, 1, 1, 50]) {
        record(&mut histogram, value);
    }
    assert_eq!(slower_than(&histogram, Duration::from_millis(10)), 1);
    assert_eq!(percentile(&histogram, 50.0).as_millis(), 1);
    assert!(percentile(&histogram, 99.0).as_millis() >= 50);
    let bins = doubling_bins(&histogram);
    assert_eq!(bins.iter().map(|(_, count)| count).sum::<u64>(), 10);
}

fn stage(interrupt: &Interrupt) -> Stage {
    Stage::new(Arc::new(Recorder::default()), Scale::Quick, 42, interrupt.clone())
}

#[test]
fn variants_are_warmed_up_once_and_then_take_turns_in_going_first() {
    let order = RefCell::new(String::new());
    let run = |name| {
        let order = &order;
        move || {
            order.borrow_mut().push(name);
            Ok(())
        }
    };
    let (mut left, mut right) = (run('l'), run('r'));
    let stage = stage(&Interrupt::default());
    let compared = stage.compare("id", "label", 3, ("L", &mut left), ("R", &mut right)).unwrap();
    assert_eq!(*order.borrow(), "lr lr rl lr".replace(' ', ""));
    assert_eq!((compared.left.id.as_str(), compared.right.id.as_str()), ("id.left", "id.right"));
    assert_eq!((compared.left.samples, compared.verdict), (3, Lower::NoVerdict));
}

#[test]
fn a_comparison_stops_between_rounds_and_passes_errors_on() {
    let interrupt = Interrupt::default();
    let stage = stage(&interrupt);
    let mut calls = 0;
    let mut stops = || {
        calls += 1;
        interrupt.request();
        Ok(())
    };
    let stopped = stage.compare("id", "label", 9, ("L", &mut stops), ("R", &mut || Ok(())));
    assert!(stopped.unwrap_err().is::<Interrupted>());
    assert_eq!(calls, 1, "the warm-up and no round");
    let mut fails = || Err("no table".into());
    let failed = stage.compare("id", "label", 9, ("L", &mut fails), ("R", &mut || Ok(())));
    assert_eq!(failed.unwrap_err().to_string(), "no table");
}
