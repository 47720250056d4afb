//! `POST /voice/conference/create`: all parties are dialled at once.

use std::collections::BTreeSet;

use axum::extract::{FromRef, State};
use axum::routing::post;
use axum::{Json, Router};
use contract::command::{Command, ContractType, CreateConference, PARTIES_MAX};
use contract::entity::conference_stream;
use contract::input::{Body, Seed};
use contract::phone::{Country, Phone};
use contract::provider::Via;
use effects::dial::Dialer;
use providers::voicepact::CONFERENCE_PREFIX;
use serde::Serialize;

use crate::auth::{Allowed, CallsControl, Gate};
use crate::body::Json as JsonBody;
use crate::body::field::{Faults, Object};
use crate::intake::Intake;
use crate::problem::{Kind, Problem};
use crate::rooms::Rooms;
use crate::voice::not_dialled;

/// Expected length where none is given, seconds.
const DURATION_SECONDS_DEFAULT: u32 = 600;
/// Longest expected length, seconds: a day.
const DURATION_SECONDS_MAX: u32 = 86_400;
/// Hex digits of a conference id behind its prefix.
const ID_HEX_CHARS: usize = 12;

/// State of this route.
#[derive(Clone)]
pub struct Conferences {
    gate: Gate,
    intake: Intake,
    dialer: Dialer,
    rooms: Rooms,
    country: Country,
}

impl Conferences {
    /// `country` reads local numbers; `rooms` learns whom we ring.
    pub fn new(gate: Gate, intake: Intake, dialer: Dialer, rooms: Rooms, country: Country) -> Conferences {
        Conferences { gate, intake, dialer, rooms, country }
    }
}

impl FromRef<Conferences> for Gate {
    fn from_ref(state: &Conferences) -> Gate {
        state.gate.clone()
    }
}

/// Its route.
pub fn router(state: Conferences) -> Router {
    Router::new().route("/api/v1/voice/conference/create", post(create)).with_state(state)
}

/// The answer of the source document, its members in that order.
#[derive(Serialize)]
struct Created {
    conference_id: String,
    recording_url: Option<String>,
    status: &'static str,
    webhook_url: &'static str,
    parties: Vec<Phone>,
}

/// What a client asks for.
struct Wanted {
    parties: Vec<Phone>,
    contract_type: ContractType,
    expected_duration_s: u32,
}

async fn create(
    State(state): State<Conferences>,
    _: Allowed<CallsControl>,
    JsonBody(body): JsonBody,
) -> Result<Json<Created>, Problem> {
    let faults = Faults::new();
    let wanted = Object::body(&body, &faults).and_then(|body| read(&body, state.country));
    let Wanted { parties, contract_type, expected_duration_s } = faults.refuse(Kind::BadRequest, wanted)?;
    let stamp = state.intake.door().stamp().map_err(crate::intake::not_taken)?;
    let conference_id = conference_id(&stamp.seed);
    let command = Command::CreateConference(CreateConference {
        conference_id: conference_id.clone(),
        parties: parties.clone(),
        contract_type,
        expected_duration_s,
        provider: None,
        room: None,
    });
    state.intake.take(stamp, Via::Api, true, Body::Command(command)).await?;
    // Before dialling: somebody can pick up, and the provider ask for a script, before the answer to us is here.
    state.rooms.expect(&parties);
    let answer = state.dialer.dial(&conference_stream(&conference_id), &parties).await;
    answer.map_err(|error| not_dialled("Failed to create voice conference", error))?;
    Ok(Json(Created {
        conference_id,
        recording_url: None,
        status: "active",
        webhook_url: "/api/v1/voice/webhook",
        parties,
    }))
}

fn read(body: &Object<'_>, country: Country) -> Option<Wanted> {
    let parties = body.required("parties").and_then(|field| {
        let items = field.list()?;
        if items.len() < 2 {
            return field.fault("at least 2 parties are required");
        }
        if items.len() > PARTIES_MAX {
            return field.fault(format!("at most {PARTIES_MAX} parties are possible"));
        }
        // Each is read, so that each wrong one is named.
        let phones: Vec<Option<Phone>> = items.iter().map(|item| item.phone(country)).collect();
        let phones: Vec<Phone> = phones.into_iter().collect::<Option<_>>()?;
        if phones.iter().collect::<BTreeSet<_>>().len() < phones.len() {
            return field.fault("each phone number may stand only once");
        }
        Some(phones)
    });
    let contract_type = match body.get("contract_type") {
        Some(field) => field.word(&ContractType::ALL.map(|t| (t.as_str(), t))),
        None => Some(ContractType::default()),
    };
    let duration = match body.get("expected_duration") {
        Some(field) => field.whole_number(1, DURATION_SECONDS_MAX),
        None => Some(DURATION_SECONDS_DEFAULT),
    };
    Some(Wanted { parties: parties?, contract_type: contract_type?, expected_duration_s: duration? })
}

/// `ATVoice_` and 12 hex digits of the input's random seed.
pub(super) fn conference_id(seed: &Seed) -> String {
    let digest = seed.derive("ahadi.conference", 0).hex();
    format!("{CONFERENCE_PREFIX}{}", &digest[..ID_HEX_CHARS])
}
