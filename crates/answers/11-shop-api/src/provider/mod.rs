//! A payment provider as the outside world has one, for demos and tests: it takes its time, declines
//! some, fails at times, and tells some things twice. It keeps what it promises: one idempotency key
//! is one charge, and what it decided it tells until somebody listens.

mod book;
mod callbacks;
pub mod command;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde::Deserialize;
use serde_json::json;

pub use book::Charged;
use book::{Book, Decided};
use callbacks::tell;

use crate::model::OrderId;
use crate::payments::signature::Secret;

/// How a provider behaves. Which charges are declined and told twice depends on the seed and their
/// keys alone, not on the order in which they come.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long a charge takes until it is decided.
    pub delay: Duration,
    /// Share of charges that are declined, 0.0 to 1.0.
    pub decline_share: f64,
    /// Share of requests that are answered with 503, 0.0 to 1.0; the next one may succeed.
    pub fail_share: f64,
    /// Share of callbacks that come twice, 0.0 to 1.0.
    pub duplicate_share: f64,
    /// Where chance begins.
    pub seed: u64,
    /// What callbacks are signed with.
    pub secret: Secret,
}

impl Settings {
    /// One that decides at once, and for us.
    #[must_use]
    pub const fn friendly(secret: Secret) -> Self {
        let (delay, seed) = (Duration::ZERO, 7);
        let (decline_share, fail_share, duplicate_share) = (0.0, 0.0, 0.0);
        Self { delay, decline_share, fail_share, duplicate_share, seed, secret }
    }
}

/// A provider that listens until it is dropped.
#[derive(Debug)]
pub struct Provider {
    address: SocketAddr,
    book: Arc<Book>,
    stop: Option<actix_web::dev::ServerHandle>,
    thread: Option<JoinHandle<()>>,
}

impl Provider {
    /// Starts one on a free port of this machine.
    ///
    /// # Errors
    /// When the system gives no socket or thread.
    pub fn start(settings: Settings) -> io::Result<Self> {
        Self::listen(TcpListener::bind("127.0.0.1:0")?, settings, false)
    }

    /// The same on a socket of the caller's; with `signals` it stops at SIGTERM and Ctrl-C.
    ///
    /// # Errors
    /// As [`Provider::start`].
    pub fn listen(listener: TcpListener, settings: Settings, signals: bool) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let book = Arc::new(Book::new(settings));
        let shared = web::Data::from(Arc::clone(&book));
        let (tell, told) = mpsc::channel();
        let thread = std::thread::Builder::new().name("provider".to_owned()).spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let app = move || {
                    App::new()
                        .app_data(shared.clone())
                        .route("/charges", web::post().to(charge))
                        .route("/refunds", web::post().to(refund))
                        .route("/endpoints", web::post().to(endpoint))
                };
                let server = HttpServer::new(app).workers(1).shutdown_timeout(0);
                let server = if signals { server } else { server.disable_signals() };
                match server.listen(listener) {
                    Ok(server) => {
                        let server = server.run();
                        let _ = tell.send(Ok(server.handle()));
                        let _ = server.await;
                    }
                    Err(error) => drop(tell.send(Err(error))),
                }
            });
        })?;
        let gone = |_| io::Error::other("the provider's thread ended");
        let stop = told.recv().map_err(gone)??;
        Ok(Self { address, book, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it takes charges, for `SHOP_PAYMENT_URL`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/charges", self.address)
    }

    /// From now on it tells this address, too, what it decides.
    pub fn call_back(&self, url: impl Into<String>) {
        self.book.add_endpoint(url.into());
    }

    /// From now on requests are answered with 503, or not.
    pub fn be_down(&self, down: bool) {
        self.book.be_down(down);
    }

    /// From now on it decides nothing, or goes on with what it put off.
    pub fn hold_decisions(&self, held: bool) {
        self.book.hold_decisions(held);
    }

    /// From now on it takes requests and says nothing, or answers those that wait.
    pub fn hold_answers(&self, held: bool) {
        self.book.hold_answers(held);
    }

    /// How often it was called, whatever it then did.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.book.calls()
    }

    /// Every charge that it took.
    #[must_use]
    pub fn charges(&self) -> Vec<Charged> {
        self.book.charges()
    }

    /// Waits for its end, which is that of the process.
    pub fn join(mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        if let (Some(stop), Some(thread)) = (self.stop.take(), self.thread.take()) {
            // The future does nothing but wait; the command is sent when it is made.
            drop(stop.stop(false));
            let _ = thread.join();
        }
    }
}

#[derive(Deserialize)]
struct ChargeRequest {
    order: OrderId,
    amount_cents: i64,
}

#[derive(Deserialize)]
struct RefundRequest {
    reference: String,
}

#[derive(Deserialize)]
struct Endpoint {
    url: String,
}

fn key_of(request: &HttpRequest) -> Option<String> {
    let key = request.headers().get("idempotency-key")?.to_str().ok()?;
    (!key.is_empty() && key.len() <= 257).then(|| key.to_owned())
}

async fn charge(
    book: web::Data<Book>,
    request: HttpRequest,
    asked: web::Json<ChargeRequest>,
) -> HttpResponse {
    let Some(key) = key_of(&request) else { return HttpResponse::BadRequest().finish() };
    let fails = book.fails(&key);
    book.answer_time().await;
    if fails {
        return HttpResponse::ServiceUnavailable().finish();
    }
    let Some((charged, is_new)) = book.take(&key, asked.order, asked.amount_cents) else {
        // The same key for something else, as the draft of the header has it.
        return HttpResponse::UnprocessableEntity().finish();
    };
    if is_new {
        actix_web::rt::spawn(tell(book.into_inner(), key));
    }
    let status = charged.decided.map_or("pending", Decided::name);
    HttpResponse::Accepted().json(json!({"reference": charged.reference, "status": status}))
}

async fn refund(
    book: web::Data<Book>,
    request: HttpRequest,
    asked: web::Json<RefundRequest>,
) -> HttpResponse {
    let Some(key) = key_of(&request) else { return HttpResponse::BadRequest().finish() };
    if book.fails(&key) {
        return HttpResponse::ServiceUnavailable().finish();
    }
    if !book.refund(&asked.reference) {
        return HttpResponse::NotFound().finish();
    }
    HttpResponse::Accepted().json(json!({"reference": asked.reference, "status": "refunded"}))
}

async fn endpoint(book: web::Data<Book>, asked: web::Json<Endpoint>) -> HttpResponse {
    book.add_endpoint(asked.into_inner().url);
    HttpResponse::NoContent().finish()
}
