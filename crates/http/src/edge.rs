//! The outermost layer: request ids, the writing of problems, panics, and the headers every answer has.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;

use crate::problem::{Family, Problem};

/// Longest request id taken from a client.
const REQUEST_ID_BYTES_MAX: usize = 64;
/// Where a request's id stands, in both directions.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives ids to requests that bring none: a name of this run and a running number.
#[derive(Clone)]
pub(crate) struct Edge {
    run: Arc<str>,
    /// Incremented by every request.
    count: Arc<AtomicU64>,
}

impl Edge {
    /// `run` tells this run of the service from others; it need not be secret.
    pub(crate) fn new(run: &str) -> Edge {
        Edge { run: run.into(), count: Arc::new(AtomicU64::new(0)) }
    }

    fn request_id(&self, request: &Request) -> HeaderValue {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        let given = request.headers().get(&REQUEST_ID).filter(|id| {
            (1..=REQUEST_ID_BYTES_MAX).contains(&id.len()) && id.as_bytes().iter().all(|b| plain(*b))
        });
        given.cloned().unwrap_or_else(|| {
            let number = self.count.fetch_add(1, Ordering::Relaxed);
            HeaderValue::try_from(format!("{}-{number}", self.run))
                .expect("a hex name and a number are ASCII")
        })
    }
}

/// Serves one request and finishes its answer.
pub(crate) async fn finish(State(edge): State<Edge>, request: Request, next: Next) -> Response {
    let id = edge.request_id(&request);
    let family = Family::of(request.uri().path());
    let method = request.method().clone();
    // The path itself may hold a secret or a telephone number; the route it matched holds neither.
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut response = match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(_) => Problem::internal(Panicked).into_response(),
    };
    if let Some(problem) = problem_of(&response) {
        if response.status().is_server_error() {
            tracing::error!(
                request = id.to_str().unwrap_or_default(),
                %method,
                route = route.as_ref().map_or("none", MatchedPath::as_str),
                status = response.status().as_u16(),
                "{}: {}",
                problem.detail(),
                problem.chain()
            );
        }
        let allow = response.headers().get(ALLOW).cloned();
        response = problem.render(family);
        if let Some(allow) = allow {
            response.headers_mut().insert(ALLOW, allow);
        }
    }
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    // Answers may hold personal values; what may be kept says so itself.
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// The problem an answer carries, or stands for where the framework made it: a refusal without a JSON body.
fn problem_of(response: &Response) -> Option<Problem> {
    if let Some(problem) = response.extensions().get::<Problem>() {
        return Some(problem.clone());
    }
    let refused = response.status().is_client_error() || response.status().is_server_error();
    let written = response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|media| media.to_str().ok())
        .is_some_and(|media| media.starts_with("application/json"));
    (refused && !written).then(|| Problem::of_status(response.status()))
}

/// A handler panicked; the panic itself was already reported by the panic hook.
#[derive(Debug, thiserror::Error)]
#[error("a handler panicked")]
struct Panicked;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use axum::Router;
    use axum::body::Body;
    use axum::middleware::from_fn_with_state;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    async fn broken() -> Response {
        panic!("the detail of a defect")
    }

    #[tokio::test]
    async fn a_panic_is_a_500_that_tells_nothing() {
        let edge = from_fn_with_state(Edge::new("test"), finish);
        let router = Router::new().route("/broken", get(broken)).layer(edge);
        let response = router.oneshot(Request::get("/broken").body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status().as_u16(), 500);
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        let body = std::str::from_utf8(&body).unwrap();
        assert!(body.contains("\"code\":\"internal\"") && !body.contains("defect"), "{body}");
    }
}
