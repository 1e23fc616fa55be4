//! Every attack on every build, and whether honest people still get what they came for.

use std::sync::Arc;

use actix_web::rt::System;
use evidence::{Bar, Chart, ChartKind, Failure, Quantity, RungKind, Stage, Unit};
use foundation::scratch::Scratch;
use futures_util::future::{join_all, try_join};

use super::honest;
use crate::attacks::{ATTACKS, Loot};
use crate::lab::{Build, Lab};

/// What happened to one build.
pub(super) struct Score {
    loot: Vec<Loot>,
    served: u64,
}

impl Score {
    pub(super) fn landed(&self) -> u64 {
        self.loot.iter().filter(|loot| loot.count > 0).count() as u64
    }
}

/// Kind of rung, name, and short name of each build in [`Build::ALL`].
const RUNGS: [(RungKind, &str, &str); 4] = [
    (RungKind::Wrong, "no defence", "vulnerable"),
    (RungKind::Tempting, "the fix that comes to mind", "tempting"),
    (RungKind::Right, "one mechanism in one place", "hardened"),
    (RungKind::Costly, "the same behind a word filter", "filtered"),
];

pub(super) fn climb(stage: &Stage, scratch: &Arc<Scratch>) -> Result<Vec<Score>, Failure> {
    stage.step("Fourteen attacks over HTTP, each on four builds of the same handlers");
    stage.predict(
        "landed-tempting",
        "How many of 14 attacks still land after the fix that comes to mind first?",
        Unit::Count,
    );
    let labs = Build::ALL.map(|build| Lab::open(build, scratch));
    let labs = labs.into_iter().collect::<Result<Vec<Lab>, Failure>>()?;
    let scores = System::new().block_on(join_all(labs.iter().map(|lab| try_all(stage, lab))));
    let scores = scores.into_iter().collect::<Result<Vec<Score>, Failure>>()?;
    show(stage, &scores);
    check(stage, &scores);
    chart(stage, &scores);
    Ok(scores)
}

/// The attack that waits runs beside the others, as a server has to serve meanwhile, too.
async fn try_all(stage: &Stage, lab: &Lab) -> Result<Score, Failure> {
    let (slow, others): (Vec<_>, Vec<_>) = ATTACKS.iter().partition(|it| it.id == "slow-client");
    let waiting = slow[0].run(lab);
    let trying = async {
        let mut loot = Vec::new();
        for attack in others {
            stage.go_on()?;
            loot.push(attack.run(lab).await?);
        }
        Ok::<_, Failure>((loot, honest::served(lab).await?))
    };
    let (held, (mut loot, served)) = try_join(waiting, trying).await?;
    let place = ATTACKS.iter().position(|attack| attack.id == "slow-client").unwrap_or_default();
    loot.insert(place, held);
    Ok(Score { loot, served })
}

fn show(stage: &Stage, scores: &[Score]) {
    let lines = ATTACKS.iter().enumerate().map(|(n, attack)| {
        let counts: String =
            scores.iter().map(|score| format!("{:>11}", score.loot[n].count)).collect();
        format!("{:<28}{counts}  {}", attack.name, scores[0].loot[n].what)
    });
    let names: String = RUNGS.iter().map(|(_, _, name)| format!("{name:>11}")).collect();
    let lines: Vec<String> = std::iter::once(format!("{:<28}{names}", "")).chain(lines).collect();
    stage.code("What each attack got", lines.join("\n"));

    let ladder = stage.ladder("fourteen attacks and nine honest requests", &["landed", "served"]);
    for ((kind, name, _), score) in RUNGS.into_iter().zip(scores) {
        let cells = [score.landed(), score.served].map(|count| Quantity::count(count).into());
        ladder.rung(kind, name, cells.to_vec());
    }
    for ((_, _, short), score) in RUNGS.into_iter().zip(scores) {
        let landed = Quantity::count(score.landed());
        stage.measure(&format!("landed-{short}"), format!("attacks that landed: {short}"), landed);
        let served = Quantity::count(score.served);
        stage.measure(&format!("served-{short}"), format!("honest requests: {short}"), served);
    }
    for (attack, loot) in ATTACKS.iter().zip(&scores[1].loot) {
        let label = format!("{} on the first fix: {}", attack.name, loot.what);
        stage.measure(&format!("got-{}", attack.id), label, Quantity::count(loot.count));
    }
    stage.reveal("landed-tempting", Quantity::count(scores[1].landed()));
}

fn check(stage: &Stage, scores: &[Score]) {
    let all = ATTACKS.len() as u64;
    let landed: Vec<u64> = scores.iter().map(Score::landed).collect();
    let served: Vec<u64> = scores.iter().map(|score| score.served).collect();
    stage.check(
        "every-attack-lands-where-nothing-stops-it",
        format!("{} of {all} attacks land on the build without defence", landed[0]),
        landed[0] == all,
    );
    stage.check(
        "the-first-fix-stops-none",
        format!("{} of {all} still land after the fix that comes to mind first", landed[1]),
        landed[1] == all,
    );
    stage.check(
        "nothing-lands-on-the-hardened-build",
        format!("{} of {all} land on the hardened build", landed[2]),
        landed[2] == 0,
    );
    stage.check(
        "honest-people-are-served",
        format!(
            "it serves {} of {} honest requests, so it is not just shut",
            served[2],
            honest::ALL
        ),
        served[2] == honest::ALL,
    );
    stage.check(
        "a-first-fix-turns-honest-people-away",
        format!("the first fixes serve {} of {} honest requests", served[1], honest::ALL),
        served[1] < honest::ALL,
    );
    stage.check(
        "a-word-filter-turns-honest-people-away",
        format!("behind a word filter {} land as well, and {} are served", landed[3], served[3]),
        landed[3] == 0 && served[3] < served[2],
    );
}

#[allow(clippy::cast_precision_loss)] // Fourteen at the most.
fn chart(stage: &Stage, scores: &[Score]) {
    let bar = |label: String, value: u64, rung| Bar {
        label,
        value: value as f64,
        spread: None,
        rung: Some(rung),
    };
    let bars = RUNGS.into_iter().zip(scores).flat_map(|((kind, _, name), score)| {
        [
            bar(format!("attacks landed, {name}"), score.landed(), kind),
            bar(format!("honest requests, {name}"), score.served, kind),
        ]
    });
    stage.chart(Chart {
        id: "landed".to_owned(),
        title: "Fourteen attacks and nine honest requests, four builds".to_owned(),
        axis: "requests".to_owned(),
        unit: Unit::Count,
        kind: ChartKind::Bars { bars: bars.collect(), logarithmic: false },
    });
}
