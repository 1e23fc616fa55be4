//! The outermost middleware: whatever happens inside, the client gets a well-formed answer.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, ResponseError, web};
use futures_util::FutureExt;
use tracing::Instrument;

use crate::few_lines::FewLines;
use crate::problem::MEDIA_TYPE;
use crate::request::method_name;
use crate::{Cause, Fault, Problem, ProblemType, REQUEST_ID_HEADER, RequestContext};

/// Enough to see what is shed and why. Under overload thousands are, each second, and writing a line
/// for each would cost the time of those that can be served.
static SHED: FewLines = FewLines::new(50);

/// How long a request may take, from its head to the head of its response.
///
/// Put it into the app's data; without it fifteen seconds hold.
#[derive(Clone, Copy, Debug)]
pub struct RequestDeadline(pub Duration);

impl Default for RequestDeadline {
    fn default() -> Self {
        Self(Duration::from_secs(15))
    }
}

/// Gives the request its id, span and deadline; turns panics, time-outs and foreign error bodies
/// into problems; logs each failure once. Mount with `wrap(from_fn(boundary))`, outside everything.
///
/// # Errors
/// A [`Problem`] after a panic or a time-out, when the request itself is gone.
pub async fn boundary<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let began = Instant::now();
    let context = RequestContext::of(&request);
    let deadline = request
        .app_data::<web::Data<RequestDeadline>>()
        .map_or_else(|| RequestDeadline::default().0, |deadline| deadline.0);
    let span = tracing::info_span!(
        "request",
        request_id = %context.id(),
        method = method_name(request.method()),
        route = context.route(),
    );
    let serve = async move {
        let served = AssertUnwindSafe(tokio::time::timeout(deadline, next.call(request)));
        let outcome = match served.catch_unwind().await {
            Ok(Ok(outcome)) => outcome.map(ServiceResponse::map_into_boxed_body),
            Ok(Err(_)) => Err(out_of_time().into()),
            Err(_) => Err(Problem::internal(Cause::new("panic")).into()),
        };
        settle(outcome, began)
    };
    context.scope(serve).instrument(span).await
}

fn out_of_time() -> Problem {
    Problem::unavailable("The request took too long to serve.", Duration::from_secs(1))
        .with_cause(Cause::new("request deadline"))
}

fn settle(
    outcome: Result<ServiceResponse, Error>,
    began: Instant,
) -> Result<ServiceResponse, Error> {
    let Some(context) = RequestContext::current() else { return outcome };
    match outcome {
        Ok(response) => {
            let mut response = ensure_problem(response);
            log(&response, began);
            response.headers_mut().insert(REQUEST_ID_HEADER, context.id().header_value());
            Ok(response)
        }
        Err(error) => Err(render(&error, &context, began)),
    }
}

/// An error of a middleware, or of ours after a panic or a time-out. It is rendered here, while
/// the request is known; the server only sends what it is given.
fn render(error: &Error, context: &RequestContext, began: Instant) -> Error {
    let (problem, mut response) = match error.as_error::<Problem>() {
        // Through the error, as a middleware may have attached headers to it.
        Some(problem) => (problem.clone(), error.error_response()),
        None => {
            let problem = from_status(error.as_response_error().status_code());
            let response = problem.error_response();
            (problem, response)
        }
    };
    log_problem(&problem, began);
    response.headers_mut().insert(REQUEST_ID_HEADER, context.id().header_value());
    InternalError::from_response(problem, response).into()
}

fn from_status(status: StatusCode) -> Problem {
    let kind = ProblemType::for_status(status).unwrap_or(if status.is_client_error() {
        ProblemType::Malformed
    } else {
        ProblemType::Internal
    });
    match kind.fault() {
        Fault::Server => Problem::internal(Cause::new("library error")),
        Fault::Passing => Problem::unavailable(kind.title(), Duration::from_secs(1)),
        Fault::Client => Problem::new(kind, "The request could not be understood."),
    }
}

/// Replaces an error body that some library wrote, keeping its status and headers such as `Allow`.
/// A page made for people passes: libraries answer errors with plain text or nothing.
fn ensure_problem(response: ServiceResponse) -> ServiceResponse {
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    let content_type = response.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    let is_ours = content_type
        .is_some_and(|kind| kind == MEDIA_TYPE.as_bytes() || kind.starts_with(b"text/html"));
    if !is_error || is_ours {
        return response;
    }
    let mut body = from_status(status).body();
    if ProblemType::for_status(status).is_none() {
        // RFC 9457, section 4.2.1: nothing to say beyond the status itself.
        body.type_uri = "about:blank".to_owned();
        body.title = status.canonical_reason().unwrap_or("Error");
        body.status = status.as_u16();
    }
    let body = serde_json::to_vec(&body).unwrap_or_default();
    response.map_body(|head, _| {
        head.headers.remove(header::CONTENT_ENCODING);
        head.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        BoxBody::new(body)
    })
}

fn log(response: &ServiceResponse, began: Instant) {
    let error = response.response().error();
    if let Some(problem) = error.and_then(|error| error.as_error::<Problem>()) {
        return log_problem(problem, began);
    }
    let status = response.status().as_u16();
    let elapsed_ms = began.elapsed().as_millis();
    if status >= 500 {
        tracing::error!(status, elapsed_ms, "request failed");
    } else {
        tracing::debug!(status, elapsed_ms, "request served");
    }
}

/// A client's mistake is routine (info), a passing one deserves a look when it adds up (warn; the
/// metrics count them all), and a defect of ours pages somebody (error).
fn log_problem(problem: &Problem, began: Instant) {
    let status = problem.status_code().as_u16();
    let problem_type = problem.kind().name();
    let cause = problem.cause().map(tracing::field::display);
    let elapsed_ms = began.elapsed().as_millis();
    match problem.kind().fault() {
        Fault::Client => tracing::info!(status, problem_type, cause, elapsed_ms, "request refused"),
        Fault::Passing => {
            let Some(unlogged) = SHED.one_more(Instant::now()) else { return };
            tracing::warn!(status, problem_type, cause, elapsed_ms, unlogged, "request shed");
        }
        Fault::Server => tracing::error!(status, problem_type, cause, elapsed_ms, "request failed"),
    }
}

/// Logs where a panic happened, and nothing of its message, which may hold whatever the program
/// was working on. Replaces the default hook, which prints both to standard error.
pub fn install_panic_hook() {
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(location, "panic");
    }));
}
