//! The problems that a route documents, so that each handler names them in one word.

use std::collections::BTreeMap;

use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, PartialSchema, ToSchema};

use crate::problem::MEDIA_TYPE;
use crate::{ProblemBody, ProblemType};

/// What any read may answer with: 400, 404, 429, 500, 503.
#[derive(Debug)]
pub struct ReadProblems;

/// What any write may answer with: a read's problems and 408, 409, 413, 415, 422.
#[derive(Debug)]
pub struct WriteProblems;

const READ: [ProblemType; 5] = [
    ProblemType::Malformed,
    ProblemType::NotFound,
    ProblemType::TooManyRequests,
    ProblemType::Internal,
    ProblemType::Unavailable,
];

const WRITE: [ProblemType; 5] = [
    ProblemType::RequestTimeout,
    ProblemType::Conflict,
    ProblemType::TooLarge,
    ProblemType::UnsupportedMediaType,
    ProblemType::Invalid,
];

impl IntoResponses for ReadProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        READ.into_iter().chain([ProblemType::Invalid]).map(problem_response).collect()
    }
}

impl IntoResponses for WriteProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        READ.into_iter().chain(WRITE).map(problem_response).collect()
    }
}

/// One problem as a route's description has it: its status, and what comes with it.
#[must_use]
pub fn problem_response(kind: ProblemType) -> (String, RefOr<Response>) {
    let content =
        ContentBuilder::new().schema(Some(Ref::from_schema_name(ProblemBody::name()))).build();
    let response =
        ResponseBuilder::new().description(kind.title()).content(MEDIA_TYPE, content).build();
    (kind.status().as_str().to_owned(), response.into())
}

/// The schemas that [`ReadProblems`] and [`WriteProblems`] refer to, for the OpenAPI components.
#[must_use]
pub fn problem_schemas() -> Vec<(String, RefOr<utoipa::openapi::Schema>)> {
    let mut schemas = vec![(ProblemBody::name().into_owned(), ProblemBody::schema())];
    ProblemBody::schemas(&mut schemas);
    schemas
}
