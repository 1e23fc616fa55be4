//! Web origins on the command line.

use url::{Host, Url};

/// Reads a web origin such as `https://app.example` (RFC 6454, section 6.2). `*`, `null` and
/// anything with a path are refused: who lists an origin means one, and a browser sends no path.
///
/// # Errors
/// A sentence for the command line.
pub fn origin(text: &str) -> Result<String, String> {
    let expected = || "expected an origin such as https://app.example".to_owned();
    let url = Url::parse(text).map_err(|_| expected())?;
    let origin = url.origin().ascii_serialization();
    if origin == "null" || origin != text || origin.contains('*') {
        return Err(expected());
    }
    // Over plain HTTP anybody on the way could put a script into that origin.
    let encrypted = url.scheme() == "https" || url.host().is_some_and(|host| is_loopback(&host));
    if encrypted { Ok(origin) } else { Err("http is for this machine only: use https".to_owned()) }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_one_scheme_host_and_port_and_nothing_else() {
        let good = ["https://app.example", "https://app.example:8443", "http://localhost:5173"];
        for text in good.into_iter().chain(["http://127.0.0.1:9000", "http://[::1]:9000"]) {
            assert_eq!(origin(text), Ok(text.to_owned()));
        }
        let bad = ["*", "null", "", "app.example", "https://app.example/", "https://*.app.example"];
        let more = ["https://app.example:443", "http://app.example", "https://a@app.example"];
        for text in bad.into_iter().chain(more).chain(["file:///tmp", "https://App.example"]) {
            assert!(origin(text).is_err(), "{text}");
        }
    }
}
