//! Calls to partners, which are addresses that users typed: the client that checks where it goes is
//! the only one used here.

use std::time::Duration;

use actix_web::http::header::{HeaderName, HeaderValue};
use web_security::{Outbound, OutboundError, OutboundRequest};

/// Sends and fetches; cheap to clone.
#[derive(Clone, Debug)]
pub struct Courier {
    outbound: Outbound,
    within: Duration,
}

/// What a partner answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its body, of bounded length.
    pub body: Vec<u8>,
}

/// Why a partner gave no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CourierError {
    /// The call could not be made, or its answer not be read.
    #[error("{0}")]
    Outbound(#[from] OutboundError),
    /// None came in time.
    #[error("no answer in time")]
    TimedOut,
    /// It answered that it cannot, with this status.
    #[error("the partner is in trouble: {0}")]
    Trouble(u16),
    /// A header cannot be written as one.
    #[error("a header cannot be sent")]
    Header,
}

impl CourierError {
    /// For the row of the event: which kind of failure, and nothing that the partner said.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::TimedOut | Self::Outbound(OutboundError::TimedOut) => "no answer in time",
            Self::Outbound(OutboundError::BadUrl(_)) => "address not readable",
            Self::Outbound(OutboundError::TooLarge) => "answer too large",
            // Also for an address that is not allowed: whoever adds a partner could otherwise find out
            // which names lead to machines of ours.
            Self::Outbound(_) => "not reachable",
            Self::Trouble(_) => "partner in trouble",
            Self::Header => "header not sendable",
        }
    }
}

impl Courier {
    /// Goes through this client and waits for an answer no longer than `within`.
    #[must_use]
    pub fn new(outbound: Outbound, within: Duration) -> Self {
        Self { outbound, within }
    }

    /// Posts a body.
    ///
    /// # Errors
    /// [`CourierError`]; also for an answer of 500 and above, which says that nothing was done.
    pub async fn post(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
        body: Vec<u8>,
    ) -> Result<Answer, CourierError> {
        let mut request = OutboundRequest::post(url, body);
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).map_err(|_| CourierError::Header)?;
            request = request.header(HeaderName::from_static(name), value);
        }
        self.send(request).await
    }

    /// Fetches.
    ///
    /// # Errors
    /// As [`Courier::post`].
    pub async fn get(&self, url: &str) -> Result<Answer, CourierError> {
        self.send(OutboundRequest::get(url)).await
    }

    async fn send(&self, request: OutboundRequest) -> Result<Answer, CourierError> {
        let sent = tokio::time::timeout(self.within, self.outbound.send(request)).await;
        let response = sent.map_err(|_| CourierError::TimedOut)??;
        let status = response.status.as_u16();
        if status >= 500 {
            return Err(CourierError::Trouble(status));
        }
        Ok(Answer { status, body: response.body.to_vec() })
    }
}
