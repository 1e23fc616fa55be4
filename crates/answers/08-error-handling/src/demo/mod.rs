//! The demo: twelve faults put to two builds, then an outage.

pub(crate) mod accounts;
mod builds;
mod faults;
mod outage;

use std::panic::PanicHookInfo;

use evidence::{
    Bar, Chart, ChartKind, Failure, Needs, Outcome as DemoOutcome, Quantity, RungKind, Scale,
    Stage, Story, Unit,
};
use local_services::Purpose;

use builds::{Build, Outcome, try_faults};

/// Twenty-four requests and no data to speak of, at every scale.
pub(crate) fn needs(_: Scale) -> Needs {
    Needs { rows: 1, disk_bytes: 0, memory_bytes: 16 << 20 }
}

/// What a build's twelve outcomes add up to.
#[derive(Clone, Copy, Debug, Default)]
struct Score {
    right_status: u64,
    problem_bodies: u64,
    leaks_to_clients: u64,
    leaks_to_log: u64,
    no_answer: u64,
    shows_insides: u64,
    alive: u64,
}

impl Score {
    fn of(outcomes: &[Outcome]) -> Self {
        let count = |is: fn(&Outcome) -> bool| outcomes.iter().filter(|o| is(o)).count() as u64;
        Self {
            right_status: count(|o| o.status == Some(o.expected)),
            problem_bodies: count(|o| o.is_problem),
            leaks_to_clients: count(|o| !o.leaked_to_client.is_empty()),
            leaks_to_log: count(|o| !faults::leaks_in(&o.log).is_empty()),
            no_answer: count(|o| o.status.is_none()),
            shows_insides: count(|o| o.shows_insides),
            alive: count(|o| o.alive),
        }
    }
}

pub(crate) fn perform(stage: &Stage) -> DemoOutcome {
    let database_url = local_services::server_url(Purpose::Demo)?;
    actix_web::rt::System::new().block_on(async {
        let previous = std::panic::take_hook();
        let tried = try_both(stage, &database_url).await;
        std::panic::set_hook(previous);
        let (tempting, right) = tried?;
        judge(stage, &tempting, &right);
        outage::perform(stage).await?;
        tell(stage, Score::of(&tempting), Score::of(&right));
        Ok(())
    })
}

async fn try_both(stage: &Stage, url: &str) -> Result<(Vec<Outcome>, Vec<Outcome>), Failure> {
    stage.step("Twelve faults, each put to two builds of the same service");
    stage.predict(
        "leaks-tempting",
        "In how many of 12 faults does the build that passes errors on leak SQL, parser text or a secret?",
        Unit::Count,
    );
    let requests = 2 * faults::all().len() as u64;
    let mut progress = stage.progress("provoking faults", requests, "requests");
    std::panic::set_hook(Box::new(log_everything));
    let tempting = try_faults(Build::Tempting, url, |_| Ok(progress.advance(1)?)).await?;
    crate::install_panic_hook();
    let right = try_faults(Build::Right, url, |_| Ok(progress.advance(1)?)).await?;
    Ok((tempting, right))
}

/// What the tempting build logs of a panic: all of it.
fn log_everything(panic: &PanicHookInfo<'_>) {
    tracing::error!("{panic}");
}

fn judge(stage: &Stage, tempting: &[Outcome], right: &[Outcome]) {
    let columns = ["right status", "problem body", "leaks to client", "leaks to log", "no answer"];
    let ladder = stage.ladder("the same twelve faults", &columns);
    let scores = [Score::of(tempting), Score::of(right)];
    let names = [
        (RungKind::Tempting, "pass the error's text on, log everything"),
        (RungKind::Right, "one taxonomy, one body, a redacted log"),
    ];
    for (score, (kind, name)) in scores.iter().zip(names) {
        let counts = [
            score.right_status,
            score.problem_bodies,
            score.leaks_to_clients,
            score.leaks_to_log,
            score.no_answer,
        ];
        ladder.rung(kind, name, counts.map(|count| Quantity::count(count).into()).to_vec());
    }
    for outcome in right {
        let seen = outcome.status.map_or("no answer".to_owned(), |status| status.to_string());
        stage.check(
            &format!("status-{}", outcome.fault.to_lowercase().replace(' ', "-")),
            format!("{}: {seen}", outcome.fault),
            outcome.status == Some(outcome.expected) && outcome.is_problem,
        );
    }
    check_builds(stage, scores[0], scores[1], right);
    chart(stage, scores[0], scores[1]);
}

fn check_builds(stage: &Stage, tempting: Score, right: Score, outcomes: &[Outcome]) {
    let all = outcomes.len() as u64;
    stage.measure("faults", "faults", Quantity::count(all));
    stage.reveal("leaks-tempting", Quantity::count(tempting.leaks_to_clients));
    let both = tempting.leaks_to_clients + tempting.leaks_to_log;
    stage.measure("leaks-tempting", "leaks of the tempting build", Quantity::count(both));
    stage.measure(
        "wrong-status-tempting",
        "faults that the tempting build answers with a wrong status or not at all",
        Quantity::count(all - tempting.right_status),
    );
    stage.check(
        "tempting-build-leaks",
        format!("the tempting build leaks {both} times, so the search for leaks can find some"),
        tempting.leaks_to_clients > 0 && tempting.leaks_to_log > 0,
    );
    stage.check(
        "nothing-leaks",
        "no sign of SQL, parser text, stack or secret in any body or log line of the right build, \
         and no name of code or statement in any body",
        right.leaks_to_clients + right.leaks_to_log + right.shows_insides == 0,
    );
    stage.check(
        "tempting-build-leaves-clients-without-an-answer",
        format!(
            "the tempting build gives no answer to {} of {all} faults, the right one to {}",
            tempting.no_answer, right.no_answer
        ),
        tempting.no_answer > 0 && right.no_answer == 0,
    );
    check_right(stage, right, outcomes);
}

fn check_right(stage: &Stage, right: Score, outcomes: &[Outcome]) {
    let all = outcomes.len();
    stage.check(
        "process-stays-alive",
        format!("the right build serves the next request after {} of {all} faults", right.alive),
        right.alive == all as u64,
    );
    let traced = outcomes.iter().filter(|o| o.log.contains(&o.request_id)).count();
    stage.check(
        "one-request-id",
        format!("the response's request id stands in the log for {traced} of {all} faults"),
        traced == all,
    );
    let helped = outcomes.iter().filter(|o| match o.expected {
        405 => o.allow == "GET, HEAD, POST",
        503 => !o.retry_after.is_empty(),
        _ => true,
    });
    stage.check(
        "client-is-told-what-to-do",
        "405 names the allowed methods, 503 says when to come back",
        helped.count() == all,
    );
}

#[allow(clippy::cast_precision_loss)] // Twelve at the most.
fn chart(stage: &Stage, tempting: Score, right: Score) {
    let bar = |label: &str, value: u64, rung| Bar {
        label: label.to_owned(),
        value: value as f64,
        spread: None,
        rung: Some(rung),
    };
    let bars = vec![
        bar("truthful status, passing errors on", tempting.right_status, RungKind::Tempting),
        bar("truthful status, one taxonomy", right.right_status, RungKind::Right),
        bar("leaks to clients, passing errors on", tempting.leaks_to_clients, RungKind::Tempting),
        bar("leaks to clients, one taxonomy", right.leaks_to_clients, RungKind::Right),
    ];
    stage.chart(Chart {
        id: "faults".to_owned(),
        title: "Twelve faults, two builds".to_owned(),
        axis: "faults".to_owned(),
        unit: Unit::Count,
        kind: ChartKind::Bars { bars, logarithmic: false },
    });
}

fn tell(stage: &Stage, tempting: Score, right: Score) {
    stage.story(Story {
        situation: "A service answered errors with whatever text the failing library had.".into(),
        task:
            "Make every failure tell the client what to do and tell nobody what it must not know."
                .into(),
        action:
            "One problem type with a status table, one middleware around everything, a redacted \
                 cause for the log, retries within a budget."
                .into(),
        result: format!(
            "Of 12 faults, truthful statuses went from {} to {}, leaks from {} to {}.",
            tempting.right_status,
            right.right_status,
            tempting.leaks_to_clients + tempting.leaks_to_log,
            right.leaks_to_clients + right.leaks_to_log,
        ),
    });
}
