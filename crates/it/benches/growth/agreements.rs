//! Inputs of agreements without end: two calls, a contract drafted on them, its messages with their reports, and both
//! parties' confirmations. Twenty-one records each, on five streams. All people are invented.

use std::collections::BTreeMap;

use contract::command::{Act, Actor, Command, ContractType, CreateContract, Deed, Language, Party, Terms};
use contract::entity::contract_stream;
use contract::fact::{CallOutcome, DeliveryStatus, Direction, Fact, Leg, Private, Subject, What};
use contract::input::{Body, INPUT_VERSION, Input, Seed, Webhook};
use contract::phone::{Country, Phone};
use contract::provider::{Provider, Via};
use contract::report::{Report, TaskRef};
use ledger::hash::sha256;
use ledger::time::Timestamp;
use projector::plan::Read;

/// Inputs of one agreement.
pub const INPUTS: u64 = 17;
/// When it all begins, and how far inputs are apart: a day of the year 2026 has some 86 million.
const START_MILLIS: i64 = 1_767_600_000_000;
/// Agreements under way at the same time: their inputs come in turns.
const BESIDE: u64 = 50;
/// People there are; each has some contracts in a large log, as in life.
const PEOPLE: u64 = 100_000;
const PROVIDER: Provider = Provider::AfricasTalking;

/// The id that the n-th contract gets.
pub fn contract_id(n: u64) -> String {
    format!("AGRI-2026-{:06}", n + 1)
}

/// The id of a call of the n-th agreement.
pub fn call_id(n: u64, party: u32) -> String {
    format!("ATVId_{}", &sha256(format!("call {n} {party}").as_bytes()).hex()[..32])
}

fn phone(n: u64, party: u32) -> String {
    let digest = sha256(format!("person {n} {party}").as_bytes());
    let number = u64::from_be_bytes(digest.0[..8].try_into().unwrap()) % PEOPLE;
    format!("+2547000{:05}", (number * 2 + u64::from(party)) % PEOPLE)
}

/// Gives inputs in the order in which the door would.
pub struct Agreements {
    count: u64,
}

impl Agreements {
    pub fn new() -> Agreements {
        Agreements { count: 0 }
    }

    /// The next inputs.
    pub fn take(&mut self, count: usize) -> Vec<Read> {
        (0..count).map(|_| Read::Input(Box::new(self.one()))).collect()
    }

    fn one(&mut self) -> Input {
        let count = self.count;
        self.count += 1;
        let (group, place) = (count / (BESIDE * INPUTS), count % (BESIDE * INPUTS));
        let (step, beside) = (place / BESIDE, place % BESIDE);
        let body = Agreement { n: group * BESIDE + beside }.step(step);
        let seed = seed(group * BESIDE + beside, step);
        let mut id = [0_u8; 16];
        let millis = START_MILLIS + i64::try_from(count / 10).unwrap();
        id[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
        id[6..].copy_from_slice(&seed.derive("bench.id", 0).0[..10]);
        let via = if matches!(body, Body::Webhook(_)) { Via::AfricasTalking } else { Via::Api };
        Input {
            v: INPUT_VERSION,
            id: uuid::Builder::from_bytes(id).with_version(uuid::Version::SortRand).into_uuid(),
            via,
            received_at: Timestamp::from_millis(millis).unwrap(),
            authenticated: true,
            seed,
            body,
        }
    }
}

fn seed(agreement: u64, step: u64) -> Seed {
    Seed(sha256(format!("seed {agreement} {step}").as_bytes()))
}

/// The step that drafts the contract, whose seed gives the codes.
const DRAFT: u64 = 6;

struct Agreement {
    n: u64,
}

impl Agreement {
    fn step(&self, step: u64) -> Body {
        let party = u32::from(step % 2 == 1);
        match step {
            0 | 1 => self.call(party, "Ringing", What::CallRinging(leg())),
            2 | 3 => self.call(party, "Answered", What::CallAnswered(leg())),
            4 | 5 => {
                let ended = Leg {
                    outcome: Some(CallOutcome::Ended),
                    duration_s: Some(312),
                    cost: Some("12.40".into()),
                    currency: Some("KES".into()),
                    ..leg()
                };
                self.call(party, "Completed", What::CallEnded(ended))
            }
            DRAFT => Body::Command(Command::CreateContract(Box::new(self.draft()))),
            7 | 8 => Body::Report(Report::MessageAttempted(self.task(1 - party))),
            9 | 10 => Body::Report(Report::MessageAccepted {
                task: self.task(party),
                provider: PROVIDER,
                message_id: self.message(party),
                cost: Some("KES 0.8000".into()),
                receipt: None,
            }),
            11 | 12 => self.delivery(party, DeliveryStatus::Sent),
            13 | 14 => self.delivery(party, DeliveryStatus::Delivered),
            _ => Body::Command(Command::ActOnContract(self.confirm(party))),
        }
    }

    fn call(&self, party: u32, state: &str, what: What) -> Body {
        let id = call_id(self.n, party);
        let phone = phone(self.n, party);
        let raw = format!(
            "isActive=1&sessionId={id}&direction=Outbound&callSessionState={state}&callerCountryCode=254&\
             destinationCountryCode=254&callerNumber=%2B{}&destinationNumber=%2B254700000000&durationInSeconds=0&\
             currencyCode=KES&amount=0&callStartTime=2026-01-05+08%3A00%3A00&clientRequestId={}",
            &phone[1..],
            self.n
        );
        let key = format!("{id}:{state}");
        let subject = Subject::Call { provider: PROVIDER, id };
        let private =
            Private { phone: Some(phone), line: Some("+254700000000".into()), ..Private::default() };
        webhook("voice/events", raw, Fact { key, subject, occurred: None, what, private })
    }

    fn delivery(&self, party: u32, status: DeliveryStatus) -> Body {
        let id = self.message(party);
        let phone = phone(self.n, party);
        let raw = format!(
            "id={id}&status={status:?}&phoneNumber=%2B{}&networkCode=63902&retryCount=0",
            &phone[1..]
        );
        let key = format!("{id}:{status:?}");
        let subject = Subject::Message { provider: PROVIDER, id };
        let private = Private { phone: Some(phone), ..Private::default() };
        let what = What::MessageDelivery { status };
        webhook("sms/delivery", raw, Fact { key, subject, occurred: None, what, private })
    }

    fn message(&self, party: u32) -> String {
        format!("ATXid_{}", &sha256(format!("message {} {party}", self.n).as_bytes()).hex()[..32])
    }

    /// The second and third record of the contract ask for the messages.
    fn task(&self, party: u32) -> TaskRef {
        TaskRef { stream: contract_stream(&contract_id(self.n)), task: 2 + party, attempt: 1 }
    }

    fn draft(&self) -> CreateContract {
        let country = Country::from_code("KE").unwrap();
        let party = |party, role: &str, name: &str| Party {
            phone: Phone::read(&phone(self.n, party), country).unwrap(),
            role: role.into(),
            name: Some(name.into()),
        };
        CreateContract {
            transcript: format!(
                "Buyer: Is this Baraka? Seller: It is. Buyer: I need ninety bags of maize, Grade A. Seller: At three \
                 thousand two hundred a bag. Buyer: Agreed, at the depot by Friday. Seller: Agreed. Lot {}.",
                self.n
            ),
            parties: vec![party(0, "buyer", "Amina"), party(1, "seller", "Baraka")],
            contract_type: ContractType::AgriculturalSupply,
            language: Language::En,
            terms: Terms {
                product: Some("maize".into()),
                quantity: Some("90".into()),
                unit: Some("bag".into()),
                currency: Some("KES".into()),
                delivery_location: Some("depot".into()),
                delivery_deadline: Some("2026-03-06".into()),
                ..Terms::default()
            },
            other_terms: Vec::new(),
            conference_id: None,
            terms_evidence: None,
            expires_at: None,
            first_of_conference: false,
        }
    }

    fn confirm(&self, party: u32) -> Act {
        let bytes = seed(self.n, DRAFT).derive("ahadi.code", party).0;
        let number = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        let phone = Phone::read(&phone(self.n, party), Country::from_code("KE").unwrap()).unwrap();
        Act {
            contract_id: contract_id(self.n),
            actor: Actor::Party { phone, code: format!("{:04}", number % 10_000) },
            deed: Deed::Confirm,
            if_head: Vec::new(),
        }
    }
}

fn leg() -> Leg {
    Leg { direction: Some(Direction::Outbound), ..Leg::default() }
}

fn webhook(route: &str, raw: String, fact: Fact) -> Body {
    Body::Webhook(Webhook {
        provider: PROVIDER,
        route: route.into(),
        content_type: "application/x-www-form-urlencoded".into(),
        headers: BTreeMap::new(),
        raw,
        raw_base64: false,
        facts: vec![fact],
    })
}
