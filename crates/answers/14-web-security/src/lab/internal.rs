//! A service that trusts its network: it gives credentials to whoever can reach it.

use std::io;
use std::net::{SocketAddr, TcpListener};

use actix_web::dev::ServerHandle;
use actix_web::http::header;
use actix_web::{App, HttpResponse, HttpServer, web};

/// What it gives away.
pub(crate) const CREDENTIALS: &str = "role=machine key=canary-cloud-key";

/// Serves the credentials, and a redirect to them as a stranger's page would send.
pub(super) fn start(listener: TcpListener) -> io::Result<(ServerHandle, SocketAddr)> {
    let address = listener.local_addr()?;
    let hop = move || async move {
        let to = format!("http://{address}/credentials");
        HttpResponse::Found().insert_header((header::LOCATION, to)).finish()
    };
    let server = HttpServer::new(move || {
        App::new()
            .route("/credentials", web::get().to(|| async { CREDENTIALS }))
            .route("/hop", web::get().to(hop))
    });
    let server = server.workers(1).disable_signals().shutdown_timeout(1).listen(listener)?.run();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    Ok((handle, address))
}
