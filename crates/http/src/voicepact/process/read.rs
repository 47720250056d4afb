//! What a client asks to be processed.

use contract::command::{ContractType, Language, PARTIES_MAX, Party};
use contract::phone::{Country, Phone};
use contract::transcript::Turn;
use ledger::time::Timestamp;

use crate::body::field::{Field, Object};
use crate::transcripts::{self, optional};
use crate::voicepact::draft;

/// Longest conference id or word.
const WORD_BYTES_MAX: usize = 64;
/// Longest address of a recording, in bytes; servers take about 8 KiB.
const URL_BYTES_MAX: usize = 2_048;

/// A request of `/voice/process`.
pub(super) struct Wanted {
    pub(super) audio_url: Option<String>,
    pub(super) conference_id: Option<String>,
    pub(super) turns: Option<Vec<Turn>>,
    /// Their roles may be empty: a bare number has none.
    pub(super) parties: Option<Vec<Party>>,
    pub(super) contract_type: Option<ContractType>,
    pub(super) language: Option<Language>,
    pub(super) expires_at: Option<Timestamp>,
    /// Whether to draft a contract though there is one of this conference.
    pub(super) again: bool,
}

pub(super) fn wanted(body: &Object<'_>, country: Country, now: Timestamp) -> Option<Wanted> {
    let audio_url = optional(body, "audio_url", url);
    let conference_id = optional(body, "conference_id", |field| field.text(WORD_BYTES_MAX));
    let turns = transcripts::turns(body);
    let parties = optional(body, "parties", |field| parties(field, country));
    let contract_type =
        optional(body, "contract_type", |field| field.word(&ContractType::ALL.map(|t| (t.as_str(), t))));
    let language =
        optional(body, "language", |field| field.word(&[("en", Language::En), ("sw", Language::Sw)]));
    let expires_at = optional(body, "expires_at", |field| draft::expiry(field, now));
    let again = optional(body, "again", |field| field.truth());
    let wanted = Wanted {
        audio_url: audio_url?,
        conference_id: conference_id?,
        turns: turns?,
        parties: parties?,
        contract_type: contract_type?,
        language: language?,
        expires_at: expires_at?,
        again: again?.unwrap_or(false),
    };
    match (&wanted.audio_url, &wanted.conference_id, &wanted.turns) {
        (None, None, None) => {
            body.fault("audio_url", "is required, or conference_id, or transcript");
            None
        }
        (Some(_), Some(_), _) | (Some(_), _, Some(_)) => {
            body.fault("audio_url", "must stand alone, without conference_id and transcript");
            None
        }
        _ => Some(wanted),
    }
}

fn url(field: &Field<'_>) -> Option<String> {
    let text = field.text(URL_BYTES_MAX)?;
    let web = ["http://", "https://"]
        .iter()
        .any(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
    if web { Some(text) } else { field.fault("must be an address that begins with https:// or http://") }
}

/// Numbers alone, as conferences take them, or parties as contracts take them; a role may be left out.
fn parties(field: &Field<'_>, country: Country) -> Option<Vec<Party>> {
    let items = field.list()?;
    if items.len() < 2 {
        return field.fault("at least 2 parties are required");
    }
    if items.len() > PARTIES_MAX {
        return field.fault(format!("at most {PARTIES_MAX} parties are possible"));
    }
    let read: Vec<Option<Party>> = items
        .iter()
        .map(|item| match item.is_text() {
            true => Some(Party { phone: item.phone(country)?, role: String::new(), name: None }),
            false => draft::party(item, country, false),
        })
        .collect();
    let parties: Vec<Party> = read.into_iter().collect::<Option<_>>()?;
    let repeated = (1..parties.len()).find(|n| parties[..*n].iter().any(|p| p.phone == parties[*n].phone));
    match repeated {
        Some(n) => items[n].fault("has the phone number of another party"),
        None => Some(parties),
    }
}

/// Parties of numbers that were dialled, without roles.
pub(super) fn parties_of(phones: &[Phone]) -> Vec<Party> {
    let party = |phone: &Phone| Party { phone: phone.clone(), role: String::new(), name: None };
    phones.iter().map(party).collect()
}

/// Gives those without a role the usual one of their place.
pub(super) fn with_roles(mut parties: Vec<Party>, contract_type: ContractType) -> Vec<Party> {
    let usual = match contract_type {
        ContractType::AgriculturalSupply => ["buyer", "seller"],
        ContractType::ServiceAgreement => ["client", "provider"],
        ContractType::LoanAgreement => ["lender", "borrower"],
    };
    for (n, party) in parties.iter_mut().enumerate().filter(|(_, party)| party.role.is_empty()) {
        party.role = usual.get(n).copied().unwrap_or("witness").to_owned();
    }
    parties
}
