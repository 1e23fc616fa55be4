//! All six faults, each on a server and a database of its own, side by side.

use evidence::{Cell, Failure, Quantity, RungKind, Stage};
use foundation::scratch::Scratch;

use crate::faults::Fault;
use crate::incident::{Incident, Played};

/// Plays every fault, each on a thread: most of the time they wait.
pub(super) fn play_all(
    stage: &Stage,
    databases: &[Scratch],
    each: usize,
) -> Result<Vec<Played>, Failure> {
    let interrupt = stage.interrupt();
    std::thread::scope(|scope| {
        let playing: Vec<_> = Fault::ALL
            .into_iter()
            .zip(databases)
            .map(|(fault, scratch)| {
                scope.spawn(move || Incident::start(scratch, fault, interrupt)?.play(each))
            })
            .collect();
        let ended = playing
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| Err("an incident panicked".into())));
        ended.collect()
    })
}

pub(super) fn judge(stage: &Stage, played: &[Played]) {
    let columns = ["before", "at the alert", "mitigated", "fixed", "of requests"];
    let ladder = stage.ladder("failed requests under the same load", &columns);
    for Played { case, toll, .. } in played {
        let counts = [toll.before, toll.injected, toll.mitigated, toll.fixed, toll.requests_after];
        let cells: Vec<Cell> = counts.map(|count| Quantity::count(count).into()).to_vec();
        ladder.rung(RungKind::Right, case.title, cells);
    }
    for Played { case, toll, .. } in played {
        stage.check(
            case.fault.name(),
            format!(
                "{}: {} failed before it, {} at the alert, {} after the mitigation, {} of {} after \
                 the fix",
                case.title,
                toll.before,
                toll.injected,
                toll.mitigated,
                toll.fixed,
                toll.requests_after
            ),
            toll.before == 0 && toll.injected > 0 && toll.mitigated == 0 && toll.fixed == 0,
        );
    }
    judge_evidence(stage, played);
}

fn judge_evidence(stage: &Stage, played: &[Played]) {
    let all = played.len();
    let count = |holds: &dyn Fn(&Played) -> bool| played.iter().filter(|one| holds(one)).count();
    let calm = count(&|one| one.calm.suspects().is_empty());
    let named = count(&|one| one.alert.suspects() == [one.case.fault]);
    let gone = count(&|one| one.mitigated.suspects().is_empty());
    stage.measure("named", "faults that the evidence names", Quantity::count(named as u64));
    stage.measure("gone", "faults without evidence once mitigated", Quantity::count(gone as u64));
    stage.check(
        "calm-raises-no-suspicion",
        format!("before the injection the evidence of no fault is there, in {calm} of {all}"),
        calm == all,
    );
    stage.check(
        "evidence-names-the-fault",
        format!(
            "at the alert the evidence of the fault is there and that of the five others is not, \
             in {named} of {all}"
        ),
        named == all,
    );
    stage.check(
        "mitigation-takes-the-evidence-away",
        format!(
            "when this is wrong: after the mitigation {gone} of {all} leave no evidence; whoever \
             did not look before has nothing left to look at"
        ),
        gone == all,
    );
}
