//! The final account: what was promised against what is there.

use std::collections::{HashMap, HashSet};

use contract::input::Input;
use contract::outcome::Outcome;
use it::sound;
use it::world::ORIGIN;
use journal::{Journal, Limits};
use ledger::key::PublicKey;
use store::{OpenOptions, Store};
use uuid::Uuid;

use crate::load::Book;
use crate::site::Site;
use crate::{contracts, webhooks};

/// An input that was journaled, and what became of it.
pub struct Journaled {
    pub input: Input,
    /// Set for all that were journaled before the end of the load.
    pub outcome: Option<Outcome>,
}

/// A record, as far as it matters here.
pub struct Recorded {
    pub stream: String,
    pub kind: String,
    pub input: Uuid,
}

/// Everything that is there.
pub struct Found {
    pub store: Store,
    pub journaled: Vec<Journaled>,
    pub records: Vec<Recorded>,
}

/// Fails the test unless all that was promised was kept. `settled` is the journal's position at the end of the load.
pub async fn check(site: Site, book: Book, settled: u64) {
    let store = Store::open(&site.database(), OpenOptions::new(ORIGIN)).await.unwrap();
    let found =
        Found { journaled: journaled(&site, &store, settled).await, records: records(&store).await, store };
    nothing_twice(&found);
    webhooks::check(&found, &book).await;
    contracts::check(&found, &book).await;
    contracts::check_messages(&found, &site.carrier.messages()).await;
    verifies(&site, &found.store, &book).await;
    found.store.close().await;
    site.end().await;
}

async fn journaled(site: &Site, store: &Store, settled: u64) -> Vec<Journaled> {
    let journal = Journal::open(&site.front_dir().join("journal.db"), Limits::default()).await.unwrap();
    let mut found = Vec::new();
    let mut after = 0;
    loop {
        let batch = journal.read(after, 1_000, 16 * 1024 * 1024).await.unwrap();
        assert!(batch.gaps.is_empty() && batch.strays.is_empty(), "the journal has holes: {:?}", batch.gaps);
        if batch.through == after {
            break;
        }
        for row in batch.entries {
            let outcome = store.outcome(row.entry.id).await.unwrap();
            assert!(outcome.is_some() || row.position > settled, "an input has no outcome any more");
            found.push(Journaled {
                input: Input::from_bytes(&row.entry.payload).unwrap(),
                outcome: outcome.map(|text| serde_json::from_str(&text).unwrap()),
            });
        }
        after = batch.through;
    }
    journal.close().await;
    found
}

async fn records(store: &Store) -> Vec<Recorded> {
    let mut found = Vec::new();
    let mut scan = store.scan(0).await.unwrap();
    while let Some(page) = scan.next_page().await.unwrap() {
        for (row, _) in page {
            let record = ledger::record::open(&row.jws).unwrap();
            found.push(Recorded { stream: row.stream, kind: row.kind, input: record.source.input });
        }
    }
    found
}

/// No input was journaled twice or folded twice, and what an outcome says was recorded stands in the log.
fn nothing_twice(found: &Found) {
    let ids: HashSet<Uuid> = found.journaled.iter().map(|one| one.input.id).collect();
    assert_eq!(ids.len(), found.journaled.len(), "an id was journaled twice");
    let mut by_input: HashMap<Uuid, Vec<(&str, &str)>> = HashMap::new();
    for record in &found.records {
        by_input.entry(record.input).or_default().push((&record.stream, &record.kind));
    }
    for one in &found.journaled {
        let stand = by_input.remove(&one.input.id).unwrap_or_default();
        let said: Vec<(&str, &str)> = match &one.outcome {
            Some(Outcome::Recorded { records, .. }) => {
                records.iter().map(|record| (record.stream.as_str(), record.kind.as_str())).collect()
            }
            _ => Vec::new(),
        };
        assert_eq!(stand, said, "the log and the outcome of an input differ");
    }
    // What is left came from no journal: the statements that name the keys.
    let others: Vec<_> = by_input.into_values().flatten().collect();
    assert_eq!(others, [("ledger/keys", "key.added"), ("ledger/keys", "key.added")]);
}

async fn verifies(site: &Site, store: &Store, book: &Book) {
    let read = |name: &str| std::fs::read_to_string(site.keys_dir().join(name)).unwrap();
    let root = PublicKey::from_jwk(read("root.pub.jwk").trim()).unwrap();
    let kept: Vec<&str> = book.checkpoints.iter().map(String::as_str).collect();
    sound::assert_sound_with(store, ORIGIN, &root, read("log.vkey").trim(), &kept).await;
}
