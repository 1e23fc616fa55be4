//! The dependency: a carrier that tells where a parcel is, and a printer, on a port of its own.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpResponse, HttpServer, Responder, web};
use evidence::Failure;

/// How long the printer takes for a receipt: longer than the service may take to answer.
pub(crate) const PRINTING: Duration = Duration::from_millis(1_400);
/// How long the carrier takes to answer once it is slow: longer than a caller's patience.
const SLOW: Duration = Duration::from_millis(500);

/// A loopback server that runs until this is dropped.
pub(crate) struct Carrier {
    pub(crate) address: SocketAddr,
    /// Milliseconds that it takes to answer. An atomic: set once, read by every call.
    delay: Arc<AtomicU64>,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl Carrier {
    pub(crate) fn start() -> Result<Self, Failure> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let delay = Arc::new(AtomicU64::new(0));
        let (shared, (tell, told)) = (Arc::clone(&delay), mpsc::channel());
        let thread = std::thread::Builder::new().name("carrier".to_owned()).spawn(move || {
            actix_web::rt::System::new().block_on(async {
                match serve(listener, shared) {
                    Ok(server) => {
                        let _ = tell.send(Ok(server.handle()));
                        let _ = server.await;
                    }
                    Err(error) => {
                        let _ = tell.send(Err(error));
                    }
                }
            });
        })?;
        let handle = told.recv()??;
        Ok(Self { address, delay, handle, thread: Some(thread) })
    }

    /// From now on it takes its time.
    pub(crate) fn become_slow(&self) {
        let millis = u64::try_from(SLOW.as_millis()).unwrap_or(u64::MAX);
        self.delay.store(millis, Ordering::SeqCst);
    }
}

impl Drop for Carrier {
    fn drop(&mut self) {
        // The command is sent by the call itself; nothing has to wait for it but the thread.
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(listener: TcpListener, delay: Arc<AtomicU64>) -> std::io::Result<actix_web::dev::Server> {
    let delay = web::Data::from(delay);
    let app = move || {
        App::new()
            .app_data(delay.clone())
            .route("/parcels/{order}", web::get().to(parcel))
            .route("/print/{order}", web::get().to(print))
    };
    let server = HttpServer::new(app).workers(1).disable_signals().shutdown_timeout(1);
    Ok(server.listen(listener)?.run())
}

/// Works on although the caller may have hung up, as most services do.
async fn parcel(delay: web::Data<AtomicU64>) -> impl Responder {
    let delay = Duration::from_millis(delay.load(Ordering::SeqCst));
    let _ = actix_web::rt::spawn(tokio::time::sleep(delay)).await;
    "on its way"
}

async fn print() -> impl Responder {
    tokio::time::sleep(PRINTING).await;
    HttpResponse::NoContent().insert_header(("connection", "close")).finish()
}
