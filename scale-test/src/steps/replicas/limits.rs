//! What HAProxy lets through, and how much of it from one address.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

use serde_json::json;

use super::RATE_LIMIT;
use crate::Outcome;
use crate::fleet::{Fleet, Proxy};
use crate::http::{Ask, Reply};
use crate::people::Person;
use crate::report::Report;
use crate::run::Run;

pub(super) fn forwarding(
    run: &Run,
    report: &mut Report,
    fleet: &Fleet<'_>,
    proxy: &Proxy<'_>,
) -> Outcome<()> {
    let inside = run.http.ask(&Ask::get(&fleet.base(0), "/metrics")).status;
    let outside: Vec<u16> = ["/metrics", "/operations/requests"]
        .iter()
        .map(|path| run.http.ask(&Ask::get(&proxy.base(), path)).status)
        .collect();
    report.check(
        "inside",
        "metrics and the routes of people on call are not reached through the proxy",
        format!("{inside} inside, {} and {} outside", outside[0], outside[1]),
        inside == 200 && outside == [404, 404],
    );
    let eve = Person::sign_up(run, &proxy.base(), &proxy.base(), "eve")?;
    let forged = Ask::post(&proxy.base(), "/api/v1/todos", json!({"title": "whose address?"}))
        .by(&eve.token)
        .with("x-forwarded-host", "evil.example")
        .with("forwarded", "host=evil.example");
    let url = run.http.ask(&forged).expect(201, "a to-do")?.text("url");
    report.check(
        "host",
        "a client cannot say under which name it was called",
        if url.contains("evil") { "the forged name" } else { "the name it called" },
        url.starts_with(&proxy.base()),
    );
    Ok(())
}

pub(super) fn rate_limit(
    run: &Run,
    report: &mut Report,
    fleet: &Fleet<'_>,
    proxy: &Proxy<'_>,
) -> Outcome<()> {
    let before = fleet.metric("http_requests_total")?;
    let asked = RATE_LIMIT as usize * 3 / 2;
    let began = Instant::now();
    let (granted, refusal) = hammer(run, proxy, asked, 10)?;
    // A place becomes free again every 200 ms while this goes on.
    let refilled = began.elapsed().as_secs_f64() * f64::from(RATE_LIMIT) / 60.0;
    let most = f64::from(RATE_LIMIT) + refilled.ceil() + 1.0;
    report.check(
        "limit",
        "one address asks through HAProxy: three replicas together grant the limit of one",
        format!("{granted} of {asked} granted, the limit is {RATE_LIMIT}"),
        granted as f64 <= most && granted >= RATE_LIMIT as usize,
    );
    let told = refusal.as_ref().is_some_and(|reply| reply.headers.contains_key("retry-after"));
    let forged = Ask::get(&proxy.base(), "/api/v2/posts?limit=1")
        .from(client_address(10))
        .with("x-forwarded-for", "203.0.113.7");
    let forged: Vec<u16> =
        run.http.ask_at_once(&vec![forged; 20]).iter().map(|reply| reply.status).collect();
    let through = forged.iter().filter(|status| **status == 200).count();
    report.check(
        "forged",
        "whoever is refused is told when to return, and gets no further by making up an address",
        format!("{through} of 20 with a forged X-Forwarded-For granted"),
        told && through <= 5,
    );
    let served: Vec<f64> = fleet
        .metric("http_requests_total")?
        .iter()
        .zip(before)
        .map(|(after, before)| after - before)
        .collect();
    let least = served.iter().copied().fold(f64::INFINITY, f64::min);
    report.check(
        "spread",
        "each replica served its part of them",
        served.iter().map(|count| format!("{count:.0}")).collect::<Vec<_>>().join(" / "),
        least >= asked as f64 / 6.0,
    );
    Ok(())
}

/// An address of this machine that nobody else asks from. Elsewhere than on Linux there is one only.
fn client_address(last: u8) -> IpAddr {
    let last = if cfg!(target_os = "linux") { last } else { 1 };
    Ipv4Addr::new(127, 0, 0, last).into()
}

/// Asks so often from one address; how many were granted, and one refusal.
pub(super) fn hammer(
    run: &Run,
    proxy: &Proxy<'_>,
    times: usize,
    address: u8,
) -> Outcome<(usize, Option<Reply>)> {
    let ask = Ask::get(&proxy.base(), "/api/v2/posts?limit=1").from(client_address(address));
    let (mut granted, mut refusal) = (0, None);
    for _ in 0..times.div_ceil(50) {
        for reply in run.http.ask_at_once(&vec![ask.clone(); 50]) {
            match reply.status {
                200 => granted += 1,
                429 => refusal = Some(reply),
                _ => return Err(format!("{} instead of 200 or 429", reply.status).into()),
            }
        }
        run.processes.check()?;
    }
    Ok((granted, refusal))
}
