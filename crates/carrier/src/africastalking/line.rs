//! What is asked of a running call or of a line: passing on, queues, files.

use axum::extract::{RawForm, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::{Blind, Fault, NONE, field, is_authentic, is_dialable, unauthorized};
use crate::server::Shared;

type Form = Vec<(String, String)>;

/// `POST /callTransfer`.
pub(crate) async fn transfer(shared: State<Shared>, headers: HeaderMap, form: RawForm) -> Response {
    serve(shared, headers, form, "callTransfer", |form| {
        let dialable =
            field(form, "phoneNumber").is_some_and(is_dialable) && field(form, "sessionId").is_some();
        let (word, status) = if dialable { (NONE, "Success") } else { ("InvalidPhoneNumber", "Aborted") };
        let body = json!({ "callTransferResponse": { "errorMessage": word, "status": status } });
        axum::Json(body).into_response()
    })
    .await
}

/// `POST /queueStatus`: nobody ever waits.
pub(crate) async fn queues(shared: State<Shared>, headers: HeaderMap, form: RawForm) -> Response {
    serve(shared, headers, form, "queueStatus", |_| {
        axum::Json(json!({ "entries": [], "errorMessage": NONE, "status": "Success" })).into_response()
    })
    .await
}

/// `POST /mediaUpload`.
pub(crate) async fn upload(shared: State<Shared>, headers: HeaderMap, form: RawForm) -> Response {
    serve(shared, headers, form, "mediaUpload", |form| match field(form, "url") {
        Some(_) => (StatusCode::CREATED, "The request has been fulfilled").into_response(),
        None => (StatusCode::BAD_REQUEST, "Missing url").into_response(),
    })
    .await
}

/// Carries a request out as the mode of requests for calls says.
async fn serve(
    State(shared): State<Shared>,
    headers: HeaderMap,
    RawForm(body): RawForm,
    what: &str,
    act: impl FnOnce(&Form) -> Response,
) -> Response {
    let form: Form = form_urlencoded::parse(&body).into_owned().collect();
    let mode = {
        let mut behaviour = shared.behaviour();
        behaviour.next_call_modes.pop_front().unwrap_or_else(|| behaviour.call_mode.clone())
    };
    shared.log().acts.push((what.to_owned(), form.clone()));
    if !is_authentic(&shared, &headers, &form) {
        return unauthorized();
    }
    match Fault::from(mode) {
        Fault::None => act(&form),
        Fault::Accepted(blind) | Fault::Ignored(blind) => Blind::answer(blind).await,
        Fault::Refused(word) => {
            axum::Json(json!({ "errorMessage": word, "status": "Aborted" })).into_response()
        }
        Fault::Unauthorized => unauthorized(),
    }
}
