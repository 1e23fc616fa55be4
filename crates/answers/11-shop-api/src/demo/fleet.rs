//! Workers that come with a rush of charges and go after it: real processes, which stand in for
//! containers.

mod supervisor;

use std::time::{Duration, Instant};

use auth::testing::sign_up;
use background_jobs::depths;
use diesel::prelude::*;
use evidence::{
    Cell, Chart, ChartKind, Failure, Line, Outcome, Quantity, RungKind, Scale, Stage, Unit,
};
use foundation::scratch::Scratch;
use foundation::testing::TestApp;

use self::supervisor::Supervisor;
use super::bank::Bank;
use super::shop::{forget_charges, orders, put_on_sale};
use crate::checkout::{Wish, place};
use crate::model::{Line as OrderLine, Quantity as Pieces, Sku};
use crate::terms::Terms;

const SKU: &str = "charged-later";
const MIN: u32 = 1;
const MAX: u32 = 4;
/// The longest that the whole is waited for.
const BOUND: Duration = Duration::from_secs(60);

/// How much is to be charged, and how slowly the bank answers.
struct Size {
    orders: u64,
    per_worker: u64,
    bank: Duration,
}

fn size(scale: Scale) -> Size {
    let (orders, per_worker, bank) = match scale {
        Scale::Quick => (40, 10, 60),
        Scale::Default => (500, 60, 150),
        Scale::Full => (5_000, 300, 200),
    };
    Size { orders, per_worker, bank: Duration::from_millis(bank) }
}

/// What the story tells.
pub(super) struct Followed {
    pub(super) most: u32,
}

/// What was seen, in seconds from the first order on.
#[derive(Default)]
struct Seen {
    workers: Vec<(f64, u32)>,
    depth: Vec<(f64, u64)>,
    total: f64,
}

/// Places orders while one worker is there, and watches until one is there again.
pub(super) fn follow(stage: &Stage, scratch: &Scratch, app: &TestApp) -> Result<Followed, Failure> {
    let size = size(stage.scale());
    stage.step("Workers follow the queue");
    stage.note(format!(
        "{} orders wait to be charged for, {} of them in front of each worker at the most; the bank \
         takes {} to answer. Workers are processes here and containers in production: both are \
         started by the depth of the queue and told to go by SIGTERM.",
        Quantity::count(size.orders),
        size.per_worker,
        Quantity::duration(size.bank)
    ));
    forget_charges(scratch)?;
    put_on_sale(scratch, SKU, 4_990, size.orders)?;
    let buyer = sign_up(app, "many").user;
    let bank = Bank::open(size.bank)?;
    let supervisor = Supervisor::start(stage, scratch, &bank.url(), size.per_worker)?;
    let began = supervisor.first_worker()?;
    let mut seen = Seen { workers: vec![(0.0, MIN)], ..Seen::default() };
    let mut desk = scratch.connect()?;
    let mut bar = stage.progress("order", size.orders, "orders");
    for _ in 0..size.orders {
        let line = OrderLine { sku: sku()?, quantity: Pieces::new(1).map_err(|_| "one piece")? };
        let terms = Terms { reservation: Duration::from_secs(3_600), per_person: 0 };
        desk.transaction(|desk| place(desk, buyer, Wish::Lines(vec![line]), terms, |_, _| Ok(())))
            .map_err(|problem| problem.to_string())?;
        bar.advance(1)?;
    }
    watch(stage, &mut desk, &supervisor, began, &mut seen)?;
    let paid = orders(&mut desk, SKU, "paid")?;
    let calm = supervisor.stop()?;
    show(stage, &size, &seen, (paid, bank.asked()), calm)
}

fn sku() -> Result<Sku, Failure> {
    Sku::parse(SKU).map_err(|_| "no sku".into())
}

/// Until all is charged for and the workers that came have gone.
fn watch(
    stage: &Stage,
    desk: &mut PgConnection,
    supervisor: &Supervisor,
    began: Instant,
    seen: &mut Seen,
) -> Outcome {
    let mut workers = MIN;
    while began.elapsed() < BOUND {
        stage.go_on()?;
        let now = began.elapsed().as_secs_f64();
        for (at, change) in supervisor.changes.try_iter() {
            workers = change.workers;
            seen.workers.push((at.saturating_duration_since(began).as_secs_f64(), workers));
        }
        let charges = depths(desk)?.into_iter().filter(|depth| depth.kind == "shop-charge");
        let depth: i64 = charges.map(|depth| depth.waiting + depth.running).sum();
        seen.depth.push((now, depth.unsigned_abs()));
        if depth == 0 && workers == MIN {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    seen.total = began.elapsed().as_secs_f64();
    Ok(())
}

impl Seen {
    fn most(&self) -> u32 {
        self.workers.iter().map(|(_, workers)| *workers).max().unwrap_or_default()
    }

    fn last(&self) -> u32 {
        self.workers.last().map_or(0, |(_, workers)| *workers)
    }

    /// Workers times the seconds that each was there.
    fn instance_seconds(&self) -> f64 {
        let ends = self.workers.iter().skip(1).map(|(at, _)| *at).chain([self.total]);
        let spans = self.workers.iter().zip(ends);
        spans.map(|((from, workers), to)| f64::from(*workers) * (to - from).max(0.0)).sum()
    }
}

fn show(
    stage: &Stage,
    size: &Size,
    seen: &Seen,
    (paid, asked): (u64, u64),
    calm: bool,
) -> Result<Followed, Failure> {
    let title =
        format!("{} charges, a bank that takes {}", size.orders, Quantity::duration(size.bank));
    let columns = ["workers", "worker-seconds", "orders kept", "kept, €"];
    let ladder = stage.ladder(title, &columns);
    let fixed = f64::from(MAX) * seen.total;
    let rung = |kind, name, workers: String, seconds: f64, kept: [Cell; 2]| {
        let seconds: Cell = format!("{seconds:.1}").into();
        ladder.rung(kind, name, [vec![workers.into(), seconds], kept.into()].concat());
    };
    let kept = [paid, paid * 4_990 / 100].map(|count| Quantity::count(count).into());
    let following = format!("{MIN} → {} → {}", seen.most(), seen.last());
    rung(RungKind::Right, "as many as the queue needs", following, seen.instance_seconds(), kept);
    // Not run but reckoned: what an operator pays who keeps the most for as long.
    let unknown = ["–".into(), "–".into()];
    rung(RungKind::Costly, "kept for as long (reckoned)", MAX.to_string(), fixed, unknown);
    let saved = Quantity::percent(100.0 * (1.0 - seen.instance_seconds() / fixed.max(1e-9)));
    stage.measure(
        "instance-seconds-saved",
        "worker-seconds spared, beside the most kept for as long",
        saved,
    );
    let most = Quantity::count(seen.most().into());
    stage.measure("workers-most", "workers at the height", most);
    stage.check(
        "workers-come-and-go",
        format!(
            "from {MIN} worker to {} and back to {}, and the supervisor sent everybody home: {calm}",
            seen.most(),
            seen.last()
        ),
        seen.most() > MIN && seen.last() == MIN && calm,
    );
    stage.check(
        "no-charge-is-lost-or-asked-for-twice",
        format!(
            "of {} orders {paid} are paid for, and the bank was asked {asked} times",
            size.orders
        ),
        paid == size.orders && asked == size.orders,
    );
    stage.chart(chart(seen));
    Ok(Followed { most: seen.most() })
}

/// Jobs in front of each worker that is there, and the workers: both rise and fall.
fn chart(seen: &Seen) -> Chart {
    let most = seen.depth.iter().map(|(_, depth)| *depth).max().unwrap_or(1).max(1);
    let share = |of: f64, all: f64| 100.0 * of / all;
    let mut workers = Vec::new();
    for (at, count) in &seen.workers {
        // A step, not a slope.
        if let Some((_, before)) = workers.last().copied() {
            workers.push((*at, before));
        }
        workers.push((*at, share(f64::from(*count), f64::from(MAX))));
    }
    workers.push((seen.total, workers.last().map_or(0.0, |(_, last)| *last)));
    let depth = seen.depth.iter().map(|(at, depth)| (*at, share(*depth as f64, most as f64)));
    Chart {
        id: "fleet".to_owned(),
        title: format!("Charges that wait, of {most} at most, and workers, of {MAX}"),
        axis: "share of the most".to_owned(),
        unit: Unit::Percent,
        kind: ChartKind::Lines {
            x_axis: "seconds".to_owned(),
            lines: vec![
                Line { label: "charges".to_owned(), points: depth.collect() },
                Line { label: "workers".to_owned(), points: workers },
            ],
        },
    }
}
