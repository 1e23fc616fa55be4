//! Who is calling, when proxies stand between.

use std::net::IpAddr;

use actix_web::http::header::HeaderMap;
use ipnet::IpNet;

/// The address that limits apply to.
///
/// The peer's own address, unless the peer is a trusted proxy; then the right-most address in
/// `X-Forwarded-For` that is not a trusted proxy itself. Everything left of that one was written
/// by the client and may be made up.
#[must_use]
pub fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    if !is_trusted(peer, trusted) {
        return peer;
    }
    let hops: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    let mut client = peer;
    for hop in hops.into_iter().rev() {
        // An unreadable hop ends the trail: what lies beyond it cannot be vouched for.
        let Ok(address) = hop.trim().parse::<IpAddr>() else { break };
        client = address.to_canonical();
        if !is_trusted(client, trusted) {
            break;
        }
    }
    client
}

/// Whether the client's connection is encrypted: a trusted proxy says so in the right-most
/// `X-Forwarded-Proto`. Anybody else's header is ignored, as this server speaks no TLS itself.
#[must_use]
pub fn over_tls(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> bool {
    is_trusted(peer, trusted)
        && last(headers, "x-forwarded-proto").is_some_and(|it| it.eq_ignore_ascii_case("https"))
}

/// Whether forwarding headers from this address are believed.
pub(crate) fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    let address = address.to_canonical();
    trusted.iter().any(|net| net.contains(&address))
}

/// The right-most value of a forwarding header: what the nearest proxy said, whatever the client
/// wrote before it.
pub(crate) fn last<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get_all(name).last()?.to_str().ok()?.rsplit(',').next().map(str::trim)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn a_forwarding_header_counts_only_as_far_as_it_can_be_trusted() {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap()];
        let cases = [
            ("198.51.100.7", "203.0.113.9", "198.51.100.7", "a stranger's header is ignored"),
            ("10.0.0.1", "203.0.113.9", "203.0.113.9", "the proxy names its client"),
            ("10.0.0.1", "1.1.1.1, 203.0.113.9", "203.0.113.9", "what the client wrote is ignored"),
            ("10.0.0.1", "203.0.113.9, 10.0.0.2", "203.0.113.9", "two proxies in a row"),
            ("10.0.0.1", "203.0.113.9, nonsense", "10.0.0.1", "an unreadable hop ends the trail"),
            ("10.0.0.1", "", "10.0.0.1", "no header at all"),
            ("::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9", "a mapped proxy address"),
        ];
        for (peer, header, client, why) in cases {
            let mut headers = HeaderMap::new();
            let name = HeaderName::from_static("x-forwarded-for");
            headers.insert(name, HeaderValue::from_static(header));
            let found = client_address(peer.parse().unwrap(), &headers, &trusted);
            assert_eq!(found, client.parse::<IpAddr>().unwrap(), "{why}");
        }
    }

    #[test]
    fn only_a_trusted_proxy_can_say_that_the_client_came_over_tls() {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap()];
        let cases = [
            ("10.0.0.1", "https", true, "the proxy says so"),
            ("10.0.0.1", "http", false, "it says otherwise"),
            ("10.0.0.1", "https, http", false, "what the client wrote is ignored"),
            ("10.0.0.1", "http,HTTPS", true, "the nearest hop counts"),
            ("198.51.100.7", "https", false, "a stranger's header is ignored"),
        ];
        for (peer, header, encrypted, why) in cases {
            let mut headers = HeaderMap::new();
            let name = HeaderName::from_static("x-forwarded-proto");
            headers.insert(name, HeaderValue::from_static(header));
            assert_eq!(over_tls(peer.parse().unwrap(), &headers, &trusted), encrypted, "{why}");
        }
    }
}
