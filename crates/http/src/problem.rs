//! The one error of this crate, and how it is written for each family of routes.
//!
//! Handlers return a [`Problem`]. It travels to the edge as an extension of an empty answer; the module `edge` writes the
//! body, in the family's form, and logs the chain of causes of every 5xx once. So a fallback, a limit and a handler
//! that fail in the same way answer the same bytes.
//!
//! | family | routes | body |
//! |---|---|---|
//! | detail | `/api/v1/…`, the VoicePact webhook | `{"detail":"…"}` |
//! | coded | `/v1/calls…`, `/v1/voice/accounts/…`, the addresses of MiniVoice and TryVox | `{"error":{"code":"…","message":"…"}}` |
//! | problem | everything else | RFC 9457 `application/problem+json` |

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Most faults listed in one answer; a body with more is wrong in kind, not in detail.
const FAULTS_LISTED_MAX: usize = 20;

/// Where errors are written as MiniVoice and TryVox write them.
const CODED: [&str; 6] = [
    "/v1/calls",
    "/v1/voice/accounts/",
    "/answer/minivoice/",
    "/hooks/minivoice/",
    "/answer/tryvox/",
    "/hooks/tryvox/",
];

/// What went wrong, as clients tell it apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The bytes are not what they should be: no JSON, no form.
    Malformed,
    /// A field is missing, of the wrong type or out of range, where the source document answers 400.
    BadRequest,
    /// A field is missing, of the wrong type or out of range.
    Invalid,
    /// No key, or none that works.
    Unauthorized,
    /// The key may not do this.
    Forbidden,
    /// The code of the party is wrong, or was tried too often.
    CodeRefused,
    /// A webhook is not signed by the provider it should be from.
    SignatureRefused,
    /// Nothing is there.
    NotFound,
    /// The route exists for other methods.
    MethodNotAllowed,
    /// The body did not arrive in time.
    Timeout,
    /// What is asked is not possible in this state.
    Conflict,
    /// The provider of a conference has no such control.
    ConferenceControlUnsupported,
    /// The provider of a call has no such control.
    CallControlUnsupported,
    /// A room at a provider could not be joined.
    ConferenceUnavailable,
    /// The account at a provider has no money left.
    InsufficientBalance,
    /// A provider failed to place a call.
    OriginateFailed,
    /// The first request with this key is not answered yet.
    InFlight,
    /// The key was used for another request.
    KeyReused,
    /// The resource is another than the client believes (`If-Match`).
    PreconditionFailed,
    /// More bytes than taken.
    TooLarge,
    /// Another content type or encoding than taken.
    UnsupportedMedia,
    /// Asked too often.
    TooManyRequests,
    /// Our fault. The detail never says more.
    Internal,
    /// A provider refused or could not be reached; the detail is one of our own words.
    ProviderFailed,
    /// Not kept: the journal did not take it. The client may try again.
    NotJournaled,
    /// Kept, but its outcome is not known yet.
    NotYetRecorded,
    /// A part of the service is not there.
    Unavailable,
}

impl Kind {
    /// Status, code and title.
    fn words(self) -> (StatusCode, &'static str, &'static str) {
        use StatusCode as S;
        match self {
            Kind::Malformed => (S::BAD_REQUEST, "malformed", "The request cannot be read"),
            Kind::BadRequest => (S::BAD_REQUEST, "invalid_request", "A field is not valid"),
            Kind::Invalid => (S::UNPROCESSABLE_ENTITY, "invalid_request", "A field is not valid"),
            Kind::Unauthorized => (S::UNAUTHORIZED, "unauthorized", "A valid API key is needed"),
            Kind::Forbidden => (S::FORBIDDEN, "forbidden", "The API key may not do this"),
            Kind::CodeRefused => (S::FORBIDDEN, "code_refused", "The confirmation code was refused"),
            Kind::SignatureRefused => {
                (S::FORBIDDEN, "invalid_signature", "The signature is missing or wrong")
            }
            Kind::NotFound => (S::NOT_FOUND, "not_found", "Not found"),
            Kind::MethodNotAllowed => {
                (S::METHOD_NOT_ALLOWED, "method_not_allowed", "The method is not allowed here")
            }
            Kind::Timeout => (S::REQUEST_TIMEOUT, "timeout", "The request took too long to arrive"),
            Kind::Conflict => (S::CONFLICT, "conflict", "Not possible in the present state"),
            Kind::ConferenceControlUnsupported => {
                (S::CONFLICT, "conference_control_unsupported", "The provider has no such control")
            }
            Kind::CallControlUnsupported => {
                (S::CONFLICT, "call_control_unsupported", "The provider has no such control")
            }
            Kind::ConferenceUnavailable => {
                (S::CONFLICT, "conference_unavailable", "The room could not be joined")
            }
            Kind::InsufficientBalance => {
                (S::PAYMENT_REQUIRED, "insufficient_balance", "The account at the provider has no money")
            }
            Kind::OriginateFailed => {
                (S::BAD_GATEWAY, "originate_failed", "The voice provider failed to place the call")
            }
            Kind::InFlight => (S::CONFLICT, "request_in_flight", "The request is being answered"),
            Kind::KeyReused => {
                (S::UNPROCESSABLE_ENTITY, "idempotency_key_reused", "The key was used for another request")
            }
            Kind::PreconditionFailed => {
                (S::PRECONDITION_FAILED, "precondition_failed", "The resource has changed")
            }
            Kind::TooLarge => (S::PAYLOAD_TOO_LARGE, "too_large", "The request is too large"),
            Kind::UnsupportedMedia => {
                (S::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "The content type is not supported")
            }
            Kind::TooManyRequests => (S::TOO_MANY_REQUESTS, "too_many_requests", "Too many requests"),
            Kind::Internal => (S::INTERNAL_SERVER_ERROR, "internal", "Internal error"),
            Kind::ProviderFailed => {
                (S::INTERNAL_SERVER_ERROR, "provider_failed", "The voice provider did not do it")
            }
            Kind::NotJournaled => (S::SERVICE_UNAVAILABLE, "not_accepted", "Not accepted"),
            Kind::NotYetRecorded => {
                (S::SERVICE_UNAVAILABLE, "not_yet_recorded", "Accepted, not yet recorded")
            }
            Kind::Unavailable => (S::SERVICE_UNAVAILABLE, "unavailable", "Not available now"),
        }
    }

    /// The status it is answered with.
    pub fn status(self) -> StatusCode {
        self.words().0
    }

    /// The kind an answer stands for that another part of the stack made without a [`Problem`].
    fn of(status: StatusCode) -> Kind {
        match status.as_u16() {
            401 => Kind::Unauthorized,
            403 => Kind::Forbidden,
            404 => Kind::NotFound,
            405 => Kind::MethodNotAllowed,
            408 => Kind::Timeout,
            409 => Kind::Conflict,
            412 => Kind::PreconditionFailed,
            413 => Kind::TooLarge,
            415 => Kind::UnsupportedMedia,
            422 => Kind::Invalid,
            429 => Kind::TooManyRequests,
            503 => Kind::Unavailable,
            500.. => Kind::Internal,
            _ => Kind::Malformed,
        }
    }
}

/// One field and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Path of the field: `parties[1].phone`.
    pub field: String,
    /// What is wrong. Never quotes the value.
    pub reason: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.reason)
    }
}

/// Why a request was not served. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Problem(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    kind: Kind,
    detail: Cow<'static, str>,
    faults: Vec<Fault>,
    headers: HeaderMap,
    cause: Option<Arc<dyn Error + Send + Sync>>,
}

impl Problem {
    /// A problem with one sentence for the client.
    pub fn new(kind: Kind, detail: impl Into<Cow<'static, str>>) -> Problem {
        Problem::build(kind, detail.into(), Vec::new(), None)
    }

    /// Fields that are wrong.
    pub fn fields(kind: Kind, faults: Vec<Fault>) -> Problem {
        let listed: Vec<String> = faults.iter().take(FAULTS_LISTED_MAX).map(Fault::to_string).collect();
        Problem::build(kind, listed.join("; ").into(), faults, None)
    }

    /// One field that is wrong.
    pub fn field(kind: Kind, field: &str, reason: impl Into<String>) -> Problem {
        Problem::fields(kind, vec![Fault { field: field.to_owned(), reason: reason.into() }])
    }

    /// `Not found`, with what was looked for.
    pub fn not_found(detail: &'static str) -> Problem {
        Problem::new(Kind::NotFound, detail)
    }

    /// Something of ours failed: the client reads a constant, the log the chain of `cause`.
    pub fn internal(cause: impl Error + Send + Sync + 'static) -> Problem {
        Problem::caused(Kind::Internal, "The request could not be served. It was logged.", cause)
    }

    /// A 5xx with a constant sentence and a cause for the log.
    pub fn caused(kind: Kind, detail: &'static str, cause: impl Error + Send + Sync + 'static) -> Problem {
        Problem::build(kind, detail.into(), Vec::new(), Some(Arc::new(cause)))
    }

    /// A provider did not do what was asked; `detail` is made of our own words.
    pub(crate) fn provider(detail: String, cause: impl Error + Send + Sync + 'static) -> Problem {
        Problem::build(Kind::ProviderFailed, detail.into(), Vec::new(), Some(Arc::new(cause)))
    }

    /// The same with a header besides.
    #[must_use]
    pub fn with_header(self, name: HeaderName, value: HeaderValue) -> Problem {
        let mut headers = self.0.headers.clone();
        headers.insert(name, value);
        let Inner { kind, ref detail, ref faults, ref cause, .. } = *self.0;
        let (detail, faults, cause) = (detail.clone(), faults.clone(), cause.clone());
        Problem(Arc::new(Inner { kind, detail, faults, headers, cause }))
    }

    fn build(
        kind: Kind,
        detail: Cow<'static, str>,
        faults: Vec<Fault>,
        cause: Option<Arc<dyn Error + Send + Sync>>,
    ) -> Problem {
        Problem(Arc::new(Inner { kind, detail, faults, headers: HeaderMap::new(), cause }))
    }

    /// The problem an answer stands for that was made without one: a path that no route has, a method none takes.
    pub(crate) fn of_status(status: StatusCode) -> Problem {
        let kind = Kind::of(status);
        let detail = match kind {
            Kind::NotFound => "There is nothing at this address.",
            Kind::MethodNotAllowed => "This address takes other methods; see the Allow header.",
            Kind::Internal => "The request could not be served. It was logged.",
            other => other.words().2,
        };
        Problem::new(kind, detail)
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The sentence for the client.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// Causes, outermost first, for the log. Errors of this service quote nothing personal.
    pub(crate) fn chain(&self) -> String {
        let mut chain = Vec::new();
        let mut next = self.source();
        while let Some(error) = next {
            chain.push(error.to_string());
            next = error.source();
        }
        chain.join(": ")
    }

    /// The whole answer in the family's form.
    pub(crate) fn render(&self, family: Family) -> Response {
        let (status, code, title) = self.0.kind.words();
        let (media, body) = match family {
            Family::Detail => ("application/json", json!({ "detail": self.0.detail })),
            Family::Coded => {
                ("application/json", json!({ "error": { "code": code, "message": self.0.detail } }))
            }
            Family::Problem => {
                let mut body = json!({
                    "type": format!("urn:ahadi:problem:{code}"),
                    "title": title,
                    "status": status.as_u16(),
                    "detail": self.0.detail,
                    "code": code,
                });
                if !self.0.faults.is_empty() {
                    let listed = self.0.faults.iter().take(FAULTS_LISTED_MAX);
                    body["errors"] =
                        listed.map(|fault| json!({ "field": fault.field, "reason": fault.reason })).collect();
                }
                ("application/problem+json", body)
            }
        };
        let mut response = Response::new(Body::from(body.to_string()));
        *response.status_mut() = status;
        response.headers_mut().extend(self.0.headers.clone());
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media));
        response
    }
}

/// What the client reads.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.detail)
    }
}

impl Error for Problem {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.cause.as_deref().map(|cause| cause as &(dyn Error + 'static))
    }
}

impl IntoResponse for Problem {
    /// An empty answer that carries the problem to the edge.
    fn into_response(self) -> Response {
        let mut response = self.0.kind.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<store::StoreError> for Problem {
    fn from(error: store::StoreError) -> Problem {
        match error {
            store::StoreError::Transient(_) => {
                Problem::caused(Kind::Unavailable, "The database does not answer now; try again.", error)
                    .with_header(axum::http::header::RETRY_AFTER, HeaderValue::from_static("1"))
            }
            store::StoreError::Corrupt(_) | store::StoreError::Permanent(_) => Problem::internal(error),
        }
    }
}

/// The form in which a family of routes writes its errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// `{"detail":"…"}`
    Detail,
    /// `{"error":{"code":"…","message":"…"}}`
    Coded,
    /// RFC 9457.
    Problem,
}

impl Family {
    /// By path, so that an unknown path below a family's prefix answers like the family.
    pub(crate) fn of(path: &str) -> Family {
        let below = |prefixes: &[&str]| prefixes.iter().any(|prefix| path.starts_with(prefix));
        if below(&["/api/v1/", "/hooks/voicepact/"]) {
            Family::Detail
        } else if below(&CODED) {
            Family::Coded
        } else {
            Family::Problem
        }
    }
}
