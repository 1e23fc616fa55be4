//! What the first version says on each response: that it is going, when, and where to go.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue, LINK};
use actix_web::middleware::Next;
use actix_web::web;
use foundation::metrics::Metrics;

/// Since when it is discouraged: 2026-11-24, as a date of structured fields (RFC 9745, section 2).
pub(crate) const DEPRECATION: &str = "@1795478400";
/// When it may stop to answer, a year later (RFC 8594, section 3).
pub(crate) const SUNSET: &str = "Wed, 24 Nov 2027 00:00:00 GMT";

/// Adds the headers to whatever the route answers, problems included: a client that only ever gets
/// errors has to move as well. Counts the call, as the day of the sunset is decided by who still
/// calls.
pub(crate) async fn sunset<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    if let Some(metrics) = request.app_data::<web::Data<Metrics>>() {
        metrics.count("blog_v1_requests_total", "Requests of the deprecated version", 1);
    }
    let successor = successor(request.path());
    let mut response = next.call(request).await?;
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static("deprecation"), HeaderValue::from_static(DEPRECATION));
    headers.insert(HeaderName::from_static("sunset"), HeaderValue::from_static(SUNSET));
    if let Ok(link) = HeaderValue::from_str(&successor) {
        // A line of its own beside that of the next page: the two mean the same as one list.
        headers.append(LINK, link);
    }
    Ok(response)
}

/// The same resource in the version that replaces this one (RFC 5829, section 3.4).
fn successor(path: &str) -> String {
    format!("<{}>; rel=\"successor-version\"", path.replacen("/api/v1/", "/api/v2/", 1))
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Days};

    use super::*;

    #[test]
    fn the_sunset_comes_a_year_after_the_deprecation() {
        let since: i64 = DEPRECATION.strip_prefix('@').unwrap().parse().unwrap();
        let since = DateTime::from_timestamp(since, 0).unwrap();
        let sunset = DateTime::parse_from_rfc2822(SUNSET).unwrap();
        assert_eq!(since + Days::new(365), sunset);
        assert_eq!(sunset.format("%a, %d %b %Y %H:%M:%S GMT").to_string(), SUNSET);
    }

    #[test]
    fn the_successor_is_the_same_resource() {
        let link = successor("/api/v1/posts/about-api");
        assert_eq!(link, "</api/v2/posts/about-api>; rel=\"successor-version\"");
    }
}
