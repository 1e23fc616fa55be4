//! When the probe is wrong: it raises alarms that are none, and misses what does not happen.

use evidence::{Failure, Outcome, Quantity, Stage};
use foundation::scratch::Scratch;

use crate::lab::Lab;
use crate::{Cause, Probe, Report, Rule, Setup, broken};

/// Shows three of its limits.
pub(super) async fn show(stage: &Stage, scratch: &Scratch, gets: u32) -> Outcome {
    stage.step("When the probe is wrong");
    let lab = Lab::open(scratch, Setup::fixed())?;
    legitimate(stage, &lab, gets).await?;
    written_meanwhile(stage, &lab, gets).await?;
    drop(lab);
    warm(stage, scratch, gets).await
}

async fn send(stage: &Stage, probe: &Probe) -> Result<Report, Failure> {
    Ok(probe.run(&mut |_| Ok(stage.go_on()?)).await?)
}

/// A quote is another one each time, and should be.
async fn legitimate(stage: &Stage, lab: &Lab, gets: u32) -> Outcome {
    let mut probe = Probe { requests: gets, ..Probe::new(lab.quote()) };
    let alarm = send(stage, &probe).await?;
    for member in ["/quote_id", "/valid_from"] {
        probe.ignore.push(member.parse()?);
    }
    let quiet = send(stage, &probe).await?;
    let different = Quantity::count(alarm.different.into());
    stage.measure("quotes", "different quotes", different);
    stage.measure(
        "quotes-ignored",
        "the same, without id and time",
        Quantity::count(quiet.different.into()),
    );
    stage.check(
        "what-is-meant-to-differ-is-a-false-alarm",
        format!(
            "of {} quotes {different} differ and are called \"{}\"; without id and time {} does",
            Quantity::count(gets.into()),
            Cause::Volatile.title(),
            quiet.different
        ),
        alarm.different == gets && alarm.causes() == [Cause::Volatile] && quiet.is_consistent(),
    );
    Ok(())
}

/// Somebody changes the terms during the run, and both instances show it at once.
async fn written_meanwhile(stage: &Stage, lab: &Lab, gets: u32) -> Outcome {
    let probe = Probe { requests: gets, ..Probe::new(lab.orders()) };
    let watch = &mut |done| {
        stage.go_on()?;
        if done == gets / 2 { lab.change_terms(7_000) } else { Ok(()) }
    };
    let report = probe.run(watch).await?;
    stage.check(
        "a-write-during-the-run-is-no-stale-copy",
        format!(
            "{} responses differ where somebody wrote, which is called \"{}\"",
            report.different,
            Cause::ChangedMeanwhile.title()
        ),
        report.different == 2 && report.causes() == [Cause::ChangedMeanwhile],
    );
    Ok(())
}

/// Without a tie-break, yet every connection is past its fifth execution.
async fn warm(stage: &Stage, scratch: &Scratch, gets: u32) -> Outcome {
    let lab = Lab::open(scratch, Setup::AS_REPORTED.one_release().checked_copy())?;
    let probe = Probe { requests: gets, ..Probe::new(lab.orders()) };
    let cold = send(stage, &probe).await?;
    let warm = send(stage, &probe).await?;
    let instance = lab.orders_of_each().into_iter().next().ok_or("there is no instance")?;
    lab.change_terms(8_000)?;
    let rules = broken(&instance, 8_000).await?;
    let [custom, generic] = lab.plans()?;
    stage.plan("the first five executions on a connection: planned for this shop", custom);
    stage.plan("from the sixth on: planned for any shop", generic);
    stage.measure(
        "warm",
        "different responses of a warm service",
        Quantity::count(warm.different.into()),
    );
    stage.check(
        "a-warm-service-hides-the-order",
        format!(
            "{} different responses while connections are new, {} later, and nothing was fixed; \
             the contract still sees it",
            cold.different, warm.different
        ),
        cold.different == 2 && warm.different == 1 && rules == [Rule::TotalOrder],
    );
    Ok(())
}
