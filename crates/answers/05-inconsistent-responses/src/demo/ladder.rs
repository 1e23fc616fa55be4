//! One load under every attempt: a copy has grown old, then the same GET many times, half-way the
//! old copy ends, then edits.

use std::collections::BTreeSet;
use std::time::Duration;

use awc::http::header::{CACHE_CONTROL, COOKIE, HeaderName, HeaderValue};
use evidence::{Bar, Cell, Chart, ChartKind, Failure, Progress, Quantity, RungKind, Stage, Unit};
use foundation::scratch::Scratch;

use crate::lab::{self, Lab};
use crate::{Probe, Report, Routing, Rule, Setup, TermsFrom, broken};

/// Edits of the shop's terms after the probe; each is read once from each instance.
pub(super) const EDITS: i64 = 20;

/// A TTL that is short beside the reported one.
const SHORT: Duration = Duration::from_secs(30);

/// What an attempt led to.
pub(super) struct Seen {
    kind: RungKind,
    name: &'static str,
    /// What the probe said; of the first client, where there are two.
    pub(super) report: Report,
    /// Different responses, of all clients together.
    pub(super) different: u64,
    /// The most that one client saw.
    pub(super) for_one: u64,
    /// Reads after an edit that showed what was before, of two for each edit.
    pub(super) stale: u64,
    /// Statements for all GETs of the probe.
    pub(super) statements: u64,
    /// Promises of the contract that either instance breaks.
    pub(super) broken: BTreeSet<Rule>,
}

/// All attempts, in order.
pub(super) struct Climbed(Vec<Seen>);

impl Climbed {
    /// As reported, and after each fix.
    pub(super) fn fixes(&self) -> [&Seen; 4] {
        [0, 4, 5, 6].map(|rung| &self.0[rung])
    }

    pub(super) fn reloaded(&self) -> &Seen {
        &self.0[1]
    }

    pub(super) fn sticky(&self) -> &Seen {
        &self.0[2]
    }

    pub(super) fn short(&self) -> &Seen {
        &self.0[3]
    }

    pub(super) fn uncached(&self) -> &Seen {
        &self.0[7]
    }
}

type Attempt = (RungKind, &'static str, Setup, &'static [Client]);

/// The header that a client sends, if it sends one.
type Client = Option<(HeaderName, &'static str)>;

const ONE: &[Client] = &[None];
const RELOADING: &[Client] = &[Some((CACHE_CONTROL, "no-cache"))];
const TWO: &[Client] = &[Some((COOKIE, "client=2")), Some((COOKIE, "client=1"))];

fn attempts() -> [Attempt; 8] {
    let reported = Setup::AS_REPORTED;
    let sticky = Setup { routing: Routing::Sticky, ..reported };
    let short = Setup { terms: TermsFrom::CopyFor(SHORT), ..reported };
    let one_release = reported.one_release();
    let checked = one_release.checked_copy();
    let uncached = Setup { terms: TermsFrom::Database, ..Setup::fixed() };
    [
        (RungKind::Wrong, "as reported", reported, ONE),
        (RungKind::Wrong, "blame the front end: reload past its cache", reported, RELOADING),
        (RungKind::Tempting, "sticky sessions", sticky, TWO),
        (RungKind::Tempting, "a TTL of 30 s instead of 300 s", short, ONE),
        (RungKind::Right, "1. finish the rollout", one_release, ONE),
        (RungKind::Right, "2. and check the copy's version", checked, ONE),
        (RungKind::Right, "3. and end ORDER BY with the id", Setup::fixed(), ONE),
        (RungKind::Costly, "the same without any copy", uncached, ONE),
    ]
}

/// Climbs the ladder.
pub(super) async fn climb(stage: &Stage, scratch: &Scratch, gets: u32) -> Result<Climbed, Failure> {
    let attempts = attempts();
    let shown = Quantity::count(gets.into());
    stage.step(format!("The same GET {shown} times, under {} attempts", attempts.len()));
    let ladder = stage.ladder(
        format!("{shown} identical GETs through two instances, then {EDITS} edits read on both"),
        &["different", "for one client", "stale after edits", "statements"],
    );
    let total = u64::from(gets) * attempts.len() as u64;
    let mut progress = stage.progress("probe", total, "GETs");
    let mut climbed = Vec::new();
    for attempt in attempts {
        let seen = put_to(&mut progress, scratch, attempt, gets).await?;
        ladder.rung(seen.kind, seen.name, cells(&seen));
        climbed.push(seen);
    }
    drop(progress);
    stage.chart(chart(&climbed));
    if climbed.len() == 8 { Ok(Climbed(climbed)) } else { Err("a rung is missing".into()) }
}

async fn put_to(
    progress: &mut Progress<'_>,
    scratch: &Scratch,
    (kind, name, setup, clients): Attempt,
    gets: u32,
) -> Result<Seen, Failure> {
    let lab = Lab::open(scratch, setup)?;
    lab.let_a_copy_grow_old().await?;
    let before = lab.statements();
    let mut reports = Vec::new();
    for client in clients {
        let each = gets / u32::try_from(clients.len())?;
        reports.push(probe(progress, &lab, client.clone(), each).await?);
    }
    let statements = lab.statements() - before;
    let digests = reports.iter().flat_map(|report| &report.groups).map(|group| &group.digest);
    let different = digests.collect::<BTreeSet<_>>().len() as u64;
    let for_one = reports.iter().map(|report| report.different).max().unwrap_or_default().into();
    let (stale, broken) = edit(&lab).await?;
    let report = reports.swap_remove(0);
    Ok(Seen { kind, name, report, different, for_one, stale, statements, broken })
}

/// Half-way the old copy ends, so that instance a disagrees with itself too.
async fn probe(
    progress: &mut Progress<'_>,
    lab: &Lab,
    client: Client,
    gets: u32,
) -> Result<Report, Failure> {
    let mut probe = Probe { requests: gets, ..Probe::new(lab.orders()) };
    probe.headers.extend(client.map(|(name, value)| (name, HeaderValue::from_static(value))));
    let watch = &mut |done| {
        if done == gets / 2 {
            lab.let_the_copy_end();
        }
        Ok(progress.advance(1)?)
    };
    Ok(probe.run(watch).await?)
}

/// Each edit is committed before it is read, so whoever shows what was before is stale.
async fn edit(lab: &Lab) -> Result<(u64, BTreeSet<Rule>), Failure> {
    let (mut stale, mut rules) = (0, BTreeSet::new());
    let client = awc::Client::default();
    for edit in 1..=EDITS {
        let amount = 10_000 + edit;
        lab.change_terms(amount)?;
        for instance in lab.orders_of_each() {
            let response = lab::get(&client, &instance).await?;
            stale += u64::from(response["shop"]["free_delivery_from_cents"] != amount);
            if edit == EDITS {
                rules.extend(broken(&instance, amount).await?);
            }
        }
    }
    Ok((stale, rules))
}

fn cells(seen: &Seen) -> Vec<Cell> {
    let counts = [seen.different, seen.for_one, seen.stale, seen.statements];
    counts.map(|count| Quantity::count(count).into()).to_vec()
}

fn chart(climbed: &[Seen]) -> Chart {
    let bars = climbed.iter().map(|seen| Bar {
        label: seen.name.to_owned(),
        value: Quantity::count(seen.different).value,
        spread: None,
        rung: Some(seen.kind),
    });
    Chart {
        id: "different".to_owned(),
        title: "Different responses to one request".to_owned(),
        axis: "different responses".to_owned(),
        unit: Unit::Count,
        kind: ChartKind::Bars { bars: bars.collect(), logarithmic: false },
    }
}
