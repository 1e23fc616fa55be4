//! Five ways to react to the same leak, and what each costs.

use evidence::{Cell, Chart, ChartKind, Failure, Line, Quantity, RungKind, Stage, Unit};
use foundation::scratch::Scratch;

use crate::faults::Fault;
use crate::incident::Incident;
use crate::load::Wave;
use crate::service::{Action, Feature};

/// Waves that go by while a fix is built, reviewed and deployed.
const BUILD: usize = 4;
/// Waves after the alert.
const AFTERWARDS: usize = 11;

/// How somebody reacts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Policy {
    RestartAndHope,
    BiggerPool,
    FixFirst,
    MitigateFirst,
    RollBack,
}

impl Policy {
    const ALL: [Self; 5] = [
        Self::RestartAndHope,
        Self::BiggerPool,
        Self::FixFirst,
        Self::MitigateFirst,
        Self::RollBack,
    ];

    const fn rung(self) -> (RungKind, &'static str, &'static str) {
        match self {
            Self::RestartAndHope => (RungKind::Wrong, "restart", "restart, and hope"),
            Self::BiggerPool => (RungKind::Tempting, "bigger-pool", "a bigger pool"),
            Self::FixFirst => (RungKind::Tempting, "fix-first", "build the fix first"),
            Self::MitigateFirst => (RungKind::Right, "mitigate-first", "mitigate, then fix"),
            Self::RollBack => (RungKind::Costly, "roll-back", "switch everything off, then fix"),
        }
    }
}

/// What came of one policy.
pub(super) struct Reaction {
    pub(super) policy: Policy,
    pub(super) failed: u64,
    /// Failures from the wave after the reaction on.
    afterwards: u64,
    /// Waves without a failure that were followed by one with failures: alerts.
    alerts: u64,
    /// Answers with less than usual: parcels without a status, and unknown orders not noted.
    partial: u64,
    /// Failed so far, by waves since the injection.
    course: Vec<(f64, f64)>,
}

/// Runs each policy on a service of its own.
pub(super) fn react(
    stage: &Stage,
    databases: &[Scratch],
    each: usize,
) -> Result<Vec<Reaction>, Failure> {
    let calm = (each / 2).clamp(1, 4);
    let interrupt = stage.interrupt();
    std::thread::scope(|scope| {
        let reacting: Vec<_> = Policy::ALL
            .into_iter()
            .zip(databases)
            .map(|(policy, scratch)| {
                scope.spawn(move || -> Result<Reaction, Failure> {
                    let incident = Incident::start(scratch, Fault::LeakedConnection, interrupt)?;
                    run(policy, incident, calm)
                })
            })
            .collect();
        let ended = reacting
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| Err("a reaction panicked".into())));
        ended.collect()
    })
}

fn run(policy: Policy, mut incident: Incident, calm: usize) -> Result<Reaction, Failure> {
    incident.waves(calm)?;
    incident.inject()?;
    incident.until_alert()?;
    let alerted = incident.waves.len();
    for wave in 0..AFTERWARDS {
        decide(policy, &incident, wave)?;
        incident.wave()?;
    }
    let failures: Vec<u64> = incident.waves[calm..].iter().map(Wave::failed).collect();
    let begins = |pair: &[u64]| pair[0] == 0 && pair[1] > 0;
    Ok(Reaction {
        policy,
        failed: failures.iter().sum(),
        afterwards: failures[alerted - calm..].iter().sum(),
        alerts: failures.windows(2).filter(|pair| begins(pair)).count() as u64,
        partial: partial(&incident, calm)?,
        course: course(&failures),
    })
}

/// What is done before this wave after the alert.
fn decide(policy: Policy, incident: &Incident, wave: usize) -> Result<(), Failure> {
    let failing = incident.waves.last().is_some_and(|last| last.failed() > 0);
    match policy {
        Policy::RestartAndHope if failing => incident.apply(&[Action::Restart]),
        Policy::BiggerPool if failing => incident.apply(&[Action::BiggerPool]),
        Policy::MitigateFirst if wave == 0 => incident.apply(incident.case.mitigation),
        Policy::RollBack if wave == 0 => {
            incident.apply(&Feature::ALL.map(Action::Off))?;
            incident.apply(&[Action::Restart])
        }
        Policy::FixFirst | Policy::MitigateFirst if wave == BUILD => incident.fix(),
        Policy::RollBack if wave == BUILD => {
            incident.fix()?;
            incident.service.switch_on(Feature::Shipping);
            incident.service.switch_on(Feature::History);
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Parcels without their status, and unknown orders that were answered and not noted.
fn partial(incident: &Incident, calm: usize) -> Result<u64, Failure> {
    let waves = &incident.waves[calm..];
    let answers = || waves.iter().flat_map(|wave| &wave.answers);
    let parcels = answers().filter(|answer| answer.partial).count() as u64;
    let unknown = answers().filter(|answer| answer.is_unknown() && !answer.failed()).count();
    Ok(parcels + (unknown as u64).saturating_sub(incident.service.notes()?))
}

#[allow(clippy::cast_precision_loss)] // A few hundred.
fn course(failures: &[u64]) -> Vec<(f64, f64)> {
    let mut so_far = 0;
    let points = failures.iter().enumerate().map(|(wave, failed)| {
        so_far += failed;
        (wave as f64 + 1.0, so_far as f64)
    });
    points.collect()
}

pub(super) fn judge(stage: &Stage, reactions: &[Reaction]) {
    let columns = ["failed requests", "of them after the alert", "alerts", "answers with less"];
    let title = format!("the leaked connection, {AFTERWARDS} waves after the alert");
    let ladder = stage.ladder(title, &columns);
    for reaction in reactions {
        let (kind, id, name) = reaction.policy.rung();
        let counts = [reaction.failed, reaction.afterwards, reaction.alerts, reaction.partial];
        let cells: Vec<Cell> = counts.map(|count| Quantity::count(count).into()).to_vec();
        ladder.rung(kind, name, cells);
        let measure = |what: &str, label: &str, value| {
            let label = format!("{label}: {name}");
            stage.measure(&format!("{what}-{id}"), label, Quantity::count(value));
        };
        measure("lost", "failed requests", reaction.failed);
        measure("alerts", "alerts", reaction.alerts);
        measure("partial", "answers with less", reaction.partial);
    }
    check(stage, reactions);
    chart(stage, reactions);
}

fn check(stage: &Stage, reactions: &[Reaction]) {
    let [restart, bigger, fix_first, mitigate, roll_back] = reactions else { return };
    stage.reveal("lost-fix-first", Quantity::count(fix_first.failed));
    stage.check(
        "restarting-comes-back",
        format!("restart and hope: {} alerts for one cause", restart.alerts),
        restart.alerts > 1,
    );
    stage.check(
        "a-bigger-pool-fails-later",
        format!(
            "a bigger pool: {} alerts, {} requests fail after it",
            bigger.alerts, bigger.afterwards
        ),
        bigger.alerts > 1 && bigger.afterwards > 0,
    );
    stage.check(
        "fixing-first-costs-requests",
        format!(
            "building the fix first: {} requests fail after the alert; mitigating first: {}",
            fix_first.afterwards, mitigate.afterwards
        ),
        fix_first.afterwards > 0,
    );
    stage.check(
        "mitigating-first-loses-nothing-more",
        format!("mitigate, then fix: {} requests fail after the alert", mitigate.afterwards),
        mitigate.afterwards == 0,
    );
    stage.check(
        "switching-everything-off-costs-answers",
        format!(
            "switching everything off loses no request either, and {} answers say less instead of \
             {}",
            roll_back.partial, mitigate.partial
        ),
        roll_back.afterwards == 0 && roll_back.partial > mitigate.partial,
    );
}

fn chart(stage: &Stage, reactions: &[Reaction]) {
    let line = |reaction: &Reaction| Line {
        label: reaction.policy.rung().2.to_owned(),
        points: reaction.course.clone(),
    };
    stage.chart(Chart {
        id: "failures".to_owned(),
        title: format!("Failed requests; the fix takes {BUILD} waves from the alert"),
        axis: "failed so far".to_owned(),
        unit: Unit::Count,
        kind: ChartKind::Lines {
            x_axis: "waves of 12 requests since the injection".to_owned(),
            lines: reactions.iter().map(line).collect(),
        },
    });
}
