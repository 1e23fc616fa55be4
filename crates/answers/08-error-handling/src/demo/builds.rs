//! Runs one build of the accounts service, puts the faults to it, and reads its answers and log.

use std::io::{self, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::dev::Service;
use actix_web::http::header;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use diesel::{Connection, PgConnection};
use evidence::Failure;
use serde_json::Value;
use tracing::Dispatch;
use tracing::instrument::WithSubscriber;
use tracing_subscriber::fmt;
use utoipa::OpenApi;
use utoipa_actix_web::AppExt;

use super::accounts;
use super::faults::{self, Fault};
use crate::{MEDIA_TYPE, RequestDeadline, RouteTable, boundary, fallback, tempting};

/// Which version of the service runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Build {
    Tempting,
    Right,
}

/// What one fault led to.
pub(crate) struct Outcome {
    pub(crate) fault: &'static str,
    pub(crate) expected: u16,
    /// None when the connection closed or nothing came within the client's patience.
    pub(crate) status: Option<u16>,
    pub(crate) is_problem: bool,
    pub(crate) allow: String,
    pub(crate) retry_after: String,
    pub(crate) request_id: String,
    pub(crate) alive: bool,
    pub(crate) leaked_to_client: Vec<&'static str>,
    /// Whether the body names code or a statement, whatever the fault was.
    pub(crate) shows_insides: bool,
    pub(crate) log: String,
}

/// The right build's bound on each request; only the dependency that hangs comes to it, however
/// busy the machine is.
const DEADLINE: Duration = Duration::from_secs(1);

impl Build {
    /// How long its client waits: for ever, as it were, where an answer always comes.
    const fn patience(self) -> Duration {
        match self {
            Self::Tempting => Duration::from_millis(1_200),
            Self::Right => Duration::from_secs(20),
        }
    }
}

/// Log lines of one build, kept instead of printed.
#[derive(Clone, Default)]
struct CapturedLog(Arc<Mutex<Vec<u8>>>);

impl CapturedLog {
    fn take(&self) -> String {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&std::mem::take(&mut *lines)).into_owned()
    }
}

impl Write for CapturedLog {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Puts every fault to a build, `after_each` being called in between.
pub(crate) async fn try_faults(
    build: Build,
    database_url: &str,
    mut after_each: impl FnMut(&Outcome) -> Result<(), Failure>,
) -> Result<Vec<Outcome>, Failure> {
    let log = CapturedLog::default();
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let base = format!("http://{}", listener.local_addr()?);
    let server = serve(build, listener, open_table(database_url)?, &log)?;
    let handle = server.handle();
    actix_web::rt::spawn(server);
    let client = awc::Client::builder().timeout(build.patience()).finish();
    create_first_account(&client, &base).await?;
    let mut outcomes = Vec::new();
    for fault in faults::all() {
        let outcome = provoke(&client, &base, fault, &log).await;
        after_each(&outcome)?;
        outcomes.push(outcome);
    }
    handle.stop(false).await;
    Ok(outcomes)
}

fn open_table(url: &str) -> Result<web::Data<Mutex<PgConnection>>, Failure> {
    let mut connection = PgConnection::establish(url)?;
    accounts::create_table(&mut connection)?;
    Ok(web::Data::new(Mutex::new(connection)))
}

fn serve(
    build: Build,
    listener: TcpListener,
    table: web::Data<Mutex<PgConnection>>,
    log: &CapturedLog,
) -> Result<actix_web::dev::Server, Failure> {
    let log = log.clone();
    let subscriber =
        Dispatch::new(fmt().with_ansi(false).with_writer(move || log.clone()).finish());
    let server = HttpServer::new(move || {
        let subscriber = subscriber.clone();
        let app = App::new().app_data(table.clone());
        let app = match build {
            Build::Tempting => app.configure(tempting::routes),
            Build::Right => app.configure(right),
        };
        let guarded = actix_web::middleware::Condition::new(
            build == Build::Right,
            from_fn(boundary::<actix_web::body::BoxBody>),
        );
        app.wrap(guarded).wrap_fn(move |request, service| {
            service.call(request).with_subscriber(subscriber.clone())
        })
    });
    Ok(server.workers(1).disable_signals().shutdown_timeout(1).listen(listener)?.run())
}

/// The pieces that `foundation` assembles for the whole backend.
fn right(config: &mut web::ServiceConfig) {
    #[derive(OpenApi)]
    struct Description;
    let app = App::new().into_utoipa_app().openapi(Description::openapi());
    let (_, description) = app.configure(accounts::routes).split_for_parts();
    accounts::routes(&mut utoipa_actix_web::service_config::ServiceConfig::new(config));
    config
        .app_data(web::Data::new(RouteTable::from_openapi(&description)))
        .app_data(web::Data::new(RequestDeadline(DEADLINE)))
        .default_service(web::to(fallback));
}

/// So that the same address again is a duplicate.
async fn create_first_account(client: &awc::Client, base: &str) -> Result<(), Failure> {
    let first = faults::all().into_iter().find(|fault| fault.status == 409);
    let body = first.map(|fault| fault.body).unwrap_or_default();
    let sent = client
        .post(format!("{base}/accounts"))
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .send_body(body)
        .await;
    match sent {
        Ok(response) if response.status().is_success() => Ok(()),
        Ok(response) => Err(format!("the first account got {}", response.status()).into()),
        Err(error) => Err(format!("the first account got no response: {error}").into()),
    }
}

async fn provoke(client: &awc::Client, base: &str, fault: Fault, log: &CapturedLog) -> Outcome {
    log.take();
    let mut request = client.request(fault.method, format!("{base}{}", fault.path));
    if !fault.media_type.is_empty() {
        request = request.insert_header((header::CONTENT_TYPE, fault.media_type));
    }
    let mut outcome = Outcome {
        fault: fault.name,
        expected: fault.status,
        status: None,
        is_problem: false,
        allow: String::new(),
        retry_after: String::new(),
        request_id: String::new(),
        alive: false,
        leaked_to_client: Vec::new(),
        shows_insides: false,
        log: String::new(),
    };
    if let Ok(mut response) = request.send_body(fault.body).await {
        let text = |name: &str| {
            let value = response.headers().get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        outcome.status = Some(response.status().as_u16());
        outcome.is_problem = text("content-type") == MEDIA_TYPE;
        (outcome.allow, outcome.retry_after) = (text("allow"), text("retry-after"));
        outcome.request_id = text("x-request-id");
        let body = response.body().await.unwrap_or_default();
        let text = String::from_utf8_lossy(&body);
        outcome.leaked_to_client = faults::leaks_in(&text);
        outcome.shows_insides = faults::shows_insides(&text);
        outcome.is_problem &= describes(&body, &outcome);
    }
    outcome.alive = is_alive(client, base).await;
    outcome.log = log.take();
    outcome
}

/// A problem body must repeat the status and the request id of its response.
fn describes(body: &[u8], outcome: &Outcome) -> bool {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    body["status"].as_u64().and_then(|status| u16::try_from(status).ok()) == outcome.status
        && body["request_id"] == outcome.request_id.as_str()
        && body["title"].is_string()
        && body["detail"].is_string()
}

async fn is_alive(client: &awc::Client, base: &str) -> bool {
    let sent = client.get(format!("{base}/accounts?limit=1")).send().await;
    sent.is_ok_and(|response| response.status().is_success())
}
