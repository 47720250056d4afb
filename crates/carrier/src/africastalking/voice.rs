//! `POST /call`: the voice API.

use axum::extract::{RawForm, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::leg::LegPlan;
use super::{Fault, NONE, field, is_authentic, is_dialable, numbers, unauthorized};
use crate::call::{Call, Leg};
use crate::plan::Draft;
use crate::random::hex_id;
use crate::recording::Recording;
use crate::script::{Outcome, Script};
use crate::server::Shared;

pub(crate) async fn call(
    State(shared): State<Shared>,
    headers: HeaderMap,
    RawForm(body): RawForm,
) -> Response {
    let form: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
    let (mode, early) = {
        let mut behaviour = shared.behaviour();
        let mode = behaviour.next_call_modes.pop_front().unwrap_or_else(|| behaviour.call_mode.clone());
        (mode, behaviour.faults.callback_before_answer)
    };
    shared.log().call_requests += 1;
    if !is_authentic(&shared, &headers, &form) {
        return unauthorized();
    }
    match Fault::from(mode) {
        Fault::None => place(&shared, &form, early).await,
        Fault::Accepted(blind) => {
            place(&shared, &form, early).await;
            blind.answer().await
        }
        Fault::Ignored(blind) => blind.answer().await,
        Fault::Refused(word) => refused(&word),
        Fault::Unauthorized => unauthorized(),
    }
}

/// The provider says no in the body, under status 200.
fn refused(word: &str) -> Response {
    answer(&json!({ "entries": [], "errorMessage": word }))
}

fn answer(body: &Value) -> Response {
    (StatusCode::OK, axum::Json(body)).into_response()
}

async fn place(shared: &Shared, form: &[(String, String)], early: bool) -> Response {
    if field(form, "from") != Some(&shared.number) {
        // What the provider says to a number that is not the account's is in none of the sources; the words are ours.
        return refused("Invalid callerId");
    }
    let phones = numbers(form);
    if phones.is_empty() {
        return refused("Invalid phone number");
    }
    let placed = dial(shared, &phones, field(form, "clientRequestId"));
    if let Some((first_session, drafts)) = placed.drafts {
        let first = shared.schedule(&first_session, drafts);
        if early {
            // An error means that nothing was sent, so there is nothing to be earlier than.
            let _ = first.await;
        }
    }
    answer(&json!({ "entries": placed.entries, "errorMessage": NONE }))
}

struct Placed {
    entries: Vec<Value>,
    /// The first session's id and the callbacks of all legs.
    drafts: Option<(String, Vec<Draft>)>,
}

fn dial(shared: &Shared, phones: &[String], client_request_id: Option<&str>) -> Placed {
    let script = shared.behaviour().script.clone();
    let mut entries = Vec::new();
    let mut legs = Vec::new();
    for phone in phones {
        let (status, session_id) = if is_dialable(phone) {
            let number = shared.log().next_number("session", phone);
            let session_id = format!("ATVId_{}", hex_id(shared.seed, "session", phone, number));
            legs.push(Leg { phone: phone.clone(), session_id: session_id.clone() });
            ("Queued", session_id)
        } else {
            ("InvalidPhoneNumber", NONE.to_owned())
        };
        entries.push(json!({ "phoneNumber": phone, "status": status, "sessionId": session_id }));
    }
    let Some(first_session) = legs.first().map(|leg| leg.session_id.clone()) else {
        return Placed { entries, drafts: None };
    };
    let recorded = recorded_leg(shared, &script, &legs, client_request_id);
    let clock_seconds = shared.clock_seconds(&first_session);
    let mut drafts = Vec::new();
    for leg in &legs {
        let is_recorded = recorded.as_deref() == Some(leg.session_id.as_str());
        let plan = LegPlan {
            seed: shared.seed,
            session_id: &leg.session_id,
            phone: &leg.phone,
            number: &shared.number,
            outbound: true,
            client_request_id,
            clock_seconds,
            outcome: script.outcome(&leg.phone),
            talk_seconds: script.talk_seconds,
            recording_url: is_recorded.then(|| record(shared, &leg.session_id, script.talk_seconds)),
            final_to_instruct: script.final_to_instruct,
        };
        drafts.extend(plan.drafts());
    }
    shared.log().calls.push(Call { client_request_id: client_request_id.map(str::to_owned), legs });
    Placed { entries, drafts: Some((first_session, drafts)) }
}

/// The session whose final callback names the recording: one per call, all requests with one id being one call.
fn recorded_leg(
    shared: &Shared,
    script: &Script,
    legs: &[Leg],
    client_request_id: Option<&str>,
) -> Option<String> {
    let answers = |leg: &&Leg| matches!(script.outcome(&leg.phone), Outcome::Answers { .. });
    let leg = legs.iter().filter(answers).find(|leg| script.may_record(&leg.phone))?;
    let is_first = client_request_id.is_none_or(|id| shared.log().recorded_requests.insert(id.to_owned()));
    is_first.then(|| leg.session_id.clone())
}

/// Makes a recording known to the server and gives its URL.
fn record(shared: &Shared, session_id: &str, seconds: u32) -> String {
    let id = hex_id(shared.seed, "recording", session_id, 0);
    let url = format!("{}/recordings/{id}.wav", shared.base_url);
    let recording = Recording {
        id: id.clone(),
        session_id: session_id.to_owned(),
        url: url.clone(),
        seconds,
        requests: 0,
    };
    shared.log().recordings.insert(id, recording);
    url
}

/// A phone calls the carrier's number. Gives the session's id.
pub(crate) fn call_in(shared: &Shared, phone: &str) -> String {
    let script = shared.behaviour().script.clone();
    let number = shared.log().next_number("inbound", phone);
    let session_id = format!("ATVId_{}", hex_id(shared.seed, "inbound", phone, number));
    let plan = LegPlan {
        seed: shared.seed,
        session_id: &session_id,
        phone,
        number: &shared.number,
        outbound: false,
        client_request_id: None,
        clock_seconds: shared.clock_seconds(&session_id),
        outcome: Outcome::Answers { after_seconds: 0 },
        talk_seconds: script.talk_seconds,
        recording_url: script.may_record(phone).then(|| record(shared, &session_id, script.talk_seconds)),
        final_to_instruct: script.final_to_instruct,
    };
    shared.schedule(&session_id, plan.drafts());
    session_id
}
