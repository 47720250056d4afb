//! The largest contract that the door lets in becomes records that fit the log.

use contract::command::{
    Command, CreateContract, OTHER_TERMS_MAX, OtherTerm, PARTIES_MAX, Party, TERM_BYTES_MAX,
    TRANSCRIPT_BYTES_MAX,
};
use contract::decide::decide;
use contract::entity::{Entity, conference_stream};
use contract::event::Event;
use contract::input::{Body, INPUT_VERSION, Input, Seed};
use contract::outcome::Outcome;
use contract::provider::{Provider, Via};
use contract::report::{DialledLeg, LegStatus, Report};
use contract::world::World;
use ledger::hash::sha256;
use ledger::key::RecordKey;
use ledger::record;
use ledger::time::Timestamp;
use uuid::Uuid;

use super::example;

fn fold(number: u128, body: Body, world: &mut World) -> Outcome {
    let received_at = Timestamp::from_millis(1_772_800_000_000).unwrap();
    let seed = Seed(sha256(&number.to_be_bytes()));
    let id = Uuid::from_u128(number);
    let input = Input { v: INPUT_VERSION, id, via: Via::Api, received_at, authenticated: true, seed, body };
    decide(&Input::from_bytes(&input.to_bytes()).unwrap(), world).unwrap()
}

fn phone(n: usize) -> contract::phone::Phone {
    format!("+2547000000{n:02}").parse().unwrap()
}

/// Bytes that take the most room in JSON: a quotation mark is two, a control character six.
fn long(bytes: usize, character: char) -> String {
    character.to_string().repeat(bytes / character.len_utf8())
}

fn largest(conference_id: &str) -> CreateContract {
    let term = long(TERM_BYTES_MAX, '"');
    let mut command = example();
    command.transcript = long(TRANSCRIPT_BYTES_MAX, '\u{1}');
    command.parties = (0..PARTIES_MAX)
        .map(|n| Party { phone: phone(n), role: term.clone(), name: Some(term.clone()) })
        .collect();
    command.other_terms =
        (0..OTHER_TERMS_MAX).map(|_| OtherTerm { name: term.clone(), value: term.clone() }).collect();
    let terms = &mut command.terms;
    for text in [&mut terms.product, &mut terms.quantity, &mut terms.unit, &mut terms.delivery_location] {
        *text = Some(term.clone());
    }
    for text in [&mut terms.delivery_deadline, &mut terms.quality_requirements, &mut terms.payment_terms] {
        *text = Some(term.clone());
    }
    terms.total_amount = Some("9".repeat(28).parse().unwrap());
    command.conference_id = Some(conference_id.to_owned());
    command
}

#[test]
fn the_largest_contract_is_recorded_and_read_back() {
    let mut world = World::new("ledger.example/one", None);
    let id = "ATVoice_".to_owned() + &"f".repeat(140);
    let conference = Command::CreateConference(contract::command::CreateConference {
        conference_id: id.clone(),
        parties: (0..PARTIES_MAX).map(phone).collect(),
        contract_type: contract::command::ContractType::default(),
        expected_duration_s: u32::MAX,
        provider: None,
        room: None,
    });
    fold(1, Body::Command(conference), &mut world);
    let leg = |party: u32| DialledLeg {
        party,
        call_id: Some(format!("ATVId_{party}_{}", "e".repeat(140))),
        status: LegStatus::Queued,
    };
    let legs = (0..u32::try_from(PARTIES_MAX).unwrap()).map(leg).collect();
    let stream = conference_stream(&id);
    let line = Some("+254700000000".to_owned());
    let dialled = Report::Dialled { stream, provider: Provider::AfricasTalking, legs, line };
    let outcome = fold(2, Body::Report(dialled), &mut world);
    assert!(matches!(outcome, Outcome::Recorded { .. }), "{outcome:?}");

    let outcome = fold(3, Body::Command(Command::CreateContract(Box::new(largest(&id)))), &mut world);
    let Outcome::Recorded { records, refused: None } = outcome else { panic!("{outcome:?}") };
    assert_eq!(records.len(), 1 + PARTIES_MAX);

    let stream = &records[0].stream;
    let mut entity = Entity::empty(stream).unwrap();
    for made in world.made.iter().filter(|made| &made.stream == stream) {
        let record = record::open(&made.payload.seal(&RecordKey::from_seed(&[7; 32])).jws).unwrap();
        let disclosures = made.disclosures.iter().chain(&made.document_disclosures);
        entity.apply(&Event::from_record(&record, disclosures.map(|d| d.encoded.as_str())).unwrap());
    }
    assert_eq!(Some(&entity), world.entity(stream));
    let Entity::Contract(agreement) = &entity else { panic!("{entity:?}") };
    assert_eq!(agreement.term("product").as_deref(), Some(long(TERM_BYTES_MAX, '"').as_str()));
    assert_eq!(agreement.parties.len(), PARTIES_MAX);
    assert_eq!(Entity::from_json(&entity.to_json()).unwrap(), entity);
}

#[test]
fn a_text_outside_the_profile_is_refused_with_the_reason() {
    let mut world = World::new("ledger.example/one", None);
    let mut command = example();
    // "é" as two characters: another byte sequence for the same text.
    command.terms.delivery_location = Some("cafe\u{301}".into());
    let outcome = fold(1, Body::Command(Command::CreateContract(Box::new(command))), &mut world);
    let Outcome::Refused(refusal) = outcome else { panic!("{outcome:?}") };
    assert!(refusal.to_string().starts_with("terms: "), "{refusal}");
    assert!(world.made.is_empty());
    assert_eq!(world.counter("AGRI-2026"), 0, "a refused contract takes no number");
}
