//! One buyer thinks between the look and the write: who waits for that?

use evidence::{Failure, Outcome, Quantity, RungKind, Stage};

use super::{STOCK, counts, race, run};
use crate::attempts::ATTEMPTS;
use crate::race::{Arrangement, CONNECTIONS, Hall, Race, Seen};

/// Climbs the ladder.
pub(super) fn climb(stage: &Stage, hall: &mut Hall<'_>) -> Outcome {
    stage.step("When it is wrong: somebody hesitates");
    stage.note(format!(
        "{CONNECTIONS} buyers. The first is held between its look and its write until nobody else \
         can do anything more, as if its code asked another service in there."
    ));
    let ladder = stage.ladder(
        format!("{STOCK} units, {CONNECTIONS} buyers, one of them hesitates"),
        &["served meanwhile", "retries", "sold", "left"],
    );
    let mut seen = Vec::new();
    for attempt in ATTEMPTS {
        if matches!(attempt.kind, RungKind::Wrong | RungKind::Tempting) {
            continue;
        }
        stage.go_on()?;
        let buyers = u32::try_from(CONNECTIONS)?;
        let race = Race { buyers, ..race(attempt, Arrangement::OneHesitates) };
        let one = run(hall, attempt, &race)?;
        let of = |one: &Seen| [one.passed_by, one.retries, one.sold, one.left];
        ladder.rung(attempt.kind, attempt.name, counts(one.as_ref().map(of)));
        seen.extend(one.map(|one| (attempt.id, one)));
    }
    judge(stage, &seen)
}

fn judge(stage: &Stage, seen: &[(&str, Seen)]) -> Outcome {
    let named = |id| {
        let found = seen.iter().find(|(name, _)| *name == id).map(|(_, seen)| seen);
        found.ok_or_else(|| Failure::from(format!("{id} was not run")))
    };
    let others = CONNECTIONS as u64 - 1;
    let locks = [named("for-update")?, named("conditional")?, named("advisory")?];
    let waited_for = locks.map(|seen| seen.passed_by);
    stage.check(
        "a-lock-makes-everybody-wait",
        format!(
            "while one hesitates, FOR UPDATE, the conditional UPDATE and the advisory lock serve \
             {}, {} and {} of {others} others",
            waited_for[0], waited_for[1], waited_for[2]
        ),
        waited_for == [0; 3] && locks.iter().all(|seen| seen.sold == others + 1),
    );
    let retry = named("retry")?;
    stage.check(
        "optimists-pass-whoever-hesitates",
        format!(
            "REPEATABLE READ with retry serves {} of {others}, and whoever hesitated begins again",
            retry.passed_by
        ),
        retry.passed_by == others && retry.retries > 0 && retry.is_balanced(),
    );
    let label = "served while one hesitates";
    stage.measure("passed-retry", format!("{label}: retry"), Quantity::count(retry.passed_by));
    stage.measure(
        "passed-conditional",
        format!("{label}: conditional UPDATE"),
        Quantity::count(waited_for[1]),
    );
    Ok(())
}
