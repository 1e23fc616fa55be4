//! The last unit of two products, wanted by ten buyers at once, and nothing left to luck.
//!
//! Each buyer wants both. Who meets whom is arranged: where a way to sell can go wrong between two
//! statements, the buyers wait for each other exactly there.

use std::thread;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use evidence::{Bar, Cell, Chart, ChartKind, Failure, Quantity, Scale, Stage, Unit};
use foundation::scratch::{Scratch, number};

use super::euros;
use super::meeting::Meeting;
use super::ways::{Buyer, First, Verdict, WAYS, Way};

/// Buyers who meet, each for one of each.
const BUYERS: usize = 10;
/// What a pair of the two costs.
const PAIR_CENTS: u64 = 9_980;
pub(super) const SKUS: [&str; 2] = ["console", "game"];

/// What one way of selling did in all rounds.
#[derive(Default)]
pub(super) struct Sold {
    orders: u64,
    oversold: u64,
    sold_out: u64,
    errors: u64,
    again: u64,
    /// Units that are neither left nor taken, or both.
    astray: u64,
}

/// What the story tells.
pub(super) struct Climbed {
    pub(super) oversold: u64,
    pub(super) oversold_right: u64,
}

fn rounds(scale: Scale) -> u64 {
    match scale {
        Scale::Quick => 2,
        Scale::Default => 30,
        Scale::Full => 100,
    }
}

/// Climbs the ladder.
pub(super) fn climb(stage: &Stage, scratch: &Scratch) -> Result<Climbed, Failure> {
    let rounds = rounds(stage.scale());
    stage.step("The last unit");
    stage.note(format!(
        "{rounds} rounds: one console and one game are left, and {BUYERS} buyers want both at the \
         same moment, half of them with the game first in the cart."
    ));
    stage.predict(
        "oversold",
        format!("{rounds} pairs are there. Looking first, then writing sells how many too many?"),
        Unit::Count,
    );
    put_on_sale(&mut scratch.connect()?)?;
    let mut tills = (0..BUYERS).map(|_| till(scratch)).collect::<Result<Vec<_>, _>>()?;
    let columns =
        ["orders", "oversold", "errors", "begun again", "orders kept", "kept, €", "to refund, €"];
    let ladder =
        stage.ladder(format!("{rounds} times one last pair, {BUYERS} buyers each"), &columns);
    let mut seen = Vec::new();
    for way in &WAYS {
        let mut sold = Sold::default();
        for _ in 0..rounds {
            stage.go_on()?;
            play(scratch, &mut tills, way, &mut sold)?;
        }
        ladder.rung(way.kind, way.name, cells(&sold));
        stage.measure(
            &format!("oversold-{}", way.id),
            format!("oversold: {}", way.name),
            Quantity::count(sold.oversold),
        );
        seen.push(sold);
    }
    judge(stage, &seen, rounds)
}

fn cells(sold: &Sold) -> Vec<Cell> {
    let kept = sold.orders - sold.oversold;
    [sold.orders, sold.oversold, sold.errors, sold.again, kept]
        .into_iter()
        .chain([euros(kept * PAIR_CENTS), euros(sold.oversold * PAIR_CENTS)])
        .map(|count| Quantity::count(count).into())
        .collect()
}

fn put_on_sale(connection: &mut PgConnection) -> QueryResult<()> {
    for sku in SKUS {
        connection.batch_execute(&format!(
            "INSERT INTO shop_products (sku, price_cents, document)
             VALUES ('{sku}', {}, '{{}}');
             INSERT INTO shop_stock (sku, available) VALUES ('{sku}', 1)",
            PAIR_CENTS / 2
        ))?;
    }
    Ok(())
}

/// A connection as a server has one. Deadlocks are looked for sooner than after the usual second,
/// where the role may say so; elsewhere a round of deadlocks takes longer.
fn till(scratch: &Scratch) -> Result<PgConnection, Failure> {
    let mut connection = scratch.connect()?;
    let _ = connection.batch_execute("SET deadlock_timeout = '20ms'");
    Ok(connection)
}

/// One round: everybody comes, and what they were told is compared with what is there.
fn play(
    scratch: &Scratch,
    tills: &mut [PgConnection],
    way: &Way,
    sold: &mut Sold,
) -> Result<(), Failure> {
    let mut desk = scratch.connect()?;
    desk.batch_execute("UPDATE shop_stock SET available = 1, reserved = 0, sold = 0")?;
    let (all, first) = (&Meeting::of(tills.len()), &First::new());
    let told: Vec<Verdict> = thread::scope(|scope| {
        let buyers = tills.iter_mut().enumerate().map(|(number, till)| {
            let buyer = Buyer::new(number, all, first);
            scope.spawn(move || (way.sell)(till, &buyer))
        });
        let buyers: Vec<_> = buyers.collect();
        buyers.into_iter().map(|buyer| buyer.join().unwrap_or(Verdict::Failed)).collect()
    });
    let orders = told.iter().filter(|told| matches!(told, Verdict::Ordered { .. })).count() as u64;
    sold.orders += orders;
    sold.oversold += orders.saturating_sub(1);
    for one in told {
        match one {
            Verdict::Ordered { again } | Verdict::SoldOut { again } => sold.again += again,
            Verdict::Failed => sold.errors += 1,
        }
        sold.sold_out += u64::from(matches!(one, Verdict::SoldOut { .. }));
    }
    let there = number(&mut desk, "SELECT sum(available + reserved) FROM shop_stock")?;
    sold.astray += there.abs_diff(SKUS.len() as u64);
    Ok(())
}

fn judge(stage: &Stage, seen: &[Sold], rounds: u64) -> Result<Climbed, Failure> {
    let [look, check, cart, right, table, again] = seen else {
        return Err("there are six ways to sell".into());
    };
    let buyers = BUYERS as u64;
    stage.reveal("oversold", Quantity::count(look.oversold));
    stage.check(
        "looking-first-oversells",
        format!(
            "looked at first and written back, {} orders are for what {rounds} buyers have already, \
             {} units do not add up, and no error says so",
            look.oversold, look.astray
        ),
        look.oversold == (buyers - 1) * rounds && look.astray > 0 && look.errors == 0,
    );
    stage.check(
        "a-check-alone-answers-with-errors",
        format!(
            "left to the CHECK, {} are oversold, and {} buyers who were only late get an error",
            check.oversold, check.errors
        ),
        check.oversold == 0 && check.errors == (buyers - 1) * rounds,
    );
    stage.check(
        "cart-order-deadlocks",
        format!("line by line as the cart has them, {} checkouts die in deadlocks", cart.errors),
        cart.oversold == 0 && cart.errors >= rounds,
    );
    for (id, name, sold) in [
        ("conditional-update-sells-the-last-unit-once", "UPDATE … WHERE available >= n", right),
        ("a-locked-table-sells-the-last-unit-once", "a locked table", table),
        ("serializable-sells-the-last-unit-once", "SERIALIZABLE", again),
    ] {
        stage.check(
            id,
            format!(
                "{name}: {} orders for {rounds} pairs, {} oversold, {} errors, {} told that they \
                 are late",
                sold.orders, sold.oversold, sold.errors, sold.sold_out
            ),
            sold.orders == rounds
                && sold.oversold + sold.errors + sold.astray == 0
                && sold.sold_out == (buyers - 1) * rounds,
        );
    }
    stage.check(
        "serializable-throws-work-away",
        format!("SERIALIZABLE begins {} checkouts again for {rounds} orders", again.again),
        again.again >= (buyers - 1) * rounds && right.again == 0,
    );
    stage.chart(chart(seen));
    Ok(Climbed { oversold: look.oversold, oversold_right: right.oversold })
}

fn chart(seen: &[Sold]) -> Chart {
    let bars = WAYS.iter().zip(seen).map(|(way, sold)| Bar {
        label: way.name.to_owned(),
        value: Quantity::count(sold.orders).value,
        spread: None,
        rung: Some(way.kind),
    });
    Chart {
        id: "last-unit".to_owned(),
        title: "Orders for the last pair, one for each round being right".to_owned(),
        axis: "orders".to_owned(),
        unit: Unit::Count,
        kind: ChartKind::Bars { bars: bars.collect(), logarithmic: false },
    }
}
