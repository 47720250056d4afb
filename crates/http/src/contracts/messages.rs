//! The messages to the parties of a contract: what the provider said of each receiver, and what became of it.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use contract::entity::Entity;
use contract::fact::DeliveryStatus;
use contract::message::OutgoingMessage;
use serde_json::{Value, json};
use store::Reader;

use super::{Contracts, find};
use crate::auth::{Allowed, ContractsRead};
use crate::id::Id;
use crate::problem::Problem;

/// `GET /v1/contracts/{id}/messages`, oldest first. Neither numbers nor texts are shown: the texts hold codes.
pub(super) async fn list(
    State(state): State<Contracts>,
    _: Allowed<ContractsRead>,
    Id(id): Id,
) -> Result<Json<Value>, Problem> {
    let (_, agreement) = find(&state.reader, &id).await?;
    let sent = agreement.messages.0;
    let deliveries = deliveries(&state.reader, sent.values()).await?;
    let messages: Vec<Value> = sent.iter().map(|(number, one)| message(*number, one, &deliveries)).collect();
    Ok(Json(json!({ "contract_id": id, "messages": messages })))
}

/// The state of delivery of each stream under which a provider took a message.
async fn deliveries(
    reader: &Reader,
    sent: impl Iterator<Item = &OutgoingMessage>,
) -> Result<BTreeMap<String, DeliveryStatus>, Problem> {
    let streams: Vec<String> = sent.flat_map(streams).cloned().collect();
    if streams.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut found = BTreeMap::new();
    for row in reader.streams(&streams).await? {
        if let Entity::Message(message) = Entity::from_json(&row.state).map_err(Problem::internal)?
            && let Some(status) = message.delivery()
        {
            found.insert(row.stream, status);
        }
    }
    Ok(found)
}

fn streams(message: &OutgoingMessage) -> impl Iterator<Item = &String> {
    message.message.iter().chain(&message.sent_again)
}

fn message(number: u32, message: &OutgoingMessage, deliveries: &BTreeMap<String, DeliveryStatus>) -> Value {
    let receipt = message.receipt.as_ref();
    let taken: Vec<Value> = streams(message)
        .map(|stream| json!({ "message": stream, "delivery": deliveries.get(stream) }))
        .collect();
    json!({
        "number": number,
        "party": message.party,
        "template": message.template,
        "status": message.status,
        "attempts": message.attempts,
        "failure": message.failure,
        "provider_code": receipt.map(|receipt| receipt.code),
        "cost": receipt.and_then(|receipt| receipt.cost.as_ref()),
        "currency": receipt.and_then(|receipt| receipt.currency.as_ref()),
        "taken": taken,
    })
}
