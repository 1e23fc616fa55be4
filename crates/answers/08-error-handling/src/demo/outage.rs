//! What retries do to a dependency that is down, and what it costs to hold them back.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use evidence::{Cell, Failure, Quantity, RungKind, Stage};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::{CircuitBreaker, Guarded, Retry, RetryBudget, Safety, Transient};

/// Requests that callers make during the outage.
const REQUESTS: u32 = 500;
/// Requests that are on their way at the same time.
const CALLERS: usize = 50;
/// Share of calls that fail by bad luck while the dependency is up.
const BAD_LUCK: f64 = 0.3;
/// Between two probes: so long that neither a busy machine makes fifty of them nor the time from
/// the last failure to the next call is one.
const COOL_DOWN: Duration = Duration::from_millis(250);

#[derive(Debug)]
struct Down;

impl Transient for Down {
    fn is_transient(&self) -> bool {
        true
    }
}

/// Counts the calls that reach it; fails always, or now and then.
struct Dependency {
    calls: AtomicU32,
    /// A mutex, as a random generator changes with every use; never held across an await.
    luck: Option<Mutex<StdRng>>,
}

impl Dependency {
    fn down() -> Self {
        Self { calls: AtomicU32::new(0), luck: None }
    }

    fn unlucky(seed: u64) -> Self {
        Self { calls: AtomicU32::new(0), luck: Some(Mutex::new(StdRng::seed_from_u64(seed))) }
    }

    #[allow(clippy::unused_async)] // Stands for a call over the network.
    async fn call(&self) -> Result<(), Down> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let fails = self.luck.as_ref().is_none_or(|luck| {
            luck.lock().unwrap_or_else(PoisonError::into_inner).random_bool(BAD_LUCK)
        });
        if fails { Err(Down) } else { Ok(()) }
    }

    fn calls(&self) -> u32 {
        self.calls.load(Ordering::Relaxed)
    }
}

/// A retry policy and the budget it may spend.
struct Policy {
    retry: Retry,
    budget: RetryBudget,
}

impl Policy {
    fn within_budget(attempts: u32) -> Self {
        Self { retry: backing_off(attempts), budget: RetryBudget::new(0.1, 10) }
    }

    fn unlimited(retry: Retry) -> Self {
        Self { retry, budget: RetryBudget::unlimited() }
    }

    /// Makes every request and tells how many succeeded.
    async fn serve(&self, stage: &Stage, dependency: &Dependency) -> Result<u32, Failure> {
        let request = |_| async {
            stage.go_on()?;
            let call = async || dependency.call().await;
            let outcome = self.retry.call(&self.budget, Safety::Idempotent, call).await;
            Ok::<u32, Failure>(u32::from(outcome.is_ok()))
        };
        let outcomes = stream::iter(0..REQUESTS).map(request).buffer_unordered(CALLERS);
        outcomes.try_fold(0, |total, succeeded| async move { Ok(total + succeeded) }).await
    }
}

fn backing_off(attempts: u32) -> Retry {
    Retry { attempts, base: Duration::from_micros(500), cap: Duration::from_millis(5) }
}

fn at_once(attempts: u32) -> Retry {
    Retry { attempts, base: Duration::ZERO, cap: Duration::ZERO }
}

pub(super) async fn perform(stage: &Stage) -> Result<(), Failure> {
    stage.step("An outage: what reaches the dependency that is down");
    let title = format!("{REQUESTS} requests while the dependency fails every call");
    let ladder = stage.ladder(title, &["calls that reach it", "per request"]);
    let rungs = [
        (RungKind::Wrong, "ten tries, as fast as possible", Policy::unlimited(at_once(10))),
        (RungKind::Tempting, "three tries, backoff and jitter", Policy::unlimited(backing_off(3))),
        (RungKind::Right, "the same within a budget of 10 %", Policy::within_budget(3)),
    ];
    let mut factors = Vec::new();
    for (kind, name, policy) in rungs {
        let dependency = Dependency::down();
        policy.serve(stage, &dependency).await?;
        ladder.rung(kind, name, cells(dependency.calls()));
        factors.push(per_request(dependency.calls()));
    }
    let (reached, refused_after) = behind_breaker(stage).await?;
    ladder.rung(RungKind::Costly, "a circuit breaker", cells(reached));
    judge(stage, &factors, reached, refused_after);
    when_wrong(stage).await
}

fn per_request(calls: u32) -> f64 {
    f64::from(calls) / f64::from(REQUESTS)
}

fn cells(calls: u32) -> Vec<Cell> {
    vec![Quantity::count(calls.into()).into(), Quantity::times(per_request(calls)).into()]
}

fn judge(stage: &Stage, factors: &[f64], reached: u32, refused_after: u32) {
    let [_, tempting, budget] = factors else { return };
    let measure = |id, label, factor: f64| stage.measure(id, label, Quantity::times(factor));
    stage.measure("requests", "requests", Quantity::count(REQUESTS.into()));
    measure("amplification-tempting", "calls per request, three tries", *tempting);
    measure("amplification-budget", "calls per request within the budget", *budget);
    stage.check(
        "retry-budget-bounds-amplification",
        format!(
            "within the budget {budget:.2} calls per request reach the dependency: at most 1.1"
        ),
        *budget <= 1.1 && *tempting > 1.1,
    );
    stage.check(
        "breaker-spares-the-dependency",
        format!("behind the breaker {reached} of {REQUESTS} requests reach it: under one in ten"),
        reached * 10 < REQUESTS,
    );
    stage.check(
        "breaker-refuses-after-recovery",
        format!(
            "the breaker's price: {refused_after} requests refused after the dependency was back, \
             until the next probe"
        ),
        refused_after > 0,
    );
}

/// Calls that reach the dependency during the outage, and requests refused after it.
async fn behind_breaker(stage: &Stage) -> Result<(u32, u32), Failure> {
    let breaker = CircuitBreaker::new(5, COOL_DOWN);
    let dependency = Dependency::down();
    for _ in 0..REQUESTS {
        stage.go_on()?;
        let _ = breaker.call(dependency.call()).await;
        tokio::time::sleep(Duration::from_micros(100)).await;
    }
    while !breaker.is_open() {
        let _ = breaker.call(dependency.call()).await;
    }
    let reached = dependency.calls();
    let mut refused = 0;
    // The dependency is back from here on.
    while let Err(Guarded::Open { .. }) = breaker.call(async { Ok::<(), Down>(()) }).await {
        refused += 1;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok((reached, refused))
}

/// Failures that have nothing to do with load are exactly what retries are for, and a budget
/// withholds them.
async fn when_wrong(stage: &Stage) -> Result<(), Failure> {
    stage.step("When this is wrong: failures by bad luck, not by load");
    let free =
        Policy::unlimited(backing_off(3)).serve(stage, &Dependency::unlucky(stage.seed())).await?;
    let held = Policy::within_budget(3).serve(stage, &Dependency::unlucky(stage.seed())).await?;
    stage.measure("luck-free", "succeeded with three tries", Quantity::count(free.into()));
    stage.measure("luck-budget", "succeeded within the budget", Quantity::count(held.into()));
    stage.check(
        "budget-costs-successes",
        format!(
            "with calls failing 30 % of the time at random, {held} of {REQUESTS} requests succeed \
             within the budget and {free} without one: here the budget is the wrong tool"
        ),
        held < free,
    );
    Ok(())
}
