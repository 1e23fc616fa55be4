//! A bank that takes its time to answer: what makes a charge slow for the worker that asks.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpResponse, HttpServer, web};
use serde::Deserialize;
use serde_json::json;

/// Listens on loopback until it is dropped, and says yes to every charge.
pub(super) struct Bank {
    address: std::net::SocketAddr,
    asked: Arc<AtomicU64>,
    stop: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

#[derive(Deserialize)]
struct Asked {
    order: i64,
}

impl Bank {
    pub(super) fn open(answers_after: Duration) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let asked = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&asked);
        let (tell, told) = mpsc::channel();
        let thread = std::thread::Builder::new().name("bank".to_owned()).spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let app = move || {
                    let counter = Arc::clone(&counter);
                    let charge = move |body: web::Json<Asked>| {
                        counter.fetch_add(1, Ordering::Relaxed);
                        async move {
                            tokio::time::sleep(answers_after).await;
                            let reference = format!("ch_{}", body.order);
                            let answer = json!({"reference": reference, "status": "succeeded"});
                            HttpResponse::Ok().json(answer)
                        }
                    };
                    App::new().route("/charges", web::post().to(charge))
                };
                let server = HttpServer::new(app).workers(1).disable_signals().shutdown_timeout(0);
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
        let stop = told.recv().map_err(|_| io::Error::other("the bank's thread ended"))??;
        Ok(Self { address, asked, stop, thread: Some(thread) })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How often it was asked for money.
    pub(super) fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Drop for Bank {
    fn drop(&mut self) {
        // The future does nothing but wait; the command is sent when it is made.
        drop(self.stop.stop(false));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
