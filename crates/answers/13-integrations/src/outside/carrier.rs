//! A carrier, who is sent webhooks and asked for quotes.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};
use foundation::signature::Secret;
use foundation::testing::{Ends, Outsider};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How long a carrier that hangs keeps a caller waiting, in milliseconds, unless it is told.
const HANG: u64 = 20_000;

/// What a carrier does when it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Mood {
    /// Answers.
    Well,
    /// Takes the call and says nothing.
    Hanging,
    /// Answers 503.
    Failing,
    /// Answers, with one field of its quotes renamed.
    Renamed,
}

/// A webhook as a carrier got it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Received {
    /// The id of the event.
    pub id: String,
    /// What it was about.
    pub slug: String,
    /// The price that it told.
    pub price_cents: i64,
}

/// A carrier that listens on loopback until it is dropped.
#[derive(Debug)]
pub struct Carrier {
    world: Arc<World>,
    outsider: Outsider,
}

/// What its handlers share.
#[derive(Debug)]
struct World {
    secret: Secret,
    mood: AtomicU8,
    hang: AtomicU64,
    calls: AtomicU64,
    refused: AtomicU64,
    /// A mutex: a handful of requests at once, each for microseconds.
    received: Mutex<Vec<Received>>,
    /// Where it is noted as well, to be read after the process was killed.
    journal: Option<Mutex<File>>,
}

impl Carrier {
    /// Starts one that believes what is signed with this secret.
    ///
    /// # Errors
    /// When the system gives no socket or thread.
    pub fn start(secret: Secret) -> io::Result<Self> {
        Self::listen(TcpListener::bind("127.0.0.1:0")?, secret, None)
    }

    /// The same on a socket of the caller's, appending to a journal before each answer.
    ///
    /// # Errors
    /// As [`Carrier::start`], and when the journal cannot be opened.
    pub fn listen(
        listener: TcpListener,
        secret: Secret,
        journal: Option<&Path>,
    ) -> io::Result<Self> {
        let open = |path| OpenOptions::new().create(true).append(true).open(path);
        let world = Arc::new(World {
            secret,
            mood: AtomicU8::new(Mood::Well as u8),
            hang: AtomicU64::new(HANG),
            calls: AtomicU64::default(),
            refused: AtomicU64::default(),
            received: Mutex::default(),
            journal: journal.map(open).transpose()?.map(Mutex::new),
        });
        let shared = web::Data::from(Arc::clone(&world));
        let outsider = Outsider::listen(listener, "carrier", Ends::WhenDropped, move |config| {
            config
                .app_data(shared.clone())
                .route("/webhooks", web::post().to(take))
                .route("/quotes/{page}", web::get().to(quote));
        })?;
        Ok(Self { world, outsider })
    }

    /// What its addresses begin with.
    #[must_use]
    pub fn url(&self) -> String {
        self.outsider.url()
    }

    /// From now on it behaves like this.
    pub fn be(&self, mood: Mood) {
        self.world.mood.store(mood as u8, Ordering::SeqCst);
    }

    /// Where it hangs, it hangs for this long.
    pub fn hang_for(&self, time: Duration) {
        let milliseconds = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.world.hang.store(milliseconds, Ordering::SeqCst);
    }

    /// How often it was called, whatever it then did.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.world.calls.load(Ordering::SeqCst)
    }

    /// Webhooks that it did not believe.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.world.refused.load(Ordering::SeqCst)
    }

    /// The webhooks that it believed and took, in the order in which they came.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.world.received().clone()
    }

    /// Waits for its end, which is that of the process.
    pub fn join(self) {
        self.outsider.join();
    }
}

impl World {
    fn received(&self) -> MutexGuard<'_, Vec<Received>> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts the call and does what the mood asks for instead of an answer.
    async fn called(&self) -> Option<HttpResponse> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let mood = self.mood.load(Ordering::SeqCst);
        if mood == Mood::Hanging as u8 {
            let hang = self.hang.load(Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(hang)).await;
        }
        (mood == Mood::Failing as u8).then(|| HttpResponse::ServiceUnavailable().finish())
    }

    fn note(&self, received: Received) -> io::Result<()> {
        let mut all = self.received();
        if let Some(journal) = &self.journal {
            let line = format!("{}\n", serde_json::to_string(&received)?);
            // One write: a process that is killed leaves whole lines.
            journal.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes())?;
        }
        all.push(received);
        Ok(())
    }
}

async fn take(world: web::Data<World>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    if let Some(instead) = world.called().await {
        return instead;
    }
    let Ok(id) = world.secret.believe(&request, &body) else {
        world.refused.fetch_add(1, Ordering::SeqCst);
        return HttpResponse::Unauthorized().finish();
    };
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let data = &body["data"];
    let slug = data["slug"].as_str().unwrap_or_default().to_owned();
    let price_cents = data["price_cents"].as_i64().unwrap_or_default();
    match world.note(Received { id, slug, price_cents }) {
        Ok(()) => HttpResponse::NoContent().finish(),
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}

async fn quote(world: web::Data<World>) -> HttpResponse {
    if let Some(instead) = world.called().await {
        return instead;
    }
    if world.mood.load(Ordering::SeqCst) == Mood::Renamed as u8 {
        return HttpResponse::Ok().json(json!({"days": 3, "price_cents": 495}));
    }
    HttpResponse::Ok().json(json!({"delivery_days": 3, "price_cents": 495, "carrier": "Postal"}))
}
