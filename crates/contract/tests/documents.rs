//! contract.json: the bytes whose SHA-256 is the contract hash, and the messages that quote it.
#![allow(clippy::unwrap_used)]

#[path = "documents/size.rs"]
mod size;
#[path = "documents/sms.rs"]
mod sms;

use std::io::Write;
use std::process::{Command as Process, Stdio};

use contract::command::{ContractType, CreateContract, Language, Party, Terms};
use contract::document::{self, Document};
use contract::input::Seed;
use ledger::disclosure::{Disclosure, Salt, digest};
use ledger::hash::sha256;
use ledger::json::{self, Value};

const GOLDEN: &str = include_str!("documents/source_document_001.contract.json");
const GOLDEN_SHA256: &str = "f765ea2758e30742013a02570957ed3e3ccebd70f82380c06cca1dbfe612c932";

/// The request of the source document `001-voicepact-contract-create`, as the door hands it on.
fn example() -> CreateContract {
    let party = |phone: &str, role: &str, name: &str| Party {
        phone: phone.parse().unwrap(),
        role: role.into(),
        name: Some(name.into()),
    };
    let text = |text: &str| Some(text.to_owned());
    CreateContract {
        transcript: "Agreement to supply 500 kg of maize at 50 KES per kg".into(),
        parties: vec![
            party("+254712345678", "buyer", "John Kamau"),
            party("+254787654321", "seller", "Mary Wanjiru"),
        ],
        contract_type: ContractType::AgriculturalSupply,
        language: Language::En,
        terms: Terms {
            product: text("maize"),
            quantity: text("500"),
            unit: text("kg"),
            unit_price: Some("50".parse().unwrap()),
            total_amount: Some("25000".parse().unwrap()),
            currency: text("KES"),
            delivery_location: text("Nairobi Market"),
            delivery_deadline: text("2026-03-15"),
            quality_requirements: text("Grade A, moisture content below 13%"),
            ..Terms::default()
        },
        other_terms: Vec::new(),
        conference_id: None,
        terms_evidence: None,
        first_of_conference: false,
        expires_at: None,
    }
}

fn build(command: &CreateContract) -> Document {
    let seed = Seed(sha256(b"seed of the example"));
    let mut n = 0;
    let salt = || {
        n += 1;
        Salt::derive(&seed.0.0, n - 1)
    };
    document::build("AGRI-2026-001234", command, &[], &seed, salt).unwrap()
}

/// If this fails, the hash of a contract made tomorrow is another than that of the same contract made today. Then the
/// version tag inside the document has to change as well.
#[test]
fn the_example_of_the_source_document_keeps_its_bytes() {
    let document = build(&example());
    assert_eq!(document.json, GOLDEN);
    assert_eq!(document.sha256.to_string(), GOLDEN_SHA256);
}

#[test]
fn sha256sum_is_the_whole_check() {
    let mut process = Process::new("sha256sum").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    process.stdin.take().unwrap().write_all(GOLDEN.as_bytes()).unwrap();
    let said = String::from_utf8(process.wait_with_output().unwrap().stdout).unwrap();
    assert_eq!(said.split_whitespace().next(), Some(GOLDEN_SHA256));
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn it_has_exactly_the_documented_keys() {
    let value = json::parse_canonical(GOLDEN.as_bytes()).unwrap();
    let documented = [
        "agreed_text",
        "contract_id",
        "contract_type",
        "language",
        "nonce",
        "other_terms",
        "parties",
        "recordings",
        "supersedes",
        "terms",
        "transcript_sha256",
        "v",
    ];
    assert_eq!(keys(&value), documented);
    for party in value.get("parties").unwrap().as_array().unwrap() {
        assert_eq!(keys(party), ["_sd", "role"]);
    }
    let transcript = sha256(example().transcript.as_bytes()).to_string();
    assert_eq!(value.get("transcript_sha256").unwrap().as_str(), Some(transcript.as_str()));
    assert_eq!(value.get("terms").unwrap().get("unit_price").unwrap().as_str(), Some("50.00"));
    assert_eq!(value.get("v").unwrap().as_str(), Some("ahadi.contract/1"));
}

#[test]
fn its_commitments_open_to_numbers_and_names_and_to_nothing_else() {
    let document = build(&example());
    let value = json::parse_canonical(document.json.as_bytes()).unwrap();
    let mut opened = Vec::new();
    for party in value.get("parties").unwrap().as_array().unwrap() {
        let digests = party.get("_sd").unwrap().as_array().unwrap();
        let mut values: Vec<(String, String)> = digests
            .iter()
            .map(|wanted| {
                let fits = |d: &&Disclosure| Some(digest(&d.encoded).base64url().as_str()) == wanted.as_str();
                let (_, name, value) =
                    Disclosure::parse(&document.disclosures.iter().find(fits).unwrap().encoded).unwrap();
                (name, value.as_str().unwrap().to_owned())
            })
            .collect();
        values.sort();
        opened.push(values);
    }
    let party = |name: &str, phone: &str| vec![("name".into(), name.into()), ("phone".into(), phone.into())];
    assert_eq!(opened, [party("John Kamau", "+254712345678"), party("Mary Wanjiru", "+254787654321")]);
    assert_eq!(document.disclosures.len(), 4);
    for hidden in ["+2547", "2547", "John", "Kamau", "Mary", "Wanjiru"] {
        assert!(!document.json.contains(hidden), "{hidden}");
    }
}

#[test]
fn the_same_words_between_other_people_or_at_another_time_have_another_hash() {
    let first = build(&example());
    let mut others = example();
    others.parties[1].phone = "+254700000001".parse().unwrap();
    assert_ne!(build(&others).sha256, first.sha256);
    let again =
        document::build("AGRI-2026-001234", &example(), &[], &Seed(sha256(b"later")), || Salt([0; 16]))
            .unwrap();
    assert_ne!(again.sha256, first.sha256);
}
