//! The same defect met in seven ways, in turns, so that whatever else the machine does hits all.

use std::time::Duration;

use evidence::{Bar, Cell, Chart, ChartKind, Failure, Quantity, RungKind, Stage, Unit};

use crate::hunts::{Hunt, WAYS, testing};
use crate::project::Project;
use crate::site::Site;

/// Gives the hunts in the order of [`WAYS`].
pub(super) fn perform(stage: &Stage, site: &Site, rounds: u32) -> Result<Vec<Hunt>, Failure> {
    stage.step("Meet the defect in seven ways");
    stage.predict(
        "wrong-bisect",
        "Wrong totals that customers have paid when git bisect begins?",
        Unit::Count,
    );
    let mut hunts: Vec<Vec<Hunt>> = vec![Vec::new(); WAYS.len()];
    let mut bar = stage.progress("seven ways in turns", u64::from(rounds) * 7, "hunts");
    for _ in 0..rounds {
        for (way, hunts) in WAYS.iter().zip(&mut hunts) {
            let hunt = (way.hunt)(site).map_err(|error| format!("{}: {error}", way.name))?;
            hunts.push(hunt);
            bar.advance(1)?;
        }
    }
    drop(bar);
    let times: Vec<Vec<Duration>> =
        hunts.iter().map(|hunts| hunts.iter().map(|hunt| hunt.took).collect()).collect();
    let hunts: Vec<Hunt> = hunts.into_iter().filter_map(|mut hunts| hunts.pop()).collect();
    stage.reveal("wrong-bisect", Quantity::count(hunts[1].wrong));
    show(stage, site, &hunts, &times);
    check_searching(stage, site, &hunts);
    check_testing(stage, site, &hunts);
    check_without_a_defect(stage, site)?;
    stage.chart(chart(&hunts));
    Ok(hunts)
}

fn show(stage: &Stage, site: &Site, hunts: &[Hunt], times: &[Vec<Duration>]) {
    let title =
        format!("{}: release {} of {}", site.defect.name, site.guilty, site.commits.len() - 1);
    let columns =
        ["commands", "releases tried", "suspect lines", "commits", "wrong totals", "time"];
    let ladder = stage.ladder(title, &columns);
    let count = |count: u64| Cell::from(Quantity::count(count));
    for ((way, hunt), times) in WAYS.iter().zip(hunts).zip(times) {
        let suspects = hunt.suspects.map_or("not found".into(), count);
        let cells = vec![
            count(hunt.commands),
            count(hunt.tried),
            suspects,
            count(hunt.commits),
            count(hunt.wrong),
            Cell::times(times),
        ];
        ladder.rung(way.kind, way.name, cells);
    }
    for ((way, hunt), times) in WAYS.iter().zip(hunts).zip(times) {
        let measure = |what: &str, label: &str, value: u64| {
            let label = format!("{label}: {}", way.name);
            stage.measure(&format!("{what}-{}", way.id), label, Quantity::count(value));
        };
        measure("commands", "commands", hunt.commands);
        measure("tried", "releases tried", hunt.tried);
        measure("wrong", "wrong totals", hunt.wrong);
        if let Some(suspects) = hunt.suspects {
            measure("suspects", "lines to suspect", suspects);
        }
        stage.measure_times(&format!("time-{}", way.id), format!("time: {}", way.name), times);
    }
}

fn check_searching(stage: &Stage, site: &Site, hunts: &[Hunt]) {
    let [back, bisect, _, log, ..] = hunts else { return };
    let since = site.releases_with_it();
    stage.check(
        "going-back-tries-every-release-since",
        format!("{} releases tried, where {since} have the defect and one has not", back.tried),
        back.tried == since + 1,
    );
    // What lies between the first release, known to be right, and the last, known to be wrong.
    let most = u64::from((site.commits.len() - 2).ilog2()) + 1;
    stage.check(
        "bisecting-tries-the-logarithm",
        format!(
            "git bisect tries {} of {} releases: {}",
            bisect.tried,
            site.commits.len(),
            bisect.clue
        ),
        bisect.tried <= most && bisect.clue.ends_with(&site.commits[site.guilty][..8]),
    );
    stage.check(
        "a-log-names-the-step",
        format!(
            "{} command: {}; {} lines to read, no release to try",
            log.commands,
            log.clue,
            lines(log)
        ),
        log.clue.ends_with(site.defect.step) && log.commands == 1 && log.tried == 0,
    );
    let sold = since * site.wrong.a_day;
    stage.check(
        "searching-well-prevents-nothing",
        format!("by any way of searching, {sold} wrong totals were paid before it began"),
        sold > 0 && [back, bisect, log].iter().all(|hunt| hunt.wrong == sold),
    );
}

fn lines(hunt: &Hunt) -> u64 {
    hunt.suspects.unwrap_or_default()
}

fn check_testing(stage: &Stage, site: &Site, hunts: &[Hunt]) {
    let [back, _, elsewhere, _, test, hook, ci] = hunts else { return };
    stage.check(
        "a-test-stops-it-before-the-commit",
        format!("the compiler said nothing; {} failed with {} line edited", test.clue, lines(test)),
        test.clue.starts_with("src/tests.rs:")
            && (lines(test), test.commits, test.wrong) == (1, 0, 0),
    );
    stage.check(
        "a-test-of-another-case-finds-nothing",
        format!("{}, and {} wrong totals are sold", elsewhere.clue, elsewhere.wrong),
        elsewhere.suspects.is_none() && elsewhere.wrong == back.wrong,
    );
    stage.check(
        "a-hook-refuses-the-commit",
        format!("git refuses: {}; {} commits hold it", hook.clue, hook.commits),
        hook.clue == test.clue && hook.commits == 0,
    );
    stage.check(
        "ci-tells-one-commit-late",
        format!("{} in a clone; {} commit holds it, nothing is sold", ci.clue, ci.commits),
        ci.clue == test.clue && (ci.commits, ci.wrong) == (1, 0),
    );
    let defect = site.defect.step;
    stage
        .note(format!("The failed assertion named a line of a test; the defect is in `{defect}`."));
}

/// The negative control: the same tests on the same shop, before the edit and with a harmless one.
fn check_without_a_defect(stage: &Stage, site: &Site) -> Result<(), Failure> {
    let project: &Project = &site.project;
    project.go_to(&site.commits[site.guilty - 1])?;
    project.harmless_change(2 * site.commits.len())?;
    let passes = project.desk().line(testing::TEST)?.success;
    stage.check(
        "without-the-defect-the-tests-pass",
        "a harmless edit of the same release passes the same tests",
        passes,
    );
    Ok(())
}

fn chart(hunts: &[Hunt]) -> Chart {
    let bar = |name: &str, kind: RungKind, wrong: u64| Bar {
        label: name.to_owned(),
        value: Quantity::count(wrong).value,
        spread: None,
        rung: Some(kind),
    };
    let bars = WAYS.iter().zip(hunts).map(|(way, hunt)| bar(way.name, way.kind, hunt.wrong));
    Chart {
        id: "wrong-totals".to_owned(),
        title: "Wrong totals that customers paid before the line was known".to_owned(),
        axis: "wrong totals".to_owned(),
        unit: Unit::Count,
        kind: ChartKind::Bars { bars: bars.collect(), logarithmic: false },
    }
}
