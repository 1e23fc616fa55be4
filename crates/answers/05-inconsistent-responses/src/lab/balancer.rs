//! A balancer in front of the instances: in turn, or each client where it was before.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use error_handling::Problem;

use super::setup::Routing;

/// The cookie by which a client is known.
const COOKIE: &str = "client=";
const PATIENCE: Duration = Duration::from_secs(10);
const BODY_LIMIT: usize = 1 << 20;

/// Where requests may go.
#[derive(Debug)]
pub(super) struct Balancer {
    pub(super) instances: Vec<String>,
    pub(super) routing: Routing,
    pub(super) turn: AtomicUsize,
}

/// Made by each worker for itself: the client's connections belong to a thread.
pub(super) fn client() -> awc::Client {
    awc::Client::builder().timeout(PATIENCE).disable_redirects().finish()
}

/// Hands a GET on, and its response back.
pub(super) async fn forward(
    request: HttpRequest,
    balancer: web::Data<Balancer>,
    client: web::Data<awc::Client>,
) -> Result<HttpResponse, Problem> {
    let gone = |_| Problem::unavailable("no instance answers", Duration::from_secs(1));
    let instance = &balancer.instances[balancer.choose(&request)];
    let url = format!("{instance}{}", request.uri());
    let mut came = client.get(url).send().await.map_err(|_| gone(()))?;
    let body = came.body().limit(BODY_LIMIT).await.map_err(|_| gone(()))?;
    let mut response = HttpResponse::build(came.status());
    let kept = came.headers().iter().filter(|(name, _)| !is_of_a_hop(name));
    kept.for_each(|(name, value)| {
        response.append_header((name.clone(), value.clone()));
    });
    Ok(response.body(body))
}

impl Balancer {
    fn choose(&self, request: &HttpRequest) -> usize {
        let number = match (self.routing, client_of(request)) {
            (Routing::Sticky, Some(number)) => number,
            _ => self.turn.fetch_add(1, Ordering::SeqCst),
        };
        number % self.instances.len().max(1)
    }
}

/// The number in the cookie, where there is one.
fn client_of(request: &HttpRequest) -> Option<usize> {
    let cookies = request.headers().get(header::COOKIE)?.to_str().ok()?;
    let mut values = cookies.split(';').filter_map(|cookie| cookie.trim().strip_prefix(COOKIE));
    values.next()?.parse().ok()
}

/// Headers that concern one connection (RFC 9110, 7.6.1), and what the framework writes itself.
fn is_of_a_hop(name: &header::HeaderName) -> bool {
    [header::CONNECTION, header::TRANSFER_ENCODING, header::CONTENT_LENGTH, header::DATE]
        .contains(name)
}
