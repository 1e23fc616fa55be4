//! Clients that play roles, and what they get back.

use std::net::SocketAddr;
use std::time::Duration;

use actix_web::http::header::{self, HeaderMap};
use actix_web::http::{Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Somebody who calls the server.
#[derive(Clone, Debug)]
pub struct Client {
    pub(super) address: SocketAddr,
    pub(super) token: Option<String>,
}

/// What came back, whole.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Status of the response.
    pub status: StatusCode,
    /// Headers of the response.
    pub headers: HeaderMap,
    /// Body of the response.
    pub text: String,
}

impl Client {
    /// GET.
    pub async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, &[], None).await
    }

    /// POST of a JSON body.
    pub async fn post(&self, path: &str, body: &impl Serialize) -> Reply {
        self.json(Method::POST, path, body).await
    }

    /// Any method with a JSON body.
    ///
    /// # Panics
    /// When the body cannot be written as JSON.
    pub async fn json(&self, method: Method, path: &str, body: &impl Serialize) -> Reply {
        let text = serde_json::to_string(body)
            .unwrap_or_else(|error| panic!("the body is not JSON: {error}"));
        self.send(method, path, &[("content-type", "application/json")], Some(text.into_bytes()))
            .await
    }

    /// Any request at all.
    ///
    /// # Panics
    /// When no response arrives within 40 seconds.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Reply {
        let url = format!("http://{}{path}", self.address);
        let client = awc::Client::builder().timeout(Duration::from_secs(40)).finish();
        let mut request = client.request(method, &url);
        if let Some(token) = &self.token {
            request = request.insert_header((header::AUTHORIZATION, format!("Bearer {token}")));
        }
        for header in headers {
            request = request.insert_header(*header);
        }
        let sent = match body {
            Some(body) => request.send_body(body).await,
            None => request.send().await,
        };
        let mut response = sent.unwrap_or_else(|error| panic!("no response from {url}: {error}"));
        let bytes = response.body().limit(64 << 20).await.unwrap_or_default();
        Reply {
            status: response.status(),
            headers: response.headers().clone(),
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }
}

impl Reply {
    /// The body as JSON.
    ///
    /// # Panics
    /// When it is not; the message shows it.
    #[must_use]
    pub fn json(&self) -> Value {
        self.parse()
    }

    /// The body as a type.
    ///
    /// # Panics
    /// When it is not; the message shows it.
    #[must_use]
    pub fn parse<T: DeserializeOwned>(&self) -> T {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{error} in the body {:?}", self.text))
    }

    /// A header as text, empty where it is missing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body, after making sure that this is a well-formed problem with this status.
    ///
    /// # Panics
    /// When it is anything else.
    pub fn problem(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        assert_eq!(self.header("content-type"), error_handling::MEDIA_TYPE, "{}", self.text);
        let body = self.json();
        assert_eq!(body["status"], status, "{body}");
        for member in ["type", "title", "detail", "instance", "request_id"] {
            assert!(body[member].is_string(), "{member} is missing in {body}");
        }
        assert_eq!(body["request_id"], self.header("x-request-id"), "{body}");
        body
    }
}
