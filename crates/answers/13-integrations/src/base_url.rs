//! Under which address the client reached this server: sitemaps and canonical links are absolute.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{HOST, HeaderMap};
use actix_web::http::uri::Authority;
use actix_web::{FromRequest, HttpRequest, web};
use error_handling::{InvalidField, Problem, ProblemType};
use foundation::client_address::over_tls;

use crate::state::Integrations;

/// Scheme and authority, such as `https://shop.example`. From the request, of which only a trusted
/// proxy may say that it came by another name.
#[derive(Clone, Debug)]
pub(crate) struct BaseUrl(String);

impl BaseUrl {
    /// The absolute address of a path.
    pub(crate) fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    fn read(request: &HttpRequest) -> Result<Self, Problem> {
        let state = request.app_data::<web::Data<Integrations>>();
        let trusted = state.map(|state| state.trusted_proxies.as_slice()).unwrap_or_default();
        let peer = request.peer_addr().map(|peer| peer.ip().to_canonical());
        let by_proxy = peer.is_some_and(|peer| trusted.iter().any(|net| net.contains(&peer)));
        let forwarded = |name| by_proxy.then(|| last(request.headers(), name)).flatten();
        let peer = request.peer_addr().map(|peer| peer.ip());
        let tls = peer.is_some_and(|peer| over_tls(peer, request.headers(), trusted));
        let authority = forwarded("x-forwarded-host")
            .or_else(|| request.headers().get(HOST)?.to_str().ok())
            .and_then(|text| text.parse::<Authority>().ok())
            .filter(|authority| !authority.as_str().contains('@'));
        let authority = authority.ok_or_else(|| {
            let detail = "Send the host and port that you connect to.";
            Problem::new(ProblemType::Malformed, "The Host cannot be read.")
                .with_errors(vec![InvalidField::parameter("Host", "not_readable", detail)])
        })?;
        Ok(Self(format!("http{}://{authority}", if tls { "s" } else { "" })))
    }
}

/// The last value: what the nearest proxy said, whatever the client wrote before it.
fn last<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get_all(name).last()?.to_str().ok()?.rsplit(',').next().map(str::trim)
}

impl FromRequest for BaseUrl {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::read(request))
    }
}
