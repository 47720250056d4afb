//! Arbitrary histories: everything that can come in at the door, most of it fitting what came before.

use contract::agreement::Agreement;
use contract::command::{
    AddTranscript, Answer, AnswerContract, Command, ContractType, CreateConference, InvokeCall,
    RequestTranscript, StateKey,
};
use contract::entity::{Entity, call_stream, conference_stream};
use contract::fact::{DeliveryStatus, Fact, Leg, Private, SessionStatus, Subject, What, Will, Wish};
use contract::input::{Body, Input, Webhook};
use contract::provider::{Provider, Via};
use contract::report::{DialledLeg, FailureReason, Found, LegStatus, Report, TaskRef};
use contract::transcript::Turn;
use ledger::key::{Action, KeyStatement, RecordKey, Role};
use ledger::time::Timestamp;
use proptest::prelude::*;

use crate::acts;
use crate::memory::{ORIGIN, Shelf, input, webhook};
use crate::telling::{self, CALLS, CONFERENCE, PHONES};
use crate::terms::{TRANSCRIPT, contract};

const START_MS: i64 = 1_772_800_000_000;

/// One step, before it is known what it refers to.
#[derive(Clone, Debug)]
pub enum Step {
    Conference,
    Dial,
    Dialled {
        failed: bool,
    },
    Told(Vec<Fact>),
    Contract {
        second: usize,
        expires: bool,
        on_conference: bool,
        precise: bool,
    },
    Answers {
        contract: usize,
        party: usize,
        yes: bool,
        right: bool,
    },
    Texts {
        contract: usize,
        party: usize,
        yes: bool,
        right: bool,
        names: bool,
        codes: bool,
        proven: bool,
    },
    Says {
        party: usize,
        words: &'static str,
        id: usize,
    },
    Delivered {
        id: usize,
        status: DeliveryStatus,
    },
    Sends {
        contract: usize,
        attempt: u32,
        result: usize,
    },
    Fetches {
        call: usize,
        attempt: u32,
        result: usize,
    },
    Speaks {
        call: usize,
        attempt: u32,
        what: Speech,
    },
    Keyed {
        contract: usize,
        party: usize,
        yes: bool,
        right: bool,
        by_call: bool,
    },
    Session {
        id: usize,
        over: bool,
    },
    Refuses {
        party: usize,
        proven: bool,
    },
    Acts {
        kind: usize,
    },
    Acted {
        which: usize,
        done: bool,
    },
    Key {
        number: u8,
    },
    Looked {
        call: usize,
        attempt: u32,
        result: usize,
    },
    /// The same body again, as another input.
    Again(usize),
    /// The same facts again in other bytes.
    Reworded(usize),
    /// The same input again.
    Redelivered(usize),
    /// A door whose clock is behind, or a long pause.
    Clock(i64),
}

/// What is done about what was said on a call.
#[derive(Clone, Copy, Debug)]
pub enum Speech {
    Asked,
    Posted,
    Written,
    Failed,
}

fn step() -> impl Strategy<Value = Step> {
    use DeliveryStatus::{Delivered, Failed, Sent};
    let yes = any::<bool>;
    let words = prop::sample::select(vec![
        "hello there",
        "YES",
        "yes no",
        "NO but later",
        "NDIO 0000",
        "STOP",
        "anza",
    ]);
    let status = prop::sample::select(vec![Delivered, Failed, Sent]);
    prop_oneof![
        2 => Just(Step::Conference),
        1 => Just(Step::Dial),
        2 => yes().prop_map(|failed| Step::Dialled { failed }),
        6 => telling::webhook().prop_map(Step::Told),
        4 => (1..4_usize, any::<[bool; 3]>()).prop_map(|(second, [a, b, c])| Step::Contract {
            second, expires: a, on_conference: b, precise: c
        }),
        4 => (0..4_usize, 0..2_usize, yes(), yes())
            .prop_map(|(contract, party, yes, right)| Step::Answers { contract, party, yes, right }),
        6 => (0..4_usize, 0..2_usize, any::<[bool; 5]>()).prop_map(|(contract, party, [a, b, c, d, e])| {
            Step::Texts { contract, party, yes: a, right: b, names: c, codes: d, proven: e }
        }),
        2 => (0..4_usize, words, 0..5_usize).prop_map(|(party, words, id)| Step::Says { party, words, id }),
        2 => (0..3_usize, status).prop_map(|(id, status)| Step::Delivered { id, status }),
        4 => (0..4_usize, 1..4_u32, 0..4_usize)
            .prop_map(|(contract, attempt, result)| Step::Sends { contract, attempt, result }),
        5 => (0..3_usize, 1..3_u32, 0..3_usize)
            .prop_map(|(call, attempt, result)| Step::Fetches { call, attempt, result }),
        5 => (0..3_usize, 1..3_u32, prop::sample::select(vec![
            Speech::Asked, Speech::Asked, Speech::Written, Speech::Failed, Speech::Posted
        ])).prop_map(|(call, attempt, what)| Step::Speaks { call, attempt, what }),
        4 => (0..4_usize, 0..2_usize, any::<[bool; 3]>()).prop_map(|(contract, party, [yes, right, by_call])| {
            Step::Keyed { contract, party, yes, right, by_call }
        }),
        1 => (0..2_usize, yes()).prop_map(|(id, over)| Step::Session { id, over }),
        1 => (0..4_usize, yes()).prop_map(|(party, proven)| Step::Refuses { party, proven }),
        3 => (0..15_usize).prop_map(|kind| Step::Acts { kind }),
        3 => (0..3_usize, yes()).prop_map(|(which, done)| Step::Acted { which, done }),
        1 => (0..2_u8).prop_map(|number| Step::Key { number }),
        2 => (0..3_usize, 1..4_u32, 0..4_usize)
            .prop_map(|(call, attempt, result)| Step::Looked { call, attempt, result }),
        3 => (0..30_usize).prop_map(Step::Again),
        1 => (0..30_usize).prop_map(Step::Reworded),
        2 => (0..30_usize).prop_map(Step::Redelivered),
        1 => (-5_000..90_000_000_i64).prop_map(Step::Clock),
    ]
}

/// Histories of up to 40 inputs.
pub fn history() -> impl Strategy<Value = Vec<Input>> {
    proptest::collection::vec(step(), 1..40).prop_map(|steps| {
        let mut so_far = SoFar { shelf: Shelf::default(), inputs: Vec::new(), clock_ms: START_MS };
        for step in steps {
            so_far.take(&step);
        }
        so_far.inputs
    })
}

/// What came in so far, folded, so that the next step can refer to it.
struct SoFar {
    shelf: Shelf,
    inputs: Vec<Input>,
    clock_ms: i64,
}

impl SoFar {
    fn take(&mut self, step: &Step) {
        let body = match step {
            Step::Clock(by) => {
                self.clock_ms += by;
                return;
            }
            Step::Redelivered(n) => {
                if !self.inputs.is_empty() {
                    self.put(self.inputs[n % self.inputs.len()].clone());
                }
                return;
            }
            Step::Again(n) if self.inputs.is_empty() => {
                Some((Via::Api, *n > 15, webhook("empty", Vec::new())))
            }
            Step::Again(n) => {
                let old = &self.inputs[n % self.inputs.len()];
                Some((old.via, old.authenticated, old.body.clone()))
            }
            Step::Reworded(n) => self.inputs.get(*n).and_then(|old| match &old.body {
                Body::Webhook(webhook) => {
                    let raw = format!("{}&extra={n}", webhook.raw);
                    let other = Webhook { raw, ..webhook.clone() };
                    Some((old.via, old.authenticated, Body::Webhook(other)))
                }
                _ => None,
            }),
            step => self.body(step),
        };
        let Some((via, authenticated, body)) = body else { return };
        self.clock_ms += 700;
        let at = Timestamp::from_millis(self.clock_ms).unwrap();
        self.put(input(u64::try_from(self.inputs.len()).unwrap(), via, authenticated, at, body));
    }

    fn put(&mut self, input: Input) {
        self.shelf.fold(std::slice::from_ref(&input));
        self.inputs.push(input);
    }

    fn body(&self, step: &Step) -> Option<(Via, bool, Body)> {
        let command = |command| Some((Via::Api, true, Body::Command(command)));
        match step {
            Step::Conference => command(conference()),
            Step::Dial => {
                let phone = PHONES[3].parse().unwrap();
                command(Command::InvokeCall(InvokeCall { dial_id: "dial_1".into(), phone, provider: None }))
            }
            Step::Dialled { failed } => Some((Via::Effect, true, Body::Report(dialled(*failed)))),
            Step::Told(facts) => {
                Some((Via::AfricasTalking, true, webhook("callerNumber=%2B254700000001", facts.clone())))
            }
            Step::Contract { second, expires, on_conference, precise } => {
                let until = Timestamp::from_millis(self.clock_ms + 60_000_000).unwrap();
                let expires_at = expires.then_some(until);
                command(Command::CreateContract(Box::new(contract(
                    *second,
                    expires_at,
                    *on_conference,
                    *precise,
                ))))
            }
            Step::Answers { contract, party, yes, right } => {
                let (id, agreement) = self.contract(*contract)?;
                let party = &agreement.parties[*party];
                let code = if *right { party.code.clone()? } else { "none".to_owned() };
                let phone = party.phone.as_ref()?.parse().unwrap();
                let answer = if *yes { Answer::Yes } else { Answer::No };
                command(Command::AnswerContract(AnswerContract { contract_id: id, phone, code, answer }))
            }
            Step::Sends { contract, attempt, result } => {
                let (id, _) = self.contract(*contract)?;
                let report = sent(&format!("contract/{id}"), *attempt, *result);
                Some((Via::Effect, true, Body::Report(report)))
            }
            Step::Fetches { call, attempt, result } => {
                Some((Via::Effect, true, Body::Report(self.fetched(*call, *attempt, *result)?)))
            }
            Step::Speaks { call, attempt, what } => self.spoken(*call, *attempt, *what),
            Step::Looked { call, attempt, result } => {
                Some((Via::Effect, true, Body::Report(looked(*call, *attempt, *result))))
            }
            Step::Acts { kind } => command(acts::asked(*kind)),
            Step::Acted { which, done } => {
                Some((Via::Effect, true, Body::Report(acts::result(&self.shelf, *which, *done)?)))
            }
            Step::Key { number } => command(Command::StateKey(StateKey { statement: statement(*number) })),
            step => self.message(step),
        }
    }

    fn message(&self, step: &Step) -> Option<(Via, bool, Body)> {
        match step {
            Step::Texts { .. } => self.text(step),
            Step::Keyed { .. } => self.keyed(step),
            Step::Session { id, over } => {
                Some((Via::Ussd, false, webhook("ussd body", vec![session(*id, *over)])))
            }
            Step::Refuses { party, proven } => {
                let private = Private { phone: Some(PHONES[*party].to_owned()), ..Private::default() };
                let (subject, what) = (Subject::Contact {}, What::TextsRefused {});
                let told = Fact { subject, key: "opted_out".into(), occurred: None, what, private };
                Some((Via::AfricasTalking, *proven, webhook("refused body", vec![told])))
            }
            Step::Says { party, words, id } => {
                let private = Private {
                    phone: Some(PHONES[*party].to_owned()),
                    text: Some((*words).to_owned()),
                    ..Private::default()
                };
                let said = fact(&format!("ATMsg_{id}"), "received", What::MessageReceived {}, private);
                Some((Via::Sms, false, webhook(words, vec![said])))
            }
            Step::Delivered { id, status } => {
                let what = What::MessageDelivery { status: *status };
                let told = fact(&format!("ATXid_{id}"), "delivery", what, Private::default());
                Some((Via::AfricasTalking, true, webhook("delivery report", vec![told])))
            }
            _ => None,
        }
    }

    fn contract(&self, number: usize) -> Option<(String, Box<Agreement>)> {
        let mut all = self.shelf.entities().into_iter().filter_map(|(stream, entity)| match entity {
            Entity::Contract(agreement) => Some((stream.strip_prefix("contract/")?.to_owned(), agreement)),
            _ => None,
        });
        all.nth(number)
    }

    fn text(&self, step: &Step) -> Option<(Via, bool, Body)> {
        let Step::Texts { contract, party, yes, right, names, codes, proven } = step else { return None };
        let (id, agreement) = self.contract(*contract)?;
        let party = &agreement.parties[*party];
        let mut words = vec![if *yes { "YES".to_owned() } else { "hapana".to_owned() }];
        if *codes {
            words.push(if *right { party.code.clone()? } else { "0000".to_owned() });
        }
        words.extend(names.then_some(id));
        let text = Some(words.join(" "));
        let private = Private { phone: party.phone.clone(), text, ..Private::default() };
        let message = format!("ATMsg_t{}", self.inputs.len());
        let said = fact(&message, "received", What::MessageReceived {}, private);
        Some((Via::AfricasTalking, *proven, webhook(&words.join("+"), vec![said])))
    }

    fn spoken(&self, call: usize, attempt: u32, what: Speech) -> Option<(Via, bool, Body)> {
        let stream = call_stream(Provider::AfricasTalking, CALLS[call]);
        let Some(Entity::Call(state)) = self.shelf.entity(&stream) else { return None };
        let report = |report| Some((Via::Effect, true, Body::Report(report)));
        let command = |command| Some((Via::Api, true, Body::Command(command)));
        let turn = Turn { language: Some("sw".into()), text: TRANSCRIPT.into(), ..Turn::default() };
        let asked = state.transcripts.0.iter().find(|(_, one)| one.recording.is_some());
        let task = asked.map(|(task, _)| TaskRef { stream: stream.clone(), task: *task, attempt });
        match what {
            Speech::Asked => {
                let recording = state.recordings.0.values().next()?.task;
                command(Command::RequestTranscript(RequestTranscript { stream, recording }))
            }
            Speech::Posted => command(Command::AddTranscript(AddTranscript { stream, turns: vec![turn] })),
            Speech::Written => report(Report::Transcribed { task: task?, turns: vec![turn.clone(), turn] }),
            Speech::Failed => {
                let reason = FailureReason::TooSlow;
                report(Report::TranscriptFailed { task: task?, reason, again: attempt < 2 })
            }
        }
    }

    /// Keys for a contract, on a call or in a menu.
    fn keyed(&self, step: &Step) -> Option<(Via, bool, Body)> {
        let Step::Keyed { contract, party, yes, right, by_call } = step else { return None };
        let (contract_id, agreement) = self.contract(*contract)?;
        let party = &agreement.parties[*party];
        let code = if *right { party.code.clone()? } else { "0000".to_owned() };
        let will = Will::Answer(if *yes { Answer::Yes } else { Answer::No });
        let wish = Wish { contract_id, will };
        let private = Private { phone: party.phone.clone(), code: Some(code.clone()), ..Private::default() };
        let number = self.inputs.len();
        let told = if *by_call {
            let subject = Subject::Call { provider: Provider::AfricasTalking, id: CALLS[2].to_owned() };
            let what = What::CallKeyed { leg: Leg::default(), wish };
            let private = Private { digits: Some(code), ..private };
            Fact { subject, key: format!("{}:input:{number}", CALLS[2]), occurred: None, what, private }
        } else {
            let what = What::UssdRequested { wish: Some(wish) };
            Fact { what, private: Private { text: Some(code), ..private }, ..session(number, false) }
        };
        let via = if *by_call { Via::AfricasTalking } else { Via::Ussd };
        Some((via, *right, webhook("typed body", vec![told])))
    }

    fn fetched(&self, call: usize, attempt: u32, result: usize) -> Option<Report> {
        let stream = call_stream(Provider::AfricasTalking, CALLS[call]);
        let Some(Entity::Call(state)) = self.shelf.entity(&stream) else { return None };
        let task = TaskRef { stream, task: state.recordings.0.values().next()?.task, attempt };
        Some(match result {
            0 => Report::RecordingFailed { task, reason: FailureReason::NotFound, again: attempt < 2 },
            letter => Report::RecordingFetched {
                task,
                sha256: if letter == 1 { "a1".repeat(32) } else { "b2".repeat(32) },
                bytes: 81_920,
                media_type: "audio/mpeg".into(),
                duration_ms: Some(20_000),
                transcribe: false,
                check_after_s: Some(60),
            },
        })
    }
}

fn fact(id: &str, word: &str, what: What, private: Private) -> Fact {
    let subject = Subject::Message { provider: Provider::AfricasTalking, id: id.to_owned() };
    Fact { subject, key: format!("{id}:{word}"), occurred: None, what, private }
}

/// A step of a session that only looks, or its end.
fn session(id: usize, over: bool) -> Fact {
    let id = format!("ATUid_{id}");
    let (word, what) = if over {
        ("over", What::UssdEnded { status: SessionStatus::Success, duration_s: Some(9) })
    } else {
        ("step", What::UssdRequested { wish: None })
    };
    let key = format!("{id}:{word}");
    let subject = Subject::Session { provider: Provider::AfricasTalking, id };
    let private = Private { phone: Some(PHONES[0].to_owned()), ..Private::default() };
    Fact { subject, key, occurred: None, what, private }
}

fn looked(call: usize, attempt: u32, result: usize) -> Report {
    let stream = call_stream(Provider::AfricasTalking, CALLS[call]);
    let subject = Subject::Call { provider: Provider::AfricasTalking, id: CALLS[call].to_owned() };
    let told = |word: &str, what| {
        let key = format!("{}:{word}", CALLS[call]);
        let fact = Fact { subject, key, occurred: None, what, private: Private::default() };
        Found::Told { facts: vec![fact], raw: format!("{{\"status\":\"{word}\"}}") }
    };
    let found = match result {
        0 => told("answered", What::CallAnswered(Leg::default())),
        1 => told("ended", What::CallEnded(Leg::default())),
        2 => Found::Failed { reason: FailureReason::Unreachable },
        _ => Found::CannotAsk {},
    };
    Report::CallLooked { stream, provider: Provider::AfricasTalking, attempt, found }
}

fn conference() -> Command {
    Command::CreateConference(CreateConference {
        conference_id: CONFERENCE.to_owned(),
        parties: PHONES[..2].iter().map(|p| p.parse().unwrap()).collect(),
        contract_type: ContractType::ServiceAgreement,
        expected_duration_s: 600,
        provider: None,
        room: None,
    })
}

fn dialled(failed: bool) -> Report {
    let stream = conference_stream(CONFERENCE);
    if failed {
        return Report::DialFailed { stream, reason: FailureReason::UnknownOutcome };
    }
    let call =
        |party: u32, id: &str| DialledLeg { party, call_id: Some(id.to_owned()), status: LegStatus::Queued };
    let legs = vec![call(0, CALLS[0]), call(1, CALLS[1])];
    let line = Some("+254700000000".to_owned());
    Report::Dialled { stream, provider: Provider::AfricasTalking, legs, line }
}

fn sent(stream: &str, attempt: u32, result: usize) -> Report {
    let task = TaskRef { stream: stream.to_owned(), task: 2, attempt };
    match result {
        0 => Report::MessageAttempted(task),
        1 => Report::MessageFailed {
            task,
            reason: FailureReason::Unreachable,
            again: attempt < 3,
            receipt: None,
        },
        n => Report::MessageAccepted {
            task,
            provider: Provider::AfricasTalking,
            message_id: format!("ATXid_{n}"),
            cost: Some("KES 0.8".into()),
            receipt: None,
        },
    }
}

fn statement(number: u8) -> String {
    let (root, key) = (RecordKey::from_seed(&[9; 32]), RecordKey::from_seed(&[number; 32]));
    let statement = KeyStatement {
        action: Action::Added,
        role: Role::Record,
        origin: ORIGIN.to_owned(),
        public_key: key.public().clone(),
        issued_at: Timestamp::from_millis(START_MS).unwrap(),
        from_position: None,
        reason: None,
    };
    statement.sign(&root, Some(&key)).data().canonical()
}
