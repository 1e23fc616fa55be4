//! When this answer is wrong: a suite grown slow, run whole at each edit.

use evidence::{Cell, Failure, Outcome, Quantity, RungKind, Stage};

use super::Size;
use crate::site::Site;
use crate::suite::{OWN_TESTS, Rhythm, Testing, Work};

pub(super) fn perform(stage: &Stage, site: &Site, size: Size) -> Outcome {
    stage.step("When it is wrong: the whole of a slow suite at each edit");
    let Size { edits, others, .. } = size;
    let work = Work { edits, wrong: edits - 1, others, defect: site.defect };
    let perform = |testing| -> Result<Rhythm, Failure> {
        stage.go_on()?;
        work.perform(&site.project, &site.commits[0], testing)
    };
    let own = perform(Testing::OwnAtEachEdit)?;
    let all = perform(Testing::AllAtEachEdit)?;
    let end = perform(Testing::AllAtTheEnd)?;
    show(stage, work, [all, end, own]);
    stage.check(
        "the-whole-suite-at-each-edit-tells-no-more",
        format!("{} tests ran instead of {}, for the same edit", all.tests, own.tests),
        (all.edits, all.suspects) == (own.edits, own.suspects)
            && own.tests == work.wrong * OWN_TESTS
            && all.tests == work.wrong * (OWN_TESTS + others),
    );
    stage.check(
        "tests-at-the-end-leave-every-edit-suspect",
        format!("{} tests ran once, and {} edits are suspect", end.tests, end.suspects),
        end.tests == OWN_TESTS + others && end.suspects == edits,
    );
    Ok(())
}

fn show(stage: &Stage, work: Work, [all, end, own]: [Rhythm; 3]) {
    let Work { edits, wrong, others, .. } = work;
    let ladder = stage.ladder(
        format!(
            "{edits} edits, number {wrong} wrong; {OWN_TESTS} tests of the module, {} others",
            Quantity::count(others)
        ),
        &["tests run", "suspect edits", "time"],
    );
    let rhythms = [
        (RungKind::Wrong, "all", "every test at each edit", all),
        (RungKind::Tempting, "end", "every test at the end", end),
        (RungKind::Right, "own", "the module's at each edit", own),
    ];
    for (kind, id, name, Rhythm { tests, suspects, took, .. }) in rhythms {
        let counts = [tests, suspects].map(|count| Cell::from(Quantity::count(count)));
        ladder.rung(kind, name, [&counts[..], &[Quantity::duration(took).into()]].concat());
        stage.measure(&format!("tests-{id}"), format!("tests run: {name}"), Quantity::count(tests));
    }
    let label = "edits to suspect: every test at the end";
    stage.measure("suspects-end", label, Quantity::count(end.suspects));
}
