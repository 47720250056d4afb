//! From a line of a story to an input.

use std::collections::BTreeMap;

use contract::command::{
    Act, Actor, Amendment, Answer, AnswerContract, Command, ContractType, CreateConference, CreateContract,
    Deed, InvokeCall, Language, OtherTerm, Party, Payment, ReportRef, Terms,
};
use contract::entity::{Entity, contract_stream};
use contract::fact::{Fact, Leg, Private, Subject, What};
use contract::input::{Body, Deadline, Input};
use contract::phone::Phone;
use contract::provider::{Provider, Via};
use contract::report::{DialledLeg, Found, LegStatus, Report, TaskRef};
use ledger::time::Timestamp;
use serde::de::DeserializeOwned;

use crate::memory::{Shelf, input, webhook};
use crate::telling::Teller;

const PROVIDER: Provider = Provider::AfricasTalking;
const START: &str = "2026-03-06T10:00:00.000Z";

/// Where a story stands.
pub struct Scene {
    shelf: Shelf,
    teller: Teller,
    clock: Timestamp,
    inputs: u64,
    last: Option<(Via, bool, Body)>,
}

impl Default for Scene {
    fn default() -> Scene {
        let (shelf, teller) = (Shelf::default(), Teller::default());
        Scene { shelf, teller, clock: START.parse().unwrap(), inputs: 0, last: None }
    }
}

impl Scene {
    /// Plays one line with its details; gives what is true then.
    pub fn happens(&mut self, line: &str, details: &[&str]) -> Vec<String> {
        if let Some(time) = line.strip_prefix("given the clock says ") {
            self.clock = time.parse().unwrap();
            return Vec::new();
        }
        let (via, authenticated, body) = match line.split_once(' ').unwrap() {
            ("given" | "heard", "again") => self.last.clone().expect("something to do again"),
            ("given", rest) => self.given(rest, details),
            (_, rest) => self.heard(rest),
        };
        self.last = Some((via, authenticated, body.clone()));
        self.inputs += 1;
        self.clock = Timestamp::from_millis(self.clock.millis() + 1_000).unwrap();
        let input = input(self.inputs, via, authenticated, self.clock, body);
        let journaled = Input::from_bytes(&input.to_bytes()).unwrap();
        assert_eq!(journaled, input, "an input survives the journal");
        self.shelf.fold(&[journaled]);
        self.teller.tell(&self.shelf)
    }

    fn given(&self, line: &str, details: &[&str]) -> (Via, bool, Body) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let command = |command| (Via::Api, true, Body::Command(command));
        match words.as_slice() {
            ["a", "conference", id, "of", parties @ ..] => {
                command(Command::CreateConference(CreateConference {
                    conference_id: (*id).to_owned(),
                    parties: parties.iter().map(|p| phone(p)).collect(),
                    contract_type: ContractType::default(),
                    expected_duration_s: 600,
                    provider: None,
                    room: None,
                }))
            }
            ["a", "call", id, "to", to] => command(Command::InvokeCall(InvokeCall {
                dial_id: (*id).to_owned(),
                phone: phone(to),
                provider: None,
            })),
            ["a", "contract"] => command(Command::CreateContract(Box::new(contract(details)))),
            [from, "answers", answer, "to", id, "with", code @ ..] => {
                let code = self.fill(from, &code.join(" "));
                let answer: Answer = word(answer);
                let contract_id = (*id).to_owned();
                command(Command::AnswerContract(AnswerContract {
                    contract_id,
                    phone: phone(from),
                    code,
                    answer,
                }))
            }
            ["the", "time", "of", id, "is", "over"] => {
                let deadline = Deadline { contract_id: (*id).to_owned() };
                (Via::Effect, true, Body::Deadline(deadline))
            }
            ["the", "operator", deed, id] => {
                command(Command::ActOnContract(act(id, Actor::Operator, deed, details)))
            }
            [from, deed, id, "with", code @ ..] if from.starts_with('+') => {
                let code = self.fill(from, &code.join(" "));
                let actor = Actor::Party { phone: phone(from), code };
                command(Command::ActOnContract(act(id, actor, deed, details)))
            }
            _ => (Via::Effect, true, Body::Report(report(line))),
        }
    }

    fn heard(&self, line: &str) -> (Via, bool, Body) {
        let (what, said) = line.split_once(": ").unwrap_or_else(|| panic!("heard what? {line}"));
        let words: Vec<&str> = what.split_whitespace().collect();
        let proven = words.first() != Some(&"unproven");
        let facts = match &words[usize::from(!proven)..] {
            ["text", id, "from", from] => {
                let text = Some(self.fill(from, said));
                let private = Private { phone: Some((*from).to_owned()), text, ..Private::default() };
                vec![fact(message(id), "received", What::MessageReceived {}, private)]
            }
            ["delivery", id] => {
                let what = What::MessageDelivery { status: word(said) };
                vec![fact(message(id), said, what, Private::default())]
            }
            ["of", id] => said.split(" and ").map(|said| told(id, said)).collect(),
            _ => panic!("heard what? {line}"),
        };
        (Via::AfricasTalking, proven, webhook(line, facts))
    }

    /// Puts in codes: `{code of AGRI-2026-000001}` is the one this number was sent, `{wrong code}` none it was sent.
    fn fill(&self, from: &str, text: &str) -> String {
        let mut codes = BTreeMap::new();
        for (stream, entity) in self.shelf.entities() {
            let Entity::Contract(agreement) = entity else { continue };
            if let Some(party) = agreement.party_of(from) {
                codes.insert(stream, agreement.parties[party].code.clone().unwrap());
            }
        }
        let wrong = (0..).map(|n| format!("{n:04}")).find(|c| !codes.values().any(|k| k == c)).unwrap();
        let mut text = text.replace("{wrong code}", &wrong);
        for (stream, entity) in self.shelf.entities() {
            let Entity::Contract(agreement) = entity else { continue };
            let (Some(party), Some(id)) = (agreement.party_of(from), stream.strip_prefix("contract/")) else {
                continue;
            };
            let newest = agreement.codes(party).last().unwrap().clone();
            text = text.replace(&format!("{{newest code of {id}}}"), &newest);
            if let Some(past) = agreement.past.last() {
                let old = past.codes[party].clone().unwrap();
                text = text.replace(&format!("{{old code of {id}}}"), &old);
            }
        }
        for (stream, code) in codes {
            let id = stream.strip_prefix("contract/").unwrap();
            assert_eq!(contract_stream(id), stream);
            text = text.replace(&format!("{{code of {id}}}"), &code);
        }
        assert!(!text.contains('{'), "no such code: {text}");
        text
    }
}

/// A step with its details as `name: value`.
fn act(id: &str, actor: Actor, deed: &str, details: &[&str]) -> Act {
    let told = |wanted: &str| {
        details
            .iter()
            .filter_map(|d| d.split_once(": "))
            .find(|(n, _)| *n == wanted)
            .map(|(_, v)| v.to_owned())
    };
    let all = || details.iter().filter_map(|d| d.split_once(": ")).map(|(n, v)| (n.to_owned(), v.to_owned()));
    let named = || ReportRef { report: told("report").unwrap().parse().unwrap(), note: told("note") };
    let deed = match deed {
        "confirms" => Deed::Confirm,
        "rejects" => Deed::Reject,
        "amends" => {
            let CreateContract { transcript, terms, other_terms, expires_at, .. } = contract(details);
            let (language, conference_id) = (told("language").map(|l| word(&l)), None);
            Deed::Amend(Box::new(Amendment {
                transcript,
                language,
                terms,
                other_terms,
                conference_id,
                expires_at,
            }))
        }
        "delivers" => Deed::Deliver(all().collect()),
        "pays" => Deed::Pay(Payment {
            amount: told("amount").unwrap().parse().unwrap(),
            currency: told("currency"),
            details: all().filter(|(n, _)| n != "amount" && n != "currency").collect(),
        }),
        "acknowledges" => Deed::Acknowledge(named()),
        "contests" => Deed::Contest(named()),
        "completes" => Deed::Complete,
        "cancels" => Deed::Cancel,
        "disputes" => Deed::Dispute { reason: told("reason").unwrap() },
        "resolves" => Deed::Resolve { to: word(&told("to").unwrap()) },
        "resends" => Deed::Resend { phone: phone(&told("to").unwrap()) },
        _ => panic!("no such deed: {deed}"),
    };
    Act { contract_id: id.to_owned(), actor, deed, if_head: Vec::new() }
}

/// Reads one of our words, as they stand in records.
fn word<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_value(text.into()).unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn phone(text: &str) -> Phone {
    text.parse().unwrap()
}

fn message(id: &str) -> Subject {
    Subject::Message { provider: PROVIDER, id: id.to_owned() }
}

fn fact(subject: Subject, key: &str, what: What, private: Private) -> Fact {
    let key = format!("{}:{key}", subject.id());
    Fact { subject, key, occurred: None, what, private }
}

/// `ended completed after 42 s`, `recording https://…`, or a status of a conference.
fn told(id: &str, said: &str) -> Fact {
    let (said, after) = said.split_once(" after ").unwrap_or((said, ""));
    let duration_s = after.strip_suffix(" s").map(|n| n.parse().unwrap());
    let of_conference = id.starts_with("ATVoice_");
    let subject = if of_conference {
        Subject::Conference { id: id.to_owned() }
    } else {
        Subject::Call { provider: PROVIDER, id: id.to_owned() }
    };
    let leg = Leg { duration_s, ..Leg::default() };
    let words: Vec<&str> = said.split_whitespace().collect();
    let what = match words.as_slice() {
        ["recording", url] => {
            let private = Private { url: Some((*url).to_owned()), ..Private::default() };
            return fact(subject, said, What::RecordingAvailable { duration_s }, private);
        }
        [status] if of_conference => What::ConferenceReported { status: word(status), duration_s },
        ["started"] => What::CallStarted(leg),
        ["ringing"] => What::CallRinging(leg),
        ["answered"] => What::CallAnswered(leg),
        ["ended", outcome] => What::CallEnded(Leg { outcome: Some(word(outcome)), ..leg }),
        _ => What::CallOther(leg),
    };
    let key = if of_conference { said } else { words[0] };
    fact(subject, key, what, Private::default())
}

/// The parties as `role number name`, everything else as `name: value`.
fn contract(details: &[&str]) -> CreateContract {
    let mut command = CreateContract {
        transcript: String::new(),
        parties: Vec::new(),
        contract_type: ContractType::default(),
        language: Language::default(),
        terms: Terms::default(),
        other_terms: Vec::new(),
        conference_id: None,
        terms_evidence: None,
        first_of_conference: false,
        expires_at: None,
    };
    let mut terms = serde_json::Map::new();
    let known = "product quantity unit unit_price total_amount currency delivery_location delivery_deadline \
                 quality_requirements upfront_payment payment_terms";
    for detail in details {
        let Some((name, value)) = detail.split_once(": ") else {
            let mut words = detail.splitn(3, ' ');
            let (role, number) = (words.next().unwrap().to_owned(), words.next().unwrap());
            command.parties.push(Party { phone: phone(number), role, name: words.next().map(str::to_owned) });
            continue;
        };
        match name {
            "said" => value.clone_into(&mut command.transcript),
            "language" => command.language = word(value),
            "kind" => command.contract_type = word(value),
            "conference" => command.conference_id = Some(value.to_owned()),
            "open until" => command.expires_at = Some(value.parse().unwrap()),
            _ if known.split_whitespace().any(|k| k == name) => {
                terms.insert(name.to_owned(), value.into());
            }
            _ => command.other_terms.push(OtherTerm { name: name.to_owned(), value: value.to_owned() }),
        }
    }
    command.terms = serde_json::from_value(terms.into()).unwrap();
    command
}

/// Reports of our own effects: `<what> … : <result>`.
fn report(line: &str) -> Report {
    let (what, result) = line.split_once(": ").unwrap_or_else(|| panic!("given what? {line}"));
    let words: Vec<&str> = what.split_whitespace().collect();
    let (result, again) = result.strip_suffix(", to be tried again").map_or((result, false), |r| (r, true));
    let results: Vec<&str> = result.split_whitespace().collect();
    let task = |stream: &str, task: &str, attempt: &str| TaskRef {
        stream: stream.to_owned(),
        task: task.parse().unwrap(),
        attempt: attempt.parse().unwrap(),
    };
    match (words.as_slice(), results.as_slice()) {
        (["the", "dialling", "for", stream], ["failed", reason]) => {
            Report::DialFailed { stream: (*stream).to_owned(), reason: word(reason) }
        }
        (["the", "dialling", "for", stream], legs) => {
            let (stream, legs) = ((*stream).to_owned(), dialled(legs));
            Report::Dialled { stream, provider: PROVIDER, legs, line: Some("+254700000000".to_owned()) }
        }
        (["message", n, "of", id, "attempt", k], [result, rest @ ..]) => {
            let task = task(&contract_stream(id), n, k);
            match (*result, rest) {
                ("begun", []) => Report::MessageAttempted(task),
                ("accepted", ["as", id]) => Report::MessageAccepted {
                    task,
                    provider: PROVIDER,
                    message_id: (*id).to_owned(),
                    cost: None,
                    receipt: None,
                },
                (_, [reason]) => Report::MessageFailed { task, reason: word(reason), again, receipt: None },
                _ => panic!("given what? {line}"),
            }
        }
        (["recording", n, "of", stream, "attempt", k], ["fetched", letter, "of", bytes, "bytes"]) => {
            Report::RecordingFetched {
                task: task(stream, n, k),
                sha256: letter.repeat(64),
                bytes: bytes.parse().unwrap(),
                media_type: "audio/mpeg".into(),
                duration_ms: None,
                transcribe: false,
                check_after_s: None,
            }
        }
        (["a", "look", "for", stream, "attempt", k], found) => Report::CallLooked {
            stream: (*stream).to_owned(),
            provider: PROVIDER,
            attempt: k.parse().unwrap(),
            found: asked(stream, found),
        },
        (["recording", n, "of", stream, "attempt", k], [_, reason]) => {
            Report::RecordingFailed { task: task(stream, n, k), reason: word(reason), again }
        }
        _ => panic!("given what? {line}"),
    }
}

/// `ended completed`, `unknown`, `cannot_ask`, `failed <reason>`, or another moment of the call.
fn asked(stream: &str, found: &[&str]) -> Found {
    match found {
        ["unknown"] => Found::Unknown {},
        ["cannot_ask"] => Found::CannotAsk {},
        ["failed", reason] => Found::Failed { reason: word(reason) },
        words => {
            let id = stream.rsplit('/').next().unwrap();
            Found::Told { facts: vec![told(id, &words.join(" "))], raw: words.join(" ") }
        }
    }
}

/// One word per party: the id of its leg, or why there is none.
fn dialled(legs: &[&str]) -> Vec<DialledLeg> {
    (0..)
        .zip(legs)
        .map(|(party, told)| match told.strip_prefix("ATVId_") {
            Some(_) => DialledLeg { party, call_id: Some((*told).to_owned()), status: LegStatus::Queued },
            None => DialledLeg { party, call_id: None, status: word(told) },
        })
        .collect()
}
