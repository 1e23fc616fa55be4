//! A body as the bytes that were sent: a signature is over bytes, and a CSV is no JSON.

use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::{FromRequest, HttpRequest, web};
use error_handling::{BodyDeadline, Problem, ProblemType};
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;

/// At most `LIMIT` bytes, within the server's deadline for bodies.
#[derive(Debug)]
pub(crate) struct RawBody<const LIMIT: usize>(pub(crate) Vec<u8>);

impl<const LIMIT: usize> FromRequest for RawBody<LIMIT> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let announced = request.headers().get(CONTENT_LENGTH);
        let announced = announced.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        let deadline = request.app_data::<web::Data<BodyDeadline>>().map(|deadline| ***deadline);
        let payload = payload.take();
        Box::pin(async move {
            if announced.is_some_and(|length| length > LIMIT) {
                return Err(too_large(LIMIT));
            }
            let BodyDeadline(within) = deadline.unwrap_or_default();
            let read = tokio::time::timeout(within, collect(payload, LIMIT)).await;
            read.unwrap_or_else(|_| {
                let detail = "The body took too long to arrive.";
                Err(Problem::new(ProblemType::RequestTimeout, detail))
            })
            .map(Self)
        })
    }
}

async fn collect(mut payload: Payload, limit: usize) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| {
            Problem::new(ProblemType::Malformed, "The body could not be read to its end.")
        })?;
        if bytes.len() + chunk.len() > limit {
            return Err(too_large(limit));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn too_large(limit: usize) -> Problem {
    Problem::new(ProblemType::TooLarge, format!("The body may have at most {limit} bytes."))
}
