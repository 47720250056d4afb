//! Webhooks of Africa's Talking about text messages: what people write, what became of what we wrote, who wants no more.

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use contract::command::Answer;
use contract::fact::{Fact, What};
use contract::provider::Via;
use contract::reply::{self, Reply};
use providers::ReadError;
use providers::africastalking::sms;
use serde::Serialize;

use super::{Inlet, Sender, unreadable};
use crate::body::{Raw, WEBHOOK_BODY_BYTES_MAX};
use crate::problem::Problem;

type Form = Raw<WEBHOOK_BODY_BYTES_MAX>;

/// Acknowledges a message or a report.
const ACKNOWLEDGED: &str = "OK";

/// All routes: bare, and with a secret.
pub fn router(inlet: Inlet) -> Router {
    Router::new()
        .route("/sms/incoming", post(incoming))
        .route("/sms/delivery", post(delivery))
        .route("/sms/opt-out", post(opt_out))
        .route("/hooks/africastalking/{secret}/sms/incoming", post(incoming))
        .route("/hooks/africastalking/{secret}/sms/delivery", post(delivery))
        .route("/hooks/africastalking/{secret}/sms/opt-out", post(opt_out))
        .route("/api/v1/sms/webhook", post(webhook))
        .route("/hooks/voicepact/{secret}/sms/webhook", post(webhook))
        .with_state(inlet)
}

async fn incoming(State(inlet): State<Inlet>, sender: Sender, form: Form) -> Result<&'static str, Problem> {
    let read = sms::read_incoming(&form.bytes, &form.content_type, inlet.country(), inlet.zone());
    take(&inlet, &sender, &form, "sms/incoming", read).await?;
    Ok(ACKNOWLEDGED)
}

async fn delivery(State(inlet): State<Inlet>, sender: Sender, form: Form) -> Result<&'static str, Problem> {
    let read = sms::read_delivery(&form.bytes, &form.content_type, inlet.country());
    take(&inlet, &sender, &form, "sms/delivery", read).await?;
    Ok(ACKNOWLEDGED)
}

async fn opt_out(State(inlet): State<Inlet>, sender: Sender, form: Form) -> Result<&'static str, Problem> {
    let read = sms::read_opt_out(&form.bytes, &form.content_type, inlet.country());
    take(&inlet, &sender, &form, "sms/opt-out", read).await?;
    Ok(ACKNOWLEDGED)
}

/// The answer of the source service, its members in that order.
#[derive(Serialize)]
struct Received {
    status: &'static str,
    /// What the text asks for, as it is read; whether that can be done is decided when it is recorded.
    action: Option<&'static str>,
    contract_id: Option<String>,
    phone_number: Option<String>,
}

/// One address for everything about messages, as the source service has it.
async fn webhook(State(inlet): State<Inlet>, sender: Sender, form: Form) -> Result<Json<Received>, Problem> {
    let read = match providers::form::read(&form.bytes, &form.content_type) {
        Ok(fields) if matches!(fields.raw("text"), Ok(None)) => {
            sms::read_delivery(&form.bytes, &form.content_type, inlet.country())
        }
        _ => sms::read_incoming(&form.bytes, &form.content_type, inlet.country(), inlet.zone()),
    };
    let fact = take(&inlet, &sender, &form, "sms/webhook", read).await?;
    let text = fact.as_ref().and_then(|fact| fact.private.text.as_deref());
    let (action, contract_id) = match text.map(reply::read) {
        Some(Reply::Answer { answer: Answer::Yes, contract_id, .. }) => (Some("confirm"), contract_id),
        Some(Reply::Answer { answer: Answer::No, contract_id, .. }) => (Some("reject"), contract_id),
        _ => (None, None),
    };
    let phone_number = fact.and_then(|fact| fact.private.phone);
    Ok(Json(Received { status: "webhook_received", action, contract_id, phone_number }))
}

/// Journals what was read. None where it is nothing the ledger has a word for: a subscription.
async fn take(
    inlet: &Inlet,
    sender: &Sender,
    form: &Form,
    route: &str,
    read: Result<Fact, ReadError>,
) -> Result<Option<Fact>, Problem> {
    let fact = match read {
        Ok(fact) => fact,
        Err(ReadError::Ignored { .. }) => return Ok(None),
        Err(error) => return Err(unreadable(&error)),
    };
    let via = if fact.what == (What::MessageReceived {}) { Via::Sms } else { Via::AfricasTalking };
    inlet.journal(form, route, via, sender.authenticated, vec![fact.clone()]).await?;
    Ok(Some(fact))
}
