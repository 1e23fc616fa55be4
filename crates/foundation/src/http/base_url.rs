//! Under which address the client reached this server, for addresses that have to be absolute.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::HOST;
use actix_web::http::uri::Authority;
use actix_web::{FromRequest, HttpRequest, web};
use error_handling::{InvalidField, Problem, ProblemType};
use ipnet::IpNet;

use super::middleware::Limits;
use crate::client_address::{is_trusted, last, over_tls};

/// Scheme and authority, such as `https://todo.example`.
///
/// From the request, instead of a setting that is wrong on every other machine. actix-web's own
/// `ConnectionInfo` believes forwarding headers from everybody; here only a trusted proxy's count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(String);

impl BaseUrl {
    /// Leaves paths as they are.
    pub const NONE: Self = Self(String::new());

    /// Of this scheme and authority.
    #[must_use]
    pub fn of(base: &str) -> Self {
        Self(base.to_owned())
    }

    /// Scheme and authority. Nothing in it wants escaping in JSON.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address of a path, such as `/api/v1/todos/17`.
    #[must_use]
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    fn read(request: &HttpRequest, trusted: &[IpNet]) -> Result<Self, Problem> {
        let (peer, headers) = (request.peer_addr().map(|peer| peer.ip()), request.headers());
        let encrypted = peer.is_some_and(|peer| over_tls(peer, headers, trusted));
        let scheme = if encrypted { "https" } else { "http" };
        let by_proxy = peer.is_some_and(|peer| is_trusted(peer, trusted));
        let forwarded = by_proxy.then(|| last(headers, "x-forwarded-host")).flatten();
        // In a request to a proxy the target holds the authority, and Host is to be ignored
        // (RFC 9112, section 3.2.2).
        let authority = forwarded
            .or_else(|| request.uri().authority().map(Authority::as_str))
            .or_else(|| headers.get(HOST)?.to_str().ok());
        let readable = authority.and_then(|text| text.parse::<Authority>().ok());
        match readable.filter(|authority| !authority.as_str().contains(['@', '"', '\\'])) {
            Some(authority) => Ok(Self(format!("{scheme}://{authority}"))),
            None => Err(no_host()),
        }
    }
}

/// RFC 9112, section 3.2: a request without a valid Host is answered 400.
fn no_host() -> Problem {
    let detail = "Send the host and port that you connect to.";
    Problem::new(ProblemType::Malformed, "The Host cannot be read.")
        .with_errors(vec![InvalidField::parameter("Host", "not_readable", detail)])
}

impl FromRequest for BaseUrl {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let limits = request.app_data::<web::Data<Limits>>();
        let trusted = limits.map(|limits| limits.trusted_proxies.as_slice()).unwrap_or_default();
        ready(Self::read(request, trusted))
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    type Headers<'a> = &'a [(&'static str, &'a str)];

    fn read(peer: &str, headers: Headers<'_>) -> Result<String, u16> {
        let mut request = TestRequest::get().peer_addr(peer.parse().unwrap());
        for header in headers {
            request = request.append_header(*header);
        }
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        BaseUrl::read(&request.to_http_request(), &trusted)
            .map(|base| base.join(""))
            .map_err(|problem| problem.body().status)
    }

    #[test]
    fn only_a_trusted_proxy_may_say_under_which_name_it_was_called() {
        let (proxy, stranger) = ("10.0.0.1:4711", "198.51.100.7:4711");
        let forwarded = ("x-forwarded-host", "todo.example");
        let https = ("x-forwarded-proto", "https");
        let host = ("host", "127.0.0.1:8080");
        let cases: [(&str, Headers<'_>, Result<&str, u16>); 9] = [
            (stranger, &[host], Ok("http://127.0.0.1:8080")),
            (stranger, &[host, forwarded, https], Ok("http://127.0.0.1:8080")),
            (proxy, &[host, forwarded, https], Ok("https://todo.example")),
            (proxy, &[host, https], Ok("https://127.0.0.1:8080")),
            (
                proxy,
                &[host, ("x-forwarded-host", "evil.example, a.example")],
                Ok("http://a.example"),
            ),
            (stranger, &[("host", "[::1]:80")], Ok("http://[::1]:80")),
            (stranger, &[("host", "a@evil.example")], Err(400)),
            (stranger, &[("host", "evil.example/\"")], Err(400)),
            (stranger, &[("host", "")], Err(400)),
        ];
        for (peer, headers, base) in cases {
            assert_eq!(read(peer, headers), base.map(str::to_owned), "{headers:?}");
        }
        assert_eq!(read(stranger, &[]), Err(400), "no Host at all");
    }
}
