//! Somebody else's server, such as a bank or a carrier, as tests and demos need one.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc;
use std::thread::JoinHandle;

use actix_web::dev::ServerHandle;
use actix_web::web::ServiceConfig;
use actix_web::{App, HttpServer, rt::System};

/// A server on a thread of its own, as whoever asks it may block theirs; it listens until it is
/// dropped, and then ends at once, whatever it was about to answer.
#[derive(Debug)]
pub struct Outsider {
    address: SocketAddr,
    stop: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

/// Who ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// Its owner alone.
    WhenDropped,
    /// SIGTERM and Ctrl-C as well, for one that is a process.
    AtSignals,
}

impl Outsider {
    /// Starts one on a free port of this machine; `name` is that of its thread.
    ///
    /// # Errors
    /// When the system gives no socket or thread.
    pub fn start(
        name: &str,
        routes: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
    ) -> io::Result<Self> {
        Self::listen(TcpListener::bind("127.0.0.1:0")?, name, Ends::WhenDropped, routes)
    }

    /// The same on a socket of the caller's.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn listen(
        listener: TcpListener,
        name: &str,
        ends: Ends,
        routes: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
    ) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (tell, told) = mpsc::channel();
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            System::new().block_on(async move {
                let app = move || App::new().configure(routes.clone());
                let server = HttpServer::new(app).workers(1).shutdown_timeout(0);
                let server =
                    if ends == Ends::AtSignals { server } else { server.disable_signals() };
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
        let gone = |_| io::Error::other("the thread of an outsider ended");
        let stop = told.recv().map_err(gone)??;
        Ok(Self { address, stop, thread: Some(thread) })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What its addresses begin with.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits for its end, which is that of the process.
    pub fn join(mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Outsider {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            // The future does nothing but wait; the command is sent when it is made.
            drop(self.stop.stop(false));
            let _ = thread.join();
        }
    }
}
