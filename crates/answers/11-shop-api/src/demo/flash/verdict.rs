//! What the three ways are measured by.

use evidence::{Bar, Cell, Chart, ChartKind, Quantity, Stage, Unit};

use super::{CENTS, Seen, Size, WAYS, Way};
use crate::demo::euros;

pub(super) fn cells(seen: &Seen, size: &Size) -> Vec<Cell> {
    let sale = &seen.sale;
    let kept = seen.kept(size);
    let counts = [kept, sale.in_time(), sale.at_once(), sale.turned_away, sale.failed, seen.off];
    let mut cells: Vec<Cell> = counts.map(|count| Quantity::count(count).into()).into();
    cells.push(Quantity::duration(sale.p99()).into());
    cells.push(Quantity::count(euros(kept * CENTS)).into());
    cells
}

pub(super) fn report(stage: &Stage, way: &Way, seen: &Seen, size: &Size) {
    let Way { id, name, .. } = way;
    let kept = seen.kept(size);
    stage.measure(&format!("kept-{id}"), format!("orders kept: {name}"), Quantity::count(kept));
    let revenue = Quantity::count(euros(kept * CENTS));
    stage.measure(&format!("revenue-{id}"), format!("revenue kept, €: {name}"), revenue);
    let p99 = Quantity::duration(seen.sale.p99());
    stage.measure(&format!("sale-p99-{id}"), format!("p99 of orders: {name}"), p99);
}

pub(super) fn judge(stage: &Stage, [look, lock, queue]: [&Seen; 3], size: &Size) {
    let bank = Quantity::duration(size.bank);
    stage.check(
        "looking-and-paying-loses-count",
        format!(
            "{} orders were paid for and the stock is off by {}: whoever looked while others paid \
             wrote back an old number",
            look.paid, look.off
        ),
        look.off > 0 && look.inside > 0,
    );
    // Each order holds the row while the bank thinks, so no machine can do more.
    let most = (lock.took.as_secs_f64() / size.bank.as_secs_f64()) as u64 + 1;
    stage.check(
        "paying-under-a-lock-sells-one-at-a-time",
        format!(
            "with the payment inside the transaction {} orders were taken, of {most} that are \
             possible at {bank} each; {} pieces are left and {} buyers went without an order",
            lock.paid,
            lock.left,
            lock.sale.turned_away + lock.sale.failed
        ),
        lock.paid <= most && lock.left > 0 && lock.off == 0,
    );
    stage.check(
        "a-queued-charge-keeps-more-orders",
        format!(
            "with the charge in a queue {} orders were taken, {} requests waited for the bank, and \
             the stock is off by {}",
            queue.sale.orders, queue.inside, queue.off
        ),
        queue.paid > lock.paid && queue.off == 0 && queue.inside == 0,
    );
    stage.check(
        "no-accepted-order-is-lost",
        format!("of {} accepted orders {} are not paid for", queue.sale.orders, queue.lost),
        queue.lost == 0 && queue.sale.orders > 0,
    );
    stage.check(
        "every-refusal-says-when-to-come-back",
        format!(
            "{} requests were refused, {} of them without Retry-After",
            queue.sale.refused.len(),
            queue.sale.untold
        ),
        !queue.sale.refused.is_empty() && queue.sale.untold == 0,
    );
}

pub(super) fn chart(seen: &[Seen], size: &Size) -> Chart {
    let bars = WAYS.iter().zip(seen).map(|(way, seen)| Bar {
        label: way.name.to_owned(),
        value: Quantity::count(euros(seen.kept(size) * CENTS)).value,
        spread: None,
        rung: Some(way.kind),
    });
    Chart {
        id: "revenue".to_owned(),
        title: "Revenue kept in the same rush".to_owned(),
        axis: "euros".to_owned(),
        unit: Unit::Count,
        kind: ChartKind::Bars { bars: bars.collect(), logarithmic: false },
    }
}
