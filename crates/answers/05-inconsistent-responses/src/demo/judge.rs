//! What the probe named, and what each attempt changed.

use evidence::{Quantity, Stage};

use super::ladder::{Climbed, EDITS, Seen};
use crate::{Cause, Evidence, Report};

/// Puts the claims about the ladder to the test.
pub(super) fn judge(stage: &Stage, climbed: &Climbed, gets: u32) {
    let [reported, ..] = climbed.fixes();
    stage.step("What the probe says");
    stage.code("probe", reported.report.to_string());
    measure(stage, climbed, gets);
    named(stage, &reported.report);
    tempting(stage, climbed);
    fixed(stage, climbed, gets);
    contract(stage, climbed);
}

fn measure(stage: &Stage, climbed: &Climbed, gets: u32) {
    let count =
        |id: &str, label: &str, value: u64| stage.measure(id, label, Quantity::count(value));
    let [reported, one_release, checked, fixed] = climbed.fixes();
    count("gets", "identical GETs", gets.into());
    count("different-reported", "different responses: as reported", reported.different);
    count("different-release", "different responses: one release", one_release.different);
    count("different-checked", "different responses: and the copy checked", checked.different);
    count("different-fixed", "different responses: and a total order", fixed.different);
    count(
        "sticky-one",
        "different responses for one client of sticky sessions",
        climbed.sticky().for_one,
    );
    count("edit-reads", "reads after edits", 2 * EDITS.unsigned_abs());
    count("stale-short", "of them stale: a shorter TTL", climbed.short().stale);
    count("stale-fixed", "of them stale: the copy checked", fixed.stale);
    count("statements-checked", "statements: the copy checked", fixed.statements);
    count("statements-uncached", "statements: no copy", climbed.uncached().statements);
}

fn named(stage: &Stage, report: &Report) {
    let causes = [Cause::VersionSkew, Cause::StaleCopy, Cause::UndeterminedOrder];
    stage.measure("causes", "causes named", Quantity::count(report.causes().len() as u64));
    stage.check(
        "each-cause-is-named",
        format!("{} causes are named, each planted one and no other", report.causes().len()),
        report.causes() == causes,
    );
    stage.check(
        "the-release-header-separates-the-members",
        "a member that comes and goes is separated by x-release",
        separates(report, Cause::VersionSkew, "x-release"),
    );
    stage.check(
        "age-separates-the-stale-value",
        "the stale value is separated by the age of the copy, and came from instance a alone",
        separates(report, Cause::StaleCopy, "age") && came_from_a_alone(report),
    );
    stage.check(
        "no-header-separates-the-order",
        "the other order comes from both instances, whatever their headers",
        report.caused_by(Cause::UndeterminedOrder).is_some_and(|difference| {
            !difference.evidence.iter().any(|one| matches!(one, Evidence::Header { .. }))
        }),
    );
}

fn separates(report: &Report, cause: Cause, header: &str) -> bool {
    report.caused_by(cause).is_some_and(|difference| {
        let by = |one: &Evidence| matches!(one, Evidence::Header { name, .. } if name == header);
        difference.evidence.iter().any(by)
    })
}

fn came_from_a_alone(report: &Report) -> bool {
    report.caused_by(Cause::StaleCopy).is_some_and(|difference| {
        let of_a =
            |one: &Evidence| matches!(one, Evidence::Confined { values, .. } if values == &["a"]);
        difference.evidence.iter().any(of_a)
    })
}

fn tempting(stage: &Stage, climbed: &Climbed) {
    let [reported, ..] = climbed.fixes();
    let (reloaded, sticky, short) = (climbed.reloaded(), climbed.sticky(), climbed.short());
    stage.check(
        "reloading-changes-nothing",
        format!(
            "told `no-cache`, which reaches caches on the way and no copy of ours, it is {} \
             different responses, as before ({})",
            reloaded.different, reported.different
        ),
        reloaded.different == reported.different && reported.different > 1,
    );
    stage.check(
        "sticky-sessions-only-hide-it",
        format!(
            "a client with a sticky session sees {} different responses at most, and all clients \
             together still {}",
            sticky.for_one, sticky.different
        ),
        sticky.for_one < sticky.different && sticky.different == reported.different,
    );
    stage.check(
        "a-shorter-ttl-is-still-stale",
        format!(
            "with a TTL of 30 s {} of {} reads after an edit are stale",
            short.stale,
            2 * EDITS
        ),
        short.stale > 0 && short.different > 1,
    );
}

fn fixed(stage: &Stage, climbed: &Climbed, gets: u32) {
    let fixes = climbed.fixes();
    let counts = fixes.map(|seen| seen.different);
    stage.check(
        "each-fix-lowers-the-count",
        format!("different responses after each fix: {counts:?}"),
        counts.windows(2).all(|pair| pair[0] > pair[1]),
    );
    let [_, one_release, checked, fixed] = fixes;
    let gone = |seen: &Seen, cause| seen.report.caused_by(cause).is_none();
    stage.check(
        "each-fix-takes-its-cause-away",
        "after each fix its cause is named no more, and the others still are",
        gone(one_release, Cause::VersionSkew)
            && one_release.report.causes() == [Cause::StaleCopy, Cause::UndeterminedOrder]
            && checked.report.causes() == [Cause::UndeterminedOrder]
            && fixed.report.causes().is_empty(),
    );
    let all = Quantity::count(gets.into());
    stage.check(
        "all-gets-agree-in-the-end",
        format!("of {all} GETs {} response, and {} stale reads", fixed.different, fixed.stale),
        fixed.different == 1 && fixed.report.requests == gets && fixed.stale == 0,
    );
    let uncached = climbed.uncached();
    stage.check(
        "no-copy-costs-a-statement-each",
        format!(
            "the checked copy takes {} statements for {all} GETs, none at all {}",
            Quantity::count(fixed.statements),
            Quantity::count(uncached.statements)
        ),
        uncached.statements == 2 * u64::from(gets)
            && fixed.statements <= u64::from(gets) + 4
            && uncached.different == 1,
    );
}

fn contract(stage: &Stage, climbed: &Climbed) {
    let [reported, .., fixed] = climbed.fixes();
    let broken: Vec<&str> = reported.broken.iter().map(|rule| rule.sentence()).collect();
    stage.check(
        "the-contract-fails-before",
        format!("before, the instances break: {}", broken.join("; ")),
        broken.len() == 3,
    );
    stage.check(
        "the-contract-holds-after",
        format!("afterwards they break {} promises", fixed.broken.len()),
        fixed.broken.is_empty(),
    );
}
