//! Who may start a demo: the person in front of this machine, unless the operator says otherwise.
//!
//! A demo writes gigabytes and loads every core, so it is not for strangers. Listening on loopback
//! alone does not keep them out: any web page may post to a loopback address (cross-site request),
//! or let its own name point there (DNS rebinding).

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::header::{HOST, ORIGIN};
use error_handling::{Problem, ProblemType};

/// Whether demos may be run from the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DemoPolicy {
    /// From this machine: the server listens on loopback only.
    Loopback,
    /// From anywhere: `--allow-demos`.
    Anybody,
    /// Not at all: the server listens beyond this machine.
    Nobody,
}

impl DemoPolicy {
    /// The policy of a server.
    #[must_use]
    pub fn of(listens_on: IpAddr, allowed: bool) -> Self {
        match (allowed, listens_on.to_canonical().is_loopback()) {
            (true, _) => Self::Anybody,
            (false, true) => Self::Loopback,
            (false, false) => Self::Nobody,
        }
    }

    /// Lets a request pass that starts or stops a demo.
    pub(super) fn admit(self, request: &HttpRequest) -> Result<(), Problem> {
        if self == Self::Nobody {
            return Err(refused(
                "Demos are not run from here: this server listens beyond its own machine. \
                 Start it with --allow-demos, or on a loopback address.",
            ));
        }
        let host = header(request, HOST.as_str()).unwrap_or_default();
        if self == Self::Loopback && !is_loopback_name(host) {
            return Err(refused("Demos are run only through a loopback address."));
        }
        if !is_same_origin(request, host) {
            return Err(refused("Demos are run only from this server's own pages."));
        }
        Ok(())
    }
}

fn refused(detail: &'static str) -> Problem {
    Problem::new(ProblemType::Forbidden, detail)
}

/// Browsers name the origin of every POST. A client that names none is no browser, and carries
/// nobody's authority but its own.
fn is_same_origin(request: &HttpRequest, host: &str) -> bool {
    let site = header(request, "sec-fetch-site");
    let origin = request.headers().contains_key(ORIGIN).then(|| {
        let origin = header(request, ORIGIN.as_str()).unwrap_or_default();
        origin.split_once("://").is_some_and(|(_, authority)| authority == host)
    });
    site.is_none_or(|site| site == "same-origin") && origin.unwrap_or(true)
}

fn header<'request>(request: &'request HttpRequest, name: &str) -> Option<&'request str> {
    request.headers().get(name)?.to_str().ok()
}

/// Whether a `Host` header names this machine whatever the resolver says.
fn is_loopback_name(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let address = name.parse::<IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn only_the_servers_own_page_on_this_machine_may_start_a_demo() {
        type Headers = &'static [(&'static str, &'static str)];
        let cases: [(&str, Headers, bool); 10] = [
            (
                "a page of ours",
                &[("host", "localhost:8080"), ("origin", "http://localhost:8080")],
                true,
            ),
            (
                "the same by address",
                &[("host", "127.0.0.1"), ("sec-fetch-site", "same-origin")],
                true,
            ),
            ("IPv6", &[("host", "[::1]:8080"), ("origin", "http://[::1]:8080")], true),
            ("curl", &[("host", "localhost:8080")], true),
            (
                "another port",
                &[("host", "localhost:8080"), ("origin", "http://localhost:9")],
                false,
            ),
            ("another site", &[("host", "localhost"), ("origin", "https://evil.example")], false),
            ("a sandboxed frame", &[("host", "localhost"), ("origin", "null")], false),
            (
                "cross-site by metadata",
                &[("host", "localhost"), ("sec-fetch-site", "cross-site")],
                false,
            ),
            (
                "a rebound name",
                &[("host", "evil.example"), ("origin", "http://evil.example")],
                false,
            ),
            ("no host", &[], false),
        ];
        for (case, headers, admitted) in cases {
            let request = headers
                .iter()
                .fold(TestRequest::post(), |request, header| request.insert_header(*header))
                .to_http_request();
            assert_eq!(DemoPolicy::Loopback.admit(&request).is_ok(), admitted, "{case}");
        }
    }

    #[test]
    fn a_server_beyond_loopback_runs_demos_only_when_told_to() {
        let listens = |address: &str, allowed| DemoPolicy::of(address.parse().unwrap(), allowed);
        assert_eq!(listens("127.0.0.1", false), DemoPolicy::Loopback);
        assert_eq!(listens("::1", false), DemoPolicy::Loopback);
        assert_eq!(listens("0.0.0.0", false), DemoPolicy::Nobody);
        assert_eq!(listens("0.0.0.0", true), DemoPolicy::Anybody);
        let own = [("host", "shop.example"), ("origin", "https://shop.example")];
        let request =
            own.iter().fold(TestRequest::post(), |request, one| request.insert_header(*one));
        let request = request.to_http_request();
        assert!(DemoPolicy::Nobody.admit(&request).is_err());
        assert!(DemoPolicy::Anybody.admit(&request).is_ok());
    }
}
