//! Somebody with an HTTP client and an ordinary account.

use std::time::Duration;

use actix_web::http::header::HeaderMap;
use actix_web::http::{Method, StatusCode};
use evidence::Failure;
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use crate::lab::{Lab, MALLORY};

/// What came back.
pub(crate) struct Got {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Got {
    /// The body as JSON; null where it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// How often a busy server is asked, and the wait in between.
const TRIES: u32 = 10;
const BUSY: Duration = Duration::from_millis(250);

/// Attacks one build. Redirects are looked at, not followed.
pub(crate) struct Attacker<'lab> {
    pub(crate) lab: &'lab Lab,
    pub(crate) client: awc::Client,
}

/// `application/x-www-form-urlencoded`, also for queries.
pub(crate) fn form(pairs: &[(&str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(pairs).finish()
}

impl<'lab> Attacker<'lab> {
    pub(crate) fn new(lab: &'lab Lab) -> Self {
        let client = awc::Client::builder().timeout(Duration::from_secs(20)).disable_redirects();
        Self { lab, client: client.finish() }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.lab.address())
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Got, Failure> {
        self.send(Method::GET, path, &[], "").await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Got, Failure> {
        self.send(Method::POST, path, &[JSON], &body.to_string()).await
    }

    /// Asks again where the server is too busy to listen: that is no verdict on the request, and
    /// a machine with other work to do would turn it into one.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Got, Failure> {
        for _ in 1..TRIES {
            let got = self.send_once(&method, path, headers, body).await?;
            if !matches!(got.status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::REQUEST_TIMEOUT)
            {
                return Ok(got);
            }
            tokio::time::sleep(BUSY).await;
        }
        self.send_once(&method, path, headers, body).await
    }

    async fn send_once(
        &self,
        method: &Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Got, Failure> {
        // A connection for each request: one that is kept may be closed while it is taken up again.
        let mut request = self.client.request(method.clone(), self.url(path)).force_close();
        for header in headers {
            request = request.append_header(*header);
        }
        let sent = request.send_body(body.to_owned()).await;
        let mut response = sent.map_err(|error| format!("no response from {path}: {error}"))?;
        let text = response.body().limit(16 << 20).await.unwrap_or_default();
        Ok(Got {
            status: response.status(),
            headers: response.headers().clone(),
            text: String::from_utf8_lossy(&text).into_owned(),
        })
    }

    /// Logs in as somebody whose password is known.
    pub(crate) async fn log_in(&self, person: (i64, &str, &str)) -> Result<Got, Failure> {
        let (_, name, password) = person;
        let got = self.post("/lab/log-in", &json!({"name": name, "password": password})).await?;
        if got.status.is_success() { Ok(got) } else { Err(format!("log-in: {}", got.text).into()) }
    }

    /// The attacker's own bearer header.
    pub(crate) async fn own_bearer(&self) -> Result<String, Failure> {
        bearer(&self.log_in(MALLORY).await?)
    }
}

/// The content type of most requests.
pub(crate) const JSON: (&str, &str) = ("content-type", "application/json");

/// The header that a log-in earns.
pub(crate) fn bearer(log_in: &Got) -> Result<String, Failure> {
    let body = log_in.json();
    let token = body["access_token"].as_str().ok_or("there is no token")?;
    Ok(format!("Bearer {token}"))
}
