//! Webhooks of TryVox, and its requests for VoxML. It documents no signature: the secret segment of the path is the
//! proof of origin.

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRef, OriginalUri, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use contract::provider::Via;
use effects::dial::REQUEST_PARAMETER;
use providers::script::{Dialect, Rendered};
use providers::tryvox::webhook::{read, read_question};
use providers::tryvox::{voxml_json, voxml_xml};

use super::prompter::{Keeping, Prompter, Question, Usual};
use super::{Inlet, Sender, unreadable, webhook};
use crate::TRYVOX_ROOM;
use crate::body::{Raw, WEBHOOK_BODY_BYTES_MAX};
use crate::problem::Problem;
use crate::query::Query;

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
    prompter: Prompter,
    dialect: Dialect,
    usual: Arc<Usual>,
}

impl TryVox {
    /// `answer` answers every call where no script is configured; its form is that of all answers.
    pub fn new(inlet: Inlet, prompter: Prompter, answer: Rendered) -> TryVox {
        let json = answer.content_type == voxml_json::CONTENT_TYPE;
        let (dialect, closing) = match json {
            true => (Dialect::TryVoxJson, CLOSING_JSON),
            false => (Dialect::TryVoxXml, voxml_xml::NOTHING),
        };
        let closing = Rendered { content_type: answer.content_type, body: closing.to_owned() };
        let usual = Usual { call: answer.clone(), conference: answer, closing, room: Some(TRYVOX_ROOM) };
        TryVox { inlet, prompter, dialect, usual: Arc::new(usual) }
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
    OriginalUri(uri): OriginalUri,
    raw: Form,
) -> Result<Response, Problem> {
    let inlet = &state.inlet;
    let query = Query::read(uri.query().unwrap_or_default()).unwrap_or_default();
    let request = query.get(REQUEST_PARAMETER);
    let reading = read_question(&raw.bytes, &raw.content_type, inlet.country()).ok();
    let reading = reading.map(|reading| reading.of_request(request));
    let waits = reading.as_ref().is_none_or(|reading| reading.active);
    let question = Question {
        dialect: state.dialect,
        path: uri.path(),
        query: &query,
        facts: reading.map(|reading| reading.facts).unwrap_or_default(),
        waits,
        named: request,
        usual: &state.usual,
    };
    let keeping = Keeping {
        inlet,
        webhook: webhook(&raw, "answer", Via::TryVox, Vec::new()),
        via: Via::TryVox,
        authenticated: sender.authenticated,
    };
    let answer = state.prompter.answer(&keeping, question).await;
    Ok(([(CONTENT_TYPE, answer.content_type)], answer.body).into_response())
}
