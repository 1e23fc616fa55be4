//! One request of a probe.

use std::error::Error;
use std::sync::Arc;

use awc::error::{ConnectError, PayloadError, SendRequestError};
use awc::{Client, Connector};
use web_security::{machine_roots, tls_client};

use super::Probe;
use super::canonical::Body;
use super::groups::Reply;

/// More than any concurrency that may be asked for.
const CONNECTIONS: usize = 1_024;

impl Probe {
    /// A client that adds nothing that could make one request differ from another.
    pub(super) fn client(&self) -> Client {
        let mut connector = Connector::new()
            .timeout(self.timeout)
            .handshake_timeout(self.timeout)
            .limit(CONNECTIONS);
        let secure = self.url.scheme() == "https";
        // Only where it is needed: to read the machine's authorities takes milliseconds.
        if let Some(tls) = secure.then(|| tls_client(machine_roots())).flatten() {
            connector = connector.rustls_0_23(Arc::new(tls));
        }
        Client::builder().connector(connector).timeout(self.timeout).disable_redirects().finish()
    }

    /// Sends the request; the error says why nothing came back.
    pub(super) async fn ask(&self, client: &Client) -> Result<Reply, String> {
        let mut request = client.get(self.url.as_str());
        for header in &self.headers {
            request = request.insert_header(header.clone());
        }
        if self.fresh_connections {
            request = request.force_close();
        }
        let response = request.send().await.map_err(|error| self.no_response(&error))?;
        let mut response = response.timeout(self.timeout);
        let headers: Vec<(String, String)> = response
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), lossy(value.as_bytes())))
            .collect();
        let media_type = headers.iter().find(|(name, _)| name == "content-type");
        let media_type = media_type.map(|(_, value)| value.to_lowercase()).unwrap_or_default();
        let status = response.status().as_u16();
        let body = response.body().limit(self.body_limit).await;
        let body = body.map_err(|error| self.no_body(&error))?;
        let body = Body::read(&media_type, &body, &self.ignore);
        Ok(Reply { status, media_type, headers, body })
    }

    fn no_response(&self, error: &SendRequestError) -> String {
        match error {
            SendRequestError::Timeout | SendRequestError::Connect(ConnectError::Timeout) => {
                format!("no response within {:?}", self.timeout)
            }
            SendRequestError::Connect(error) => format!("no connection: {}", root(error)),
            error => root(error),
        }
    }

    fn no_body(&self, error: &PayloadError) -> String {
        match error {
            PayloadError::Overflow => format!("a body of more than {} bytes", self.body_limit),
            error => format!("the body broke off: {error}"),
        }
    }
}

fn root(error: &(dyn Error + 'static)) -> String {
    error.source().map_or_else(|| error.to_string(), root)
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
