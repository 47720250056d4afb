//! The client for requests to a provider.
//!
//! What matters about a failed request is whether it may have taken effect, so that is what its errors tell apart.

use std::error::Error as _;
use std::fmt;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use providers::africastalking::rest::Request;
use providers::request::ApiRequest;
use reqwest::{Method, Response};

/// Longest answer kept, in bytes. An answer for the ten parties of a conference has 2 KiB.
pub const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// How long a request may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientLimits {
    /// Until there is a connection, name look-up and TLS included.
    pub connect: Duration,
    /// From the start to the last byte of the answer.
    pub total: Duration,
}

impl Default for ClientLimits {
    /// 5 s and 15 s: an answer that takes longer is of no use to a client who waits for it.
    fn default() -> ClientLimits {
        ClientLimits { connect: Duration::from_secs(5), total: Duration::from_secs(15) }
    }
}

/// Sends requests to providers. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
}

/// The client could not be made: no certificates of authorities were found.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client cannot be made")]
pub struct ClientError(#[from] reqwest::Error);

/// An answer of any status.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// As the header says; none when absent or not text.
    pub content_type: Option<String>,
    /// The body, at most [`ANSWER_BYTES_MAX`].
    pub body: Bytes,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({}, {} bytes)", self.status, self.body.len())
    }
}

/// Why there is no answer. The texts hold no address and nothing of the request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// No connection came about: the request certainly had no effect.
    #[error("the provider cannot be reached: {0}")]
    NotSent(String),
    /// The request went out, or may have, and no whole answer came: whether it had an effect is unknown.
    #[error("the provider gave no answer; whether the request took effect is unknown")]
    UnknownOutcome,
    /// There was an answer, but too long a one.
    #[error("the provider's answer with status {status} is longer than {ANSWER_BYTES_MAX} bytes")]
    AnswerTooLarge {
        /// HTTP status.
        status: u16,
    },
}

impl Client {
    /// A client that knows no proxy and follows no redirect: the key in its headers goes to the provider and nowhere
    /// else. It never repeats a request by itself.
    ///
    /// # Errors
    /// [`ClientError`].
    ///
    /// # Panics
    /// When the process has installed no cryptography for TLS.
    pub fn new(limits: ClientLimits) -> Result<Client, ClientError> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .connect_timeout(limits.connect)
            .timeout(limits.total)
            .build()?;
        Ok(Client { http })
    }

    /// Sends `request` to `url`, once.
    ///
    /// # Errors
    /// [`SendError`]. An answer of any status is no error here.
    pub async fn send(&self, url: &str, request: &Request) -> Result<Answer, SendError> {
        self.exchange(request.method, url, &request.headers, Some(request.body())).await
    }

    /// Sends a request with a bearer key, once, to `base` or else to the provider's own servers.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn send_api(&self, base: Option<&str>, request: &ApiRequest) -> Result<Answer, SendError> {
        let url = format!("{}{}", base.unwrap_or(request.base), request.path);
        self.exchange(request.method, &url, &request.headers, request.body.clone()).await
    }

    async fn exchange(
        &self,
        method: &str,
        url: &str,
        headers: &[(&'static str, String)],
        body: Option<String>,
    ) -> Result<Answer, SendError> {
        let Ok(method) = Method::from_bytes(method.as_bytes()) else {
            return Err(SendError::NotSent("no such method".to_owned()));
        };
        let building = self.http.request(method, url);
        let building = body.into_iter().fold(building, |building, body| building.body(body));
        let building = headers.iter().fold(building, |building, (name, value)| building.header(*name, value));
        let response = building.send().await.map_err(send_error)?;
        read(response).await
    }
}

/// Only an error of connecting, or one before that, proves that nothing was sent; all others may have come later.
fn send_error(error: reqwest::Error) -> SendError {
    if error.is_connect() || error.is_builder() {
        SendError::NotSent(cause(&error.without_url()))
    } else {
        SendError::UnknownOutcome
    }
}

/// The innermost cause: `Connection refused`, a TLS alert.
fn cause(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = inner.to_string();
        source = inner.source();
    }
    text
}

async fn read(response: Response) -> Result<Answer, SendError> {
    let status = response.status().as_u16();
    let content_type = response.headers().get(reqwest::header::CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok()).map(str::to_owned);
    let body = whole_body(response, ANSWER_BYTES_MAX).await.map_err(|_| SendError::UnknownOutcome)?;
    let body = body.ok_or(SendError::AnswerTooLarge { status })?;
    Ok(Answer { status, content_type, body })
}

/// The body of an answer; none when it is longer than `max` bytes, of which no more are held.
pub(crate) async fn whole_body(mut response: Response, max: usize) -> Result<Option<Bytes>, reqwest::Error> {
    let mut body = BytesMut::new();
    while let Some(piece) = response.chunk().await? {
        if body.len() + piece.len() > max {
            return Ok(None);
        }
        body.extend_from_slice(&piece);
    }
    Ok(Some(body.freeze()))
}
