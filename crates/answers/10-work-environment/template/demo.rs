//! The demo: both ways under one load, what each costs, and when the better one loses.

use evidence::{Needs, Outcome, Quantity, RungKind, Scale, Stage};

use crate::search::{Search, halving, in_order};

fn size(scale: Scale) -> u64 {
    match scale {
        Scale::Quick => 1_000,
        Scale::Default => 20_000,
        Scale::Full => 100_000,
    }
}

pub(crate) fn needs(scale: Scale) -> Needs {
    Needs { rows: 0, disk_bytes: 0, memory_bytes: 10_000_000 + size(scale) * 8 }
}

pub(crate) fn perform(stage: &Stage) -> Outcome {
    stage.step("Look for every tenth number, both ways");
    let sorted: Vec<u64> = (0..size(stage.scale())).map(|number| 2 * number).collect();
    let wanted: Vec<u64> = sorted.iter().copied().step_by(10).collect();
    let all = |search: fn(&[u64], u64) -> Search| -> Vec<Search> {
        wanted.iter().map(|number| search(&sorted, *number)).collect()
    };
    let (slow, fast) = (all(in_order), all(halving));
    let [slow_looks, fast_looks] =
        [&slow, &fast].map(|searches| searches.iter().map(|search| search.looks).sum::<u64>());
    let ladder = stage.ladder(format!("{} searches", wanted.len()), &["looks"]);
    ladder.rung(RungKind::Wrong, "in order", vec![Quantity::count(slow_looks).into()]);
    ladder.rung(RungKind::Right, "halving", vec![Quantity::count(fast_looks).into()]);
    stage.measure("looks-halving", "looks, halving", Quantity::count(fast_looks));
    stage.check(
        "both-find-the-same",
        format!("{} searches find the same place both ways", wanted.len()),
        slow.iter().zip(&fast).all(|(one, other)| one.found == other.found),
    );
    stage.check(
        "halving-looks-less",
        format!("{fast_looks} looks instead of {slow_looks}"),
        fast_looks < slow_looks,
    );
    when_it_is_wrong(stage);
    Ok(())
}

/// Unsorted, halving misses what is there: the price of the better way is that somebody sorts.
fn when_it_is_wrong(stage: &Stage) {
    stage.step("When it is wrong: a list that nobody sorted");
    let unsorted = [9, 1, 5];
    let (slow, fast) = (in_order(&unsorted, 9), halving(&unsorted, 9));
    stage.check(
        "halving-misses-in-an-unsorted-list",
        "in order finds the number, halving does not",
        slow.found.is_some() && fast.found.is_none(),
    );
}
