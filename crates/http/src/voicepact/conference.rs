//! `POST /voice/conference/create`: all parties are dialled at once.

use std::collections::BTreeSet;

use axum::extract::{FromRef, State};
use axum::routing::post;
use axum::{Json, Router};
use contract::command::{Command, ContractType, CreateConference};
use contract::entity::conference_stream;
use contract::input::{Body, Seed};
use contract::phone::{Country, Phone};
use contract::provider::{Provider, Via};
use effects::dial::{Dialer, Dialling};
use providers::voicepact::CONFERENCE_PREFIX;
use serde::Serialize;

use crate::auth::{Allowed, CallsControl, Gate};
use crate::body::Json as JsonBody;
use crate::body::field::{Faults, Object};
use crate::contracts::steps::what;
use crate::errand::{self, Begun, Turn};
use crate::intake::Intake;
use crate::once::{Asked, Once};
use crate::order;
use crate::problem::{Kind, Problem};
use crate::rooms::Rooms;
use crate::seats::Seats;
use crate::voice::{failed, not_dialled};

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
    seats: Seats,
}

impl Conferences {
    /// `country` reads local numbers; `rooms` learns whom we ring; `seats` how many can be in one conference.
    pub fn new(
        gate: Gate,
        intake: Intake,
        dialer: Dialer,
        rooms: Rooms,
        country: Country,
        seats: Seats,
    ) -> Conferences {
        Conferences { gate, intake, dialer, rooms, country, seats }
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
    provider: Option<Provider>,
    room: Option<String>,
}

async fn create(
    State(state): State<Conferences>,
    allowed: Allowed<CallsControl>,
    once: Once,
    JsonBody(body): JsonBody,
) -> Result<Json<Created>, Problem> {
    let faults = Faults::new();
    let wanted = Object::body(&body, &faults).and_then(|body| read(&body, &state));
    let wanted = faults.refuse(Kind::BadRequest, wanted)?;
    // The request without the id that is drawn for it.
    let asked = once.asked(&allowed.caller, &what(&wanted.command(String::new(), wanted.provider)));
    if let Some(asked) = asked {
        return create_once(&state, asked, wanted).await;
    }
    wanted.find_places(&state).await?;
    let stamp = state.intake.door().stamp().map_err(crate::intake::not_taken)?;
    let (id, command, dialling) = wanted.ring(&state, &stamp.seed);
    state.intake.take(stamp, Via::Api, true, Body::Command(command)).await?;
    state.expect(&dialling);
    let answer = state.dialer.dial(dialling).await;
    let answer = answer.map_err(|error| not_dialled(WHAT, error))?;
    // So that who asks about it next finds it. A refusal here would have people rung twice.
    state.intake.followed(answer.report).await;
    Ok(created(id, wanted))
}

/// Dials all parties once for a key.
async fn create_once(state: &Conferences, asked: Asked, wanted: Wanted) -> Result<Json<Created>, Problem> {
    let done = match state.intake.begin(asked).await? {
        Begun::Before(done) => done,
        Begun::First(first) => {
            wanted.find_places(state).await?;
            let stamp = first.stamp()?;
            let (_, command, dialling) = wanted.ring(state, &stamp.seed);
            let state = state.clone();
            let act = async move |turn: Turn| {
                state.expect(&dialling);
                errand::dial(state.dialer, turn, dialling).await;
            };
            first.carry_out(stamp, command, act).await?
        }
    };
    let dialled = state.intake.result(&done, errand::dialled).await?;
    dialled.map_err(|reason| failed(WHAT, reason))?;
    let id = done.stream.strip_prefix("conference/").unwrap_or_default().to_owned();
    Ok(created(id, wanted))
}

/// What a failure begins with.
const WHAT: &str = "Failed to create voice conference";

fn created(conference_id: String, wanted: Wanted) -> Json<Created> {
    Json(Created {
        conference_id,
        recording_url: None,
        status: "active",
        webhook_url: "/api/v1/voice/webhook",
        parties: wanted.parties,
    })
}

impl Conferences {
    /// Before dialling: somebody can pick up, and the provider ask for a script, before the answer to us is here.
    fn expect(&self, dialling: &Dialling) {
        self.rooms.expect(&dialling.phones, dialling.room.as_deref().unwrap_or_default());
    }
}

impl Wanted {
    /// Refuses it where the room they are to join has no place for all of them: whoever dialled in, or was dialled for
    /// another conference in the same room, has a place already.
    async fn find_places(&self, state: &Conferences) -> Result<(), Problem> {
        let Some(room) = &self.room else { return Ok(()) };
        let provider = self.provider.unwrap_or_else(|| state.dialer.accounts().default_provider());
        let (taken, most) = (state.seats.taken(provider, room).await, state.seats.most());
        if taken + self.parties.len() > most {
            let full = format!("{taken} of at most {most} are in the room, so these find no place");
            return Err(Problem::field(Kind::BadRequest, "parties", full));
        }
        Ok(())
    }

    fn command(&self, conference_id: String, provider: Option<Provider>) -> Command {
        Command::CreateConference(CreateConference {
            conference_id,
            parties: self.parties.clone(),
            contract_type: self.contract_type,
            expected_duration_s: self.expected_duration_s,
            provider,
            room: self.room.clone(),
        })
    }

    /// The id that is drawn for it, the command, and who is to be rung.
    fn ring(&self, state: &Conferences, seed: &Seed) -> (String, Command, Dialling) {
        let provider = self.provider.unwrap_or_else(|| state.dialer.accounts().default_provider());
        let id = conference_id(seed);
        let dialling = Dialling {
            stream: conference_stream(&id),
            provider,
            phones: self.parties.clone(),
            room: Some(self.room.clone().unwrap_or_else(|| id.clone())),
            record: true,
        };
        (id.clone(), self.command(id, Some(provider)), dialling)
    }
}

fn read(body: &Object<'_>, state: &Conferences) -> Option<Wanted> {
    let (country, parties_max) = (state.country, state.seats.most());
    let parties = body.required("parties").and_then(|field| {
        let items = field.list()?;
        if items.len() < 2 {
            return field.fault("at least 2 parties are required");
        }
        if items.len() > parties_max {
            return field.fault(format!("at most {parties_max} parties are possible"));
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
    let provider = order::provider(body, state.dialer.accounts());
    let room = order::room(body);
    Some(Wanted {
        parties: parties?,
        contract_type: contract_type?,
        expected_duration_s: duration?,
        provider: provider?,
        room: room?,
    })
}

/// `ATVoice_` and 12 hex digits of the input's random seed.
pub(crate) fn conference_id(seed: &Seed) -> String {
    let digest = seed.derive("ahadi.conference", 0).hex();
    format!("{CONFERENCE_PREFIX}{}", &digest[..ID_HEX_CHARS])
}
