//! When the answer is wrong: no network, few items, a part that does not matter, a stale cache.

use std::cell::{Cell, RefCell};
use std::hash::{Hash, Hasher};
use std::hint::black_box;

use diesel::prelude::*;
use diesel::sql_types::Text;
use evidence::{Outcome, Quantity, Stage};
use foundation::scratch::Scratch;

use super::{Site, Size, country, prepare};
use crate::report::{Body, Payment};
use crate::statements::Statements;
use crate::steps::step5_cached::Cache;
use crate::steps::{
    in_database, step0_baseline, step1_one_join, step2_hash_set, step3_borrowed, step4_unrolled,
};

/// How often a handful of payments is searched in one timing, as one search is too short for it.
const TIMES: u32 = 2_000;
/// Reads after the write.
const READS: u64 = 10;

/// Shows all of them.
pub(super) fn show(stage: &Stage, site: &mut Site<'_>, scratch: &Scratch) -> Outcome {
    stage.step("When this answer is wrong");
    without_network(stage, site, scratch)?;
    without_share(stage, site)?;
    with_few_items(stage, site.size)?;
    stage.go_on()?;
    with_many_items(stage);
    with_a_write(stage, site)
}

/// On a local socket N+1 hides: the same statements, each almost free.
fn without_network(stage: &Stage, site: &mut Site<'_>, scratch: &Scratch) -> Outcome {
    let mut local = scratch.connect()?;
    prepare(&mut local)?;
    let statements = Statements::of(&mut local);
    step0_baseline::report(&mut local, &country(1))?;
    let count = statements.count();
    stage.check(
        "a-local-socket-changes-no-count",
        format!("on a local socket the report as found takes {count} statements as well"),
        count == u64::from(site.size.customers_per_country) + 1,
    );
    let duels = site.size.duels;
    compare_reports(stage, &mut local, duels, ("socket", "N+1 and one join on a local socket"))?;
    let network = ("network", "N+1 and one join with 1 ms of network");
    compare_reports(stage, &mut site.connection, duels, network)
}

fn compare_reports(
    stage: &Stage,
    connection: &mut PgConnection,
    duels: u32,
    (id, label): (&str, &str),
) -> Outcome {
    // Both variants need the one connection; they never run at once.
    let connection = RefCell::new(connection);
    let country = country(1);
    stage.compare(
        id,
        label,
        duels,
        ("N+1", &mut || {
            black_box(step0_baseline::report(&mut connection.borrow_mut(), &country)?);
            Ok(())
        }),
        ("one join", &mut || {
            black_box(step1_one_join::report(&mut connection.borrow_mut(), &country)?);
            Ok(())
        }),
    )?;
    Ok(())
}

/// The step that did nothing, alternately with the one before it.
fn without_share(stage: &Stage, site: &mut Site<'_>) -> Outcome {
    let connection = RefCell::new(&mut site.connection);
    let country = country(1);
    stage.compare(
        "unrolled",
        "the sum as an iterator, and unrolled by hand",
        site.size.duels,
        ("iterator", &mut || {
            black_box(step3_borrowed::report(&mut connection.borrow_mut(), &country)?);
            Ok(())
        }),
        ("unrolled", &mut || {
            black_box(step4_unrolled::report(&mut connection.borrow_mut(), &country)?);
            Ok(())
        }),
    )?;
    Ok(())
}

/// Comparisons and hashes that a search for repeats takes.
#[derive(Debug, Default)]
struct Effort {
    comparisons: Cell<u64>,
    hashes: Cell<u64>,
}

/// A key that counts what is done with it: the code of the steps runs as it is.
struct CountingKey<'effort> {
    key: String,
    effort: &'effort Effort,
}

impl PartialEq for CountingKey<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.effort.comparisons.set(self.effort.comparisons.get() + 1);
        self.key == other.key
    }
}

impl Eq for CountingKey<'_> {}

impl Hash for CountingKey<'_> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.effort.hashes.set(self.effort.hashes.get() + 1);
        self.key.hash(hasher);
    }
}

/// Payments without repeats, which is the worst case of a list.
fn distinct(count: u64) -> Vec<Payment> {
    let payment = |number| Payment {
        reference: format!("pay_{number:016x}"),
        method: "card".to_owned(),
        cents: 100,
    };
    (0..count).map(payment).collect()
}

/// The effort of the list and of the set.
fn efforts(count: u64) -> [Effort; 2] {
    let payments = distinct(count);
    let efforts = [Effort::default(), Effort::default()];
    let [list, set] = &efforts;
    let key =
        |effort| move |payment: &Payment| CountingKey { key: payment.reference.clone(), effort };
    step0_baseline::without_repeats(&payments, key(list));
    step2_hash_set::without_repeats(&payments, key(set));
    efforts
}

/// Twice as many items: four times the comparisons in a list, twice the hashes in a set.
fn with_many_items(stage: &Stage) {
    let [[list, _], [list_of_twice, set_of_twice]] = [efforts(500), efforts(1_000)];
    let (one, twice) = (list.comparisons.get(), list_of_twice.comparisons.get());
    let hashes = set_of_twice.hashes.get();
    let [one_shown, twice_shown, hashes_shown] = [one, twice, hashes].map(Quantity::count);
    stage.measure("comparisons-500", "a list of 500: comparisons", one_shown);
    stage.measure("comparisons-1000", "a list of 1000: comparisons", twice_shown);
    stage.measure("hashes-1000", "a set of 1000: hashes", hashes_shown);
    stage.check(
        "a-list-grows-with-the-square",
        format!(
            "{one_shown} comparisons for 500 payments in a list, {twice_shown} for 1000; \
             {hashes_shown} hashes in a set, growth included"
        ),
        (one, twice) == (500 * 499 / 2, 1_000 * 999 / 2) && (1_000..4_000).contains(&hashes),
    );
}

/// For a handful of items the list has less to do.
fn with_few_items(stage: &Stage, size: Size) -> Outcome {
    let [list, set] = efforts(4);
    let (comparisons, hashes) = (list.comparisons.get(), set.hashes.get());
    stage.check(
        "a-handful-needs-no-set",
        format!("4 payments: {comparisons} comparisons in a list, {hashes} hashes in a set"),
        comparisons == 6 && hashes >= 4,
    );
    let payments = distinct(4);
    let key = |payment: &Payment| payment.reference.clone();
    stage.compare(
        "few",
        "repeats among 4 payments, 2000 times",
        size.duels,
        ("list", &mut || {
            (0..TIMES).for_each(|_| {
                black_box(step0_baseline::without_repeats(black_box(&payments), key));
            });
            Ok(())
        }),
        ("hash set", &mut || {
            (0..TIMES).for_each(|_| {
                black_box(step2_hash_set::without_repeats(black_box(&payments), key));
            });
            Ok(())
        }),
    )?;
    Ok(())
}

/// After a write the cache goes on telling the old report, until somebody tells it.
fn with_a_write(stage: &Stage, site: &mut Site<'_>) -> Outcome {
    let (connection, country) = (&mut site.connection, country(1));
    let mut cache = Cache::default();
    cache.report(connection, &country)?;
    diesel::sql_query(
        "INSERT INTO payments VALUES (
             (SELECT 1 + max(id) FROM payments),
             (SELECT min(id) FROM customers WHERE country = $1), 'pay_late', 'card', 1)",
    )
    .bind::<Text, _>(&country)
    .execute(connection)?;
    let fresh = in_database::report(connection, &country)?;
    let before = stale_reads(&mut cache, connection, &country, &fresh)?;
    cache.forget(&country);
    let after = stale_reads(&mut cache, connection, &country, &fresh)?;
    stage.measure("stale-reads", "stale of 10 reads after a write", Quantity::count(before));
    stage.check(
        "a-cache-is-stale-until-told",
        format!("after a payment {before} of {READS} reads are stale; once told, {after}"),
        (before, after) == (READS, 0),
    );
    Ok(())
}

fn stale_reads(
    cache: &mut Cache,
    connection: &mut PgConnection,
    country: &str,
    fresh: &Body,
) -> QueryResult<u64> {
    let mut stale = 0;
    for _ in 0..READS {
        stale += u64::from(cache.report(connection, country)? != *fresh);
    }
    Ok(stale)
}
