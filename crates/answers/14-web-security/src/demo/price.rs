//! What the defences that every request pays for cost.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use actix_web::rt::{System, SystemRunner};
use evidence::{Failure, Outcome, Quantity, Scale, Stage};
use foundation::http::Answered;
use foundation::module::Module;
use foundation::scratch::Scratch;
use foundation::testing::TestApp;

use crate::headers::protect;
use crate::{MODULE, Outbound, OutboundRequest, OutboundSettings};

/// Requests of one round, one after the other.
const REQUESTS: u32 = 100;

pub(super) fn weigh(stage: &Stage, scratch: &Arc<Scratch>) -> Outcome {
    stage.step("What the headers and the checked client cost");
    let rounds = if stage.scale() == Scale::Quick { 4 } else { 30 };
    let system = System::new();
    let client = system.block_on(async { awc::Client::default() });
    let serve = |modules: &[&Module]| TestApp::serving_on(scratch, modules, &[]);
    let (bare, hardened) = (serve(&[]), serve(&[&MODULE]));
    let [plain, guarded] = [&bare, &hardened].map(live);
    let bytes = system.block_on(async {
        let (plain, guarded) = (fetch(&client, &plain).await?, fetch(&client, &guarded).await?);
        Ok::<_, Failure>(size(&guarded) - size(&plain))
    })?;
    let label = "bytes of headers added to each response";
    stage.measure("header-bytes", label, Quantity::bytes(bytes));
    let label = "time to add the headers to a response";
    stage.measure_times("hook-time", label, &hook_times());
    let allow = vec!["127.0.0.0/8".parse()?];
    let outbound = Outbound::new(OutboundSettings { allow, ..OutboundSettings::default() });
    stage.compare(
        "outbound",
        &format!("{REQUESTS} calls"),
        rounds,
        ("plain client", &mut || fetch_many(&system, &client, &plain)),
        ("checked client", &mut || call_many(&system, &outbound, &plain)),
    )?;
    Ok(())
}

/// Of one response, from the mean of a thousand, so that the clock is not what is measured. Instead
/// of whole requests with and without headers: what those differ by drowns in their noise.
fn hook_times() -> Vec<Duration> {
    let answered = Answered { path: "/api/v1/todos", over_tls: true };
    let add = || {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        protect(answered, black_box(&mut headers));
    };
    let sample = |_| {
        let began = Instant::now();
        (0..1_000).for_each(|_| add());
        began.elapsed() / 1_000
    };
    (0..31).map(sample).collect()
}

fn live(app: &TestApp) -> String {
    format!("http://{}/health/live", app.address())
}

async fn fetch(client: &awc::Client, url: &str) -> Result<HeaderMap, Failure> {
    let sent = client.get(url).send().await;
    let mut response = sent.map_err(|error| format!("no response from {url}: {error}"))?;
    response.body().await?;
    Ok(response.headers().clone())
}

fn fetch_many(system: &SystemRunner, client: &awc::Client, url: &str) -> Outcome {
    system.block_on(async {
        for _ in 0..REQUESTS {
            fetch(client, url).await?;
        }
        Ok(())
    })
}

fn call_many(system: &SystemRunner, outbound: &Outbound, url: &str) -> Outcome {
    system.block_on(async {
        for _ in 0..REQUESTS {
            outbound.send(OutboundRequest::get(url)).await?;
        }
        Ok(())
    })
}

/// As they stand in HTTP/1.1: name, colon, space, value, line end.
fn size(headers: &HeaderMap) -> u64 {
    headers.iter().map(|(name, value)| (name.as_str().len() + value.len() + 4) as u64).sum()
}
