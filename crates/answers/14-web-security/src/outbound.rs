//! Calls to addresses that somebody else chose: links, webhooks, partners.
//!
//! The name is resolved first, every address checked, and the connection made to what was checked.
//! No redirect is followed unless asked for, and then each hop is checked like the first.

mod address;
mod destination;
mod tls;
mod worker;

use std::time::{Duration, Instant};

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::web::Bytes;
use foundation::module::{StartFailure, Starting};
use ipnet::IpNet;
use tokio::sync::{mpsc, oneshot};

pub use address::{AddressClass, class_of};
pub use tls::{machine_roots, tls_client};
use worker::Job;

/// Calls that wait for their turn; one more is refused at once.
const QUEUE: usize = 256;

/// Bounds of an [`Outbound`] client.
#[derive(Clone, Debug)]
pub struct OutboundSettings {
    /// Networks that may be called although they are not public.
    pub allow: Vec<IpNet>,
    /// The longest a call may take, from its turn in the queue to the last byte of the response.
    pub timeout: Duration,
    /// The largest body of a response, in bytes.
    pub body_limit: usize,
}

impl Default for OutboundSettings {
    /// Nothing private, five seconds, one mebibyte.
    fn default() -> Self {
        Self { allow: Vec::new(), timeout: Duration::from_secs(5), body_limit: 1 << 20 }
    }
}

/// Why there is no response. No variant repeats what the other side said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OutboundError {
    /// The text is no URL that is called; the reason is fit for whoever wrote it.
    #[error("the URL cannot be called: {0}")]
    BadUrl(&'static str),
    /// The host, or one that it redirects to, has an address that is not public.
    #[error("the host has a {0} address")]
    Refused(AddressClass),
    /// The whole exchange took longer than it may.
    #[error("the call took too long")]
    TimedOut,
    /// No such name, nobody there, no certificate to trust, or no HTTP.
    #[error("the host cannot be reached")]
    Unreachable,
    /// The response is larger than it may be.
    #[error("the response is too large")]
    TooLarge,
    /// More calls are under way than can be made in time.
    #[error("too many calls are under way")]
    Busy,
}

/// One call.
#[derive(Clone, Debug)]
pub struct OutboundRequest {
    method: Method,
    url: String,
    headers: HeaderMap,
    body: Bytes,
    redirects: u8,
}

/// What came back, whole.
#[derive(Clone, Debug)]
pub struct OutboundResponse {
    /// Status of the last hop.
    pub status: StatusCode,
    /// Headers of the last hop.
    pub headers: HeaderMap,
    /// The body as it was sent; nothing is decompressed, so a bomb stays small.
    pub body: Bytes,
}

impl OutboundRequest {
    /// A call with this method, without headers and body.
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        let (headers, body) = (HeaderMap::new(), Bytes::new());
        Self { method, url: url.into(), headers, body, redirects: 0 }
    }

    /// GET.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new(Method::GET, url)
    }

    /// POST of a body; say with [`OutboundRequest::header`] what it is.
    pub fn post(url: impl Into<String>, body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), ..Self::new(Method::POST, url) }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    /// Follows up to `most` redirects, of GET alone: anything else would be sent to strangers. The
    /// headers given here stay with the first origin.
    #[must_use]
    pub fn following(self, most: u8) -> Self {
        Self { redirects: most, ..self }
    }
}

/// The client; cheap to clone, and to be used from any thread and runtime.
#[derive(Clone, Debug)]
pub struct Outbound {
    /// To a thread of its own: the HTTP client cannot change threads, and a pool that all workers
    /// share keeps fewer connections to a partner than one for each.
    jobs: mpsc::Sender<Job>,
    timeout: Duration,
}

impl Outbound {
    /// Starts the client's thread, which ends with the last clone.
    #[must_use]
    pub fn new(settings: OutboundSettings) -> Self {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let timeout = settings.timeout;
        let thread = std::thread::Builder::new().name("outbound".to_owned());
        if let Err(error) = thread.spawn(move || worker::run(settings, queue)) {
            // Calls are then `Unreachable`, which is what they would be on such a machine anyway.
            tracing::error!(%error, "the thread for outgoing calls did not start");
        }
        Self { jobs, timeout }
    }

    /// The client of a server, made when the first module asks for it.
    ///
    /// # Errors
    /// Never.
    pub fn start(starting: &mut Starting<'_>) -> Result<Self, StartFailure> {
        starting.once(|starting| {
            let outbound = &starting.config.outbound;
            let settings = OutboundSettings {
                allow: outbound.outbound_allow.clone(),
                timeout: outbound.outbound_timeout,
                ..OutboundSettings::default()
            };
            Ok(Self::new(settings))
        })
    }

    /// Makes a call. Dropping the future ends it.
    ///
    /// # Errors
    /// See [`OutboundError`].
    pub async fn send(&self, request: OutboundRequest) -> Result<OutboundResponse, OutboundError> {
        let (reply, answer) = oneshot::channel();
        let job = Job { request, deadline: Instant::now() + self.timeout, reply };
        self.jobs.try_send(job).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => OutboundError::Busy,
            mpsc::error::TrySendError::Closed(_) => OutboundError::Unreachable,
        })?;
        answer.await.unwrap_or(Err(OutboundError::Unreachable))
    }
}
