//! More than can be served, offered by the clock: what is still served, and how fast the rest hears no.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use awc::error::HeaderValue;
use awc::http::Method;
use awc::{Client, Connector};
use evidence::load::{LoadPlan, Sample, open_loop};
use evidence::statistics;

use crate::Outcome;
use crate::plan::Plan;
use crate::process::Interrupt;
use crate::results::{Overload, Surge};
use crate::stage::Stage;

/// How much more than the peak is offered.
pub(crate) const FACTORS: [u32; 2] = [3, 10];
/// Requests at once that find the peak: enough that the bottleneck never waits for one.
const CLOSED_LOOP: usize = 16;
/// After this an answer is no use to anybody, and counts as none.
const DEADLINE: Duration = Duration::from_secs(10);

/// A route whose bottleneck is not the load generator's share of the same cores.
struct Target {
    title: &'static str,
    settings: &'static [(&'static str, &'static str)],
    method: Method,
    path: &'static str,
    body: fn(u64) -> Option<String>,
}

/// Cost 8 makes hashes short enough that a few seconds hold hundreds. One connection for the plans,
/// as ten times what two of them carry is more than the generator can offer beside the server.
fn targets() -> [Target; 2] {
    [
        Target {
            title: "`POST /api/v1/users`, limited by hashing (bcrypt cost 8)",
            settings: &[("BCRYPT_COST", "8")],
            method: Method::POST,
            path: "/api/v1/users",
            body: |number| {
                Some(format!(
                    r#"{{"email":"surge-{number}@example.org","name":"Surge","password":"correct horse battery"}}"#
                ))
            },
        },
        Target {
            title: "`GET /api/v1/logs/plan?limit=200`, limited by its lane of one connection",
            settings: &[("DATABASE_LONG_THREADS", "1")],
            method: Method::GET,
            path: "/api/v1/logs/plan?limit=200",
            body: |_| None,
        },
    ]
}

/// Each target on a fresh server: its peak in a closed loop, then each surge.
pub(super) fn measure(plan: &Plan, stage: &Stage, interrupt: &Interrupt) -> Outcome<Vec<Overload>> {
    let mut overloads = Vec::new();
    for target in targets() {
        interrupt.check()?;
        let server = stage.another_backend(plan, target.settings, interrupt)?;
        let asker = Asker { target: Rc::new(target), server: server.address, next: Rc::default() };
        let (title, cell) = (asker.target.title, plan.cell);
        let (peak, surges) = actix_rt::System::new().block_on(async move {
            asker.closed_loop(cell / 2).await;
            let peak = asker.closed_loop(cell).await;
            let mut surges = Vec::new();
            for factor in FACTORS {
                surges.push(asker.surge(factor, peak, cell).await);
                // The queue of one surge must not weigh on the next.
                actix_rt::time::sleep(Duration::from_secs(6)).await;
            }
            (peak, surges)
        });
        overloads.push(Overload { title, peak, surges });
    }
    Ok(overloads)
}

#[derive(Clone)]
struct Asker {
    target: Rc<Target>,
    server: SocketAddr,
    /// Numbers are never given twice, as an address may sign up only once.
    next: Rc<Cell<u64>>,
}

impl Asker {
    fn client() -> Client {
        let connector = Connector::new().limit(0).timeout(DEADLINE);
        Client::builder().connector(connector).timeout(DEADLINE).finish()
    }

    async fn ask(&self, client: &Client) -> Option<u16> {
        let number = self.next.replace(self.next.get() + 1);
        let url = format!("http://{}{}", self.server, self.target.path);
        let request = client.request(self.target.method.clone(), url);
        let sent = match (self.target.body)(number) {
            Some(body) => {
                let json = HeaderValue::from_static("application/json");
                request.insert_header(("content-type", json)).send_body(body).await
            }
            None => request.send().await,
        };
        let mut response = sent.ok()?;
        // Read to its end, or the connection could not be used again.
        response.body().await.ok()?;
        Some(response.status().as_u16())
    }

    /// Successes per second.
    async fn closed_loop(&self, duration: Duration) -> f64 {
        let (client, began) = (Self::client(), Instant::now());
        let one = || async {
            let mut served = 0_u32;
            while began.elapsed() < duration {
                served += u32::from(self.ask(&client).await.is_some_and(is_success));
            }
            served
        };
        let all = (0..CLOSED_LOOP).map(|_| one());
        let served: u32 = futures_util::future::join_all(all).await.into_iter().sum();
        f64::from(served) / began.elapsed().as_secs_f64()
    }

    async fn surge(&self, factor: u32, peak: f64, duration: Duration) -> Surge {
        let rate_per_second = peak * f64::from(factor);
        let plan = LoadPlan { rate_per_second, duration, max_in_flight: 5_000 };
        let client = Self::client();
        let report = open_loop(plan, |_| async {
            match self.ask(&client).await {
                Some(status) => Sample::status(status),
                None => Sample::class("failed"),
            }
        })
        .await;
        let served: u64 = ["200", "201"].map(|class| report.count(class)).iter().sum();
        let refused = report.classes.get("503").cloned().unwrap_or_else(statistics::latencies);
        Surge {
            factor,
            // Whatever was admitted during the surge counts, and so does the time it took to end.
            goodput: served as f64 / report.took.as_secs_f64(),
            refused: refused.len(),
            refused_p99: statistics::percentile(&refused, 99.0),
            refused_slowest: statistics::percentile(&refused, 100.0),
            other: report.started + report.not_started - served - refused.len(),
        }
    }
}

fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}
