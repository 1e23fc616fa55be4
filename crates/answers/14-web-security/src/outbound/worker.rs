//! The thread that makes the calls.

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::http::header::{self, HeaderMap};
use actix_web::http::{Method, StatusCode};
use awc::error::{ConnectError, PayloadError, SendRequestError};
use awc::{Client, ClientResponse, Connector};
use rustls::ClientConfig;
use tokio::sync::{Semaphore, mpsc, oneshot};
use url::Url;

use super::destination::{parse, resolve};
use super::tls::{machine_roots, tls_client};
use super::{OutboundError, OutboundRequest, OutboundResponse, OutboundSettings};

/// Calls under way at once; further ones wait, which counts towards their time.
const IN_FLIGHT: usize = 64;

/// A call with the time by which it must be over.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) request: OutboundRequest,
    pub(super) deadline: Instant,
    pub(super) reply: oneshot::Sender<Result<OutboundResponse, OutboundError>>,
}

/// Makes calls until the last client is gone.
pub(super) fn run(settings: OutboundSettings, mut jobs: mpsc::Receiver<Job>) {
    actix_web::rt::System::new().block_on(async move {
        let tls = tls_client(machine_roots());
        let caller = Rc::new(Caller { client: client(settings.timeout, tls), settings });
        let places = Arc::new(Semaphore::new(IN_FLIGHT));
        while let Some(job) = jobs.recv().await {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let caller = Rc::clone(&caller);
            actix_web::rt::spawn(async move {
                caller.perform(job).await;
                drop(place);
            });
        }
    });
}

/// Redirects are followed here, if at all: the library would not check where they lead.
fn client(timeout: Duration, tls: Option<ClientConfig>) -> Client {
    let mut connector = Connector::new().timeout(timeout).handshake_timeout(timeout);
    if let Some(tls) = tls {
        connector = connector.rustls_0_23(Arc::new(tls));
    }
    Client::builder().connector(connector).timeout(timeout).disable_redirects().finish()
}

struct Caller {
    client: Client,
    settings: OutboundSettings,
}

impl Caller {
    async fn perform(&self, job: Job) {
        let Job { request, deadline, mut reply } = job;
        let outcome = tokio::select! {
            outcome = tokio::time::timeout_at(deadline.into(), self.exchange(&request)) => outcome,
            () = reply.closed() => return,
        };
        // Whoever asked may be gone; then nobody wants to know.
        let _ = reply.send(outcome.unwrap_or(Err(OutboundError::TimedOut)));
    }

    async fn exchange(&self, request: &OutboundRequest) -> Result<OutboundResponse, OutboundError> {
        let first = parse(&request.url)?;
        let mut url = first.clone();
        let mut left = if request.method == Method::GET { request.redirects } else { 0 };
        loop {
            let own = url.origin() == first.origin();
            let mut response = self.call(request, &url, own).await?;
            match redirect(response.status(), response.headers()).filter(|_| left > 0) {
                Some(to) => {
                    url = hop(&url, to)?;
                    left -= 1;
                }
                None => {
                    let body = response.body().limit(self.settings.body_limit).await;
                    let body = body.map_err(|error| of_body(&error))?;
                    let (status, headers) = (response.status(), response.headers().clone());
                    return Ok(OutboundResponse { status, headers, body });
                }
            }
        }
    }

    /// Tries the addresses of the host one after the other, as long as nobody is there.
    async fn call(
        &self,
        request: &OutboundRequest,
        url: &Url,
        own: bool,
    ) -> Result<ClientResponse, OutboundError> {
        let mut outcome = Err(OutboundError::Unreachable);
        for address in resolve(url, &self.settings.allow).await? {
            let mut call = self.client.request(request.method.clone(), url.as_str());
            if own {
                for header in &request.headers {
                    call = call.append_header(header);
                }
            }
            match call.address(address).send_body(request.body.clone()).await {
                Err(SendRequestError::Connect(ConnectError::Io(_))) => {}
                Err(error) => return Err(of_call(&error)),
                Ok(response) => {
                    outcome = Ok(response);
                    break;
                }
            }
        }
        outcome
    }
}

/// Where a response sends its reader on (RFC 9110, section 15.4).
fn redirect(status: StatusCode, headers: &HeaderMap) -> Option<&str> {
    let redirects = matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308);
    headers.get(header::LOCATION).filter(|_| redirects)?.to_str().ok()
}

/// The next URL. From TLS on it is TLS: anybody on the way could have written the answer otherwise.
fn hop(from: &Url, to: &str) -> Result<Url, OutboundError> {
    let to = from.join(to).map_err(|_| OutboundError::BadUrl("it leads nowhere"))?;
    let to = parse(to.as_str())?;
    if from.scheme() == "https" && to.scheme() != "https" {
        return Err(OutboundError::BadUrl("it leads out of TLS"));
    }
    Ok(to)
}

fn of_call(error: &SendRequestError) -> OutboundError {
    match error {
        SendRequestError::Timeout | SendRequestError::Connect(ConnectError::Timeout) => {
            OutboundError::TimedOut
        }
        SendRequestError::Url(_) => OutboundError::BadUrl("it is not a URL"),
        _ => OutboundError::Unreachable,
    }
}

fn of_body(error: &PayloadError) -> OutboundError {
    match error {
        PayloadError::Overflow => OutboundError::TooLarge,
        _ => OutboundError::Unreachable,
    }
}

#[cfg(test)]
mod tests;
