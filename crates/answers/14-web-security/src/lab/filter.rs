//! The guard at the gate, who knows nothing of what the application means.

use actix_web::Error;
use actix_web::body::BoxBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::{self, Bytes};
use error_handling::{BodyDeadline, Problem, ProblemType};
use url::form_urlencoded;

/// What such filters look for, in query and body.
const SUSPECTS: [&str; 7] = ["'", "<", "..", "--", "union", "select", "//"];

/// Refuses requests that have a word in them which attacks have, too.
pub(super) async fn refuse_suspects(
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse, Error> {
    // What the handler's own limits and deadlines refuse has no business here either.
    let small = request.headers().get("content-length").and_then(|length| length.to_str().ok());
    if small.is_some_and(|length| length.parse::<u32>().is_ok_and(|bytes| bytes <= 8_192)) {
        let body = read(&mut request).await?;
        refuse(&String::from_utf8_lossy(&body))?;
        request.set_payload(Payload::from(body));
    }
    for (_, value) in form_urlencoded::parse(request.query_string().as_bytes()) {
        refuse(&value)?;
    }
    next.call(request).await
}

/// Whoever reads a body needs a deadline of its own: the handler's begins later.
async fn read(request: &mut ServiceRequest) -> Result<Bytes, Error> {
    let deadline =
        request.app_data::<web::Data<BodyDeadline>>().map_or_else(Default::default, |d| ***d);
    let late = || Problem::new(ProblemType::RequestTimeout, "The body took too long to arrive.");
    let body = tokio::time::timeout(deadline.0, request.extract::<Bytes>()).await;
    body.map_err(|_| late())?
}

fn refuse(text: &str) -> Result<(), Problem> {
    let text = text.to_lowercase();
    if SUSPECTS.iter().any(|sign| text.contains(sign)) {
        return Err(Problem::new(ProblemType::Forbidden, "This looks like an attack."));
    }
    Ok(())
}
