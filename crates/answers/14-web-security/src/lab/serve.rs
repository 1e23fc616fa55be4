//! Binds and runs a build: the ones with holes on a bare server, the others on the backend's.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::http::KeepAlive;
use actix_web::middleware::{Condition, from_fn};
use actix_web::rt::System;
use actix_web::{App, HttpServer, web};
use diesel::{Connection, PgConnection};
use evidence::Failure;
use foundation::config::Config;
use foundation::http::{MountPages, Parts, Server};
use foundation::metrics::Metrics;
use foundation::module::{Module, Starting};
use foundation::testing::config;
use secrecy::ExposeSecret;
use tokio::sync::oneshot;

use super::filter::refuse_suspects;
use super::hardened::Hardened;
use super::routes::mount;
use super::tempting::Tempting;
use super::vulnerable::Vulnerable;
use super::{Build, Site, internal};

/// Bounds of the backend's server, shortened so that a demo need not wait for them.
const BOUNDS: [&str; 10] = [
    "--head-timeout",
    "500ms",
    "--keep-alive",
    "200ms",
    "--body-timeout",
    "500ms",
    "--shutdown-timeout",
    "1s",
    "--rate-limit",
    "0",
];

/// Where a lab listens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Addresses {
    pub(super) site: SocketAddr,
    pub(super) internal: SocketAddr,
}

/// Binds an address for a build with holes: this machine's own and no other.
///
/// # Errors
/// `PermissionDenied` for any address that others could reach, and whatever the system says.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    if address.ip().is_loopback() {
        return TcpListener::bind(address);
    }
    let refused = format!("{address}: this build has holes on purpose and binds loopback only");
    Err(io::Error::new(io::ErrorKind::PermissionDenied, refused))
}

/// Serves on a thread of its own until `stopped`, so that attackers and server wait separately.
pub(super) fn spawn(
    build: Build,
    site: Arc<Site>,
    stopped: oneshot::Receiver<()>,
) -> Result<(JoinHandle<()>, Addresses), Failure> {
    let (tell, told) = mpsc::channel();
    let thread = std::thread::Builder::new().name("lab".to_owned()).spawn(move || {
        System::new().block_on(async move {
            if let Err(error) = serve(build, site, stopped, &tell).await {
                let _ = tell.send(Err(error));
            }
        });
    })?;
    let addresses = told.recv()??;
    Ok((thread, addresses))
}

type Tell = mpsc::Sender<Result<Addresses, Failure>>;

async fn serve(
    build: Build,
    site: Arc<Site>,
    stopped: oneshot::Receiver<()>,
    tell: &Tell,
) -> Result<(), Failure> {
    let (service, internal) = internal::start(bind((Ipv4Addr::LOCALHOST, 0).into())?)?;
    match build {
        Build::Vulnerable | Build::Tempting => {
            let listener = bind((Ipv4Addr::LOCALHOST, 0).into())?;
            let addresses = Addresses { site: listener.local_addr()?, internal };
            let server = bare(build, listener, site)?;
            let handle = server.handle();
            actix_web::rt::spawn(server);
            let _ = tell.send(Ok(addresses));
            let _ = stopped.await;
            handle.stop(false).await;
        }
        Build::Hardened | Build::Filtered => {
            let config = config(&BOUNDS);
            let server = Server::bind(&config)?;
            let addresses = Addresses { site: server.address()?, internal };
            let running = server.start(parts(build, site, &config)?)?;
            let stop = running.stop_handle();
            actix_web::rt::spawn(running.until_stopped(|| {}));
            let _ = tell.send(Ok(addresses));
            let _ = stopped.await;
            stop.stop().await;
        }
    }
    service.stop(false).await;
    Ok(())
}

/// actix-web as it comes; the tempting build sets the time-out that it offers, and CORS.
fn bare(
    build: Build,
    listener: TcpListener,
    site: Arc<Site>,
) -> io::Result<actix_web::dev::Server> {
    let tempting = build == Build::Tempting;
    let server = HttpServer::new(move || {
        let cors = actix_cors::Cors::default().allowed_origin("https://lab.example");
        let app = App::new().app_data(web::Data::from(Arc::clone(&site)));
        let app = if tempting {
            app.configure(mount::<Tempting>)
        } else {
            app.configure(mount::<Vulnerable>)
        };
        app.wrap(Condition::new(tempting, cors))
    });
    let head = if tempting { Duration::from_millis(500) } else { Duration::ZERO };
    let server = server.client_request_timeout(head).keep_alive(KeepAlive::Os);
    Ok(server.workers(1).disable_signals().shutdown_timeout(1).listen(listener)?.run())
}

/// The backend's server with this crate's module, and the routes of the lab where pages go.
fn parts(build: Build, site: Arc<Site>, config: &Config) -> Result<Parts, Failure> {
    let metrics = Metrics::new()?;
    let database = site.database.clone();
    let mut connection = PgConnection::establish(site.url.expose_secret())?;
    let mut starting = Starting::new(config, &metrics, &mut connection, None);
    let shares = Module::start_all(&[&crate::MODULE], &mut starting)?;
    let site = web::Data::from(site);
    let pages: MountPages = Arc::new(move |config| {
        config.app_data(site.clone());
        let scope = web::scope("").configure(mount::<Hardened>);
        let filter = Condition::new(build == Build::Filtered, from_fn(refuse_suspects));
        config.service(scope.wrap(filter));
    });
    Ok(Parts { pages, shares, ..Parts::api(Vec::new(), database, metrics) })
}
