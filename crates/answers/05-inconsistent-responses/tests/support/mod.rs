//! Small real servers to be probed.

#![allow(dead_code)] // Each test binary uses its own part.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use inconsistent_responses::{Probe, Report};
use url::Url;

/// What a server answers to its nth request, counted from 0.
type Answer = fn(usize, &HttpRequest) -> HttpResponse;

/// A server on a free port; stops when dropped.
pub(crate) struct Server {
    pub(crate) url: Url,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn answering(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let (tell, told) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(move || {
                    let asked = Arc::clone(&asked);
                    App::new().default_service(web::to(move |request: HttpRequest| {
                        let number = asked.fetch_add(1, Ordering::SeqCst);
                        let response = answer(number, &request);
                        async move { response }
                    }))
                });
                let server = server.workers(1).disable_signals().listen(listener).unwrap().run();
                tell.send(server.handle()).unwrap();
                server.await.unwrap();
            });
        });
        Self { url, handle: told.recv().unwrap(), thread: Some(thread) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
        let _ = self.thread.take().unwrap().join();
    }
}

/// The address of a port on which nobody listens.
pub(crate) fn nobody() -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap()
}

/// One request at a time, so that the order of responses is the order of requests.
pub(crate) fn in_turn(url: &Url, requests: u32) -> Probe {
    Probe { requests, concurrency: 1, ..Probe::new(url.clone()) }
}

pub(crate) async fn run(probe: &Probe) -> Report {
    probe.run(&mut |_| Ok(())).await.unwrap()
}
