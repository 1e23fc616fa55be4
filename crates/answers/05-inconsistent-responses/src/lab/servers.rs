//! Ports and threads of the laboratory.

use std::net::TcpListener;
use std::sync::atomic::AtomicUsize;
use std::sync::mpsc;
use std::thread::JoinHandle;

use actix_web::body::BoxBody;
use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use error_handling::boundary;
use evidence::Failure;
use futures_util::future::join_all;
use url::Url;

use super::balancer::{self, Balancer};
use super::instance::{self, Instance};
use super::setup::Routing;

pub(super) fn listeners(count: usize) -> Result<(Vec<TcpListener>, Vec<Url>), Failure> {
    let mut all = (Vec::new(), Vec::new());
    for _ in 0..count {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        all.1.push(Url::parse(&format!("http://{}", listener.local_addr()?))?);
        all.0.push(listener);
    }
    Ok(all)
}

type Started = (JoinHandle<()>, Vec<ServerHandle>);

/// On a thread of their own, so that whoever probes them may block it.
pub(super) fn start(
    listeners: Vec<TcpListener>,
    instances: &[web::Data<Instance>],
    addresses: &[Url],
    routing: Routing,
) -> Result<Started, Failure> {
    let instances = instances.to_vec();
    let origins = addresses.iter().map(|url| url.origin().ascii_serialization());
    let balancer = web::Data::new(Balancer {
        instances: origins.take(instances.len()).collect(),
        routing,
        turn: AtomicUsize::new(0),
    });
    let (tell, told) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            match servers(listeners, instances, &balancer) {
                Ok(servers) => {
                    let _ = tell.send(Ok(servers.iter().map(Server::handle).collect()));
                    join_all(servers).await;
                }
                Err(error) => drop(tell.send(Err(error))),
            }
        });
    });
    let handles = told.recv()??;
    Ok((thread, handles))
}

/// One for each instance, and the balancer on the last port.
fn servers(
    listeners: Vec<TcpListener>,
    instances: Vec<web::Data<Instance>>,
    balancer: &web::Data<Balancer>,
) -> std::io::Result<Vec<Server>> {
    let mut listeners = listeners.into_iter();
    let mut servers = Vec::new();
    for (instance, listener) in instances.into_iter().zip(listeners.by_ref()) {
        let server = HttpServer::new(move || {
            App::new()
                .wrap(from_fn(boundary::<BoxBody>))
                .app_data(instance.clone())
                .service(instance::newest_orders)
                .service(instance::delivery_quote)
        });
        servers.push(server.workers(1).disable_signals().listen(listener)?.run());
    }
    for listener in listeners {
        let balancer = balancer.clone();
        let server = HttpServer::new(move || {
            App::new()
                .app_data(balancer.clone())
                .app_data(web::Data::new(balancer::client()))
                .default_service(web::get().to(balancer::forward))
        });
        servers.push(server.workers(1).disable_signals().listen(listener)?.run());
    }
    Ok(servers)
}
