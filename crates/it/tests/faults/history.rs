//! A history of inputs that is the same in every run: its ids, times and seeds are fixed, so the log it leads to is as
//! well, byte for byte.

use carrier::{UrlKind, webhooks};
use contract::command::{Command, ContractType, CreateContract, Language, Party, Terms};
use contract::fact::Fact;
use contract::input::{Body, INPUT_VERSION, Input, Seed, Webhook};
use contract::phone::Country;
use contract::provider::{Provider, Via};
use contract::report::{Report, TaskRef};
use journal::Entry;
use ledger::hash::sha256;
use ledger::time::Timestamp;
use providers::africastalking::time::Zone;
use providers::africastalking::{sms, voice};
use uuid::Uuid;

/// Entries in a history: enough for more than 256 records, so that a tile is completed on the way.
pub const ENTRIES: usize = 300;
/// 2026-03-02 08:00:00 UTC.
const START_MS: i64 = 1_772_438_400_000;
/// Every so many entries a contract is made, a report comes, bytes come that are no input.
const CONTRACT_EVERY: usize = 20;
const REPORT_EVERY: usize = 50;
const NONSENSE_EVERY: usize = 70;

/// The whole history, as it stands in the journal.
pub fn entries() -> Vec<Entry> {
    told(7)
}

/// Another history, which has nothing in common with the first.
pub fn other_entries() -> Vec<Entry> {
    told(8)
}

fn told(seed: u64) -> Vec<Entry> {
    let mut load = webhooks(seed);
    (0..ENTRIES).map(|n| entry(seed, n, &mut load)).collect()
}

fn entry(seed: u64, n: usize, load: &mut impl Iterator<Item = carrier::Webhook>) -> Entry {
    let digest = sha256(format!("input {seed} {n}").as_bytes());
    let received_at = Timestamp::from_millis(START_MS + 40 * i64::try_from(n).unwrap()).unwrap();
    let (via, body) = match n {
        _ if n % CONTRACT_EVERY == 5 => (Via::Api, Body::Command(contract(n))),
        _ if n % REPORT_EVERY == 49 => (Via::Effect, Body::Report(report(n))),
        _ => (Via::AfricasTalking, webhook(load)),
    };
    let id = Uuid::new_v8(digest.0[..16].try_into().unwrap());
    let seed = Seed(digest);
    let input = Input { v: INPUT_VERSION, id, via, received_at, authenticated: true, seed, body };
    let mut entry = effects::door::entry(&input);
    if n % NONSENSE_EVERY == 30 {
        entry.payload = format!("no input, number {n}").into_bytes();
    }
    entry
}

fn webhook(load: &mut impl Iterator<Item = carrier::Webhook>) -> Body {
    const FORM: &str = "application/x-www-form-urlencoded";
    let kenya = Country::KENYA;
    let sent = load.next().unwrap();
    let body = sent.body.as_bytes();
    let (route, facts): (&str, Vec<Fact>) = match sent.path_kind {
        UrlKind::VoiceEvents => {
            ("voice/events", voice::read(body, FORM, kenya, &Zone::NAIROBI).unwrap().facts)
        }
        UrlKind::VoiceInstruct => {
            ("voice/instruct", voice::read(body, FORM, kenya, &Zone::NAIROBI).unwrap().facts)
        }
        UrlKind::SmsIncoming => {
            ("sms/incoming", vec![sms::read_incoming(body, FORM, kenya, &Zone::NAIROBI).unwrap()])
        }
        UrlKind::SmsDelivery => ("sms/delivery", vec![sms::read_delivery(body, FORM, kenya).unwrap()]),
    };
    Body::Webhook(Webhook {
        provider: Provider::AfricasTalking,
        route: route.to_owned(),
        content_type: FORM.to_owned(),
        headers: std::collections::BTreeMap::new(),
        raw: sent.body,
        raw_base64: false,
        facts,
    })
}

fn contract(n: usize) -> Command {
    let party = |phone: &str, role: &str| Party {
        phone: phone.parse().unwrap(),
        role: role.to_owned(),
        name: Some(format!("The {role}")),
    };
    Command::CreateContract(Box::new(CreateContract {
        transcript: format!("Agreement {n} to supply 500 kg of maize"),
        parties: vec![party("+254700000011", "buyer"), party("+254700000012", "seller")],
        contract_type: ContractType::AgriculturalSupply,
        language: Language::En,
        terms: Terms { product: Some("maize".to_owned()), ..Terms::default() },
        other_terms: Vec::new(),
        conference_id: None,
        terms_evidence: None,
        first_of_conference: false,
        expires_at: None,
    }))
}

/// A message of the first contract is on its way, again and again; only the first time says something new.
fn report(n: usize) -> Report {
    let attempt = if n < 2 * REPORT_EVERY { 1 } else { 2 };
    Report::MessageAttempted(TaskRef { stream: "contract/AGRI-2026-000001".to_owned(), task: 2, attempt })
}
