//! One number, several contracts, and a text that names none of them.

use std::collections::BTreeMap;

use crate::memory::{Shelf, input, webhook};
use contract::agreement::{Agreement, Status};
use contract::command::{Command, ContractType, CreateContract, Language, Party, Terms};
use contract::entity::Entity;
use contract::event::Template;
use contract::fact::{Fact, Private, Subject, What};
use contract::input::{Body, Input, Seed};
use contract::provider::{Provider, Via};
use ledger::hash::sha256;
use ledger::time::Timestamp;

const TRADER: &str = "+254700000001";

fn at(number: u64) -> Timestamp {
    Timestamp::from_millis(1_772_800_000_000 + i64::try_from(number).unwrap()).unwrap()
}

/// A contract of the trader. Its codes follow from the seed, and the seed from the number.
fn contract(number: u64) -> Input {
    let party = |phone: &str| Party { phone: phone.parse().unwrap(), role: "party".into(), name: None };
    let command = CreateContract {
        transcript: "five goats".into(),
        parties: vec![party(TRADER), party("+254700000002")],
        contract_type: ContractType::default(),
        language: Language::default(),
        terms: Terms::default(),
        other_terms: Vec::new(),
        conference_id: None,
        terms_evidence: None,
        first_of_conference: false,
        expires_at: None,
    };
    let body = Body::Command(Command::CreateContract(Box::new(command)));
    Input { seed: Seed(sha256(&number.to_be_bytes())), ..input(number, Via::Api, true, at(number), body) }
}

fn text(number: u64, words: &str) -> Input {
    let subject = Subject::Message { provider: Provider::AfricasTalking, id: format!("ATMsg_{number}") };
    let private = Private { phone: Some(TRADER.into()), text: Some(words.into()), ..Private::default() };
    let key = format!("ATMsg_{number}:received");
    let fact = Fact { subject, key, occurred: None, what: What::MessageReceived {}, private };
    input(number, Via::AfricasTalking, true, at(number), webhook(words, vec![fact]))
}

fn contracts(shelf: &Shelf) -> Vec<Agreement> {
    let contract = |entity| match entity {
        Entity::Contract(agreement) => Some(*agreement),
        _ => None,
    };
    shelf.entities().into_values().filter_map(contract).collect()
}

fn code(agreement: &Agreement) -> String {
    agreement.parties[0].code.clone().unwrap()
}

fn nobody_answered_and_the_trader_was_asked_once(shelf: &Shelf) {
    let all = contracts(shelf);
    assert!(all.iter().all(|a| a.status == Status::Pending && a.parties[0].answer.is_none()));
    let asked = all.iter().flat_map(|a| a.messages.0.values()).filter(|m| m.template == Template::AskAgain);
    assert_eq!(asked.count(), 1);
}

#[test]
fn a_code_that_two_open_contracts_share_answers_neither() {
    // Among 300 contracts two have the same four digits for the trader (the chance that none have is below e^-4, and
    // the seeds are fixed).
    let mut first_with: BTreeMap<String, u64> = BTreeMap::new();
    let twins = (0..300).find_map(|number| {
        let mut shelf = Shelf::default();
        shelf.fold(&[contract(number)]);
        let code = code(&contracts(&shelf)[0]);
        first_with.insert(code.clone(), number).map(|earlier| (earlier, number, code))
    });
    let (one, other, code) = twins.unwrap();
    let mut shelf = Shelf::default();
    shelf.fold(&[contract(one), contract(other), text(1_000, &format!("YES {code}"))]);
    nobody_answered_and_the_trader_was_asked_once(&shelf);

    // With the number of the contract it is clear.
    shelf.fold(&[text(1_001, &format!("YES {code} AGRI-2026-000002"))]);
    let answered: Vec<bool> = contracts(&shelf).iter().map(|a| a.parties[0].answer.is_some()).collect();
    assert_eq!(answered, [false, true]);

    // And once one of them is answered the code alone means the other.
    shelf.fold(&[text(1_002, &format!("NO {code}"))]);
    assert_eq!(contracts(&shelf)[0].status, Status::Rejected);
}

#[test]
fn with_many_open_contracts_a_code_alone_is_not_enough() {
    let mut shelf = Shelf::default();
    shelf.fold(&(0..11).map(contract).collect::<Vec<_>>());
    let code = code(&contracts(&shelf)[4]);
    shelf.fold(&[text(1_000, &format!("YES {code}"))]);
    nobody_answered_and_the_trader_was_asked_once(&shelf);
    shelf.fold(&[text(1_001, &format!("YES {code} AGRI-2026-000005"))]);
    assert!(contracts(&shelf)[4].parties[0].answer.is_some());

    // Ten are few enough, and the code of the fifth, said again, is no guess at the others.
    shelf.fold(&[text(1_002, &format!("YES {code}"))]);
    assert!(contracts(&shelf).iter().all(|a| a.parties[0].wrong_codes == 0));
}
