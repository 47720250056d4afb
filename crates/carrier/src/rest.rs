//! What the fakes of REST interfaces share: a listener, and ways to fail on request.

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::config::ApiMode;
use crate::server::{DropConnection, serve_connection};

/// A listener that ends with its owner.
pub(crate) struct Listener {
    pub(crate) address: SocketAddr,
    _stop: DropGuard,
}

impl Listener {
    /// Serves `router` on a free port of loopback.
    pub(crate) async fn start(router: Router) -> io::Result<Listener> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let stopped = CancellationToken::new();
        let accepting = stopped.clone();
        tokio::spawn(async move {
            while let Some(Ok((stream, _))) = accepting.run_until_cancelled(listener.accept()).await {
                let (connection, stopped) = (serve_connection(router.clone(), stream), accepting.clone());
                tokio::spawn(async move { stopped.run_until_cancelled(connection).await });
            }
        });
        Ok(Listener { address, _stop: stopped.drop_guard() })
    }
}

/// What is to happen to the next requests that change something, one each; then all are carried out.
#[derive(Clone, Default)]
pub(crate) struct Modes(Arc<Mutex<VecDeque<ApiMode>>>);

impl Modes {
    pub(crate) fn extend(&self, modes: impl IntoIterator<Item = ApiMode>) {
        self.queue().extend(modes);
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<ApiMode>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Carries a request out, or not, and answers it, or not, as the next mode says. `refusal` is how a word of
    /// [`ApiMode::Refuse`] is answered.
    pub(crate) async fn serve(
        &self,
        act: impl FnOnce() -> Response,
        refusal: impl FnOnce(&str) -> Response,
    ) -> Response {
        let mode = self.queue().pop_front().unwrap_or_default();
        match mode {
            ApiMode::Normal => act(),
            ApiMode::Unauthorized => error(StatusCode::UNAUTHORIZED, "unauthorized"),
            ApiMode::Refuse(word) => refusal(&word),
            ApiMode::ServerError => error(StatusCode::INTERNAL_SERVER_ERROR, "internal_error"),
            ApiMode::Hang { accepted } => {
                if accepted {
                    drop(act());
                }
                std::future::pending().await
            }
            ApiMode::Drop { accepted } => {
                if accepted {
                    drop(act());
                }
                DropConnection::response()
            }
        }
    }
}

/// Whether the request brings the key.
pub(crate) fn is_authentic(headers: &HeaderMap, key: &str) -> bool {
    let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    sent.and_then(|value| value.strip_prefix("Bearer ")) == Some(key)
}

/// `{"error":{"code","message"}}`, the form both providers have.
pub(crate) fn error(status: StatusCode, code: &str) -> Response {
    let message = code.replace('_', " ").to_lowercase();
    answer(status, &json!({ "error": { "code": code, "message": message } }))
}

pub(crate) fn answer(status: StatusCode, body: &Value) -> Response {
    (status, axum::Json(body)).into_response()
}

/// A string member of a JSON body.
pub(crate) fn text<'a>(body: &'a Value, name: &str) -> Option<&'a str> {
    body.get(name).and_then(Value::as_str)
}
