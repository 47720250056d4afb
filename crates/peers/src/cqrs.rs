//! cqrs-es with postgres-es: an aggregate is loaded, decides, and its event is inserted and committed.

use std::sync::Arc;

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use postgres_es::postgres_cqrs;
use serde::{Deserialize, Serialize};

use crate::scratch::Scratch;
use crate::{Load, Refused, entity, text};

/// The table as postgres-es wants it.
const TABLE: &str = "CREATE TABLE events (
    aggregate_type text NOT NULL, aggregate_id text NOT NULL, sequence bigint CHECK (sequence >= 0) NOT NULL,
    event_type text NOT NULL, event_version text NOT NULL, payload json NOT NULL, metadata json NOT NULL,
    PRIMARY KEY (aggregate_type, aggregate_id, sequence))";

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Event {
    TermsRecorded { contract_id: String, amount: String, currency: String, note: String },
}

impl DomainEvent for Event {
    fn event_type(&self) -> String {
        "TermsRecorded".to_owned()
    }

    fn event_version(&self) -> String {
        "1.0".to_owned()
    }
}

#[derive(Default, Serialize, Deserialize)]
struct Contract {
    events: u64,
}

struct RecordTerms {
    contract_id: String,
    number: u64,
}

impl Aggregate for Contract {
    const TYPE: &'static str = "contract";
    type Command = RecordTerms;
    type Event = Event;
    type Error = Refused;
    type Services = ();

    async fn handle(&mut self, command: RecordTerms, (): &(), sink: &EventSink<Self>) -> Result<(), Refused> {
        let event = Event::TermsRecorded {
            contract_id: command.contract_id,
            amount: "25000.00".to_owned(),
            currency: "KES".to_owned(),
            note: text(command.number),
        };
        sink.write(event, self).await;
        Ok(())
    }

    fn apply(&mut self, _: Event) {
        self.events += 1;
    }
}

/// Commands of one event each, in a database of its own.
pub async fn run(load: Load) -> f64 {
    let scratch = Scratch::new().await;
    let pool = scratch.connect().await;
    sqlx::query(TABLE).execute(&pool).await.unwrap();
    let store = Arc::new(postgres_cqrs::<Contract>(pool.clone(), Vec::new(), ()));
    let rate = load
        .drive(move |client, n| {
            let store = store.clone();
            async move {
                let contract_id = entity(client, n);
                let command = RecordTerms { contract_id: contract_id.clone(), number: n };
                store.execute(&contract_id, command).await.unwrap();
            }
        })
        .await;
    pool.close().await;
    scratch.remove().await;
    rate
}
