//! Says in the API's description which routes take an access token, so that `/docs` can send one.

use utoipa::openapi::OpenApi;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};

/// Name of the scheme (OpenAPI 3.1, section 4.8.27).
const NAME: &str = "bearer";

/// Declares the scheme, and demands it where a route documents 401. A route that answers 401 to
/// something else, such as a log-in, says `security(())` for itself.
pub(super) fn describe(description: &mut OpenApi) {
    let mut guarded = false;
    for operation in description.paths.paths.values_mut().flat_map(operations) {
        let refuses = operation.responses.responses.contains_key("401");
        if refuses && operation.security.is_none() {
            let none: [&str; 0] = [];
            operation.security = Some(vec![SecurityRequirement::new(NAME, none)]);
            guarded = true;
        }
    }
    if guarded {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        description.components.get_or_insert_default().add_security_scheme(NAME, scheme);
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let methods = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
    methods.into_iter().filter_map(Option::as_mut)
}
