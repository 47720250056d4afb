//! Webhooks of Africa's Talking about calls. Those about messages and USSD stand in [`super::messages`] and [`super::ussd`].

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRef, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use contract::fact::{Direction, Fact, What};
use contract::provider::Via;
use providers::Reading;
use providers::africastalking::{voice, xml};
use providers::script::Script;
use providers::voicepact::CONFERENCE_PREFIX;

use super::{Inlet, Sender, unreadable};
use crate::body::{Raw, WEBHOOK_BODY_BYTES_MAX};
use crate::problem::Problem;
use crate::rooms::Rooms;

type Form = Raw<WEBHOOK_BODY_BYTES_MAX>;

/// The answer to a call whose moment could not be journaled: polite, and the call ends. The provider would play its own
/// error message on a 5xx.
const CLOSING_SCRIPT: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response>\n  \
    <Say>We are sorry, we cannot take your call now. Please try again later. Goodbye.</Say>\n</Response>";
/// The answer to a call that shall simply go on or end: no step.
const EMPTY_SCRIPT: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response>\n</Response>";
/// Acknowledges an event, as the source document has it.
const ACKNOWLEDGED: &str = "OK";

/// State of these routes.
#[derive(Clone)]
pub struct AfricasTalking {
    inlet: Inlet,
    scripts: Arc<Scripts>,
    rooms: Rooms,
}

/// The scripts, as they are sent.
struct Scripts {
    call: String,
    conference: String,
}

impl AfricasTalking {
    /// `call` answers any call, `conference` those placed for a conference of ours.
    pub fn new(inlet: Inlet, call: &Script, conference: &Script, rooms: Rooms) -> AfricasTalking {
        let scripts = Arc::new(Scripts { call: xml::render(call), conference: xml::render(conference) });
        AfricasTalking { inlet, scripts, rooms }
    }

    /// The script for a call that picked up. A call that was already passed on is not dialled again: it would redial
    /// for ever.
    fn script(&self, reading: &Reading) -> &str {
        if !reading.active || reading.echo.dialled {
            return EMPTY_SCRIPT;
        }
        let named =
            reading.echo.client_request_id.as_deref().is_some_and(|id| id.starts_with(CONFERENCE_PREFIX));
        let rung = reading.facts.iter().any(|fact| {
            !is_inbound(fact) && fact.private.phone.as_deref().is_some_and(|phone| self.rooms.expects(phone))
        });
        if named || rung { &self.scripts.conference } else { &self.scripts.call }
    }
}

impl FromRef<AfricasTalking> for Inlet {
    fn from_ref(state: &AfricasTalking) -> Inlet {
        state.inlet.clone()
    }
}

fn is_inbound(fact: &Fact) -> bool {
    match &fact.what {
        What::CallStarted(leg)
        | What::CallQueued(leg)
        | What::CallRinging(leg)
        | What::CallAnswered(leg)
        | What::CallTransferred(leg)
        | What::CallInput(leg)
        | What::CallEnded(leg)
        | What::CallOther(leg) => leg.direction == Some(Direction::Inbound),
        _ => false,
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
    form: Form,
) -> Result<Response, Problem> {
    let inlet = &state.inlet;
    let mut reading = voice::read(&form.bytes, &form.content_type, inlet.country(), inlet.zone())
        .map_err(|e| unreadable(&e))?;
    let script = state.script(&reading).to_owned();
    let facts = std::mem::take(&mut reading.facts);
    let taken =
        inlet.journal(&form, "voice/instruct", Via::AfricasTalking, sender.authenticated, facts).await;
    let script = match taken {
        Ok(()) => script,
        Err(problem) => {
            // Never a 5xx on this route: somebody is on the phone. The moment itself is told again on the events
            // address, which does refuse until it is kept.
            tracing::error!(session = %reading.echo.session_id, "a call is closed politely: {}", problem.chain());
            CLOSING_SCRIPT.to_owned()
        }
    };
    Ok(([(CONTENT_TYPE, xml::CONTENT_TYPE)], script).into_response())
}
