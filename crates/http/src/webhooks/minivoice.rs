//! Webhooks of MiniVoice, and its requests for instructions.
//!
//! Both addresses need their secret segment. Where MiniVoice was given a secret to sign with, the segment alone proves
//! nothing any more:
//!
//! | signature | webhook | request for instructions |
//! |---|---|---|
//! | right, made in the last five minutes | kept as authentic, marked `fresh` | answered, kept as authentic |
//! | right, older or from the future | kept as authentic, marked `stale` | answered, kept as authentic |
//! | none | refused, not kept | answered, kept as *not* authentic: none is documented for it |
//! | wrong, or two | refused, not kept | refused, not kept |
//!
//! A stale one is kept, because it may be the only news of an event that was held up somewhere, and because whoever sends
//! an old one again gains nothing: the same event leads to no second record. The mark stands beside the headers in the
//! journal, together with signature and time as they came.

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRef, OriginalUri, State};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use contract::fact::Fact;
use contract::input::{SIGNATURE_VERDICT, Webhook};
use contract::provider::Via;
use providers::minivoice::actions;
use providers::minivoice::signature::{
    SIGNATURE_HEADER, SigningSecrets, TIMESTAMP_HEADER, TOLERANCE_SECONDS, Verdict,
};
use providers::minivoice::webhook::{read, read_question};
use providers::script::{Dialect, Rendered};

use super::prompter::{Keeping, Prompter, Question, Usual};
use super::{Inlet, Sender, unreadable, webhook};
use crate::MINIVOICE_ROOM;
use crate::body::{Raw, WEBHOOK_BODY_BYTES_MAX};
use crate::problem::{Kind, Problem};
use crate::query::Query;

type Json = Raw<WEBHOOK_BODY_BYTES_MAX>;

/// Acknowledges an event; any 2xx does.
const ACKNOWLEDGED: &str = "OK";
/// The answer to a call that could not be journaled: polite, and the call ends behind it.
const CLOSING: &str = r#"{"actions":[{"type":"say","text":"We are sorry, we cannot take your call now. Please try again later. Goodbye."}]}"#;
/// State of these routes.
#[derive(Clone)]
pub struct MiniVoice {
    inlet: Inlet,
    signing: Arc<SigningSecrets>,
    prompter: Prompter,
    usual: Arc<Usual>,
}

impl MiniVoice {
    /// `signing` is empty where the provider was given no secret; `answer` answers every call where no script is
    /// configured.
    pub fn new(inlet: Inlet, prompter: Prompter, signing: SigningSecrets, answer: Rendered) -> MiniVoice {
        let closing = Rendered { content_type: actions::CONTENT_TYPE, body: CLOSING.to_owned() };
        let usual = Usual { call: answer.clone(), conference: answer, closing, room: Some(MINIVOICE_ROOM) };
        MiniVoice { inlet, signing: Arc::new(signing), prompter, usual: Arc::new(usual) }
    }

    /// What the signature says; none where nothing is signed.
    fn verdict(&self, raw: &Json) -> Option<Verdict> {
        let (signatures, timestamps) =
            (values(&raw.headers, SIGNATURE_HEADER), values(&raw.headers, TIMESTAMP_HEADER));
        let now = self.inlet.now();
        let check = || self.signing.check(&signatures, &timestamps, &raw.bytes, now, TOLERANCE_SECONDS);
        (!self.signing.is_empty()).then(check)
    }

    async fn journal(&self, raw: &Json, route: &str, proof: Proof, facts: Vec<Fact>) -> Result<(), Problem> {
        let webhook = marked(raw, route, proof, facts);
        self.inlet.journal_webhook(webhook, Via::MiniVoice, proof.authenticated).await
    }
}

/// The webhook as it is journaled, with the verdict on its signature.
fn marked(raw: &Json, route: &str, proof: Proof, facts: Vec<Fact>) -> Webhook {
    let mut webhook = webhook(raw, route, Via::MiniVoice, facts);
    if let Some(verdict) = proof.verdict {
        webhook.headers.insert(SIGNATURE_VERDICT.to_owned(), verdict.as_str().to_owned());
    }
    webhook
}

/// What is known about the sender of something that may be kept.
#[derive(Clone, Copy)]
struct Proof {
    authenticated: bool,
    verdict: Option<Verdict>,
}

impl FromRef<MiniVoice> for Inlet {
    fn from_ref(state: &MiniVoice) -> Inlet {
        state.inlet.clone()
    }
}

/// Its routes.
pub fn router(state: MiniVoice) -> Router {
    Router::new()
        .route("/hooks/minivoice/{secret}", post(event))
        .route("/answer/minivoice/{secret}", post(question))
        .with_state(state)
}

fn values<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a [u8]> {
    headers.get_all(name).iter().map(|value| value.as_bytes()).collect()
}

fn refused() -> Problem {
    Problem::new(Kind::SignatureRefused, "The signature is missing or wrong.")
}

async fn event(State(state): State<MiniVoice>, sender: Sender, raw: Json) -> Result<&'static str, Problem> {
    let verdict = state.verdict(&raw);
    if verdict == Some(Verdict::Wrong) {
        return Err(refused());
    }
    let reading = read(&raw.bytes, &raw.content_type, state.inlet.country()).map_err(|e| unreadable(&e))?;
    let proof = Proof { authenticated: sender.authenticated, verdict };
    state.journal(&raw, "events", proof, reading.facts).await?;
    Ok(ACKNOWLEDGED)
}

/// Answers a call. What such a request looks like is documented nowhere, so one that cannot be read is answered and kept
/// like any other: somebody is on the phone.
async fn question(
    State(state): State<MiniVoice>,
    sender: Sender,
    OriginalUri(uri): OriginalUri,
    raw: Json,
) -> Result<Response, Problem> {
    let verdict = state.verdict(&raw);
    let signed = raw.headers.contains_key(SIGNATURE_HEADER);
    if verdict == Some(Verdict::Wrong) && signed {
        return Err(refused());
    }
    let proof = match verdict {
        Some(Verdict::Wrong) => Proof { authenticated: false, verdict: None },
        verdict => Proof { authenticated: sender.authenticated, verdict },
    };
    let reading = read_question(&raw.bytes, &raw.content_type, state.inlet.country()).ok();
    let waits = reading.as_ref().is_none_or(|reading| reading.active);
    let named = reading.as_ref().and_then(|reading| reading.echo.client_request_id.clone());
    let question = Question {
        dialect: Dialect::MiniVoice,
        path: uri.path(),
        query: &Query::read(uri.query().unwrap_or_default()).unwrap_or_default(),
        facts: reading.map(|reading| reading.facts).unwrap_or_default(),
        waits,
        named: named.as_deref(),
        usual: &state.usual,
    };
    let keeping = Keeping {
        inlet: &state.inlet,
        webhook: marked(&raw, "answer", proof, Vec::new()),
        via: Via::MiniVoice,
        authenticated: proof.authenticated,
    };
    let answer = state.prompter.answer(&keeping, question).await;
    Ok(([(CONTENT_TYPE, answer.content_type)], answer.body).into_response())
}
