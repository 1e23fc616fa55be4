//! Every schedule of a few buyers, counted by the model and replayed on PostgreSQL.

use evidence::{Failure, Outcome, Quantity, RungKind, Stage};

use super::counts;
use crate::attempts::{ATTEMPTS, Attempt, named};
use crate::model::{Ending, Exploration, Replay, Tally, explore, replay};
use crate::race::Services;

/// Schedules of three buyers that oversell, for the story.
#[derive(Clone, Copy)]
pub(super) struct Found {
    pub(super) oversold: u64,
    pub(super) of: u64,
}

/// What the model says of one attempt.
struct Judged {
    attempt: &'static Attempt,
    /// Two buyers for one unit.
    two: Tally,
    /// Three buyers for two units.
    three: Tally,
    /// The same, and one of them may die at any moment.
    one_dies: Tally,
    /// Two buyers for one unit and for two, on PostgreSQL.
    replayed: Option<Replay>,
}

/// Explores, replays and shows the schedules.
pub(super) fn show(stage: &Stage, services: &Services) -> Result<Found, Failure> {
    stage.step("Every schedule instead of some");
    stage.note(
        "Each statement is one step, under PostgreSQL's rules of what it sees and whom it waits \
         for. The model walks every order of the steps; PostgreSQL then runs the same orders.",
    );
    let columns = ["2 buyers", "wrong", "3 buyers", "wrong", "one may die", "wrong", "replayed"];
    let title = "schedules of 2 buyers for 1 unit, of 3 for 2, and of 3 one of whom may die";
    let ladder = stage.ladder(title, &columns);
    let mut all = Vec::new();
    for attempt in ATTEMPTS {
        stage.go_on()?;
        let judged = judge(services, attempt)?;
        let Judged { two, three, one_dies, .. } = &judged;
        let mut cells = counts(Some([
            two.schedules,
            two.wrong,
            three.schedules,
            three.wrong,
            one_dies.schedules,
            one_dies.wrong,
        ]));
        cells.extend(counts(judged.replayed.map(|replay| [replay.agreed])));
        ladder.rung(attempt.kind, attempt.name, cells);
        all.push(judged);
    }
    traces(stage)?;
    check_model(stage, &all);
    check_verdicts(stage, &all);
    let wrong = all.first().ok_or("there are attempts")?;
    let found = Found { oversold: wrong.three.oversold, of: wrong.three.schedules };
    stage.measure(
        "schedules-oversold",
        "schedules of 3 buyers that oversell 2 units: read, then write",
        Quantity::count(found.oversold),
    );
    stage.measure(
        "schedules",
        "schedules of 3 buyers: read, then write",
        Quantity::count(found.of),
    );
    Ok(found)
}

fn judge(services: &Services, attempt: &'static Attempt) -> Result<Judged, Failure> {
    let programs = [&attempt.program; 3];
    let tally = |buyers: usize, stock, deaths| {
        explore(&Exploration { programs: &programs[..buyers], stock, deaths })
    };
    let mut replayed = None;
    if !attempt.counts_in_redis || services.without_redis().is_none() {
        let mut total = Replay::default();
        for stock in [1, 2] {
            let one = replay(services, &programs[..2], stock)?;
            total.schedules += one.schedules;
            total.agreed += one.agreed;
        }
        replayed = Some(total);
    }
    let (two, three, one_dies) = (tally(2, 1, 0), tally(3, 2, 0), tally(3, 2, 1));
    Ok(Judged { attempt, two, three, one_dies, replayed })
}

/// The shortest schedules that go wrong, to be read aloud.
fn traces(stage: &Stage) -> Outcome {
    for (id, buyers, stock, deaths, ending, title) in [
        ("read-then-write", 2, 1, 0, Ending::Oversold, "The shortest schedule that oversells"),
        (
            "repeatable-read",
            2,
            2,
            0,
            Ending::TurnedAway,
            "The shortest in which REPEATABLE READ sends somebody away",
        ),
        ("redis", 1, 1, 1, Ending::Unbalanced, "The shortest in which the counter loses a unit"),
    ] {
        let programs = vec![&named(id).program; buyers];
        let shortest = Exploration { programs: &programs, stock, deaths }.shortest(ending);
        let trace = shortest.ok_or_else(|| format!("the model finds no schedule: {title}"))?;
        stage.code(title, trace.to_string());
    }
    Ok(())
}

fn check_model(stage: &Stage, all: &[Judged]) {
    let replays = all.iter().filter_map(|judged| judged.replayed);
    let (schedules, agreed) = replays.fold((0, 0), |(schedules, agreed), replay| {
        (schedules + replay.schedules, agreed + replay.agreed)
    });
    stage.check(
        "the-model-agrees-with-postgresql",
        format!("{agreed} of {schedules} schedules end on PostgreSQL as the model says"),
        schedules > 0 && schedules == agreed,
    );
    stage.measure("schedules-replayed", "schedules replayed", Quantity::count(schedules));
    let forgetful = [named("advisory"), named("advisory"), named("read-then-write")];
    let programs = forgetful.map(|attempt| &attempt.program);
    let tally = explore(&Exploration { programs: &programs, stock: 2, deaths: 0 });
    stage.check(
        "one-who-forgets-the-lock-is-enough",
        format!(
            "two buyers with an advisory lock and one without: {} of {} schedules oversell",
            tally.oversold, tally.schedules
        ),
        tally.oversold > 0,
    );
}

fn check_verdicts(stage: &Stage, all: &[Judged]) {
    for Judged { attempt, two, three, one_dies, .. } in all {
        let Attempt { id, name, .. } = attempt;
        match attempt.kind {
            RungKind::Wrong => stage.check(
                "a-schedule-oversells",
                format!(
                    "{name}: {} of {} schedules of two buyers oversell, {} of {} of three",
                    two.oversold, two.schedules, three.oversold, three.schedules
                ),
                two.oversold > 0 && three.oversold > 0,
            ),
            RungKind::Tempting => stage.check(
                "a-schedule-sends-buyers-away",
                format!(
                    "{name}: none of {} schedules oversells, in {} somebody gets an error while \
                     units are left",
                    three.schedules, three.turned_away
                ),
                two.oversold + three.oversold == 0 && three.turned_away > 0,
            ),
            RungKind::Right | RungKind::Costly => stage.check(
                &format!("{id}-has-no-bad-schedule"),
                format!(
                    "{name}: {} of {} schedules of three buyers go wrong",
                    three.wrong, three.schedules
                ),
                two.is_right() && three.is_right(),
            ),
        };
        if attempt.kind != RungKind::Wrong && attempt.kind != RungKind::Tempting {
            check_death(stage, attempt, one_dies);
        }
    }
}

fn check_death(stage: &Stage, attempt: &Attempt, one_dies: &Tally) {
    let Attempt { id, name, counts_in_redis, .. } = attempt;
    if *counts_in_redis {
        stage.check(
            "a-death-after-the-counter-loses-a-unit",
            format!(
                "{name}: in {} of {} schedules in which one may die, a unit is lost",
                one_dies.unbalanced, one_dies.schedules
            ),
            one_dies.unbalanced > 0 && one_dies.oversold == 0,
        );
    } else {
        stage.check(
            &format!("{id}-survives-any-death"),
            format!(
                "{name}: {} of {} schedules in which one may die go wrong",
                one_dies.wrong, one_dies.schedules
            ),
            one_dies.is_right(),
        );
    }
}
