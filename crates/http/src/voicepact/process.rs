//! `POST /voice/process` and `POST /voice/upload`: from a recording or a transcript to terms, and to a drafted contract.
//!
//! Whatever comes is journaled before it is worked on: an address or an upload becomes a recording under a conference id
//! of its own, a transcript becomes a record of the conference. So what cannot be finished now (no transcriber is
//! configured, it is slow, the recording is not there yet) is asked for again by that id, and nothing is lost.

mod answer;
mod conversation;
mod read;
mod upload;

use axum::extract::{DefaultBodyLimit, FromRef, State};
use axum::routing::post;
use axum::{Json, Router};
use contract::command::{Command, CreateContract};
use contract::drafting::{self, Draft, SecondReader};
use contract::phone::Country;
use contract::terms::Call;
use effects::recording::Blobs;
use serde_json::value::RawValue;
use store::Reader;

use super::contracts::find;
use crate::auth::{Allowed, ContractsWrite, Gate, Scope};
use crate::body::Json as JsonBody;
use crate::body::field::{Faults, Object};
use crate::intake::{Done, Intake};
use crate::once::Once;
use crate::past::contract_at;
use crate::problem::{Kind, Problem};

use conversation::{Conversation, Second};
use read::Wanted;

/// What these routes can call on.
#[derive(Clone, Debug, Default)]
pub struct Tools {
    /// Whether a transcriber is configured.
    pub transcriber: bool,
    /// Whether a second reader is configured.
    pub second_reader: bool,
    /// Where uploads are kept; none in a process without a store of recordings.
    pub blobs: Option<Blobs>,
}

/// State of these routes.
#[derive(Clone)]
pub struct Processing {
    gate: Gate,
    intake: Intake,
    reader: Reader,
    country: Country,
    tools: Tools,
}

impl Processing {
    /// `country` reads local numbers.
    pub fn new(gate: Gate, intake: Intake, reader: Reader, country: Country, tools: Tools) -> Processing {
        Processing { gate, intake, reader, country, tools }
    }
}

impl FromRef<Processing> for Gate {
    fn from_ref(state: &Processing) -> Gate {
        state.gate.clone()
    }
}

/// Their routes.
pub fn router(state: Processing) -> Router {
    Router::new()
        .route("/api/v1/voice/process", post(process))
        // An upload is measured as it streams, by a limit of its own.
        .route("/api/v1/voice/upload", post(upload::take).layer(DefaultBodyLimit::disable()))
        .with_state(state)
}

async fn process(
    State(state): State<Processing>,
    allowed: Allowed<ContractsWrite>,
    once: Once,
    JsonBody(body): JsonBody,
) -> Result<Json<Box<RawValue>>, Problem> {
    let faults = Faults::new();
    let now = state.intake.door().now();
    let wanted = Object::body(&body, &faults).and_then(|body| read::wanted(&body, state.country, now));
    let wanted = faults.refuse(Kind::BadRequest, wanted)?;
    let shown = wanted.turns.is_some() || allowed.caller.may(Scope::PersonalRead);
    let asked = once.asked(&allowed.caller, body.to_json().as_bytes());
    let _flight = state.intake.hold(asked.as_ref())?;
    if let Some(asked) = &asked
        && let Some(done) = state.intake.told(asked).await?
    {
        return state.drafted(&done, shown).await;
    }
    let conversation = state.conversation(&wanted, asked.as_ref()).await?;
    let conversation = state.second(conversation, wanted.contract_type).await?;
    let mut draft = read_terms(&conversation, wanted.contract_type.unwrap_or(conversation.contract_type));
    if draft.terms.is_empty() {
        return Ok(Json(answer::without_contract(&conversation, &draft, shown)));
    }
    let command = Command::CreateContract(Box::new(command(&wanted, &conversation, &mut draft)?));
    let done = state.intake.run_held(command, asked).await?;
    state.drafted(&done, shown).await
}

impl Processing {
    /// The answer about a contract, as it was drafted: from what stands beside it, so that it can be given again.
    async fn drafted(&self, done: &Done, shown: bool) -> Result<Json<Box<RawValue>>, Problem> {
        let first = Done { version: 1, ..done.clone() };
        let kept = self.intake.result(&first, answer::Kept::of).await?;
        // That it was drafted before is told about the contract as it stands now.
        let agreement = match done.already {
            true => find(&self.reader, done.contract_id()).await?,
            false => contract_at(&self.reader, &done.stream, done.version).await?.1,
        };
        Ok(Json(answer::with_contract(done, &agreement, &kept, shown)))
    }
}

fn read_terms(conversation: &Conversation, contract_type: contract::command::ContractType) -> Draft {
    let call = Call {
        transcript: &conversation.transcript,
        subject: drafting::subject(contract_type),
        date: drafting::day(conversation.at),
    };
    let draft = Draft::read(&call);
    match &conversation.second {
        None => draft,
        Some(Second::Said(claims)) => draft.with_second(&call, claims),
        Some(Second::Failed) => Draft { second: Some(SecondReader::Failed), ..draft },
        Some(Second::Late) => Draft { second: Some(SecondReader::Late), ..draft },
    }
}

/// What the contract shall say: the terms that were read, between the parties that were named, else those that were
/// dialled.
fn command(
    wanted: &Wanted,
    conversation: &Conversation,
    draft: &mut Draft,
) -> Result<CreateContract, Problem> {
    let contract_type = wanted.contract_type.unwrap_or(conversation.contract_type);
    let parties = match &wanted.parties {
        Some(parties) => parties.clone(),
        None => read::parties_of(&conversation.parties),
    };
    if parties.len() < 2 {
        return Err(Problem::field(Kind::BadRequest, "parties", "at least 2 parties are required"));
    }
    let terms = draft.contract_terms();
    let parties = read::with_roles(parties, contract_type);
    Ok(CreateContract {
        transcript: conversation.transcript.clone(),
        parties,
        contract_type,
        language: wanted.language.unwrap_or_else(|| drafting::language(&conversation.transcript)),
        terms,
        other_terms: Vec::new(),
        conference_id: conversation.conference_id.clone(),
        terms_evidence: Some(draft.evidence()),
        expires_at: wanted.expires_at,
        first_of_conference: conversation.conference_id.is_some() && !wanted.again,
    })
}
