//! A server with something to look at, and somebody who may look.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use actix_web::{HttpResponse, get, web};
use diesel::{QueryResult, RunQueryDsl, sql_query};
use error_handling::{Path, Problem, ReadProblems};
use foundation::database::Database;
use foundation::http::Mount;
use foundation::telemetry::{self, LogTap};
use foundation::testing::TestApp;
use serde_json::Value;
use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) const ROUTES: &[Mount] = &[routes];
pub(crate) const TOKEN: &str = "correct-horse-battery-staple";

fn routes(config: &mut ServiceConfig<'_>) {
    config.service(order).service(sleep).service(block);
}

/// Spans are kept by the subscriber, of which a process has one.
pub(crate) fn operated(flags: &[&str]) -> TestApp {
    telemetry::init_quiet("info").unwrap();
    let flags: Vec<&str> = ["--operations-token", TOKEN].iter().chain(flags).copied().collect();
    TestApp::start_with(ROUTES, &flags)
}

#[allow(dead_code)] // Not every program reads the log.
pub(crate) fn tap() -> LogTap {
    telemetry::init_quiet("info").unwrap();
    LogTap::start(10_000)
}

#[allow(dead_code)] // Not every program reads spans.
pub(crate) fn spans_of(request: &Value) -> Vec<&str> {
    let spans = request["spans"].as_array().expect("spans");
    spans.iter().map(|span| span["name"].as_str().unwrap()).collect()
}

/// Asks again until it is so, for ten seconds.
#[allow(dead_code)] // Not every program has to wait.
pub(crate) async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < end, "{what} did not come");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Three statements, and a step of its own that only tracing knows.
#[utoipa::path(params(("id" = i64, Path)), responses((status = 200, body = String), ReadProblems))]
#[get("/api/orders/{id}")]
async fn order(id: Path<i64>, database: web::Data<Database>) -> Result<HttpResponse, Problem> {
    let lines = database
        .run(|connection| -> QueryResult<usize> {
            (0..3).try_fold(0, |rows, _| Ok(rows + sql_query("SELECT 1").execute(connection)?))
        })
        .await?;
    let body = tracing::info_span!("render").in_scope(|| format!("{}: {lines}", id.0));
    Ok(HttpResponse::Ok().body(body))
}

/// Holds a thread of the short lane until its `statement_timeout`.
#[utoipa::path(responses((status = 200), ReadProblems))]
#[get("/api/sleep")]
async fn sleep(database: web::Data<Database>) -> Result<HttpResponse, Problem> {
    database.run(|connection| sql_query("SELECT pg_sleep(60)").execute(connection)).await?;
    Ok(HttpResponse::Ok().finish())
}

/// What lets the worker go that `/api/block` holds.
#[allow(dead_code)] // One test holds a worker.
pub(crate) fn release() -> Sender<()> {
    gate().0.clone()
}

fn gate() -> &'static (Sender<()>, Mutex<Receiver<()>>) {
    static GATE: OnceLock<(Sender<()>, Mutex<Receiver<()>>)> = OnceLock::new();
    GATE.get_or_init(|| {
        let (sender, receiver) = channel();
        (sender, Mutex::new(receiver))
    })
}

/// The mistake itself: waits on the worker's own thread.
#[utoipa::path(responses((status = 200)))]
#[get("/api/block")]
async fn block() -> HttpResponse {
    let held = gate().1.lock().unwrap_or_else(PoisonError::into_inner);
    let _ = held.recv_timeout(Duration::from_secs(20));
    HttpResponse::Ok().finish()
}
