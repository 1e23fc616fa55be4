//! What answers when no route does: 405 where the path exists, 404 where it does not.

use actix_web::dev::ResourceDef;
use actix_web::http::Method;
use actix_web::{HttpRequest, web};
use utoipa::openapi::OpenApi;
use utoipa::openapi::path::PathItem;

use crate::{Problem, ProblemType};

/// Which methods each path of the API knows, read from its OpenAPI description.
///
/// Needed because routes declared by attribute are one resource per method: to actix-web a known
/// path with another method is simply no match.
#[derive(Clone, Default)]
pub struct RouteTable(Vec<(ResourceDef, Vec<Method>)>);

impl std::fmt::Debug for RouteTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("RouteTable").field(&self.0.len()).finish()
    }
}

impl RouteTable {
    /// Reads every path and its methods.
    #[must_use]
    pub fn from_openapi(openapi: &OpenApi) -> Self {
        let entry = |(path, item): (&String, &PathItem)| {
            (ResourceDef::new(path.as_str()), methods_of(item))
        };
        Self(openapi.paths.paths.iter().map(entry).collect())
    }

    fn methods(&self, path: &str) -> Vec<Method> {
        let matching = self.0.iter().filter(|(pattern, _)| pattern.is_match(path));
        let mut methods: Vec<Method> = Vec::new();
        // `/sessions/current` is also a `/sessions/{id}`; a method that both have is named once.
        for method in matching.flat_map(|(_, methods)| methods) {
            if !methods.contains(method) {
                methods.push(method.clone());
            }
        }
        methods
    }
}

fn methods_of(item: &PathItem) -> Vec<Method> {
    let operations = [
        (&item.get, Method::GET),
        (&item.get, Method::HEAD),
        (&item.post, Method::POST),
        (&item.put, Method::PUT),
        (&item.patch, Method::PATCH),
        (&item.delete, Method::DELETE),
        (&item.options, Method::OPTIONS),
    ];
    operations
        .into_iter()
        .filter(|(operation, _)| operation.is_some())
        .map(|(_, method)| method)
        .collect()
}

/// The app's default service.
///
/// # Errors
/// Always: 405 with `Allow`, or 404.
pub async fn fallback(request: HttpRequest) -> Result<web::Bytes, Problem> {
    let table = request.app_data::<web::Data<RouteTable>>();
    let allowed = table.map(|table| table.methods(request.path())).unwrap_or_default();
    if allowed.is_empty() {
        return Err(Problem::new(ProblemType::NotFound, "There is nothing at this address."));
    }
    let detail = "This address does not support the method.";
    Err(Problem::new(ProblemType::MethodNotAllowed, detail).with_allow(allowed))
}
