use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::spawn;

use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use super::*;

/// A server for `localhost` that signed its own certificate; returns its port.
fn serve_tls() -> (u16, CertificateDer<'static>) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let (config, listener) = (Arc::new(config), TcpListener::bind("127.0.0.1:0").unwrap());
    let port = listener.local_addr().unwrap().port();
    spawn(move || {
        for connection in listener.incoming() {
            let session = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(session, connection.unwrap());
            // A client that trusts nobody here ends the handshake with an alert.
            if stream.read(&mut [0; 4_096]).is_ok_and(|read| read > 0) {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecret");
            }
        }
    });
    (port, certificate)
}

fn caller(roots: RootCertStore) -> Caller {
    let allow = ["127.0.0.0/8", "::1/128"].map(|net| net.parse().unwrap()).to_vec();
    let timeout = Duration::from_secs(10);
    let settings = OutboundSettings { allow, timeout, ..OutboundSettings::default() };
    Caller { client: client(timeout, tls_client(roots)), settings }
}

#[actix_web::test]
async fn a_partner_is_called_over_tls_if_its_certificate_is_trusted_for_its_name() {
    let (port, certificate) = serve_tls();
    let request = OutboundRequest::get(format!("https://localhost:{port}/"));
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let trusting = caller(roots);
    let response = trusting.exchange(&request).await.unwrap();
    assert_eq!((response.status.as_u16(), &response.body[..]), (200, &b"secret"[..]));

    let by_address = OutboundRequest::get(format!("https://127.0.0.1:{port}/"));
    let wrong_name = trusting.exchange(&by_address).await.unwrap_err();
    assert_eq!(wrong_name, OutboundError::Unreachable, "the certificate names localhost alone");
    let stranger = caller(machine_roots()).exchange(&request).await.unwrap_err();
    assert_eq!(stranger, OutboundError::Unreachable, "no authority of this machine signed it");
}

#[test]
fn a_redirect_leads_into_tls_and_never_out_of_it() {
    let [secure, plain] = ["https://a.example/one", "http://a.example/one"];
    for (from, to, leads) in [
        (secure, "http://a.example/two", None),
        (secure, "/two", Some("https://a.example/two")),
        (secure, "//b.example/", Some("https://b.example/")),
        (plain, "https://a.example/two", Some("https://a.example/two")),
        (plain, "two", Some("http://a.example/two")),
    ] {
        let next = hop(&Url::parse(from).unwrap(), to);
        let next = next.as_ref().map(Url::as_str);
        assert_eq!(next, leads.ok_or(&OutboundError::BadUrl("it leads out of TLS")), "{from} {to}");
    }
}
