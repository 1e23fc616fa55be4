//! Binds, serves and stops.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{HttpServer, web};

use super::app::AppState;
use super::connections::Watch;
use super::{Parts, Readiness};
use crate::config::{Config, HttpConfig};
use crate::operations::{Operations, ShortToken};
use crate::redis::Redis;
use crate::task::termination;

/// The server could not start or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Somebody else listens there.
    #[error("{0} is in use: stop what listens there, or choose another with --listen")]
    InUse(SocketAddr),
    /// No port of the default range is free.
    #[error("ports {} to {} are all in use: choose one with --listen 127.0.0.1:PORT", .0.start, .0.end - 1)]
    NoneFree(std::ops::Range<u16>),
    /// An address of another machine, or a port that is for root.
    #[error(
        "cannot listen on {0}: {1}. Choose an address of this machine, 0.0.0.0 for all of them, and \
         a port that this account may use, with --listen"
    )]
    Address(SocketAddr, io::Error),
    /// `OPERATIONS_TOKEN` could be guessed.
    #[error(transparent)]
    Token(#[from] ShortToken),
    /// Anything else the system says.
    #[error("cannot serve: {0}")]
    Io(#[from] io::Error),
}

/// A server that is bound and not yet serving, so that its address can be told first.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    config: HttpConfig,
    operations: Operations,
    redis: Option<Redis>,
}

/// A server that serves; await it with [`Running::until_stopped`].
pub struct Running {
    server: actix_web::dev::Server,
    stop: StopHandle,
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("stop", &self.stop).finish_non_exhaustive()
    }
}

/// Stops a running server; cheap to clone.
#[derive(Clone, Debug)]
pub struct StopHandle {
    handle: ServerHandle,
    readiness: Readiness,
    drain: Duration,
}

impl Server {
    /// Binds the address of `config`, or the first free port of the default range.
    ///
    /// # Errors
    /// [`ServeError::InUse`], [`ServeError::NoneFree`] or [`ServeError::Token`] with the next step.
    pub fn bind(config: &Config) -> Result<Self, ServeError> {
        let operations = Operations::new(&config.operations)?;
        let listener = match config.listen {
            Some(address) => listen(address)?,
            None => Config::DEFAULT_PORTS
                .map(|port| listen((Ipv4Addr::LOCALHOST, port).into()))
                .find(|attempt| !matches!(attempt, Err(ServeError::InUse(_))))
                .unwrap_or(Err(ServeError::NoneFree(Config::DEFAULT_PORTS)))?,
        };
        Ok(Self { listener, config: config.http.clone(), operations, redis: None })
    }

    /// Shares the limit of each client address with other servers, and tells of Redis in readiness.
    #[must_use]
    pub fn with_redis(self, redis: Option<Redis>) -> Self {
        Self { redis, ..self }
    }

    /// The address that was bound.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Starts the workers. Must be called inside an actix system.
    ///
    /// # Errors
    /// When the system refuses threads or sockets.
    pub fn start(self, parts: Parts) -> Result<Running, ServeError> {
        let Self { listener, config, operations, redis } = self;
        let readiness = Readiness::default();
        let watch = Watch::new(&config);
        watch_connections(&watch);
        let app = AppState::new(&config, parts, readiness.clone(), redis, operations);
        let server = HttpServer::new(move || app.build())
            .workers(config.workers())
            .max_connections(config.max_connections)
            .keep_alive(config.keep_alive)
            .client_request_timeout(config.head_timeout)
            .client_disconnect_timeout(Duration::from_secs(1))
            .tcp_nodelay(true)
            .shutdown_timeout(config.shutdown_timeout.as_secs())
            .on_connect(move |io, data| watch.adopt(io, data))
            .disable_signals()
            .listen(listener)?
            .run();
        let stop = StopHandle { handle: server.handle(), readiness, drain: config.drain };
        Ok(Running { server, stop })
    }
}

impl Running {
    /// What stops this server.
    #[must_use]
    pub fn stop_handle(&self) -> StopHandle {
        self.stop.clone()
    }

    /// Serves until told to stop, by [`StopHandle::stop`], SIGTERM or Ctrl-C. A signal first calls
    /// `on_signal`, which ends what would never end by itself, such as streams of events.
    ///
    /// # Errors
    /// When the server cannot go on.
    pub async fn until_stopped(
        self,
        on_signal: impl FnOnce() + Send + 'static,
    ) -> Result<(), ServeError> {
        let Self { server, stop } = self;
        let on_signal = actix_web::rt::spawn(async move {
            termination().await;
            tracing::info!("stopping: requests in flight are finished first");
            let _ = web::block(on_signal).await;
            stop.stop().await;
        });
        let outcome = server.await;
        on_signal.abort();
        Ok(outcome?)
    }
}

impl StopHandle {
    /// Says no to the load balancer, waits for it to notice, finishes what is in flight, and stops.
    pub async fn stop(&self) {
        self.readiness.withdraw();
        tokio::time::sleep(self.drain).await;
        self.handle.stop(true).await;
    }
}

fn listen(address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address).map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => ServeError::InUse(address),
        _ => ServeError::Address(address, error),
    })
}

/// Sweeps for as long as a server holds the watch.
fn watch_connections(watch: &Arc<Watch>) {
    let watch = Arc::downgrade(watch);
    actix_web::rt::spawn(async move {
        while let Some(watch) = watch.upgrade() {
            watch.sweep();
            drop(watch);
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
}
