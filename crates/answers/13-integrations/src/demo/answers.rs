//! The same question, answered with everything and with what was asked for.

use std::sync::Arc;
use std::time::{Duration, Instant};

use evidence::statistics::{Latencies, latencies, percentile, record};
use evidence::{
    Bar, Cell, Chart, ChartKind, Failure, Outcome, Quantity, RungKind, Scale, Stage, Unit,
};
use foundation::scratch::Scratch;

use super::{block_on, serve};
use crate::WITHOUT_WORKER;
use crate::tempting::UNBOUNDED;

const EVERYTHING: &str = "/tempting/catalogue";
const ASKED: &str = "/api/v1/catalogue?category=garden&max_price=5000&q=steel";

/// One way to answer.
struct Way {
    kind: RungKind,
    name: &'static str,
    path: &'static str,
    gzip: bool,
    known: bool,
}

const WAYS: [Way; 4] = [
    Way {
        kind: RungKind::Wrong,
        name: "the whole catalogue",
        path: EVERYTHING,
        gzip: false,
        known: false,
    },
    Way {
        kind: RungKind::Tempting,
        name: "the same, compressed",
        path: EVERYTHING,
        gzip: true,
        known: false,
    },
    Way { kind: RungKind::Right, name: "what was asked", path: ASKED, gzip: true, known: false },
    Way { kind: RungKind::Right, name: "asked again, ETag", path: ASKED, gzip: true, known: true },
];

struct Seen {
    bytes: u64,
    status: u16,
    times: Latencies,
}

/// Requests of each way.
fn requests(scale: Scale) -> u32 {
    if scale == Scale::Quick { 5 } else { 100 }
}

/// Climbs the ladder.
pub(super) fn weigh(stage: &Stage, scratch: &Arc<Scratch>) -> Outcome {
    stage.step("Ask for steel things for the garden below 50");
    let app = serve(scratch, &[&WITHOUT_WORKER, &UNBOUNDED]);
    let base = format!("http://{}", app.address());
    let ladder = stage.ladder("one question of a visitor", &["bytes", "status", "p95"]);
    let rounds = requests(stage.scale());
    let mut all: Vec<Seen> =
        WAYS.iter().map(|_| Seen { bytes: 0, status: 0, times: latencies() }).collect();
    // Round by round, so that a slow moment of the machine hits every way.
    for _ in 0..rounds {
        stage.go_on()?;
        for (way, seen) in WAYS.iter().zip(&mut all) {
            let (bytes, status, took) = block_on(ask(&base, way))?;
            (seen.bytes, seen.status) = (bytes, status);
            record(&mut seen.times, took);
        }
    }
    for (way, seen) in WAYS.iter().zip(&all) {
        let cells: Vec<Cell> = vec![
            Quantity::bytes(seen.bytes).into(),
            Quantity::count(seen.status.into()).into(),
            Quantity::duration(percentile(&seen.times, 95.0)).into(),
        ];
        ladder.rung(way.kind, way.name, cells);
    }
    judge(stage, &all)
}

fn judge(stage: &Stage, all: &[Seen]) -> Outcome {
    let [everything, compressed, asked, known] = all else { return Err("four ways".into()) };
    for (id, label, seen) in [
        ("everything", "the whole catalogue", everything),
        ("compressed", "the whole catalogue, compressed", compressed),
        ("asked", "what was asked", asked),
        ("known", "what is known already", known),
    ] {
        stage.measure(
            &format!("bytes-{id}"),
            format!("bytes: {label}"),
            Quantity::bytes(seen.bytes),
        );
        let p95 = Quantity::duration(percentile(&seen.times, 95.0));
        stage.measure(&format!("p95-{id}"), format!("p95: {label}"), p95);
    }
    let bytes = |seen: &Seen| Quantity::bytes(seen.bytes);
    stage.check(
        "a-search-sends-what-was-asked",
        format!(
            "{} instead of {}, compressed {}",
            bytes(asked),
            bytes(everything),
            bytes(compressed)
        ),
        asked.status == 200 && asked.bytes > 0 && asked.bytes * 20 < compressed.bytes,
    );
    stage.check(
        "a-known-answer-is-not-sent-again",
        format!("asked again with its ETag: status {}, {}", known.status, bytes(known)),
        known.status == 304 && known.bytes == 0,
    );
    stage.chart(chart(all));
    Ok(())
}

/// The bytes of the body as they came over the wire: this client decompresses nothing.
async fn ask(base: &str, way: &Way) -> Result<(u64, u16, Duration), Failure> {
    let client = awc::Client::builder().timeout(Duration::from_secs(30)).finish();
    let url = format!("{base}{}", way.path);
    let request = || {
        let request = client.get(&url);
        if way.gzip { request.insert_header(("accept-encoding", "gzip")) } else { request }
    };
    let tag = match way.known {
        true => {
            let response = request().send().await.map_err(|error| error.to_string())?;
            let tag = response.headers().get("etag").and_then(|tag| tag.to_str().ok());
            tag.map(str::to_owned)
        }
        false => None,
    };
    let began = Instant::now();
    let sent = match tag {
        Some(tag) => request().insert_header(("if-none-match", tag)).send().await,
        None => request().send().await,
    };
    let mut response = sent.map_err(|error| error.to_string())?;
    let body = response.body().limit(256 << 20).await?;
    Ok((body.len() as u64, response.status().as_u16(), began.elapsed()))
}

fn chart(all: &[Seen]) -> Chart {
    let bars = WAYS.iter().zip(all).take(3).map(|(way, seen)| Bar {
        label: way.name.to_owned(),
        value: Quantity::bytes(seen.bytes).value,
        spread: None,
        rung: Some(way.kind),
    });
    Chart {
        id: "bytes".to_owned(),
        title: "Bytes sent for one question".to_owned(),
        axis: "bytes".to_owned(),
        unit: Unit::Bytes,
        kind: ChartKind::Bars { bars: bars.collect(), logarithmic: true },
    }
}
