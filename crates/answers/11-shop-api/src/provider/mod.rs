//! A payment provider as the outside world has one, for demos and tests: it takes its time, declines
//! some, fails at times, and tells some things twice. It keeps what it promises: one idempotency key
//! is one charge, and what it decided it tells until somebody listens.

mod book;
mod callbacks;
pub mod command;

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};
use foundation::signature::Secret;
use foundation::testing::{Ends, Outsider};
use serde::Deserialize;
use serde_json::{Value, json};

pub use book::Charged;
use book::{Book, Decided};
use callbacks::tell;

use crate::model::OrderId;

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
    book: Arc<Book>,
    outsider: Outsider,
}

impl Provider {
    /// Starts one on a free port of this machine.
    ///
    /// # Errors
    /// When the system gives no socket or thread.
    pub fn start(settings: Settings) -> io::Result<Self> {
        Self::listen(TcpListener::bind("127.0.0.1:0")?, settings, Ends::WhenDropped)
    }

    /// The same on a socket of the caller's.
    ///
    /// # Errors
    /// As [`Provider::start`].
    pub fn listen(listener: TcpListener, settings: Settings, ends: Ends) -> io::Result<Self> {
        let book = Arc::new(Book::new(settings));
        let shared = web::Data::from(Arc::clone(&book));
        let outsider = Outsider::listen(listener, "provider", ends, move |config| {
            config
                .app_data(shared.clone())
                .route("/charges", web::post().to(charge))
                .route("/charges", web::get().to(look_up))
                .route("/refunds", web::post().to(refund))
                .route("/endpoints", web::post().to(endpoint));
        })?;
        Ok(Self { book, outsider })
    }

    /// Where it takes charges, for `SHOP_PAYMENT_URL`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}/charges", self.outsider.url())
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
    pub fn join(self) {
        self.outsider.join();
    }
}

#[derive(Deserialize)]
struct ChargeRequest {
    order: OrderId,
    amount_cents: i64,
}

#[derive(Deserialize)]
struct LookUp {
    idempotency_key: String,
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
    HttpResponse::Accepted().json(state_of(&charged))
}

fn state_of(charged: &Charged) -> Value {
    let status = charged.decided.map_or("pending", Decided::name);
    json!({"reference": charged.reference, "status": status})
}

/// The charge that was made under a key, in a list: an empty one says that there is none, which a 404
/// would not, as that may be of the address.
async fn look_up(book: web::Data<Book>, asked: web::Query<LookUp>) -> HttpResponse {
    let key = format!("\"{}\"", asked.idempotency_key);
    let fails = book.fails(&key);
    book.answer_time().await;
    if fails {
        return HttpResponse::ServiceUnavailable().finish();
    }
    let charges: Vec<Value> = book.find(&key).iter().map(state_of).collect();
    HttpResponse::Ok().json(json!({"charges": charges}))
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
