//! disintegrate with its store in PostgreSQL: the events of an entity are read, a decision is made of them, and its event is
//! inserted unless another came in between. Version 1: from 2 on it wants PostgreSQL 16.

use disintegrate::serde::json::Json;
use disintegrate::{Decision, Event, StateMutate, StateQuery};
use disintegrate_postgres::{PgEventStore, decision_maker};
use serde::{Deserialize, Serialize};

use crate::scratch::Scratch;
use crate::{Load, Refused, entity, text};

/// Conflicts in a row after which something else is wrong.
const ATTEMPTS_MAX: u32 = 1_000;

#[derive(Clone, Debug, PartialEq, Event, Serialize, Deserialize)]
#[stream(ContractEvent, [TermsRecorded])]
enum DomainEvent {
    TermsRecorded {
        #[id]
        contract_id: String,
        amount: String,
        currency: String,
        note: String,
    },
}

#[derive(Clone, Default, StateQuery, Serialize, Deserialize)]
#[state_query(ContractEvent)]
struct Contract {
    #[id]
    contract_id: String,
    events: u64,
}

impl StateMutate for Contract {
    fn mutate(&mut self, _: ContractEvent) {
        self.events += 1;
    }
}

struct RecordTerms {
    contract_id: String,
    number: u64,
}

impl Decision for RecordTerms {
    type Event = DomainEvent;
    type StateQuery = Contract;
    type Error = Refused;

    fn state_query(&self) -> Contract {
        Contract { contract_id: self.contract_id.clone(), events: 0 }
    }

    fn process(&self, _: &Contract) -> Result<Vec<DomainEvent>, Refused> {
        Ok(vec![DomainEvent::TermsRecorded {
            contract_id: self.contract_id.clone(),
            amount: "25000.00".to_owned(),
            currency: "KES".to_owned(),
            note: text(self.number),
        }])
    }
}

/// Decisions of one event each, in a database of its own.
pub async fn run(load: Load) -> f64 {
    let scratch = Scratch::new().await;
    let pool = scratch.connect().await;
    let store = PgEventStore::new(pool.clone(), Json::<DomainEvent>::default()).await.unwrap();
    let maker = decision_maker(store);
    let rate = load
        .drive(move |client, n| {
            let maker = maker.clone();
            async move {
                // Another transaction may be in its way; then it is made again, as its users do.
                for attempt in 1.. {
                    let decision = RecordTerms { contract_id: entity(client, n), number: n };
                    match maker.make(decision).await {
                        Ok(_) => break,
                        Err(error) => assert!(attempt < ATTEMPTS_MAX, "{error}"),
                    }
                }
            }
        })
        .await;
    pool.close().await;
    scratch.remove().await;
    rate
}
