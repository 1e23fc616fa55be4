//! From a fresh clone to the first result.

use evidence::{Cell, Outcome, Quantity, RungKind, Stage};

use crate::project::Project;
use crate::setup::{SetUp, by_a_doctor, by_failing, by_one_command};

pub(super) fn perform(stage: &Stage, project: &Project) -> Outcome {
    stage.step("Set up a fresh clone: by failing, by a doctor, by one command");
    project.go_to("main")?;
    let failing = by_failing(project)?;
    let doctor = by_a_doctor(project)?;
    let one = by_one_command(project)?;
    let ladder = stage.ladder(
        "from a fresh clone, in which three things are missing, to the first result",
        &["commands", "failed runs", "time"],
    );
    let ways = [
        (RungKind::Wrong, "failing", "run it and see what is missing", failing),
        (RungKind::Right, "one", "one command", one),
        (RungKind::Costly, "doctor", "a doctor, then its fixes by hand", doctor),
    ];
    for (kind, id, name, SetUp { commands, failed_runs, took }) in ways {
        let counts = [commands, failed_runs].map(|count| Cell::from(Quantity::count(count)));
        ladder.rung(kind, name, [&counts[..], &[Quantity::duration(took).into()]].concat());
        let label = format!("commands from clone to result: {name}");
        stage.measure(&format!("setup-{id}"), label, Quantity::count(commands));
    }
    stage.check(
        "found-by-failing-each-gap-costs-a-run",
        format!("{} commands, {} of them failed", failing.commands, failing.failed_runs),
        failing.failed_runs == 3 && failing.commands == 7,
    );
    stage.check(
        "a-doctor-names-every-gap-at-once",
        format!("{} commands, none of which failed", doctor.commands),
        doctor.commands == 5,
    );
    stage.check(
        "one-command-leads-to-the-first-result",
        format!("{} command", one.commands),
        one.commands == 1,
    );
    Ok(())
}
