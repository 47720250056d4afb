//! Webhooks of Africa's Talking about calls. Those about messages and USSD stand in [`super::messages`] and [`super::ussd`].

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRef, OriginalUri, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use contract::provider::Via;
use providers::africastalking::{voice, xml};
use providers::script::{Dialect, Rendered, Script};

use super::prompter::{Keeping, Prompter, Question, Usual};
use super::{Inlet, Sender, unreadable, webhook};
use crate::body::{Raw, WEBHOOK_BODY_BYTES_MAX};
use crate::problem::Problem;
use crate::query::Query;

type Form = Raw<WEBHOOK_BODY_BYTES_MAX>;

/// The answer to a call whose moment could not be journaled: polite, and the call ends. The provider would play its own
/// error message on a 5xx.
const CLOSING_SCRIPT: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response>\n  \
    <Say>We are sorry, we cannot take your call now. Please try again later. Goodbye.</Say>\n</Response>";
/// Acknowledges an event, as the source document has it.
const ACKNOWLEDGED: &str = "OK";
/// The route of requests for a script.
const INSTRUCT: &str = "voice/instruct";

/// State of these routes.
#[derive(Clone)]
pub struct AfricasTalking {
    inlet: Inlet,
    prompter: Prompter,
    usual: Arc<Usual>,
}

impl AfricasTalking {
    /// Where no script is configured, `call` answers any call, `conference` those placed for a conference of ours.
    pub fn new(inlet: Inlet, prompter: Prompter, call: &Script, conference: &Script) -> AfricasTalking {
        let rendered = |body: String| Rendered { content_type: xml::CONTENT_TYPE, body };
        let usual = Usual {
            call: rendered(xml::render(call)),
            conference: rendered(xml::render(conference)),
            closing: rendered(CLOSING_SCRIPT.to_owned()),
            room: None,
        };
        AfricasTalking { inlet, prompter, usual: Arc::new(usual) }
    }
}

impl FromRef<AfricasTalking> for Inlet {
    fn from_ref(state: &AfricasTalking) -> Inlet {
        state.inlet.clone()
    }
}

/// All routes: bare, and with a secret.
pub fn router(state: AfricasTalking) -> Router {
    Router::new()
        .route("/voice/events", post(events))
        .route("/voice/instruct", post(instruct))
        .route("/hooks/africastalking/{secret}/voice/events", post(events))
        .route("/hooks/africastalking/{secret}/voice/instruct", post(instruct))
        .with_state(state)
}

async fn events(
    State(state): State<AfricasTalking>,
    sender: Sender,
    form: Form,
) -> Result<&'static str, Problem> {
    let inlet = &state.inlet;
    let reading = voice::read(&form.bytes, &form.content_type, inlet.country(), inlet.zone());
    let facts = reading.map_err(|e| unreadable(&e))?.facts;
    inlet.journal(&form, "voice/events", Via::AfricasTalking, sender.authenticated, facts).await?;
    Ok(ACKNOWLEDGED)
}

async fn instruct(
    State(state): State<AfricasTalking>,
    sender: Sender,
    OriginalUri(uri): OriginalUri,
    form: Form,
) -> Result<Response, Problem> {
    let inlet = &state.inlet;
    let reading = voice::read(&form.bytes, &form.content_type, inlet.country(), inlet.zone());
    let reading = reading.map_err(|e| unreadable(&e))?;
    let question = Question {
        dialect: Dialect::AfricasTalking,
        path: uri.path(),
        query: &Query::read(uri.query().unwrap_or_default()).unwrap_or_default(),
        facts: reading.facts,
        // A call that was already passed on is not dialled again: it would redial for ever.
        waits: reading.active && !reading.echo.dialled,
        named: reading.echo.client_request_id.as_deref(),
        usual: &state.usual,
    };
    let keeping = Keeping {
        inlet,
        webhook: webhook(&form, INSTRUCT, Via::AfricasTalking, Vec::new()),
        via: Via::AfricasTalking,
        authenticated: sender.authenticated,
    };
    let script = state.prompter.answer(&keeping, question).await;
    Ok(([(CONTENT_TYPE, script.content_type)], script.body).into_response())
}
