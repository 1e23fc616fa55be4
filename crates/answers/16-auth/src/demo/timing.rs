//! Does the time of an answer tell whether an address has an account?

use std::sync::Arc;
use std::time::{Duration, Instant};

use evidence::{Chart, ChartKind, Failure, Line, Quantity, RungKind, Scale, Stage, Unit};
use foundation::module::Starting;
use foundation::scratch::Scratch;
use foundation::testing::{Client, Reply, TestApp, config};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use secrecy::SecretString;
use serde_json::Value;

use super::owner::{EMAIL, LOGIN, PASSWORD};
use super::{in_system, login, unlimited, weather};
use crate::testing::{account, told_apart};
use crate::{MODULE, Password, Passwords, tempting};

/// Log-ins with each of the two addresses.
const EACH: usize = 100;

const UNKNOWN: &str = "eve@example.org";
const GUESS: &str = "wrong horse battery";

/// Times of log-ins with an account and without.
#[derive(Default)]
struct Times {
    known: Vec<Duration>,
    unknown: Vec<Duration>,
}

impl Times {
    fn apart(&self) -> f64 {
        told_apart(&self.known, &self.unknown)
    }

    fn add(&mut self, is_known: bool, took: Duration) {
        if is_known { self.known.push(took) } else { self.unknown.push(took) }
    }
}

/// Climbs the ladder.
pub(super) fn climb(stage: &Stage, scratch: &Arc<Scratch>) -> Result<(), Failure> {
    // Above the noise of a request, as in service, and no more.
    let least = if stage.scale() == Scale::Quick { 2 } else { 8 };
    let cost = weather::of_this_machine(Duration::from_millis(least))?.cost;
    let _ = account(scratch, EMAIL, PASSWORD, cost);
    stage.step(format!("{EACH} log-ins with an account, {EACH} without, in mixed order"));
    let cost = cost.to_string();
    let flags = unlimited(&cost);
    let early = early(scratch, &flags, stage.seed())?;
    stage.go_on()?;
    let app = TestApp::serving_on(scratch, &[&MODULE], &flags);
    let (ours, replies) = route(&app, stage.seed());
    show(stage, &early, &ours);
    judge(stage, &early, &ours, &replies);
    stage.chart(chart(&early, &ours));
    Ok(())
}

/// Which address is next: each pair of log-ins in an order of its own.
fn mixed(seed: u64) -> Vec<bool> {
    let mut random = StdRng::seed_from_u64(seed);
    let pair = |first: bool| [first, !first];
    (0..EACH).flat_map(|_| pair(random.random())).collect()
}

fn email(is_known: bool) -> &'static str {
    if is_known { EMAIL } else { UNKNOWN }
}

/// Through the variant that looks at a password only where there is one.
fn early(scratch: &Scratch, flags: &[&str], seed: u64) -> Result<Times, Failure> {
    let metrics = foundation::metrics::Metrics::new()?;
    let config = config(flags);
    let mut connection = scratch.connect()?;
    let passwords = Passwords::start(&mut Starting::new(&config, &metrics, &mut connection, None))?;
    let database = foundation::database::Database::open(&scratch.url(), &config.database, &metrics);
    let guess = Password::attempt(&SecretString::from(GUESS))?;
    in_system(async {
        // The threads connect before anything is measured.
        database.ping(Duration::from_secs(60)).await?;
        let mut times = Times::default();
        for is_known in mixed(seed) {
            let began = Instant::now();
            let told = tempting::log_in(&database, &passwords, email(is_known).to_owned(), &guess);
            if told.await.is_ok() {
                return Err("a wrong password was accepted".into());
            }
            times.add(is_known, began.elapsed());
        }
        Ok(times)
    })
}

/// Through the real route.
fn route(app: &TestApp, seed: u64) -> (Times, Vec<Reply>) {
    in_system(async {
        let (mut times, mut replies) = (Times::default(), Vec::new());
        let client = app.anonymous();
        for is_known in mixed(seed).into_iter().take(4) {
            ask(&client, is_known).await;
        }
        for is_known in mixed(seed) {
            let (reply, took) = ask(&client, is_known).await;
            times.add(is_known, took);
            replies.push(reply);
        }
        (times, replies)
    })
}

async fn ask(client: &Client, is_known: bool) -> (Reply, Duration) {
    let body = login(email(is_known), GUESS);
    let began = Instant::now();
    let reply = client.post(LOGIN, &body).await;
    (reply, began.elapsed())
}

fn show(stage: &Stage, early: &Times, ours: &Times) {
    let columns = ["median with account", "without", "told apart"];
    let ladder = stage.ladder("the same wrong password", &columns);
    for (kind, id, name, times) in [
        (RungKind::Tempting, "early", "no account, no hash", early),
        (RungKind::Right, "same", "a hash of nobody's", ours),
    ] {
        let apart = Quantity::percent(100.0 * times.apart());
        let medians = [&times.known, &times.unknown].map(|times| Quantity::duration(median(times)));
        ladder.rung(kind, name, [medians[0], medians[1], apart].map(Into::into).to_vec());
        stage.measure(&format!("apart-{id}"), format!("pairs told apart by time, {name}"), apart);
    }
    stage.note(
        "Told apart: how often, of two log-ins, the one with an account took longer. 50 % \
                is what guessing gives.",
    );
}

fn judge(stage: &Stage, early: &Times, ours: &Times, replies: &[Reply]) {
    stage.check(
        "an-early-answer-names-the-accounts",
        format!("hashing only where there is an account tells {} of pairs apart", percent(early)),
        early.apart() > 0.9,
    );
    // The one check here that is about times, as they are what leaks. Of two samples of 100 from one
    // distribution, 1 in 4 000 leaves these bounds.
    stage.check(
        "times-do-not-name-the-accounts",
        format!("with the same work for both, {} are told apart: guessing", percent(ours)),
        (0.35..=0.65).contains(&ours.apart()),
    );
    let first = replies.first().map(comparable);
    stage.check(
        "answers-do-not-name-the-accounts",
        format!("all {} answers have the same status, body and headers", replies.len()),
        first.is_some_and(|first| {
            first.0 == 401 && replies.iter().all(|reply| comparable(reply) == first)
        }),
    );
}

fn percent(times: &Times) -> Quantity {
    Quantity::percent(100.0 * times.apart())
}

/// A reply without what differs between any two.
fn comparable(reply: &Reply) -> (u16, Vec<(String, String)>, Value) {
    let own = ["x-request-id", "date"];
    let text = |value: &actix_web::http::header::HeaderValue| {
        String::from_utf8_lossy(value.as_bytes()).into_owned()
    };
    let headers = reply.headers.iter().map(|(name, value)| (name.to_string(), text(value)));
    let mut headers: Vec<_> = headers.filter(|(name, _)| !own.contains(&name.as_str())).collect();
    headers.sort();
    let mut body = reply.json();
    body["request_id"] = Value::Null;
    (reply.status.as_u16(), headers, body)
}

fn median(times: &[Duration]) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

/// Each line is one sort of log-ins, the quickest first; what is apart can be told apart.
fn chart(early: &Times, ours: &Times) -> Chart {
    let line = |label: &str, times: &[Duration]| {
        let mut seconds: Vec<f64> = times.iter().map(Duration::as_secs_f64).collect();
        seconds.sort_by(f64::total_cmp);
        // The slowest few are the machine's, and would press the rest flat.
        let shown = seconds.iter().take(EACH * 95 / 100).enumerate();
        let points = shown.map(|(n, seconds)| ((n + 1) as f64, *seconds)).collect();
        Line { label: label.to_owned(), points }
    };
    let lines = vec![
        line("tempting, known", &early.known),
        line("tempting, unknown", &early.unknown),
        line("ours, known", &ours.known),
        line("ours, unknown", &ours.unknown),
    ];
    Chart {
        id: "timing".to_owned(),
        title: "Times of log-ins with an account and without, the quickest first".to_owned(),
        axis: "time of a log-in".to_owned(),
        unit: Unit::Seconds,
        kind: ChartKind::Lines { x_axis: "log-ins".to_owned(), lines },
    }
}
