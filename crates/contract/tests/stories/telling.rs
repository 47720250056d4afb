//! What is true after a line of a story, in words.

use std::collections::BTreeMap;

use contract::agreement::Agreement;
use contract::call::Call;
use contract::conference::Conference;
use contract::entity::Entity;
use contract::message::{Message, Outgoing, SendStatus};
use contract::outcome::Outcome;
use contract::recording::Recordings;
use ledger::disclosure::Disclosure;

use crate::memory::Shelf;

/// Remembers what it has told, to tell only what is new.
#[derive(Default)]
pub struct Teller {
    outcomes: usize,
    records: usize,
    told: BTreeMap<String, String>,
}

impl Teller {
    /// The outcome of the newest input, the messages it asks for, and the states it changed.
    pub fn tell(&mut self, shelf: &Shelf) -> Vec<String> {
        let mut lines = Vec::new();
        for (_, outcome) in &shelf.outcomes[self.outcomes..] {
            outcome_lines(outcome, &mut lines);
        }
        self.outcomes = shelf.outcomes.len();
        for made in shelf.log[self.records..].iter().filter(|made| made.kind == "message.requested") {
            let opened: BTreeMap<String, String> = made.disclosures.iter().map(opened).collect();
            lines.push(format!("we text {}: {}", opened["to"], opened["text"]));
        }
        self.records = shelf.log.len();
        let entities = shelf.entities();
        for (stream, entity) in &entities {
            for (about, line) in states(stream, entity, &entities) {
                if self.told.insert(about.clone(), line.clone()).as_ref() != Some(&line) {
                    lines.push(format!("{about} is {line}"));
                }
            }
        }
        lines
    }
}

fn opened(disclosure: &Disclosure) -> (String, String) {
    let (_, name, value) = Disclosure::parse(&disclosure.encoded).unwrap();
    (name, value.as_str().unwrap().to_owned())
}

fn outcome_lines(outcome: &Outcome, lines: &mut Vec<String>) {
    match outcome {
        Outcome::Recorded { records, refused } => {
            lines.extend(records.iter().map(|r| format!("recorded {} {} {}", r.stream, r.version, r.kind)));
            lines.extend(refused.iter().map(|refusal| format!("refused: {refusal}")));
        }
        Outcome::AlreadyApplied { stream, .. } => lines.push(format!("nothing new on {stream}")),
        Outcome::Refused(refusal) => lines.push(format!("refused: {refusal}")),
        Outcome::Quarantined { reason } => lines.push(format!("set aside: {}", word(reason))),
    }
}

fn word<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
}

fn states(stream: &str, entity: &Entity, all: &BTreeMap<String, Entity>) -> Vec<(String, String)> {
    let about =
        stream.replace("call/africastalking/", "call ").replace("message/africastalking/", "message ");
    let about = about.replacen('/', " ", 1);
    let (line, recordings, messages) = match entity {
        Entity::Call(call) => (call_line(call), Some(&call.recordings), None),
        Entity::Conference(conference) => {
            (conference_line(conference, all), Some(&conference.recordings), None)
        }
        Entity::Contract(agreement) => (contract_line(agreement), None, Some(&agreement.messages)),
        Entity::Message(message) => (message_line(message), None, None),
        Entity::Contact(contact) => {
            let word = if contact.may_be_texted() { "may be written to" } else { "wants no messages" };
            (word.to_owned(), None, None)
        }
        Entity::Session(session) => (format!("{} steps", session.steps), None, None),
        Entity::Media(media) => {
            (format!("{} done, {} failed", media.controls.done, media.controls.failed), None, None)
        }
        Entity::Erasure(erasure) => (format!("{} values erased", erasure.values), None, None),
        Entity::Keys(keys) => (format!("{} added, {} ended", keys.added, keys.ended), None, None),
    };
    let mut lines = vec![(about.clone(), line)];
    lines.extend(recordings.into_iter().flat_map(|r| recording_lines(&about, r)));
    lines.extend(messages.into_iter().flat_map(|m| outgoing_lines(&about, m)));
    lines
}

fn call_line(call: &Call) -> String {
    let mut words = vec![call.progress.as_str().to_owned()];
    words.extend(call.outcome.as_ref().map(word));
    words.extend(call.duration_s.map(|s| format!("after {s} s")));
    if call.answered {
        words.push("(somebody answered)".into());
    }
    if !call.disputed.is_empty() {
        let fields: Vec<&str> = call.disputed.iter().map(String::as_str).collect();
        words.push(format!("disputed: {}", fields.join(" ")));
    }
    words.join(" ")
}

fn conference_line(conference: &Conference, all: &BTreeMap<String, Entity>) -> String {
    let legs: Vec<&Call> = conference
        .legs
        .iter()
        .filter_map(|leg| match all.get(leg.call.as_ref()?) {
            Some(Entity::Call(call)) => Some(call.as_ref()),
            _ => None,
        })
        .collect();
    let placed = conference.legs.iter().filter(|leg| leg.call.is_some()).count();
    let failure = conference.failure.map(|f| format!(" because of {}", word(&f))).unwrap_or_default();
    let status = word(&conference.status(&legs));
    let parties = conference.parties.len();
    let fields: Vec<&str> = conference.disputed.iter().map(String::as_str).collect();
    let contradicted =
        if fields.is_empty() { String::new() } else { format!(", disputed: {}", fields.join(" ")) };
    format!("{status}{failure}: {placed} of {parties} dialled, heard of {}{contradicted}", legs.len())
}

fn contract_line(agreement: &Agreement) -> String {
    let mut parts = Vec::new();
    for party in &agreement.parties {
        let said = match &party.answer {
            Some(given) => format!("{} said {} by {}", party.role, word(&given.answer), word(&given.channel)),
            None => format!("{} silent", party.role),
        };
        let wrong = match party.wrong_codes {
            0 => String::new(),
            1 => " after 1 wrong code".into(),
            n => format!(" after {n} wrong codes"),
        };
        parts.push(format!("{said}{wrong}"));
    }
    let mut line = format!("{}: {}", agreement.status.as_str(), parts.join(", "));
    for (version, report) in &agreement.reports {
        let heard: Vec<String> =
            report.answers.iter().map(|(p, a)| format!(", {} by {p}", word(a))).collect();
        line.push_str(&format!(
            "; {} {version} told by {}{}",
            word(&report.step),
            report.party,
            heard.concat()
        ));
    }
    for standing in &agreement.standing {
        let to = standing.to.map(|to| format!(" to {}", to.as_str())).unwrap_or_default();
        line.push_str(&format!("; {}{to} said by {:?}", word(&standing.step), standing.agreed));
    }
    if let Some(proposal) = &agreement.proposal {
        let said = |a: &Option<_>| a.as_ref().map_or("silent", |_| "said yes");
        let said: Vec<&str> = proposal.answers.iter().map(said).collect();
        line.push_str(&format!("; new terms wait: {}", said.join(", ")));
    }
    for past in &agreement.past {
        line.push_str(&format!("; other terms were {}", word(&past.fate)));
    }
    line
}

fn message_line(message: &Message) -> String {
    let mut words = Vec::new();
    words.extend(message.reading.map(|r| format!("read as {}", word(&r))));
    words.extend(message.delivery().map(|d| word(&d)));
    if message.conflicts > 0 {
        words.push(format!("with {} contradicted", message.conflicts));
    }
    words.join(" ")
}

fn recording_lines(about: &str, recordings: &Recordings) -> Vec<(String, String)> {
    let line = |r: &contract::recording::Recording| {
        let state = match (&r.fetched, r.given_up) {
            (Some(fetched), _) => format!("fetched with {} bytes", fetched.bytes),
            (None, true) => "given up".to_owned(),
            (None, false) if r.attempts == 0 => "to be fetched".to_owned(),
            (None, false) => format!("to be fetched again at {}", r.not_before),
        };
        format!("{state}{}", if r.altered { ", and gave other bytes later" } else { "" })
    };
    recordings.0.values().map(|r| (format!("recording {} of {about}", r.task), line(r))).collect()
}

fn outgoing_lines(about: &str, outgoing: &Outgoing) -> Vec<(String, String)> {
    let line = |m: &contract::message::OutgoingMessage| match m.status {
        SendStatus::Requested if m.attempts == 0 => "to be sent".to_owned(),
        SendStatus::Requested => format!("to be sent again at {}", m.not_before),
        SendStatus::Attempted => format!("being sent, attempt {}", m.attempts),
        SendStatus::Accepted if m.sent_again.is_empty() => "accepted".to_owned(),
        SendStatus::Accepted => format!("accepted {} times", 1 + m.sent_again.len()),
        SendStatus::Failed => format!("not sent: {}", m.failure.as_ref().map(word).unwrap_or_default()),
    };
    outgoing.0.iter().map(|(n, m)| (format!("message {n} of {about}"), line(m))).collect()
}
