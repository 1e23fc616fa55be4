//! Whom a client over TLS trusts.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::{ClientConfig, RootCertStore};

/// The authorities that this machine trusts, instead of a list compiled in: an administrator can take
/// one back without a release of ours, and add one through `SSL_CERT_FILE`. Without any, calls over
/// TLS fail.
#[must_use]
pub fn machine_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

/// For clients that speak HTTP/1.1 and trust these authorities; none where the library supports no
/// version of TLS.
#[must_use]
pub fn tls_client(roots: RootCertStore) -> Option<ClientConfig> {
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_safe_default_protocol_versions().ok()?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Some(config)
}
