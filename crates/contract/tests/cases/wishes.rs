//! What people ask for besides texts about contracts: no more messages, being recorded or not, answers by keys.

use crate::memory::{Shelf, input, payload, webhook};
use contract::agreement::{Agreement, Status};
use contract::call::Consent;
use contract::command::{Answer, Command, ContractType, CreateContract, Language, Party, Terms};
use contract::entity::Entity;
use contract::event::Channel;
use contract::fact::{Fact, Leg, Private, Subject, What, Will, Wish};
use contract::input::{Body, Input};
use contract::outcome::{Outcome, Refusal};
use contract::provider::{Provider, Via};
use ledger::time::Timestamp;

const PHONE: &str = "+254700000001";
const CONTRACT: &str = "AGRI-2026-000001";
const AT: Provider = Provider::AfricasTalking;

fn at(number: u64) -> Timestamp {
    Timestamp::from_millis(1_772_800_000_000 + i64::try_from(number).unwrap()).unwrap()
}

fn heard(number: u64, fact: Fact) -> Input {
    input(number, Via::AfricasTalking, true, at(number), webhook(&format!("body {number}"), vec![fact]))
}

fn drafted() -> Input {
    let party = |phone: &str| Party { phone: phone.parse().unwrap(), role: "party".into(), name: None };
    let command = CreateContract {
        transcript: "five goats".into(),
        parties: vec![party(PHONE), party("+254700000002")],
        contract_type: ContractType::default(),
        language: Language::default(),
        terms: Terms::default(),
        other_terms: Vec::new(),
        conference_id: None,
        expires_at: None,
        terms_evidence: None,
        first_of_conference: false,
    };
    input(1, Via::Api, true, at(1), Body::Command(Command::CreateContract(Box::new(command))))
}

fn text(number: u64, words: &str) -> Input {
    let private = Private { phone: Some(PHONE.into()), text: Some(words.into()), ..Private::default() };
    let subject = Subject::Message { provider: AT, id: format!("ATMsg_{number}") };
    let key = format!("ATMsg_{number}:received");
    heard(number, Fact { subject, key, occurred: None, what: What::MessageReceived {}, private })
}

fn opted_out(number: u64) -> Input {
    let private = Private { phone: Some(PHONE.into()), ..Private::default() };
    let what = What::TextsRefused {};
    heard(
        number,
        Fact { subject: Subject::Contact {}, key: "opted_out".into(), occurred: None, what, private },
    )
}

fn call(number: u64, word: &str, what: What, private: Private) -> Input {
    let subject = Subject::Call { provider: AT, id: "ATVId_1".into() };
    let private = Private { phone: Some(PHONE.into()), ..private };
    heard(number, Fact { subject, key: format!("ATVId_1:{word}"), occurred: None, what, private })
}

fn wish(answer: Answer) -> Wish {
    Wish { contract_id: CONTRACT.into(), will: Will::Answer(answer) }
}

fn typed(number: u64, text: &str, code: &str) -> Input {
    let subject = Subject::Session { provider: AT, id: "ATUid_1".into() };
    let private = Private {
        phone: Some(PHONE.into()),
        text: Some(text.into()),
        code: Some(code.into()),
        ..Private::default()
    };
    let what = What::UssdRequested { wish: Some(wish(Answer::Yes)) };
    heard(number, Fact { subject, key: format!("ATUid_1:step:{text}"), occurred: None, what, private })
}

fn agreement(shelf: &Shelf) -> Agreement {
    match shelf.entity(&format!("contract/{CONTRACT}")) {
        Some(Entity::Contract(agreement)) => *agreement,
        other => panic!("{other:?}"),
    }
}

fn code(shelf: &Shelf) -> String {
    agreement(shelf).parties[0].code.clone().unwrap()
}

fn wrong(code: &str) -> &'static str {
    if code == "0000" { "0001" } else { "0000" }
}

fn kinds(shelf: &Shelf, stream: &str) -> Vec<String> {
    shelf.log.iter().filter(|made| made.stream.starts_with(stream)).map(|made| made.kind.clone()).collect()
}

#[test]
fn who_wants_no_messages_says_so_once_and_may_change_its_mind() {
    // Alone, and in one batch: the stream of a person is found either way.
    let inputs = [text(1, "STOP"), opted_out(2), text(3, "acha"), text(4, "START"), opted_out(5)];
    let mut apart = Shelf::default();
    inputs.iter().for_each(|one| apart.fold(std::slice::from_ref(one)));
    let mut together = Shelf::default();
    together.fold(&inputs);
    for shelf in [&apart, &together] {
        assert_eq!(kinds(shelf, "contact/"), ["contact.opted_out", "contact.opted_in", "contact.opted_out"]);
        let contacts: Vec<Entity> =
            shelf.entities().into_values().filter(|e| matches!(e, Entity::Contact(_))).collect();
        let [Entity::Contact(contact)] = contacts.as_slice() else { panic!("{contacts:?}") };
        assert!(!contact.may_be_texted());
        assert_eq!(contact.phone.as_deref(), Some(PHONE));
        assert!(!shelf.log.iter().any(|made| made.stream.contains("2547")), "no number in a name");
    }
    assert_eq!(apart.log.len(), together.log.len());
    let already = Outcome::AlreadyApplied { stream: apart.log[1].stream.clone(), version: 1 };
    assert_eq!(apart.outcomes[1].1, already);
}

#[test]
fn wanting_messages_again_without_ever_refusing_them_is_nothing() {
    let mut shelf = Shelf::default();
    shelf.fold(&[text(1, "START")]);
    assert!(kinds(&shelf, "contact/").is_empty());
    assert_eq!(kinds(&shelf, "message/"), ["message.received"]);
}

#[test]
fn a_word_about_messages_is_no_answer_to_a_contract() {
    let mut shelf = Shelf::default();
    shelf.fold(&[drafted()]);
    let before = shelf.log.len();
    shelf.fold(&[text(2, "STOP")]);
    assert_eq!(shelf.log.len(), before + 2, "the message and the wish; nobody is asked again");
    assert_eq!(agreement(&shelf).status, Status::Pending);
}

#[test]
fn a_menu_answers_with_the_code_only() {
    let mut shelf = Shelf::default();
    shelf.fold(&[drafted()]);
    let (right, guess) = (code(&shelf), wrong(&code(&shelf)));
    shelf.fold(&[typed(2, "2*1*guess", guess)]);
    let refused = &shelf.outcomes.last().unwrap().1;
    assert!(matches!(refused, Outcome::Recorded { refused: Some(Refusal::WrongCode), .. }), "{refused:?}");
    assert_eq!(agreement(&shelf).parties[0].wrong_codes, 1);
    // Delivered again, it is no second guess.
    shelf.fold(&[Input {
        id: input(3, Via::Ussd, true, at(3), webhook("", vec![])).id,
        ..typed(2, "2*1*guess", guess)
    }]);
    assert_eq!(agreement(&shelf).parties[0].wrong_codes, 1);
    shelf.fold(&[typed(4, "2*1*guess*right", &right)]);
    let given = agreement(&shelf).parties[0].answer.clone().unwrap();
    assert_eq!((given.answer, given.channel), (Answer::Yes, Channel::Ussd));
    assert_eq!(kinds(&shelf, "ussd/"), ["ussd.requested", "ussd.requested"]);
    // The same again is done already.
    shelf.fold(&[typed(5, "2*1*once*more", &right)]);
    assert!(matches!(&shelf.outcomes.last().unwrap().1, Outcome::Recorded { refused: None, .. }));
}

#[test]
fn one_step_told_in_two_ways_is_never_an_answer() {
    let mut shelf = Shelf::default();
    shelf.fold(&[drafted()]);
    let right = code(&shelf);
    let mut looked = typed(2, "2*1", "");
    let Body::Webhook(webhook) = &mut looked.body else { panic!("a webhook") };
    webhook.facts[0].what = What::UssdRequested { wish: None };
    webhook.facts[0].key = "ATUid_1:step:x".into();
    let mut claims = typed(3, "2*1", &right);
    let Body::Webhook(webhook) = &mut claims.body else { panic!("a webhook") };
    webhook.facts[0].key = "ATUid_1:step:x".into();
    shelf.fold(&[looked, claims]);
    assert!(agreement(&shelf).parties[0].answer.is_none());
}

#[test]
fn keys_on_a_call_answer_with_the_code_only() {
    for (answer, status) in [(Answer::Yes, Status::Pending), (Answer::No, Status::Rejected)] {
        let mut shelf = Shelf::default();
        shelf.fold(&[drafted()]);
        let right = code(&shelf);
        let keyed = |number, word: &str, code: &str| {
            let private = Private {
                digits: Some("1".to_owned() + code),
                code: Some(code.into()),
                ..Private::default()
            };
            call(number, word, What::CallKeyed { leg: Leg::default(), wish: wish(answer) }, private)
        };
        shelf.fold(&[keyed(2, "input:a", wrong(&right))]);
        assert_eq!(agreement(&shelf).parties[0].wrong_codes, 1);
        shelf.fold(&[keyed(3, "input:b", &right)]);
        let contract = agreement(&shelf);
        let given = contract.parties[0].answer.clone().unwrap();
        assert_eq!((given.answer, given.channel, contract.status), (answer, Channel::Keypad, status));
        assert_eq!(kinds(&shelf, "call/"), ["call.input", "call.input"]);
        let last = shelf.log.last().unwrap();
        assert!(last.stream.starts_with("contract/"), "{last:?}");
    }
}

#[test]
fn a_stranger_with_a_code_answers_nothing() {
    let mut shelf = Shelf::default();
    shelf.fold(&[drafted()]);
    let right = code(&shelf);
    let mut stranger = typed(2, "2*1*x", &right);
    let Body::Webhook(webhook) = &mut stranger.body else { panic!("a webhook") };
    webhook.facts[0].private.phone = Some("+254700000009".into());
    shelf.fold(&[stranger]);
    let outcome = &shelf.outcomes.last().unwrap().1;
    assert!(matches!(outcome, Outcome::Recorded { refused: Some(Refusal::NotAParty), .. }), "{outcome:?}");
    assert!(agreement(&shelf).parties.iter().all(|p| p.answer.is_none() && p.wrong_codes == 0));
}

#[test]
fn consent_is_the_same_in_any_order_and_refusing_wins() {
    let told = || {
        vec![
            call(
                1,
                "asked:1",
                What::CallAsked(Leg::default()),
                Private { told: Some("Press 1".into()), ..Private::default() },
            ),
            call(2, "consent:1", What::CallConsentMissing(Leg::default()), Private::default()),
            call(3, "consent:2", What::CallConsented(Leg::default()), Private::default()),
            call(4, "consent:3", What::CallConsentRefused(Leg::default()), Private::default()),
        ]
    };
    let state = |inputs: &[Input]| {
        let mut shelf = Shelf::default();
        shelf.fold(inputs);
        let Some(Entity::Call(call)) = shelf.entity("call/africastalking/ATVId_1") else { panic!("no call") };
        call
    };
    let forward = state(&told());
    assert_eq!(forward.consent, Some(Consent::Refused));
    assert_eq!(state(&told()[..3]).consent, Some(Consent::Given));
    assert_eq!(state(&told()[..2]).consent, Some(Consent::Missing));
    let mut backward = told();
    backward.reverse();
    assert_eq!(state(&backward), forward);
}

/// A problem reported in the menu.
fn reported(number: u64, text: &str, code: &str, reason: &str) -> Input {
    let mut input = typed(number, text, code);
    let Body::Webhook(webhook) = &mut input.body else { panic!("a webhook") };
    let wish = Wish { contract_id: CONTRACT.into(), will: Will::Dispute };
    webhook.facts[0].what = What::UssdRequested { wish: Some(wish) };
    webhook.facts[0].private.reason = (!reason.is_empty()).then(|| reason.into());
    input
}

fn refused(shelf: &Shelf) -> Option<Refusal> {
    match &shelf.outcomes.last().unwrap().1 {
        Outcome::Recorded { refused, .. } => refused.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_problem_in_the_menu_is_decided_like_one_by_the_interface() {
    let mut shelf = Shelf::default();
    shelf.fold(&[drafted()]);
    let right = code(&shelf);
    // What is not confirmed cannot be broken: the table has no such step.
    shelf.fold(&[reported(2, "a", &right, "not paid")]);
    assert!(matches!(refused(&shelf), Some(Refusal::WrongStatus { .. })), "{:?}", refused(&shelf));
    let other = agreement(&shelf).parties[1].code.clone().unwrap();
    let mut seller = typed(4, "c", &other);
    let Body::Webhook(webhook) = &mut seller.body else { panic!("a webhook") };
    webhook.facts[0].private.phone = Some("+254700000002".into());
    shelf.fold(&[typed(3, "b", &right), seller]);
    assert_eq!(agreement(&shelf).status, Status::Confirmed);

    shelf.fold(&[reported(5, "d", wrong(&right), "not paid")]);
    assert_eq!((refused(&shelf), agreement(&shelf).parties[0].wrong_codes), (Some(Refusal::WrongCode), 1));
    shelf.fold(&[reported(6, "e", &right, "")]);
    assert!(matches!(refused(&shelf), Some(Refusal::Invalid { .. })), "{:?}", refused(&shelf));
    assert_eq!(agreement(&shelf).status, Status::Confirmed);

    shelf.fold(&[reported(7, "f", &right, "half of it * wet")]);
    // Said again, in other words, before it is settled: done already.
    shelf.fold(&[reported(8, "g", &right, "wet")]);
    let contract = agreement(&shelf);
    let reasons: Vec<_> = contract.disputes.iter().map(|d| (d.party, d.reason.as_deref())).collect();
    assert_eq!((contract.status, reasons), (Status::Disputed, vec![(0, Some("half of it * wet"))]));
    assert_eq!(refused(&shelf), None);
    let disputed = shelf.log.iter().find(|made| made.kind == "contract.disputed").unwrap();
    let payload = payload(disputed);
    assert!(
        payload.contains(r#""channel":"ussd""#) && payload.contains("ussd/africastalking/ATUid_1"),
        "{payload}"
    );
    assert!(!payload.contains("wet"), "the words are a disclosure");
    let told: Vec<_> =
        contract.messages.0.values().filter(|m| m.template == contract::event::Template::Disputed).collect();
    assert_eq!(told.iter().map(|m| m.party).collect::<Vec<_>>(), [Some(1)]);
}
