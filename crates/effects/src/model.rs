//! A service that speaks OpenAI's interface: what asking for a transcript and asking a second reader have in common.
//!
//! It is asked at the address the operator named and nowhere else: no proxy is known, no redirect followed, nothing
//! repeated by the client itself.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use contract::report::FailureReason;
use reqwest::{Body, RequestBuilder};

use crate::client::{ClientError, whole_body};

/// Until there is a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// Where and what to ask.
#[derive(Clone, PartialEq, Eq)]
pub struct ModelSettings {
    /// Base address, with or without `/v1`, or the whole address.
    pub url: String,
    /// Name of the model as the service knows it.
    pub model: String,
    /// Sent as a bearer token, where the service wants one.
    pub api_key: Option<String>,
    /// From the first byte sent to the last one received.
    pub total: Duration,
}

impl fmt::Debug for ModelSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModelSettings").field("model", &self.model).finish_non_exhaustive()
    }
}

/// Why there is no answer. No text holds an address or a word that was said.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ModelError {
    /// No connection, or it broke.
    #[error("no connection, or it broke")]
    Unreachable,
    /// The limit of time.
    #[error("too slow")]
    TooSlow,
    /// Any answer but 200.
    #[error("the service answered {0}")]
    Status(u16),
    /// What is asked, or the answer, is longer than may be.
    #[error("the question or the answer is too long")]
    TooLarge,
    /// The answer is not what was asked for.
    #[error("the answer cannot be read")]
    Unreadable,
}

impl From<reqwest::Error> for ModelError {
    fn from(error: reqwest::Error) -> ModelError {
        if error.is_timeout() { ModelError::TooSlow } else { ModelError::Unreachable }
    }
}

impl ModelError {
    /// The word for the ledger, and whether to try again: not where the same question gets the same answer. A wrong key
    /// may be mended meanwhile.
    pub(crate) fn judged(&self) -> (FailureReason, bool) {
        match self {
            ModelError::Unreachable => (FailureReason::Unreachable, true),
            ModelError::TooSlow => (FailureReason::TooSlow, true),
            ModelError::Status(401 | 403) => (FailureReason::Unauthorized, true),
            ModelError::Status(413) | ModelError::TooLarge => (FailureReason::TooLarge, false),
            ModelError::Status(400 | 415 | 422) => (FailureReason::WrongType, false),
            ModelError::Status(_) => (FailureReason::ProviderError, true),
            ModelError::Unreadable => (FailureReason::UnreadableAnswer, true),
        }
    }
}

/// Asks for one thing.
pub(crate) struct ModelClient {
    http: reqwest::Client,
    endpoint: String,
    pub(crate) settings: ModelSettings,
}

impl ModelClient {
    /// A client for what stands at `path`, below `/v1`.
    pub(crate) fn new(settings: ModelSettings, path: &str) -> Result<ModelClient, ClientError> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .connect_timeout(CONNECT)
            .timeout(settings.total)
            .build()?;
        Ok(ModelClient { http, endpoint: endpoint(&settings.url, path), settings })
    }

    /// Sends a question. Gives the body of the answer, of at most `max` bytes.
    pub(crate) async fn ask(
        &self,
        body: impl Into<Body>,
        headers: impl FnOnce(RequestBuilder) -> RequestBuilder,
        max: usize,
    ) -> Result<Bytes, ModelError> {
        let mut asking = headers(self.http.post(&self.endpoint)).body(body);
        if let Some(key) = &self.settings.api_key {
            asking = asking.bearer_auth(key);
        }
        let response = asking.send().await?;
        match response.status().as_u16() {
            200 => whole_body(response, max).await?.ok_or(ModelError::TooLarge),
            status => Err(ModelError::Status(status)),
        }
    }
}

/// The address below what an operator named: a base with or without `/v1`, or the whole address.
fn endpoint(named: &str, path: &str) -> String {
    let base = named.trim_end_matches('/');
    if base.ends_with(path) {
        base.to_owned()
    } else if base.ends_with("/v1") {
        format!("{base}{path}")
    } else {
        format!("{base}/v1{path}")
    }
}

#[cfg(test)]
mod tests {
    use super::endpoint;

    #[test]
    fn addresses_as_operators_name_them() {
        for named in [
            "http://localhost:8000",
            "http://localhost:8000/",
            "http://localhost:8000/v1",
            "http://localhost:8000/v1/",
            "http://localhost:8000/v1/audio/transcriptions",
        ] {
            let expected = "http://localhost:8000/v1/audio/transcriptions";
            assert_eq!(endpoint(named, "/audio/transcriptions"), expected, "{named}");
        }
    }
}
