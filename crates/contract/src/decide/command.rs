//! Commands of clients.

use std::collections::BTreeSet;

use ledger::hash::sha256;
use ledger::key::{Action, SignedStatement};
use ledger::time::Timestamp;

use super::{Stop, act, control, voice};
use crate::agreement::confirmable_until;
use crate::call::Call;
use crate::command::{
    CONFERENCE_PARTIES_MAX, Command, ContractType, CreateConference, CreateContract, InvokeCall, PARTIES_MAX,
};
use crate::document::{self, DocumentError, RecordingRef};
use crate::entity::{Entity, KEYS_STREAM, conference_stream, contract_stream, dial_stream, token};
use crate::event::{
    ConferenceRequested, ContractDrafted, DialRequested, EventData, MessageRequested, Template,
};
use crate::input::Seed;
use crate::outcome::Refusal;
use crate::text;
use crate::world::{Recorder, World, space};

pub(super) fn decide(command: &Command, recorder: &mut Recorder<'_>) -> Result<(), Stop> {
    match command {
        Command::CreateConference(command) => conference(command, recorder),
        Command::InvokeCall(command) => invoke(command, recorder),
        Command::CreateContract(command) => draft(command, recorder),
        Command::AnswerContract(command) => act::decide(&command.as_act(), recorder),
        Command::ActOnContract(act) => act::decide(act, recorder),
        Command::Once(keyed) => decide(&keyed.inner, recorder),
        Command::AddRecording(command) => voice::add_recording(command, recorder),
        Command::AddTranscript(command) => voice::add_transcript(command, recorder),
        Command::RequestTranscript(command) => voice::request_transcript(command, recorder),
        Command::RequestTerms(command) => voice::request_terms(command, recorder),
        Command::ControlConference(command) => control::conference(command, recorder),
        Command::ControlCall(command) => control::call(command, recorder),
        Command::UploadMedia(command) => control::media(command, recorder),
        Command::ErasePerson(command) => super::erase::decide(command, recorder),
        Command::StateKey(command) => state_key(&command.statement, recorder),
    }
}

/// Contracts are numbered per kind and year.
pub(super) fn counter_name(contract_type: ContractType, at: Timestamp) -> String {
    let text = at.to_string();
    format!("{}-{}", contract_type.prefix(), &text[..4])
}

fn conference(command: &CreateConference, recorder: &mut Recorder<'_>) -> Result<(), Stop> {
    let stream = conference_stream(&command.conference_id);
    if recorder
        .world
        .entity(&stream)
        .is_some_and(|e| matches!(e, Entity::Conference(c) if c.requested_at.is_some()))
    {
        return Err(Stop::Already(stream));
    }
    check_parties(command.parties.iter().map(|p| p.as_str()), CONFERENCE_PARTIES_MAX)?;
    let data = EventData::ConferenceRequested(ConferenceRequested {
        parties: u32::try_from(command.parties.len()).unwrap_or(u32::MAX),
        contract_type: command.contract_type,
        expected_duration_s: command.expected_duration_s,
        provider: command.provider,
    });
    let names: Vec<String> = (0..command.parties.len()).map(|n| format!("phone_{n}")).collect();
    let mut private: Vec<(&str, &str)> =
        names.iter().map(String::as_str).zip(command.parties.iter().map(|p| p.as_str())).collect();
    private.extend(command.room.as_deref().map(|room| ("room", room)));
    Ok(recorder.record(&stream, data, None, &private)?)
}

fn invoke(command: &InvokeCall, recorder: &mut Recorder<'_>) -> Result<(), Stop> {
    let stream = dial_stream(&command.dial_id);
    if recorder.world.entity(&stream).is_some() {
        return Err(Stop::Already(stream));
    }
    let data = EventData::DialRequested(DialRequested { parties: 1, provider: command.provider });
    Ok(recorder.record(&stream, data, None, &[("phone_0", command.phone.as_str())])?)
}

fn draft(command: &CreateContract, recorder: &mut Recorder<'_>) -> Result<(), Stop> {
    check_parties(command.parties.iter().map(|p| p.phone.as_str()), PARTIES_MAX)?;
    if command.expires_at.is_some_and(|at| at <= recorder.world.recorded_at(recorder.input)) {
        let reason = "lies in the past; nobody could confirm the contract".into();
        return Err(Refusal::Invalid { field: "expires_at".into(), reason }.into());
    }
    let first_of = command.conference_id.as_deref().filter(|_| command.first_of_conference);
    if let Some(conference) = first_of.map(conference_stream) {
        // Numbers of one kind and year are as long as each other, so of these the last name is the newest.
        let newest = recorder.world.linked(space::NEGOTIATED, &conference).max().cloned();
        if let Some(newest) = newest {
            return Err(Stop::Already(newest));
        }
    }
    let now = recorder.world.recorded_at(recorder.input);
    let expires_at = command.expires_at.unwrap_or_else(|| confirmable_until(now));
    let counter = counter_name(command.contract_type, recorder.input.received_at);
    let number = recorder.world.counter(&counter) + 1;
    let contract_id = format!("{counter}-{number:06}");
    let stream = contract_stream(&contract_id);
    let (links, recordings) = match &command.conference_id {
        Some(id) => negotiated_on(id, recorder.world)?,
        None => (Vec::new(), Vec::new()),
    };
    let input = recorder.input;
    let document = document::build(&contract_id, command, &recordings, &input.seed, || recorder.salt())
        .map_err(no_document)?;
    let parties = u32::try_from(command.parties.len()).unwrap_or(u32::MAX);
    let codes: Vec<String> = (0..parties).map(|n| code(&input.seed, n)).collect();
    let code_names: Vec<String> = (0..parties).map(|n| format!("code_{n}")).collect();
    let mut private = vec![("document", document.json.as_str()), ("transcript", command.transcript.as_str())];
    private.extend(code_names.iter().map(String::as_str).zip(codes.iter().map(String::as_str)));
    private.extend(command.terms_evidence.as_deref().map(|evidence| ("terms_evidence", evidence)));
    let data = EventData::ContractDrafted(ContractDrafted {
        document_sha256: document.sha256,
        contract_type: command.contract_type,
        language: command.language,
        parties,
        expires_at: Some(expires_at),
        links,
    });
    recorder.record_document(&stream, data, None, &private, document.disclosures)?;
    for (party, code) in (0..parties).zip(&codes) {
        let phone = command.parties[party as usize].phone.as_str();
        let text = text::confirm_request(&contract_id, command, code, &document.sha256);
        let data = EventData::MessageRequested(MessageRequested {
            party: Some(party),
            template: Template::ConfirmRequest,
            links: Vec::new(),
        });
        recorder.record(&stream, data, None, &[("to", phone), ("text", &text)])?;
    }
    Ok(())
}

/// Why no document came about, for the client.
pub(super) fn no_document(error: DocumentError) -> Refusal {
    match error {
        DocumentError::Amount { field, source } => {
            Refusal::Invalid { field: format!("terms.{field}"), reason: source.to_string() }
        }
        DocumentError::Profile(e) => Refusal::Invalid { field: "terms".into(), reason: e.to_string() },
    }
}

/// The conference and its calls as they stand, and the recordings fetched so far.
pub(super) fn negotiated_on(
    id: &str,
    world: &World,
) -> Result<(Vec<crate::event::Link>, Vec<RecordingRef>), Refusal> {
    let stream = conference_stream(id);
    let Some(Entity::Conference(conference)) = world.entity(&stream) else {
        return Err(Refusal::NotFound { what: "conference".into() });
    };
    let key = token(id);
    let named = world.linked(space::LEG, &key);
    let placed = conference.legs.iter().filter_map(|leg| leg.call.as_ref());
    let mut legs: Vec<&String> = placed.collect();
    let others: Vec<&String> = named.filter(|leg| !legs.contains(leg)).collect();
    legs.extend(others);
    let calls: Vec<&Call> = legs
        .iter()
        .filter_map(|leg| match world.entity(leg) {
            Some(Entity::Call(call)) => Some(call.as_ref()),
            _ => None,
        })
        .collect();
    let links = std::iter::once(&stream).chain(legs).filter_map(|name| world.head_link(name)).collect();
    let mut hashes = BTreeSet::new();
    let recordings = conference
        .all_recordings(&calls)
        .into_iter()
        .filter_map(|recording| {
            let fetched = recording.fetched.as_ref()?;
            let sha256 = fetched.sha256.clone()?;
            hashes.insert(sha256.clone()).then(|| RecordingRef {
                sha256,
                bytes: fetched.bytes,
                media_type: fetched.media_type.clone(),
            })
        })
        .collect();
    Ok((links, recordings))
}

/// A statement is recorded only if an auditor will take it: the ring of the log so far decides.
fn state_key(statement: &str, recorder: &mut Recorder<'_>) -> Result<(), Stop> {
    let invalid = |reason: String| Refusal::Invalid { field: "statement".into(), reason };
    let value = ledger::json::parse_canonical(statement.as_bytes()).map_err(|e| invalid(e.to_string()))?;
    let signed = SignedStatement::from_data(&value).map_err(|e| invalid(e.to_string()))?;
    let digest = sha256(statement.as_bytes());
    if matches!(recorder.world.entity(KEYS_STREAM), Some(Entity::Keys(keys)) if keys.statements.contains(&digest))
    {
        return Err(Stop::Already(KEYS_STREAM.to_owned()));
    }
    crate::keys::take(recorder.world.ring_mut(), &signed).map_err(|e| invalid(e.to_string()))?;
    let data = crate::event::loose(&value);
    let event = match signed.statement.action {
        Action::Added => EventData::KeyAdded(data),
        Action::Retired => EventData::KeyRetired(data),
        Action::Revoked => EventData::KeyRevoked(data),
    };
    Ok(recorder.record(KEYS_STREAM, event, None, &[])?)
}

fn check_parties<'p>(phones: impl Iterator<Item = &'p str>, max: usize) -> Result<(), Refusal> {
    let phones: Vec<&str> = phones.collect();
    let invalid = |reason: &str| Refusal::Invalid { field: "parties".into(), reason: reason.into() };
    if phones.len() < 2 {
        return Err(invalid("at least 2 parties are required"));
    }
    if phones.len() > max {
        return Err(invalid(&format!("at most {max} parties are possible")));
    }
    if phones.iter().collect::<BTreeSet<_>>().len() < phones.len() {
        return Err(invalid("each phone number may stand only once"));
    }
    Ok(())
}

/// The four digits one party is sent: from the input's random seed, so nobody can compute them from public data.
pub(super) fn code(seed: &Seed, party: u32) -> String {
    let bytes = seed.derive("ahadi.code", party).0;
    let number = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    // 2^32 is not a multiple of 10000; the bias is below one in 400,000.
    format!("{:04}", number % 10_000)
}
