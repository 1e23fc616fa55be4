//! The ladder: what each way costs, counted once, with nothing of it left to chance.

use evidence::{Cell, Failure, Outcome, Quantity, Stage, Unit};

use super::timing::Timed;
use super::{Site, Size};
use crate::cost::Cost;
use crate::report::digest;
use crate::steps::{Handler, STEPS};
use crate::tempting::report_by_inner_join;

/// Steps by their place in [`STEPS`].
const BASELINE: usize = 0;
const JOIN: usize = 1;
const HASH_SET: usize = 2;
const BORROWED: usize = 3;
const UNROLLED: usize = 4;
const CACHED: usize = 5;
const IN_DATABASE: usize = 6;

/// The counts of one way.
#[derive(Clone, Debug)]
pub(super) struct Counted {
    /// One for each country.
    costs: Vec<Cost>,
    digest: String,
}

impl Counted {
    /// Mean statements of a request.
    pub(super) fn statements(&self) -> u64 {
        self.mean(|cost| cost.statements)
    }

    fn received(&self) -> u64 {
        self.mean(|cost| cost.received)
    }

    /// `None` where this program does not count them.
    fn allocations(&self) -> Option<u64> {
        let counted = self.costs.iter().all(|cost| cost.allocations.is_some());
        counted.then(|| self.mean(|cost| cost.allocations.unwrap_or(0)))
    }

    /// Rounded; checks look at each request instead.
    fn mean(&self, count: impl Fn(&Cost) -> u64) -> u64 {
        let requests = self.costs.len().max(1) as u64;
        (self.costs.iter().map(count).sum::<u64>() + requests / 2) / requests
    }

    fn each(&self, holds: impl Fn(&Cost) -> bool) -> bool {
        self.costs.iter().all(holds)
    }
}

/// Counts one round of each way, after a round that prepares the statements and fills the cache.
pub(super) fn count(stage: &Stage, site: &mut Site<'_>) -> Result<Vec<Counted>, Failure> {
    stage.step("Ask for the report of every country, seven ways");
    stage.note(
        "Between this program and PostgreSQL stands a proxy that holds each request back for 1 ms. \
         Diesel counts the statements, the proxy the round trips and bytes, the allocator the \
         allocations of this thread.",
    );
    stage.predict("statements", "how many statements does one report take as found?", Unit::Count);
    let mut counted = Vec::with_capacity(STEPS.len());
    for step in &STEPS {
        stage.go_on()?;
        counted.push(count_one(site, (step.handler)())?);
    }
    stage.reveal("statements", Quantity::count(counted[BASELINE].statements()));
    Ok(counted)
}

fn count_one(site: &mut Site<'_>, mut handler: Handler) -> Result<Counted, Failure> {
    site.round(&mut handler)?;
    let Site { connection, meter, size } = site;
    let mut bodies = Vec::new();
    let mut costs = Vec::new();
    for country in size.names() {
        let (body, cost) = meter.cost_of(|| handler(connection, &country));
        bodies.push(body?);
        costs.push(cost);
    }
    Ok(Counted { costs, digest: digest(&bodies) })
}

/// Shows the ladder, counts and times side by side.
pub(super) fn show(stage: &Stage, counted: &[Counted], timed: &[Timed]) {
    let ladder = stage.ladder(
        "one country's report, per request",
        &["statements", "received", "allocations", "CPU", "p50", "p99"],
    );
    for ((step, counted), timed) in STEPS.iter().zip(counted).zip(timed) {
        let allocations = counted.allocations().map(|count| Quantity::count(count).into());
        let cells = vec![
            Quantity::count(counted.statements()).into(),
            Quantity::bytes(counted.received()).into(),
            allocations.unwrap_or_else(|| Cell::from("not counted")),
            Quantity::duration(timed.cpu()).into(),
            Quantity::duration(timed.percentile(50.0)).into(),
            Quantity::duration(timed.percentile(99.0)).into(),
        ];
        ladder.rung(step.kind, step.name, cells);
    }
    stage.note(
        "Counts of step 5 are those of a hit. Its first request for each country misses, and that \
         is what its p99 shows.",
    );
    if counted[BASELINE].allocations().is_none() {
        stage.note("Allocations are not counted: this program has not installed the allocator.");
    }
    quote(stage, counted, timed);
}

/// Records what may be quoted by its id.
fn quote(stage: &Stage, counted: &[Counted], timed: &[Timed]) {
    for (place, (step, counted)) in STEPS.iter().zip(counted).enumerate() {
        let measure = |what: &str, label: &str, value| {
            stage.measure(&format!("{what}-{}", step.id), format!("{}: {label}", step.name), value);
        };
        measure("p50", "p50", Quantity::duration(timed[place].percentile(50.0)));
        if matches!(place, BASELINE | BORROWED | CACHED) {
            measure("p99", "p99", Quantity::duration(timed[place].percentile(99.0)));
        }
        if matches!(place, BASELINE | JOIN) {
            measure("statements", "statements", Quantity::count(counted.statements()));
        }
        if matches!(place, BASELINE | BORROWED | IN_DATABASE) {
            measure("received", "received", Quantity::bytes(counted.received()));
        }
        if let (HASH_SET..=UNROLLED, Some(count)) = (place, counted.allocations()) {
            measure("allocations", "allocations", Quantity::count(count));
        }
    }
}

/// Puts the claims to the test that follow from counts.
pub(super) fn check(stage: &Stage, site: &mut Site<'_>, counted: &[Counted]) -> Outcome {
    check_digests(stage, site, counted)?;
    check_statements(stage, site.size, counted);
    check_allocations(stage, counted);
    Ok(())
}

fn check_digests(stage: &Stage, site: &mut Site<'_>, counted: &[Counted]) -> Outcome {
    let found = &counted[BASELINE].digest;
    stage.check(
        "same-digest-after-every-step",
        format!("all {} ways give the same bytes: SHA-256 {}…", STEPS.len(), &found[..16]),
        counted.iter().all(|one| one.digest == *found),
    );
    let mut inner: Handler = Box::new(report_by_inner_join);
    let lossy = digest(&site.round(&mut inner)?);
    stage.check(
        "digest-notices-lost-customers",
        format!("an inner join, which loses who paid nothing, does not: {}…", &lossy[..16]),
        lossy != *found,
    );
    Ok(())
}

fn check_statements(stage: &Stage, size: Size, counted: &[Counted]) {
    let [found, join] = [&counted[BASELINE], &counted[JOIN]];
    let one_per_customer = u64::from(size.customers_per_country) + 1;
    stage.check(
        "one-join-is-one-statement",
        format!("{} statements as found, {} with a join", found.statements(), join.statements()),
        found.each(|cost| cost.statements == one_per_customer)
            && join.each(|cost| cost.statements == 1),
    );
    stage.check(
        "every-statement-waits-for-the-network",
        "the proxy held back one round trip for each statement that Diesel counted",
        counted.iter().all(|one| one.each(|cost| cost.round_trips == cost.statements)),
    );
    stage.check(
        "a-cache-hit-asks-nothing",
        format!("a hit takes {} statements", counted[CACHED].statements()),
        counted[CACHED].each(|cost| cost.round_trips == 0 && cost.statements == 0),
    );
    let [join, sums] = [JOIN, IN_DATABASE].map(|step| counted[step].received());
    stage.check(
        "sums-in-the-database-send-least",
        format!(
            "{} instead of {} when PostgreSQL does the sums",
            Quantity::bytes(sums),
            Quantity::bytes(join)
        ),
        sums > 0 && sums * 10 <= join,
    );
}

/// Allocations themselves are judged only where the program counts them.
fn check_allocations(stage: &Stage, counted: &[Counted]) {
    let [before, after] = [&counted[BORROWED], &counted[UNROLLED]];
    let counts = |cost: &Cost| (cost.statements, cost.received, cost.allocations);
    stage.check(
        "unrolling-changes-no-count",
        "the sum unrolled by hand takes the statements, bytes and allocations of the step before",
        before.costs.iter().map(counts).eq(after.costs.iter().map(counts)),
    );
    let allocations = [HASH_SET, BORROWED, CACHED].map(|step| counted[step].allocations());
    let [Some(cloned), Some(borrowed), Some(cached)] = allocations else { return };
    let [cloned_shown, borrowed_shown] = [cloned, borrowed].map(Quantity::count);
    stage.check(
        "borrowing-halves-the-allocations",
        format!("{cloned_shown} allocations with clones, {borrowed_shown} without"),
        borrowed > 0 && borrowed * 2 <= cloned,
    );
    stage.check(
        "a-cache-hit-allocates-nothing",
        format!("a hit takes {cached} allocations"),
        cached == 0,
    );
}
