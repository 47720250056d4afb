//! The VoicePact webhook: status of a conference or of a call, as a form or as JSON.

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use contract::provider::Via;
use providers::voicepact::read_webhook;
use serde::Serialize;

use super::{Inlet, Sender, unreadable};
use crate::body::{Raw, WEBHOOK_BODY_BYTES_MAX};
use crate::problem::Problem;

/// Both routes: bare, and with a secret.
pub fn router(inlet: Inlet) -> Router {
    Router::new()
        .route("/api/v1/voice/webhook", post(webhook))
        .route("/hooks/voicepact/{secret}/voice/webhook", post(webhook))
        .with_state(inlet)
}

/// The answer of the source service, its members in that order.
#[derive(Serialize)]
struct Processed {
    status: &'static str,
    session_id: String,
}

async fn webhook(
    State(inlet): State<Inlet>,
    sender: Sender,
    raw: Raw<WEBHOOK_BODY_BYTES_MAX>,
) -> Result<Json<Processed>, Problem> {
    let reading = read_webhook(&raw.bytes, &raw.content_type, inlet.country(), inlet.zone())
        .map_err(|e| unreadable(&e))?;
    let session_id = reading.echo.session_id;
    inlet.journal(&raw, "voice/webhook", Via::AfricasTalking, sender.authenticated, reading.facts).await?;
    Ok(Json(Processed { status: "webhook_processed", session_id }))
}
