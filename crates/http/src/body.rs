//! Bodies: read whole, within a size and a time, and nothing guessed about what they are.

pub mod field;
pub mod json;
pub mod text;

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::header::{CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;

use crate::problem::{Kind, Problem};
use json::Node;

/// Most bytes of a webhook. Providers send about one kilobyte.
pub const WEBHOOK_BODY_BYTES_MAX: usize = 64 * 1024;
/// Most bytes of a JSON request: a transcript of 400,000 bytes and its escapes fit.
pub const JSON_BODY_BYTES_MAX: usize = 1024 * 1024;
/// Most bytes of a bundle to be verified: some thousand records with their proofs.
pub const BUNDLE_BODY_BYTES_MAX: usize = 8 * 1024 * 1024;
/// How long a whole body may take to arrive, so that a sender of one byte now and then cannot hold a connection.
pub const BODY_SECONDS_MAX: u64 = 15;

/// A body of at most `MAX` bytes, with its content type as sent (empty where none was).
pub struct Raw<const MAX: usize> {
    /// The bytes.
    pub bytes: Bytes,
    /// The `Content-Type` header; empty where there is none or it is not ASCII.
    pub content_type: String,
    /// All headers.
    pub headers: HeaderMap,
}

impl<const MAX: usize, S: Sync> FromRequest<S> for Raw<MAX> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Raw<MAX>, Problem> {
        let (parts, body) = request.into_parts();
        let content_type =
            parts.headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
        let bytes = read(&parts.headers, body, MAX).await?;
        Ok(Raw { bytes, content_type, headers: parts.headers })
    }
}

/// A JSON request.
pub struct Json(pub Node);

impl<S: Sync> FromRequest<S> for Json {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Json, Problem> {
        let Raw { bytes, content_type, .. } =
            Raw::<JSON_BODY_BYTES_MAX>::from_request(request, state).await?;
        if !is_json(&content_type) {
            return Err(Problem::new(Kind::UnsupportedMedia, "Send the body as application/json."));
        }
        Ok(Json(json::parse(&bytes)?))
    }
}

/// A JSON request that may be left out: no body at all is an empty object.
pub struct OptionalJson(pub Node);

impl<S: Sync> FromRequest<S> for OptionalJson {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<OptionalJson, Problem> {
        let Raw { bytes, content_type, .. } =
            Raw::<JSON_BODY_BYTES_MAX>::from_request(request, state).await?;
        if bytes.is_empty() {
            return Ok(OptionalJson(Node::Object(Vec::new())));
        }
        if !is_json(&content_type) {
            return Err(Problem::new(Kind::UnsupportedMedia, "Send the body as application/json."));
        }
        Ok(OptionalJson(json::parse(&bytes)?))
    }
}

/// `application/json` or `application/…+json`, in UTF-8 where a charset is named.
fn is_json(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(|part| part.trim().to_ascii_lowercase());
    let essence = parts.next().unwrap_or_default();
    let media =
        essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"));
    let foreign = |part: String| {
        part.strip_prefix("charset=").is_some_and(|charset| charset.trim_matches('"') != "utf-8")
    };
    media && !parts.any(foreign)
}

/// Reads a body to its end.
///
/// # Errors
/// 413 over `max`, 408 after [`BODY_SECONDS_MAX`], 415 for a compressed body, 400 where the sender broke off.
async fn read(headers: &HeaderMap, body: Body, max: usize) -> Result<Bytes, Problem> {
    let compressed = headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity");
    if compressed {
        return Err(Problem::new(Kind::UnsupportedMedia, "Send the body without content encoding."));
    }
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > max as u64) {
        return Err(too_large(max));
    }
    let limit = Duration::from_secs(BODY_SECONDS_MAX);
    match tokio::time::timeout(limit, collect(body, max)).await {
        Ok(read) => read,
        Err(_) => Err(closing(Problem::new(Kind::Timeout, "The body did not arrive in time."))),
    }
}

async fn collect(body: Body, max: usize) -> Result<Bytes, Problem> {
    let mut stream = body.into_data_stream();
    let mut whole = BytesMut::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| Problem::new(Kind::Malformed, "The body broke off."))?;
        if whole.len() + chunk.len() > max {
            return Err(too_large(max));
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole.freeze())
}

fn too_large(max: usize) -> Problem {
    closing(Problem::new(Kind::TooLarge, format!("The body has more than {max} bytes.")))
}

/// What is left of the body is not read, so the connection cannot be used again.
fn closing(problem: Problem) -> Problem {
    problem.with_header(CONNECTION, HeaderValue::from_static("close"))
}

#[cfg(test)]
mod tests {
    use super::is_json;

    #[test]
    fn content_types() {
        for yes in [
            "application/json",
            "Application/JSON; charset=UTF-8",
            "application/problem+json",
            "application/json;charset=\"utf-8\"",
        ] {
            assert!(is_json(yes), "{yes}");
        }
        for no in [
            "",
            "text/json",
            "text/plain",
            "application/jsonx",
            "application/json; charset=utf-16",
            "application/x-www-form-urlencoded",
        ] {
            assert!(!is_json(no), "{no}");
        }
    }
}
