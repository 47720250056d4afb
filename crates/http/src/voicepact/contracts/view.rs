//! The shapes of the source document.

use contract::agreement::{Agreement, PartyState};
use contract::command::Answer;
use contract::money::Amount;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::auth::{Caller, Scope};
use crate::voicepact::seconds;

/// Stands for a value that was erased.
const ERASED: &str = "[erased]";

/// How much of a contract a caller sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sight {
    /// Everything.
    Full,
    /// Numbers masked, no names.
    Masked,
}

impl Sight {
    pub(crate) fn of(caller: &Caller) -> Sight {
        if caller.may(Scope::PersonalRead) { Sight::Full } else { Sight::Masked }
    }

    /// A party's number.
    pub(crate) fn phone(self, party: &PartyState) -> String {
        match (&party.phone, self) {
            (None, _) => ERASED.to_owned(),
            (Some(phone), Sight::Full) => phone.clone(),
            (Some(phone), Sight::Masked) => masked(phone),
        }
    }

    /// A party's name, where it gave one.
    pub(crate) fn name(self, party: &PartyState) -> Option<&str> {
        match (&party.phone, self) {
            (None, _) => Some(ERASED),
            (Some(_), Sight::Full) => party.name.as_deref(),
            (Some(_), Sight::Masked) => None,
        }
    }
}

fn masked(phone: &str) -> String {
    phone.parse::<contract::phone::Phone>().map_or_else(|_| ERASED.to_owned(), |phone| phone.masked())
}

#[derive(Serialize)]
struct Contract<'a> {
    contract_id: &'a str,
    status: &'static str,
    created_at: String,
    expires_at: Option<String>,
    total_amount: Option<Box<RawValue>>,
    currency: Option<String>,
    parties: Vec<Party<'a>>,
    contract_hash: String,
}

#[derive(Serialize)]
struct Party<'a> {
    phone_number: String,
    role: &'a str,
    name: Option<&'a str>,
}

#[derive(Serialize)]
struct List<'a> {
    contracts: &'a [Box<RawValue>],
    total: u64,
    limit: u32,
    offset: u64,
}

#[derive(Serialize)]
struct State<'a> {
    contract_id: &'a str,
    status: &'static str,
    created_at: String,
    confirmed_at: Option<String>,
    signatures: Vec<Signature>,
    progress: Progress,
}

#[derive(Serialize)]
struct Signature {
    phone_number: String,
    status: &'static str,
    signed_at: Option<String>,
}

#[derive(Serialize)]
struct Progress {
    signed: usize,
    total: usize,
    complete: bool,
}

/// One contract.
pub(super) fn contract(id: &str, agreement: &Agreement, sight: Sight) -> Box<RawValue> {
    let parties = agreement
        .parties
        .iter()
        .map(|party| Party { phone_number: sight.phone(party), role: &party.role, name: sight.name(party) })
        .collect();
    raw(&Contract {
        contract_id: id,
        status: agreement.status.as_str(),
        created_at: seconds(agreement.created_at),
        expires_at: agreement.expires_at.map(seconds),
        total_amount: agreement.term("total_amount").as_deref().and_then(number),
        currency: agreement.term("currency"),
        parties,
        contract_hash: agreement.document_sha256.hex(),
    })
}

/// A part of the list.
pub(super) fn list(contracts: &[Box<RawValue>], total: u64, limit: u32, offset: u64) -> Box<RawValue> {
    raw(&List { contracts, total, limit, offset })
}

/// Who has answered.
pub(super) fn status(id: &str, agreement: &Agreement, sight: Sight) -> Box<RawValue> {
    let signatures: Vec<Signature> = agreement
        .parties
        .iter()
        .map(|party| Signature {
            phone_number: sight.phone(party),
            status: match party.answer.as_ref().map(|given| given.answer) {
                None => "pending",
                Some(Answer::Yes) => "signed",
                Some(Answer::No) => "rejected",
            },
            signed_at: party.answer.as_ref().map(|given| seconds(given.at)),
        })
        .collect();
    let signed = signatures.iter().filter(|signature| signature.status == "signed").count();
    let total = signatures.len();
    raw(&State {
        contract_id: id,
        status: agreement.status.as_str(),
        created_at: seconds(agreement.created_at),
        confirmed_at: agreement.confirmed_at.map(seconds),
        signatures,
        progress: Progress { signed, total, complete: signed == total },
    })
}

/// A JSON number with exactly the digits of the amount, without zeros that say nothing.
pub(crate) fn number(text: &str) -> Option<Box<RawValue>> {
    let amount: Amount = text.parse().ok()?;
    RawValue::from_string(amount.to_string()).ok()
}

fn raw(value: &impl Serialize) -> Box<RawValue> {
    to_raw_value(value).expect("strings, whole numbers and raw numbers are JSON")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn amounts_are_numbers_to_the_digit() {
        for (text, expected) in [
            ("25000.00", "25000"),
            ("25000.50", "25000.5"),
            ("0.00", "0"),
            ("99999999999999999999999999.99", "99999999999999999999999999.99"),
        ] {
            assert_eq!(number(text).unwrap().get(), expected);
        }
        assert!(number("NaN").is_none());
    }
}
