//! From a text that somebody gave us to the addresses we may connect to.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use url::{Host, Url};

use super::OutboundError;
use super::address::class_of;

/// Reads a URL as a browser does (WHATWG), so that `0x7f.1`, `2130706433` and full-width digits are
/// the addresses that they are, and no second parser sees another host.
pub(super) fn parse(text: &str) -> Result<Url, OutboundError> {
    let url = Url::parse(text).map_err(|_| OutboundError::BadUrl("it is not a URL"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(OutboundError::BadUrl("only http and https are called"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(OutboundError::BadUrl("it names a user"));
    }
    // Below 1024 live mail, files and log-ins, which may take a request for commands of their own.
    match url.port_or_known_default() {
        Some(80 | 443 | 1024..) if url.has_host() => Ok(url),
        _ => Err(OutboundError::BadUrl("its port is not one of the web")),
    }
}

/// The addresses of a URL's host, resolved once: the connection is made to what was checked here.
///
/// All of them must pass, instead of the first that does: a name that mixes public and private
/// addresses is a mistake or an attack.
pub(super) async fn resolve(url: &Url, allow: &[IpNet]) -> Result<Vec<SocketAddr>, OutboundError> {
    let port = url.port_or_known_default().unwrap_or_default();
    let addresses: Vec<SocketAddr> = match url.host() {
        Some(Host::Ipv4(address)) => vec![(address, port).into()],
        Some(Host::Ipv6(address)) => vec![(address, port).into()],
        Some(Host::Domain(name)) => tokio::net::lookup_host((name, port))
            .await
            .map_err(|_| OutboundError::Unreachable)?
            .collect(),
        None => Vec::new(),
    };
    addresses.iter().try_for_each(|address| check(address.ip(), allow))?;
    if addresses.is_empty() { Err(OutboundError::Unreachable) } else { Ok(addresses) }
}

fn check(address: IpAddr, allow: &[IpNet]) -> Result<(), OutboundError> {
    let canonical = address.to_canonical();
    match class_of(address) {
        Some(class) if !allow.iter().any(|net| net.contains(&canonical)) => {
            Err(OutboundError::Refused(class))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::AddressClass;
    use super::*;

    #[actix_web::test]
    async fn every_spelling_of_a_private_address_is_the_address() {
        let spellings = [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0x7f.0.0.1/",
            "http://0177.0.0.1/",
            "http://017700000001/",
            "http://\u{ff11}\u{ff12}\u{ff17}.0.0.1/",
            "http://127\u{3002}0\u{3002}0\u{3002}1/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:7f00:1]/",
            "http://[64:ff9b::127.0.0.1]/",
            "http:\\\\127.0.0.1/",
            "http:127.0.0.1",
            "http://localhost:8080/",
            "http://LOCALHOST/",
        ];
        for spelling in spellings {
            let found = resolve(&parse(spelling).unwrap(), &[]).await;
            assert_eq!(found, Err(OutboundError::Refused(AddressClass::Loopback)), "{spelling}");
        }
    }

    #[actix_web::test]
    async fn an_allowed_network_may_be_called_and_its_neighbours_may_not() {
        let allow: Vec<IpNet> = vec!["10.1.0.0/16".parse().unwrap()];
        let found = |url: &'static str| {
            let allow = &allow;
            async move { resolve(&parse(url).unwrap(), allow).await }
        };
        assert_eq!(
            found("http://10.1.2.3:8080/").await,
            Ok(vec!["10.1.2.3:8080".parse().unwrap()])
        );
        assert!(found("http://[::ffff:10.1.2.3]:8080/").await.is_ok());
        let refused = Err(OutboundError::Refused(AddressClass::Private));
        assert_eq!(found("http://10.2.0.1/").await, refused);
    }

    #[test]
    fn what_is_no_call_of_the_web_is_a_bad_url() {
        let bad = [
            "",
            "example.org",
            "//example.org",
            "file:///etc/passwd",
            "gopher://example.org/",
            "ftp://example.org/",
            "http://user@example.org/",
            "http://127.0.0.1@example.org/",
            "http://example.org@127.0.0.1/",
            "http://example.org:22/",
            "http://example.org:0/",
            "http://",
            "http://1.2.3.4.5/",
            "http://256.0.0.1/",
        ];
        for url in bad {
            assert!(matches!(parse(url), Err(OutboundError::BadUrl(_))), "{url}");
        }
        for url in ["http://example.org/", "https://example.org:8443/a?b", "https://93.184.216.34/"]
        {
            assert!(parse(url).is_ok(), "{url}");
        }
    }
}
