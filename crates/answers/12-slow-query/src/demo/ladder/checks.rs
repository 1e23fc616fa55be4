//! What the ladder proves, in counts.

use evidence::{Quantity, Scale, Stage};

use super::Tried;
use crate::index::EXPRESSION;
use crate::tempting::{SINGLE, WRONG_ORDER};

pub(super) fn tempting(stage: &Stage, none: &Tried, rungs: [&Tried; 3], right: &Tried) {
    let [single, wrong_order, cast] = rungs.map(|tried| tried.plan.buffers());
    let (all, few) = (none.plan.buffers(), right.plan.buffers());
    stage.check(
        "one-column-fetches-every-order-of-the-seller",
        format!(
            "with an index on the seller alone {} orders are looked at for {} lines: {}",
            Quantity::count(rungs[0].plan.rows_read()),
            rungs[0].page.len(),
            Quantity::buffers(single),
        ),
        single < all && single >= 10 * few && rungs[0].plan.indexes_used().contains(SINGLE.name),
    );
    stage.check(
        "wrong-column-order-reads-everybody-s-orders",
        format!(
            "the same columns with the range first take {}, with the range last {}",
            Quantity::buffers(wrong_order),
            Quantity::buffers(few),
        ),
        wrong_order >= 10 * few && rungs[1].plan.indexes_used().contains(WRONG_ORDER.name),
    );
    stage.check(
        "cast-of-the-column-hides-it-from-the-index",
        format!(
            "with the covering index in place and the column cast to text, {} are read",
            Quantity::buffers(cast)
        ),
        cast >= 20 * few,
    );
}

pub(super) fn covering(stage: &Stage, none: &Tried, covering: &Tried, composite: &Tried) {
    let buffers = |tried: &Tried| tried.plan.buffers();
    let (all, few, plain) = (buffers(none), buffers(covering), buffers(composite));
    // A table that is read whole grows with the scale, and the path to a page of an index does not.
    let factor = if stage.scale() == Scale::Quick { 100 } else { 1_000 };
    stage.check(
        "covering-reads-a-thousandth",
        format!(
            "a page takes {} with the covering index and {} without: at least {factor} times less",
            Quantity::buffers(few),
            Quantity::buffers(all),
        ),
        few > 0 && all >= factor * few,
    );
    let fetches = fetches(covering);
    stage.check(
        "covering-never-visits-the-table",
        format!(
            "the covering index looks up {fetches} rows in the table; without INCLUDE a page takes \
             {} instead of {}",
            Quantity::buffers(plain),
            Quantity::buffers(few),
        ),
        fetches == 0 && few < plain,
    );
}

/// Rows that an index-only scan had to look up in the table; all of them where it is no such scan.
fn fetches(tried: &Tried) -> u64 {
    tried.plan.nodes().iter().map(|(_, node)| node.heap_fetches).sum()
}

pub(super) fn costly(
    stage: &Stage,
    cast: &Tried,
    covering: &Tried,
    [partial, expression]: [&Tried; 2],
) {
    let buffers = |tried: &Tried| tried.plan.buffers();
    let [whole, part] = [covering, partial].map(|tried| Quantity::bytes(tried.index_bytes));
    stage.check(
        "partial-index-is-a-fraction-and-as-good",
        format!(
            "an index of the open orders alone takes {part} instead of {whole}, and {}",
            Quantity::buffers(buffers(partial)),
        ),
        buffers(partial) <= buffers(covering) && partial.index_bytes * 5 <= covering.index_bytes,
    );
    let bytes = Quantity::bytes(expression.index_bytes);
    stage.check(
        "expression-index-serves-the-cast-at-a-greater-size",
        format!(
            "an index on the cast column that includes the column itself takes {} and {bytes}, \
             for the one query that casts",
            Quantity::buffers(buffers(expression)),
        ),
        expression.plan.indexes_used().contains(EXPRESSION.name)
            && fetches(expression) == 0
            && buffers(expression) * 10 <= buffers(cast)
            && expression.index_bytes > covering.index_bytes,
    );
}

pub(super) fn pages(stage: &Stage, tried: &[Tried]) {
    let first = tried.first().map(|tried| tried.page.as_slice()).unwrap_or_default();
    stage.check(
        "every-rung-gives-the-same-page",
        format!("all eight ways give the same {} lines in the same order", first.len()),
        !first.is_empty() && tried.iter().all(|tried| tried.page == first),
    );
}
