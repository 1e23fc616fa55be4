//! The rush: few buyers, twenty times as many, few again, against three ways to take an order.

mod verdict;

use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use evidence::{Failure, Outcome, Quantity, RungKind, Scale, Stage};
use foundation::module::Module;
use foundation::scratch::Scratch;
use foundation::testing::TestApp;

use self::verdict::{cells, chart, judge, report};
use super::shop::{Clerks, ORDERS, block_on, orders, provider, put_on_sale, serve, stock, tokens};
use crate::sale::{Crowd, Sale, Shop, rush};
use crate::{MODULE, tempting};

const CENTS: u64 = 4_990;
/// Connections for writes, the same for each way: what a way does with them is the difference.
const WRITE_THREADS: &str = "4";
/// Checkouts at once of the designed way.
const AT_ONCE: &str = "16";

/// How large the sale is.
struct Size {
    crowd: Crowd,
    pieces: u64,
    /// How long the bank takes to decide.
    bank: Duration,
    /// How long the database holds the product's row in the rush, once, as one that is busy does.
    stall: Duration,
    /// How long a request may wait for a connection.
    wait: &'static str,
}

fn size(scale: Scale) -> Size {
    let (quiet, phases, pieces, bank, stall, wait) = match scale {
        Scale::Quick => (15.0, [30, 150, 30], 25, 40, 50, "100ms"),
        Scale::Default => (50.0, [1_000, 2_000, 1_500], 900, 300, 200, "1s"),
        Scale::Full => (50.0, [5_000, 20_000, 5_000], 8_000, 300, 200, "1s"),
    };
    let phases = phases.map(Duration::from_millis);
    let crowd =
        Crowd { quiet, peak: quiet * 20.0, phases, closing: phases.iter().sum::<Duration>() };
    let [bank, stall] = [bank, stall].map(Duration::from_millis);
    Size { crowd, pieces, bank, stall, wait }
}

/// One way to take an order.
struct Way {
    kind: RungKind,
    id: &'static str,
    name: &'static str,
    path: &'static str,
    module: &'static Module,
    /// Whether the server itself may ask the provider.
    pays_inside: bool,
}

const WAYS: [Way; 3] = [
    Way {
        kind: RungKind::Wrong,
        id: "look",
        name: "look, pay, write",
        path: "/tempting/look/orders",
        module: &tempting::MODULE,
        pays_inside: true,
    },
    Way {
        kind: RungKind::Tempting,
        id: "lock",
        name: "reserve and pay, one transaction",
        path: "/tempting/lock/orders",
        module: &tempting::MODULE,
        pays_inside: true,
    },
    Way {
        kind: RungKind::Right,
        id: "queue",
        name: "reserve, queue the charge, shed",
        path: ORDERS,
        module: &MODULE,
        pays_inside: false,
    },
];

/// What one way did.
struct Seen {
    sale: Sale,
    took: Duration,
    /// Orders that were paid for, in the end.
    paid: u64,
    /// Orders that neither were paid for nor will be.
    lost: u64,
    /// By how many pieces the stock says something else than the orders.
    off: u64,
    /// Pieces that nobody got.
    left: u64,
    /// Requests that waited for the bank.
    inside: u64,
}

/// What the story tells.
pub(super) struct Kept {
    pub(super) wrong_cents: u64,
    pub(super) right_cents: u64,
}

/// Holds the same sale three times.
pub(super) fn hold(stage: &Stage, scratch: &Arc<Scratch>, app: &TestApp) -> Result<Kept, Failure> {
    let size = size(stage.scale());
    announce(stage, &size);
    let Crowd { quiet, peak, .. } = size.crowd;
    let columns = [
        "orders kept",
        "in 1 s",
        "refused at once",
        "turned away",
        "failed",
        "stock off by",
        "p99",
        "kept, €",
    ];
    let title = format!(
        "{} buyers, {quiet}/s → {peak}/s → {quiet}/s, for {} pieces",
        size.crowd.size(),
        size.pieces
    );
    let ladder = stage.ladder(title, &columns);
    let (mut seen, buyers) = (Vec::new(), tokens(app, 8));
    for way in &WAYS {
        stage.go_on()?;
        let one = sell(stage, scratch, way, (&size, buyers.clone()))?;
        ladder.rung(way.kind, way.name, cells(&one, &size));
        report(stage, way, &one, &size);
        seen.push(one);
    }
    let [look, lock, queue] = seen.as_slice() else { return Err("three ways".into()) };
    judge(stage, [look, lock, queue], &size);
    stage.chart(chart(&seen, &size));
    Ok(Kept { wrong_cents: look.kept(&size) * CENTS, right_cents: queue.kept(&size) * CENTS })
}

fn announce(stage: &Stage, size: &Size) {
    stage.step("The rush");
    stage.note(format!(
        "Buyers come by the clock, honour Retry-After and leave when the sale closes. The bank takes \
         {} to decide, each server has {WRITE_THREADS} connections for writes, and in the rush the \
         database holds the product's row for {} once.",
        Quantity::duration(size.bank),
        Quantity::duration(size.stall)
    ));
}

impl Seen {
    /// Paid orders whose goods exist.
    fn kept(&self, size: &Size) -> u64 {
        self.paid.min(size.pieces)
    }
}

fn sell(
    stage: &Stage,
    scratch: &Arc<Scratch>,
    way: &Way,
    (size, buyers): (&Size, Vec<String>),
) -> Result<Seen, Failure> {
    let sku = format!("flash-{}", way.id);
    put_on_sale(scratch, &sku, CENTS, size.pieces)?;
    let bank = provider(size.bank)?;
    let url = bank.url();
    let mut flags = vec!["--database-write-threads", WRITE_THREADS, "--database-wait", size.wait];
    flags.extend(["--shop-checkouts-in-flight", AT_ONCE]);
    if way.pays_inside {
        flags.extend(["--shop-payment-url", &url]);
    }
    let app = serve(scratch, &[way.module], &flags, None);
    bank.call_back(format!("http://{}/api/v1/shop/payments/callbacks", app.address()));
    // Whoever charges is no part of the server here: what it asks for, no request waits for.
    let clerks = if way.pays_inside { None } else { Some(Clerks::hire(scratch, &url)?) };
    let mut bar = stage.progress(way.name, size.crowd.size(), "buyers");
    let began = Instant::now();
    let (before, url) = (size.crowd.phases[0], format!("http://{}", app.address()));
    let sale = std::thread::scope(|scope| {
        let stalled = scope.spawn(|| stall(scratch, &sku, before + size.stall / 2, size.stall));
        let shop = Shop::new(&url, way.path, &sku, buyers, 4_096);
        let sale = block_on(rush(&shop, &size.crowd, |_| ()));
        stalled.join().map_err(|_| "the stall panicked")??;
        Ok::<_, Failure>(sale)
    })?;
    let took = began.elapsed();
    bar.advance(size.crowd.size())?;
    let inside = if way.pays_inside { bank.charges().len() as u64 } else { 0 };
    let seen = settle(stage, scratch, (&sku, way), size, (sale, took, inside))?;
    drop(clerks);
    Ok(seen)
}

/// Holds the row of the product once, as a busy database does.
fn stall(scratch: &Scratch, sku: &str, after: Duration, held: Duration) -> Outcome {
    let mut connection = scratch.connect()?;
    std::thread::sleep(after);
    connection.batch_execute("BEGIN")?;
    let lock = format!("SELECT 1 FROM shop_stock WHERE sku = '{sku}' FOR UPDATE");
    connection.batch_execute(&lock)?;
    std::thread::sleep(held);
    connection.batch_execute("ROLLBACK")?;
    Ok(())
}

/// Waits until no order waits for its money, and compares the books.
fn settle(
    stage: &Stage,
    scratch: &Scratch,
    (sku, way): (&str, &Way),
    size: &Size,
    (sale, took, inside): (Sale, Duration, u64),
) -> Result<Seen, Failure> {
    let mut desk = scratch.connect()?;
    if way.pays_inside {
        let [available, ..] = stock(&mut desk, sku)?;
        let (paid, gone) = (orders(&mut desk, sku, "paid")?, size.pieces - available);
        let left = size.pieces.saturating_sub(paid);
        let off = paid.abs_diff(gone);
        return Ok(Seen {
            lost: sale.orders.saturating_sub(paid),
            sale,
            took,
            paid,
            off,
            left,
            inside,
        });
    }
    let end = Instant::now() + Duration::from_secs(60);
    while orders(&mut desk, sku, "reserved")? > 0 && Instant::now() < end {
        stage.go_on()?;
        std::thread::sleep(Duration::from_millis(20));
    }
    let [available, reserved, sold] = stock(&mut desk, sku)?;
    let paid = orders(&mut desk, sku, "paid")?;
    let off = sold.abs_diff(paid) + (available + reserved + sold).abs_diff(size.pieces);
    let lost = sale.orders.saturating_sub(paid);
    Ok(Seen { sale, took, paid, lost, off, left: available, inside })
}
