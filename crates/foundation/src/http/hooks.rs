//! What modules do to every response on its way out.

use std::fmt;
use std::sync::Arc;

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::HeaderMap;
use actix_web::middleware::Next;
use actix_web::{Error, web};

use super::middleware::Limits;
use crate::client_address::over_tls;
use crate::database::{Database, Reader};

/// What a hook is told of the request that a response answers.
#[derive(Clone, Copy, Debug)]
pub struct Answered<'request> {
    /// Path without the query.
    pub path: &'request str,
    /// Whether the client's connection is encrypted, by the word of a trusted proxy.
    pub over_tls: bool,
}

/// Changes the headers of a response; runs on the worker's thread, so it must not block.
pub type ResponseHook = Arc<dyn Fn(Answered<'_>, &mut HeaderMap) + Send + Sync>;

/// Every hook of one server, in the order of their registration.
#[derive(Clone)]
pub struct ResponseHooks(Arc<[ResponseHook]>);

impl fmt::Debug for ResponseHooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ResponseHooks").field(&self.0.len()).finish()
    }
}

impl ResponseHooks {
    /// Of these hooks.
    #[must_use]
    pub fn new(hooks: Vec<ResponseHook>) -> Self {
        Self(hooks.into())
    }

    fn apply(&self, answered: Answered<'_>, headers: &mut HeaderMap) {
        self.0.iter().for_each(|hook| hook(answered, headers));
    }
}

/// Outside of the boundary, so that what was answered after a panic or a time-out passes as well.
pub(super) async fn pass_hooks(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse, Error> {
    let hooks = request.app_data::<web::Data<ResponseHooks>>().filter(|hooks| !hooks.0.is_empty());
    let Some(hooks) = hooks.cloned() else { return next.call(request).await };
    // The request is gone by the time that an error is answered.
    let path = request.path().to_owned();
    let over_tls = is_over_tls(&request);
    match next.call(request).await {
        Ok(mut response) => {
            hooks.apply(Answered { path: &path, over_tls }, response.headers_mut());
            Ok(response)
        }
        Err(mut error) => {
            error.add_response_mapper(move |mut response| {
                hooks.apply(Answered { path: &path, over_tls }, response.headers_mut());
                response
            });
            Err(error)
        }
    }
}

/// Remembers who has written, so that they read it from a replica too; innermost, where the request
/// is still known with its answer. A client's mistake has written nothing.
pub(super) async fn remember_writers(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse, Error> {
    let database = request.app_data::<web::Data<Database>>().cloned();
    let database =
        database.filter(|database| database.has_replica() && !request.method().is_safe());
    let response = next.call(request).await?;
    if let Some(database) = database
        && !response.status().is_client_error()
        && let Some(reader) = Reader::of(response.request())
    {
        database.wrote(reader).await;
    }
    Ok(response)
}

fn is_over_tls(request: &ServiceRequest) -> bool {
    let (limits, peer) = (request.app_data::<web::Data<Limits>>(), request.peer_addr());
    let (Some(limits), Some(peer)) = (limits, peer) else { return false };
    over_tls(peer.ip(), request.headers(), &limits.trusted_proxies)
}
