//! From one input to its events. Pure and sequential: the order of inputs is the order of the log.
//!
//! [`needs`] says what has to be loaded first; [`decide`] then never asks for more.

mod act;
mod answer;
mod command;
mod contact;
mod control;
mod deadline;
mod erase;
mod notice;
mod report;
mod silence;
mod voice;
mod webhook;
mod wish;

use crate::command::{Command, Deed};
use crate::entity::{
    call_stream, code_key, conference_stream, contract_stream, dial_stream, media_stream, message_stream,
    session_stream, token,
};
use crate::fact::{Fact, Subject, What};
use crate::input::{Body, Input};
use crate::outcome::{Outcome, QuarantineReason, Refusal};
use crate::provider::Provider;
use crate::reply::{self, Reply};
use crate::report::{Found, Report};
use crate::world::{Recorder, RecordingError, World, space};

/// What must be loaded into the [`World`] before an input can be decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Streams by name.
    pub streams: Vec<String>,
    /// Links to follow; the streams they lead to are needed too.
    pub links: Vec<(String, String)>,
    /// Dedupe keys.
    pub seen: Vec<String>,
    /// Counters.
    pub counters: Vec<String>,
}

/// Why an input led to nothing, besides its own outcome.
#[derive(Debug)]
enum Stop {
    Refused(Refusal),
    Already(String),
    Quarantine(QuarantineReason),
}

impl From<RecordingError> for Stop {
    fn from(_: RecordingError) -> Stop {
        Stop::Quarantine(QuarantineReason::Unrecordable)
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Stop {
        Stop::Refused(refusal)
    }
}

/// What deciding this input will look at.
pub fn needs(input: &Input) -> Needs {
    let mut needs = Needs::default();
    match &input.body {
        Body::Webhook(webhook) => {
            for fact in &webhook.facts {
                fact_needs(fact, webhook.provider, &mut needs);
            }
        }
        Body::Command(command) => command_needs(command, input, &mut needs),
        Body::Report(report) => {
            needs.streams.push(report.stream().to_owned());
            if let Report::RecordingFetched { task, transcribe: true, .. } = report {
                needs.links.push((space::CALL.to_owned(), task.stream.clone()));
            }
            if let Report::CallLooked { provider, found: Found::Told { facts, .. }, .. } = report {
                for fact in facts {
                    fact_needs(fact, *provider, &mut needs);
                }
            }
            if let Report::Dialled { provider, legs, .. } = report {
                // A contract drafted later in the same batch looks at the legs, and no link leads to them yet.
                let calls = legs.iter().filter_map(|leg| leg.call_id.as_deref());
                needs.streams.extend(calls.map(|id| call_stream(*provider, id)));
            }
        }
        Body::Deadline(deadline) => needs.streams.push(contract_stream(&deadline.contract_id)),
    }
    needs
}

fn fact_needs(fact: &Fact, provider: Provider, needs: &mut Needs) {
    match (&fact.what, subject_stream(&fact.subject)) {
        (What::RecordingAvailable { .. }, Some(stream)) => said_needs(&stream, needs),
        (_, stream) => needs.streams.extend(stream),
    }
    needs.seen.push(seen_key(fact, provider));
    if let What::CallKeyed { wish, .. } | What::UssdRequested { wish: Some(wish) } = &fact.what {
        needs.streams.push(contract_stream(&wish.contract_id));
    }
    let Some(phone) = &fact.private.phone else { return };
    if let What::TextsRefused {} | What::TextsWanted {} = &fact.what {
        needs.links.push((space::CONTACT.to_owned(), phone.clone()));
    }
    let What::MessageReceived {} = &fact.what else { return };
    needs.links.push((space::OPEN.to_owned(), phone.clone()));
    match fact.private.text.as_deref().map(reply::read) {
        Some(Reply::Answer { code, contract_id, .. }) => {
            needs.links.extend(code.map(|code| (space::CODE.to_owned(), code_key(phone, &code))));
            needs.streams.extend(contract_id.map(|id| contract_stream(&id)));
        }
        Some(Reply::Stop | Reply::Start) => {
            needs.links.push((space::CONTACT.to_owned(), phone.clone()));
        }
        Some(Reply::Ambiguous | Reply::Nothing) | None => {}
    }
}

fn command_needs(command: &Command, input: &Input, needs: &mut Needs) {
    match command {
        Command::Once(keyed) => command_needs(&keyed.inner, input, needs),
        Command::CreateConference(c) => needs.streams.push(conference_stream(&c.conference_id)),
        Command::InvokeCall(c) => needs.streams.push(dial_stream(&c.dial_id)),
        Command::CreateContract(c) => {
            needs.counters.push(command::counter_name(c.contract_type, input.received_at));
            conference_needs(c.conference_id.as_deref(), needs);
            if let Some(id) = c.conference_id.as_deref().filter(|_| c.first_of_conference) {
                needs.links.push((space::NEGOTIATED.to_owned(), conference_stream(id)));
            }
        }
        Command::AnswerContract(c) => needs.streams.push(contract_stream(&c.contract_id)),
        Command::AddRecording(c) => needs.streams.push(conference_stream(&c.conference_id)),
        Command::AddTranscript(c) => said_needs(&c.stream, needs),
        Command::RequestTranscript(c) => said_needs(&c.stream, needs),
        Command::RequestTerms(c) => needs.streams.push(c.stream.clone()),
        Command::ActOnContract(act) => {
            needs.streams.push(contract_stream(&act.contract_id));
            if let Deed::Amend(amendment) = &act.deed {
                conference_needs(amendment.conference_id.as_deref(), needs);
            }
        }
        Command::ControlConference(c) => {
            needs.streams.push(conference_stream(&c.conference_id));
            needs.links.push((space::ROOM.to_owned(), c.room.clone()));
        }
        Command::ControlCall(c) => {
            let stream = call_stream(c.provider, &c.call_id);
            needs.links.push((space::CALL.to_owned(), stream.clone()));
            needs.streams.push(stream);
        }
        Command::UploadMedia(c) => needs.streams.push(media_stream(&c.media_id)),
        // Its streams are found by the index; see `World::dossier`.
        Command::ErasePerson(_) => {}
        Command::StateKey(_) => needs.streams.push(crate::entity::KEYS_STREAM.to_owned()),
    }
}

/// The call or conference, and what a call is a leg of.
fn said_needs(stream: &str, needs: &mut Needs) {
    needs.streams.push(stream.to_owned());
    if stream.starts_with("call/") {
        needs.links.push((space::CALL.to_owned(), stream.to_owned()));
    }
}

fn conference_needs(id: Option<&str>, needs: &mut Needs) {
    if let Some(id) = id {
        needs.streams.push(conference_stream(id));
        needs.links.push((space::LEG.to_owned(), token(id)));
    }
}

/// Decides one input and records what it leads to in `world`. The second time an input comes, nothing happens: none.
pub fn decide(input: &Input, world: &mut World) -> Option<Outcome> {
    if !world.first_time(input.id) {
        return None;
    }
    let mut recorder = Recorder::new(world, input);
    let stopped = match &input.body {
        Body::Webhook(webhook) => webhook::decide(webhook, &mut recorder),
        Body::Command(command) => command::decide(command, &mut recorder),
        Body::Report(report) => report::decide(report, &mut recorder),
        Body::Deadline(deadline) => deadline::decide(deadline, &mut recorder),
    };
    let recorded = std::mem::take(&mut recorder.recorded);
    Some(match stopped {
        // What an input recorded before it had to stop stands: the log is append-only, and each event was true.
        Ok(()) if !recorded.is_empty() => Outcome::Recorded { records: recorded, refused: None },
        Err(Stop::Refused(refusal)) if !recorded.is_empty() => {
            Outcome::Recorded { records: recorded, refused: Some(refusal) }
        }
        Err(_) if !recorded.is_empty() => Outcome::Recorded { records: recorded, refused: None },
        Ok(()) => Outcome::Quarantined { reason: QuarantineReason::NoFacts },
        Err(Stop::Refused(refusal)) => Outcome::Refused(refusal),
        Err(Stop::Already(stream)) => {
            let version = world.next_version(&stream).saturating_sub(1);
            Outcome::AlreadyApplied { stream, version }
        }
        Err(Stop::Quarantine(reason)) => Outcome::Quarantined { reason },
    })
}

/// The stream a fact is recorded on; that of a person is found by its number.
fn subject_stream(subject: &Subject) -> Option<String> {
    Some(match subject {
        Subject::Call { provider, id } => call_stream(*provider, id),
        Subject::Conference { id } => conference_stream(id),
        Subject::Message { provider, id } => message_stream(*provider, id),
        Subject::Session { provider, id } => session_stream(*provider, id),
        Subject::Contact {} => return None,
    })
}

/// The key under which a fact is seen: unique over all providers.
fn seen_key(fact: &Fact, provider: Provider) -> String {
    format!("{}:{}", provider.as_str(), fact.key)
}
