//! Cuts off clients that send too slowly.
//!
//! actix-web's own `client_request_timeout` covers the first head on a connection. A client that
//! has sent one request may then send a second head byte by byte and hold the connection for ever;
//! likewise one that never reads its response. Each connection therefore has a clock.

use std::any::Any;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_web::Error;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Extensions, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::web::Bytes;

use crate::config::HttpConfig;

/// The slowest a client may read a response, in bytes per second.
const SLOWEST_READER: u64 = 16 * 1024;

/// From a response that ends its connection to its end, so that the client can read it.
const FAREWELL: Duration = Duration::from_secs(1);

/// When the next complete request head must have arrived.
#[derive(Clone, Debug)]
pub(super) struct ConnectionClock(Arc<Connection>);

#[derive(Debug)]
struct Connection {
    /// Milliseconds since the watch began; `NEVER` while a request is served. An atomic, as it is
    /// written twice per request and read once a second.
    deadline: AtomicU64,
    watch: Arc<Watch>,
    /// A duplicate of the socket's descriptor: the server owns the original and lends it only
    /// while the connection is set up.
    socket: TcpStream,
}

const NEVER: u64 = u64::MAX;

/// All connections of one server.
#[derive(Debug)]
pub(super) struct Watch {
    began: Instant,
    /// From the end of one response to the complete head of the next request.
    next_head_within: Duration,
    /// A mutex around a list: touched once per connection and once per second.
    connections: Mutex<Vec<Weak<Connection>>>,
}

impl Watch {
    pub(super) fn new(config: &HttpConfig) -> Arc<Self> {
        Arc::new(Self {
            began: Instant::now(),
            next_head_within: config.keep_alive + config.head_timeout,
            connections: Mutex::new(Vec::new()),
        })
    }

    /// For `HttpServer::on_connect`: gives a new connection its clock.
    pub(super) fn adopt(self: &Arc<Self>, io: &dyn Any, data: &mut Extensions) {
        let Some(stream) = io.downcast_ref::<actix_web::rt::net::TcpStream>() else { return };
        let Ok(descriptor) = stream.as_fd().try_clone_to_owned() else { return };
        let connection = Arc::new(Connection {
            // The first head is timed by actix-web itself.
            deadline: AtomicU64::new(NEVER),
            watch: Arc::clone(self),
            socket: TcpStream::from(descriptor),
        });
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Arc::downgrade(&connection));
        data.insert(ConnectionClock(connection));
    }

    /// Closes every connection whose time is up; to be called about once a second.
    pub(super) fn sweep(&self) {
        let now = self.now();
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        connections.retain(|connection| {
            let Some(connection) = connection.upgrade() else { return false };
            if connection.deadline.load(Ordering::Relaxed) > now {
                return true;
            }
            let _ = connection.socket.shutdown(Shutdown::Both);
            false
        });
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(NEVER)
    }
}

impl ConnectionClock {
    /// While a request is served, its own deadlines hold.
    pub(super) fn request_began(&self) {
        self.0.deadline.store(NEVER, Ordering::Relaxed);
    }

    /// Starts the clock: time to read a body of this size, then to send the next head.
    fn sent(&self, bytes: u64) {
        let reading = Duration::from_secs(bytes / SLOWEST_READER);
        self.allow(self.0.watch.next_head_within + reading);
    }

    /// Starts the clock for a connection without a next request: the server would first read a body
    /// in chunks to its end, which may never come.
    fn sent_last(&self) {
        self.allow(FAREWELL);
    }

    fn allow(&self, allowed: Duration) {
        let watch = &self.0.watch;
        let allowed = u64::try_from(allowed.as_millis()).unwrap_or(NEVER);
        self.0.deadline.store(watch.now().saturating_add(allowed), Ordering::Relaxed);
    }
}

/// Has the clock run while the client is awaited, and stand while the server is.
pub(super) fn clocked(
    outcome: Result<ServiceResponse, Error>,
    clock: ConnectionClock,
) -> Result<ServiceResponse, Error> {
    let Ok(response) = outcome else {
        clock.sent(0);
        return outcome;
    };
    match response.response().body().size() {
        // Somebody who did not finish this request is not waited for with the next one.
        _ if response.status() == StatusCode::REQUEST_TIMEOUT => clock.sent_last(),
        BodySize::Sized(bytes) => clock.sent(bytes),
        BodySize::None => clock.sent(0),
        BodySize::Stream => {
            clock.sent(0);
            return Ok(response.map_body(|_, body| Streamed { body, clock }.boxed()));
        }
    }
    Ok(response)
}

/// A body of unknown length, such as a compressed one or server-sent events. Whoever does not read
/// it is not asked for more, which leaves the clock running; a body that has nothing yet stops it.
struct Streamed {
    body: BoxBody,
    clock: ConnectionClock,
}

impl MessageBody for Streamed {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let next = Pin::new(&mut self.body).poll_next(context);
        match &next {
            Poll::Ready(Some(Ok(piece))) => self.clock.sent(piece.len() as u64),
            Poll::Ready(_) => self.clock.sent(0),
            Poll::Pending => self.clock.request_began(),
        }
        next
    }
}
