//! What the parties of every history agree on.

use contract::command::{ContractType, CreateContract, Language, OtherTerm, Party, Terms};
use ledger::time::Timestamp;

use crate::telling::{CONFERENCE, PHONES};

/// Names, words and terms that must never stand in a record.
pub const CONFIDENTIAL: [&str; 11] = [
    "Wanjiru",
    "Kamau",
    "spoken words",
    "secret maize",
    "Nairobi Market",
    "Grade A",
    "moisture",
    "recordings.example",
    "callerNumber",
    "needle",
    "secret-room",
];

/// What was said.
pub const TRANSCRIPT: &str = "The spoken words of a negotiation";

/// A contract of the first number with the one named `second`.
pub fn contract(
    second: usize,
    expires_at: Option<Timestamp>,
    on_conference: bool,
    precise: bool,
) -> CreateContract {
    let party = |phone: usize, role: &str, name: &str| Party {
        phone: PHONES[phone].parse().unwrap(),
        role: role.to_owned(),
        name: Some(name.to_owned()),
    };
    CreateContract {
        transcript: TRANSCRIPT.into(),
        parties: vec![party(0, "buyer", "John Kamau"), party(second, "seller", "Mary Wanjiru")],
        contract_type: if on_conference { ContractType::LoanAgreement } else { ContractType::default() },
        language: if precise { Language::Sw } else { Language::En },
        terms: Terms {
            product: Some("secret maize".into()),
            total_amount: Some(if precise { "25000.75" } else { "25000" }.parse().unwrap()),
            currency: Some(if second == 3 { "UGX" } else { "KES" }.into()),
            delivery_location: Some("Nairobi Market".into()),
            ..Terms::default()
        },
        other_terms: vec![OtherTerm { name: "moisture".into(), value: "Grade A".into() }],
        conference_id: on_conference.then(|| CONFERENCE.to_owned()),
        terms_evidence: None,
        first_of_conference: false,
        expires_at,
    }
}
