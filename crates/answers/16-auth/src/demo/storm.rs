//! A storm of log-ins: what becomes of those who are only reading?

use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web;
use error_handling::{Problem, ProblemType};
use evidence::load::{LoadPlan, LoadReport, Sample, open_loop};
use evidence::{Failure, Quantity, RungKind, Scale, Stage};
use foundation::database::Database;
use foundation::metrics::Metrics;
use foundation::scratch::Scratch;
use foundation::testing::config;
use secrecy::SecretString;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::in_system;
use super::owner::{EMAIL, PASSWORD};
use super::weather::{self, Weather};
use crate::testing::account;
use crate::{HashingLane, Password, PasswordHash, PasswordKey, Verdict, accounts, tempting};

/// Reads per second, all the while.
const READS: f64 = 300.0;

/// All log-ins of the storm arrive within this time.
pub(super) const BURST: Duration = Duration::from_millis(20);

/// Where passwords are compared.
#[derive(Clone)]
enum Place {
    Worker,
    Database,
    Blocking,
    /// The blocking pool, so many at once as there are cores.
    Cores(Arc<Semaphore>),
    Lane(HashingLane, PasswordKey),
}

/// What is the same for every rung.
struct Storm {
    log_ins: u64,
    password: Password,
    stored: PasswordHash,
    right: String,
    /// How long reads go on, and how long a log-in may wait where there is a bound: what a sixth
    /// of the storm takes on one core.
    bound: Duration,
}

/// What storm and reads went through.
pub(super) struct Seen {
    pub(super) kind: RungKind,
    pub(super) name: &'static str,
    pub(super) log_ins: LoadReport,
    pub(super) reads: LoadReport,
}

/// Climbs the ladder.
pub(super) fn climb(stage: &Stage, scratch: &Scratch) -> Result<(), Failure> {
    let (log_ins, least) = match stage.scale() {
        Scale::Quick => (16, Duration::from_millis(25)),
        Scale::Default => (100, Duration::from_millis(30)),
        Scale::Full => (400, Duration::from_millis(30)),
    };
    stage.step(format!("{log_ins} log-ins at once while others read"));
    let Weather { cost, hash } = weather::of_this_machine(least)?;
    let _ = account(scratch, EMAIL, PASSWORD, cost);
    let mut connection = scratch.connect()?;
    let found = accounts::credentials(&mut connection, EMAIL)?.ok_or("there is no account")?;
    let key = PasswordKey::obtain(None, &mut connection)?;
    let password = Password::attempt(&SecretString::from(PASSWORD))?;
    let right = key.prepare(&password);
    let bound = hash * u32::try_from(log_ins / 6)?;
    let storm = Storm { log_ins, password, stored: found.password_hash, right, bound };
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    stage.note(format!(
        "bcrypt at cost {cost}: {} each. {READS} reads a second for {}; where a log-in may be \
         refused, it waits for at most as long.",
        Quantity::duration(hash),
        Quantity::duration(bound),
    ));
    let (database, lane) = (open(scratch)?, lane(cost, bound)?);
    let semaphore = Place::Cores(Arc::new(Semaphore::new(cores)));
    let rungs = [
        (RungKind::Wrong, "on the async worker", Place::Worker),
        (RungKind::Tempting, "on the database threads", Place::Database),
        (RungKind::Tempting, "on the blocking pool", Place::Blocking),
        (RungKind::Right, "on its own lane", Place::Lane(lane, key)),
        (RungKind::Costly, "on the pool, one a core", semaphore),
    ];
    let mut seen = Vec::new();
    for (kind, name, place) in rungs {
        stage.go_on()?;
        let (log_ins, reads) = blow(&database, &storm, &place)?;
        seen.push(Seen { kind, name, log_ins, reads });
    }
    weather::report(stage, log_ins, &seen)
}

fn lane(cost: u32, bound: Duration) -> Result<HashingLane, Failure> {
    let (cost, wait) = (cost.to_string(), format!("{}ms", bound.as_millis()));
    let config = config(&["--bcrypt-cost", &cost, "--hashing-wait", &wait]);
    HashingLane::start(&config.passwords, &Metrics::new()?)
}

/// With long bounds: whoever waits for the database shall be counted here and not be refused.
fn open(scratch: &Scratch) -> Result<Database, Failure> {
    let bounds = ["--database-threads", "2", "--database-wait", "60s", "--database-queue", "10000"];
    Ok(Database::open(&scratch.url(), &config(&bounds).database, &Metrics::new()?))
}

/// Storm and reads together, on one thread as a worker of actix is one.
fn blow(
    database: &Database,
    storm: &Storm,
    place: &Place,
) -> Result<(LoadReport, LoadReport), Failure> {
    in_system(async {
        // The threads connect before anything is measured.
        for _ in 0..4 {
            database.ping(Duration::from_secs(60)).await?;
        }
        let (rate, max) = (storm.log_ins as f64 / BURST.as_secs_f64(), 10_000);
        let burst = LoadPlan { rate_per_second: rate, duration: BURST, max_in_flight: max };
        let steady = LoadPlan { rate_per_second: READS, duration: storm.bound, max_in_flight: max };
        let log_ins = open_loop(burst, |_| async { class(log_in(storm, place, database).await) });
        let reads = open_loop(steady, |_| async { class(read(database).await) });
        Ok(tokio::join!(log_ins, reads))
    })
}

fn class(outcome: Result<(), Problem>) -> Sample {
    Sample::class(match outcome {
        Ok(()) => weather::SERVED,
        Err(problem) if problem.kind() == ProblemType::Unavailable => weather::REFUSED,
        Err(_) => "failed",
    })
}

async fn read(database: &Database) -> Result<(), Problem> {
    database.run(|connection| accounts::credentials(connection, EMAIL)).await.map(|_| ())
}

async fn log_in(storm: &Storm, place: &Place, database: &Database) -> Result<(), Problem> {
    let (stored, right) = (storm.stored.expose().to_owned(), storm.right.clone());
    let here = move || tempting::verify_here(&stored, &right);
    let is_right = match place {
        Place::Worker => here(),
        Place::Database => database.run(move |_| Ok::<_, Problem>(here())).await?,
        Place::Blocking => off_thread(here).await,
        Place::Cores(semaphore) => match timeout(storm.bound, semaphore.acquire()).await {
            Ok(Ok(_one_core)) => off_thread(here).await,
            _ => return Err(Problem::unavailable("Too many are logging in.", storm.bound)),
        },
        Place::Lane(lane, key) => {
            let verdict = lane.verify(&storm.password, key, storm.stored.clone()).await?;
            verdict != Verdict::Wrong
        }
    };
    if is_right { Ok(()) } else { Err(Problem::new(ProblemType::Unauthenticated, "Wrong.")) }
}

async fn off_thread(work: impl FnOnce() -> bool + Send + 'static) -> bool {
    web::block(work).await.unwrap_or(false)
}
