//! Webhooks of TryVox, and its requests for VoxML. It documents no signature: the secret segment of the path is the
//! proof of origin.

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRef, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use contract::fact::Fact;
use contract::provider::Via;
use effects::dial::{REQUEST_PARAMETER, ROOM_PARAMETER};
use providers::script::{Dialect, Rendered};
use providers::tryvox::webhook::{read, read_question};
use providers::tryvox::{voxml_json, voxml_xml};

use super::{Inlet, Sender, unreadable};
use crate::body::{Raw, WEBHOOK_BODY_BYTES_MAX};
use crate::conference_answer;
use crate::problem::Problem;
use crate::query::Query;
use crate::rooms::Rooms;

type Form = Raw<WEBHOOK_BODY_BYTES_MAX>;

/// Acknowledges an event.
const ACKNOWLEDGED: &str = "OK";
/// The answer to a call that could not be journaled, where JSON is spoken: polite, and the call ends. Nothing that is
/// spoken is documented as XML: there the call ends without a word.
const CLOSING_JSON: &str = r#"{"voxml_version":"1.0","instructions":[{"verb":"Say","text":"We are sorry, we cannot take your call now. Please try again later. Goodbye."},{"verb":"Hangup"}]}"#;

/// State of these routes.
#[derive(Clone)]
pub struct TryVox {
    inlet: Inlet,
    answer: Arc<Rendered>,
    rooms: Rooms,
}

impl TryVox {
    /// `answer` answers every call that is placed for no conference; its form is that of all answers.
    pub fn new(inlet: Inlet, answer: Rendered, rooms: Rooms) -> TryVox {
        TryVox { inlet, answer: Arc::new(answer), rooms }
    }

    /// The answer to a call placed for a conference of ours: the room stands in the address we gave along with the call.
    /// A request that came without it is known by the number.
    fn conference(&self, query: &Query, facts: &[Fact]) -> Option<String> {
        let dialect = if self.speaks_json() { Dialect::TryVoxJson } else { Dialect::TryVoxXml };
        let phone = || facts.iter().find_map(|fact| fact.private.phone.as_deref());
        let room = query.get(ROOM_PARAMETER).map(str::to_owned);
        let room = room.or_else(|| self.rooms.room_of(phone()?))?;
        conference_answer(&room, dialect).map(|answer| answer.body)
    }

    fn speaks_json(&self) -> bool {
        self.answer.content_type == voxml_json::CONTENT_TYPE
    }
}

impl FromRef<TryVox> for Inlet {
    fn from_ref(state: &TryVox) -> Inlet {
        state.inlet.clone()
    }
}

/// Its routes.
pub fn router(state: TryVox) -> Router {
    Router::new()
        .route("/hooks/tryvox/{secret}", post(event))
        .route("/answer/tryvox/{secret}", post(question))
        .with_state(state)
}

async fn event(
    State(state): State<TryVox>,
    sender: Sender,
    query: Query,
    raw: Form,
) -> Result<&'static str, Problem> {
    let inlet = &state.inlet;
    let reading = read(&raw.bytes, &raw.content_type, inlet.country()).map_err(|e| unreadable(&e))?;
    let reading = reading.of_request(query.get(REQUEST_PARAMETER));
    inlet.journal(&raw, "events", Via::TryVox, sender.authenticated, reading.facts).await?;
    Ok(ACKNOWLEDGED)
}

/// Answers a call. One that cannot be read is answered and kept like any other: somebody is on the phone.
async fn question(
    State(state): State<TryVox>,
    sender: Sender,
    query: Query,
    raw: Form,
) -> Result<Response, Problem> {
    let inlet = &state.inlet;
    let (facts, active) = match read_question(&raw.bytes, &raw.content_type, inlet.country()) {
        Ok(reading) => {
            let reading = reading.of_request(query.get(REQUEST_PARAMETER));
            (reading.facts, reading.active)
        }
        Err(_) => (Vec::new(), true),
    };
    let conference = state.conference(&query, &facts);
    // A request without a body says nothing that could be kept.
    let taken = match raw.bytes.is_empty() {
        true => Ok(()),
        false => inlet.journal(&raw, "answer", Via::TryVox, sender.authenticated, facts).await,
    };
    let body = match (taken, state.speaks_json()) {
        (Ok(()), _) if active => conference.as_ref().unwrap_or(&state.answer.body),
        (Ok(()), true) => voxml_json::NOTHING,
        (Ok(()), false) => voxml_xml::NOTHING,
        (Err(problem), json) => {
            tracing::error!("a call of TryVox is closed: {}", problem.chain());
            if json { CLOSING_JSON } else { voxml_xml::NOTHING }
        }
    };
    Ok(([(CONTENT_TYPE, state.answer.content_type)], body.to_owned()).into_response())
}
