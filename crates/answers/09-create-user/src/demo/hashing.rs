//! A storm of sign-ups: who has to wait while passwords are hashed?

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use actix_web::rt;
use auth::{HashingLane, Password, PasswordKey};
use error_handling::{Cause, Problem};
use evidence::{Bar, Chart, ChartKind, Failure, Quantity, RungKind, Scale, Stage, Unit};
use foundation::database::Database;
use foundation::metrics::Metrics;
use foundation::scratch::Scratch;
use foundation::testing::config;
use secrecy::SecretString;

use crate::model::UserId;
use crate::{store, tempting};

/// People who sign up at once, each again as soon as the hash before is done.
const CLIENTS: u64 = 4;

/// The beat that liveness and reads should keep, and the least that a hash takes: longer, so that
/// each hash in the way costs about one beat.
const BEAT: Duration = Duration::from_millis(25);
const HASH: Duration = Duration::from_millis(30);

/// Reads that were answered meanwhile, for the story.
pub(super) struct Storms {
    pub(super) worker: u64,
    pub(super) lane: u64,
}

/// Where the hashes are made.
#[derive(Clone)]
enum Place {
    Worker,
    Database,
    Lane(HashingLane, PasswordKey, Password),
}

/// What the others went through meanwhile.
#[derive(Clone, Copy, Default)]
struct Pulse {
    served: u64,
    missed: u64,
    longest: Duration,
}

struct Seen {
    liveness: Pulse,
    reads: Pulse,
    took: Duration,
}

fn hashes(scale: Scale) -> u64 {
    CLIENTS
        * match scale {
            Scale::Quick => 3,
            Scale::Default => 25,
            Scale::Full => 100,
        }
}

/// Climbs the ladder.
pub(super) fn climb(stage: &Stage, scratch: &Scratch) -> Result<Storms, Failure> {
    let hashes = hashes(stage.scale());
    let cost = cost_of_a_hash()?;
    stage.step(format!("{hashes} hashes while others are served"));
    stage.note(format!(
        "bcrypt at cost {cost}, the cheapest that takes {} here. Liveness and a point read are \
         asked for all the while; a beat is missed for every {} that one of them waits.",
        Quantity::duration(HASH),
        Quantity::duration(BEAT)
    ));
    let lane = {
        let config = config(&["--bcrypt-cost", &cost.to_string(), "--hashing-wait", "60s"]);
        let password = Password::parse(&SecretString::from("correct horse battery"), &[])?;
        let lane = HashingLane::start(&config.passwords, &Metrics::new()?)?;
        Place::Lane(lane, PasswordKey::new(vec![7; 32]), password)
    };
    let columns = ["liveness missed", "reads missed", "reads", "longest read", "time"];
    let ladder = stage.ladder(format!("{hashes} hashes, {CLIENTS} at once"), &columns);
    let mut seen = Vec::new();
    for (kind, name, place) in [
        (RungKind::Wrong, "on the async worker", Place::Worker),
        (RungKind::Tempting, "on the database threads", Place::Database),
        (RungKind::Right, "on its own lane", lane),
    ] {
        stage.go_on()?;
        let one = storm(scratch, &place, cost, hashes)?;
        let Seen { liveness, reads, took } = &one;
        let counts = [liveness.missed, reads.missed, reads.served];
        let mut cells: Vec<_> =
            counts.map(|count| Quantity::count(count).into()).into_iter().collect();
        cells.extend([reads.longest, *took].map(|time| Quantity::duration(time).into()));
        ladder.rung(kind, name, cells);
        seen.push((kind, name, one));
    }
    judge(stage, hashes, &seen)
}

fn judge(
    stage: &Stage,
    hashes: u64,
    seen: &[(RungKind, &'static str, Seen)],
) -> Result<Storms, Failure> {
    let [(.., worker), (.., database), (.., lane)] = seen else {
        return Err("the ladder has three rungs".into());
    };
    for (id, seen) in [("worker", worker), ("database", database), ("lane", lane)] {
        let label = format!("reads answered, hashing: {id}");
        stage.measure(&format!("reads-{id}"), label, Quantity::count(seen.reads.served));
        let label = format!("beats that liveness missed, hashing: {id}");
        stage.measure(&format!("liveness-{id}"), label, Quantity::count(seen.liveness.missed));
        let label = format!("time for all hashes, hashing: {id}");
        stage.measure(&format!("time-{id}"), label, Quantity::duration(seen.took));
    }
    // Reads decide, not beats: how many get through is far apart on any machine, however busy.
    let [worker, database, lane] = [worker, database, lane].map(|seen| seen.reads.served);
    stage.check(
        "hashing-on-the-worker-stops-it",
        format!("while {hashes} hashes are made on the async worker, {worker} reads are answered"),
        worker < hashes,
    );
    stage.check(
        "hashing-on-database-threads-stops-reads",
        format!(
            "{} are with hashes on the database threads, {} with hashes on a lane of their own",
            Quantity::count(database),
            Quantity::count(lane)
        ),
        database < lane,
    );
    stage.check(
        "hashing-lane-lets-the-others-go-on",
        format!(
            "beside the lane, more reads are answered than hashes made: {}",
            Quantity::count(lane)
        ),
        lane > hashes,
    );
    stage.chart(chart(seen));
    Ok(Storms { worker, lane })
}

/// The cheapest cost at which one hash takes long enough to be noticed.
fn cost_of_a_hash() -> Result<u32, Failure> {
    for cost in 4..=16 {
        let began = Instant::now();
        tempting::hash_here(cost)?;
        if began.elapsed() >= HASH {
            return Ok(cost);
        }
    }
    Err("this machine hashes at cost 16 faster than any we know".into())
}

/// Hashes, with a heartbeat and a reader beside it, on one thread as a worker of actix is one.
fn storm(scratch: &Scratch, place: &Place, cost: u32, hashes: u64) -> Result<Seen, Failure> {
    // Long bounds: whoever waits shall be counted here and not be refused.
    let bounds =
        ["--database-threads", "2", "--database-wait", "60s", "--statement-timeout", "60s"];
    let config = config(&bounds);
    let database = Database::open(&scratch.url(), &config.database, &Metrics::new()?);
    rt::System::new().block_on(async {
        // The threads connect before anything is measured.
        read(&database).await?;
        let over = Rc::new(Cell::new(false));
        let heart = rt::spawn(beat(Rc::clone(&over), || async { Ok(()) }));
        let reading = database.clone();
        let reader = rt::spawn(beat(Rc::clone(&over), move || {
            let reading = reading.clone();
            async move { read(&reading).await }
        }));
        let began = Instant::now();
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| rt::spawn(sign_up(place.clone(), database.clone(), cost, hashes / CLIENTS)))
            .collect();
        for client in clients {
            client.await??;
        }
        let took = began.elapsed();
        over.set(true);
        Ok(Seen { liveness: heart.await??, reads: reader.await??, took })
    })
}

async fn read(database: &Database) -> Result<(), Problem> {
    database.run(|connection| store::profiles(connection, &[UserId::from(1)])).await.map(|_| ())
}

async fn sign_up(place: Place, database: Database, cost: u32, times: u64) -> Result<(), Problem> {
    let here = move || match tempting::hash_here(cost) {
        Ok(_) => Ok(()),
        Err(_) => Err(Problem::internal(Cause::new("hashing failed"))),
    };
    for _ in 0..times {
        match &place {
            Place::Worker => {
                here()?;
                tokio::task::yield_now().await;
            }
            Place::Database => database.run(move |_| here()).await?,
            Place::Lane(lane, key, password) => {
                lane.hash(password, key).await?;
            }
        }
    }
    Ok(())
}

/// Does something small over and over, and counts the beats that each time took too long by.
async fn beat<F: Future<Output = Result<(), Problem>>>(
    over: Rc<Cell<bool>>,
    small: impl Fn() -> F,
) -> Result<Pulse, Problem> {
    let mut pulse = Pulse::default();
    while !over.get() {
        let began = Instant::now();
        // A moment between two, so that this is a client and not a second storm.
        tokio::time::sleep(Duration::from_millis(1)).await;
        small().await?;
        let took = began.elapsed();
        pulse.served += 1;
        pulse.missed += u64::try_from(took.as_millis() / BEAT.as_millis()).unwrap_or(u64::MAX);
        pulse.longest = pulse.longest.max(took);
    }
    Ok(pulse)
}

fn chart(seen: &[(RungKind, &'static str, Seen)]) -> Chart {
    let bars = seen.iter().map(|(kind, name, seen)| Bar {
        label: format!("hashing {name}"),
        value: Quantity::count(seen.reads.served).value,
        spread: None,
        rung: Some(*kind),
    });
    Chart {
        id: "hashing".to_owned(),
        title: "Reads answered while the same passwords are hashed".to_owned(),
        axis: "reads answered".to_owned(),
        unit: Unit::Count,
        kind: ChartKind::Bars { bars: bars.collect(), logarithmic: true },
    }
}
