//! What every request passes on its way in and out.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::{Error, web};
use error_handling::{Cause, Problem, method_name};
use ipnet::IpNet;
use prometheus::IntGauge;

use super::connections::{ConnectionClock, clocked};
use crate::client_address::client_address;
use crate::config::HttpConfig;
use crate::metrics::Metrics;
use crate::operations::{Operations, Outcome, RequestTrace};
use crate::rate_limit::{RateLimit, client_key};
use crate::redis::Redis;

/// Limits shared by all workers of a server.
#[derive(Debug)]
pub(super) struct Limits {
    max_in_flight: i64,
    per_address: Option<RateLimit<std::net::IpAddr>>,
    pub(super) trusted_proxies: Vec<IpNet>,
}

impl Limits {
    pub(super) fn new(config: &HttpConfig, redis: Option<&Redis>) -> Arc<Self> {
        let per_minute =
            |limit| RateLimit::new("address", limit, Duration::from_secs(60)).shared(redis);
        Arc::new(Self {
            max_in_flight: i64::try_from(config.max_in_flight).unwrap_or(i64::MAX),
            per_address: NonZeroU32::new(config.rate_limit).map(per_minute),
            trusted_proxies: config.trusted_proxies.clone(),
        })
    }
}

/// Counts and times the request, stops its connection's clock while it is served, and lets HEAD
/// reach the GET routes (RFC 9110, section 9.3.2); the encoder leaves the body out by itself.
pub(super) async fn observe(
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse, Error> {
    let began = Instant::now();
    let clock = request.conn_data::<ConnectionClock>().cloned();
    if let Some(clock) = &clock {
        clock.request_began();
    }
    let metrics = request.app_data::<web::Data<Metrics>>().cloned();
    let operations = request.app_data::<web::Data<Operations>>().cloned();
    let method = method_name(request.method());
    if request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    let trace = RequestTrace::new(began);
    let outcome = trace.clone().scope(next.call(request)).await;
    if let (Some(metrics), Some(operations)) = (metrics, operations) {
        let status = match &outcome {
            Ok(response) => response.status(),
            Err(error) => error.as_response_error().status_code(),
        };
        let route = trace.route().to_owned();
        let served = Outcome { method, route, status: status.as_u16(), took: began.elapsed() };
        metrics.served(method, &served.route, served.status, served.took.as_secs_f64());
        metrics.request_log().keep(&trace, served, operations.slow_after());
    }
    match clock {
        Some(clock) => clocked(outcome, clock),
        None => outcome,
    }
}

/// Refuses what could not be served in time, instead of queueing it. Health, metrics and those on
/// call pass: an overloaded server that also looks dead would be restarted into a worse overload.
pub(super) async fn shed<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    RequestTrace::identify_current();
    let metrics = request.app_data::<web::Data<Metrics>>().cloned();
    let limits = request.app_data::<web::Data<Limits>>().cloned();
    let (Some(metrics), Some(limits)) = (metrics, limits) else { return next.call(request).await };
    if is_operational(request.path()) {
        return next.call(request).await;
    }
    let _place = InFlight::enter(&metrics.in_flight);
    if metrics.in_flight.get() > limits.max_in_flight {
        metrics.shed.inc();
        return Err(Problem::unavailable("The server is busy.", Duration::from_secs(1))
            .with_cause(Cause::new("too many requests in flight"))
            .into());
    }
    next.call(request).await
}

fn is_operational(path: &str) -> bool {
    path.starts_with("/health/") || path.starts_with("/operations/") || path == "/metrics"
}

/// A place among the requests in flight, given back however the request ends.
struct InFlight<'gauge>(&'gauge IntGauge);

impl<'gauge> InFlight<'gauge> {
    fn enter(gauge: &'gauge IntGauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Limits calls of the API per client address.
pub(super) async fn limit_rate<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let limits = request.app_data::<web::Data<Limits>>().cloned();
    let peer = request.peer_addr();
    let (Some(limits), Some(peer)) = (limits, peer) else { return next.call(request).await };
    let Some(limit) = limits.per_address.as_ref().filter(|_| request.path().starts_with("/api/"))
    else {
        return next.call(request).await;
    };
    let client = client_address(peer.ip(), request.headers(), &limits.trusted_proxies);
    let allowance = limit.admit_or_local(&client_key(client)).await;
    if !allowance.granted {
        let mut error = Error::from(RateLimit::<std::net::IpAddr>::refusal(allowance));
        error.add_response_mapper(move |mut response| {
            if let Some(limit) = &limits.per_address {
                limit.describe(allowance, response.headers_mut());
            }
            response
        });
        return Err(error);
    }
    let mut response = next.call(request).await?;
    limit.describe(allowance, response.headers_mut());
    Ok(response)
}
