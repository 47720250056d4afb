//! What holds for the whole log of any history.

use std::collections::{BTreeMap, BTreeSet};

use contract::entity::{Entity, counted};
use contract::event::{Event, EventData};
use contract::input::Input;
use contract::world::Made;
use ledger::disclosure::Disclosure;
use ledger::json::Value;
use ledger::key::RecordKey;
use ledger::record::{self, Record};
use proptest::prelude::*;
use proptest::strategy::ValueTree;

use crate::history::history;
use crate::memory::Shelf;
use crate::telling::PHONES;
use crate::terms::CONFIDENTIAL;

fn folded<'b>(batches: impl IntoIterator<Item = &'b [Input]>) -> Shelf {
    let mut shelf = Shelf::default();
    for batch in batches {
        shelf.fold(batch);
    }
    shelf
}

/// The same with each batch folded before the one in front of it is saved.
fn folded_ahead<'b>(batches: impl IntoIterator<Item = &'b [Input]>) -> Shelf {
    let mut shelf = Shelf::default();
    shelf.fold_ahead(batches);
    shelf
}

fn signed(made: &Made) -> Record {
    let key = RecordKey::from_seed(&[7; 32]);
    let record = record::open(&made.payload.seal(&key).jws).unwrap();
    record.verify(key.public()).unwrap();
    record
}

fn disclosures(made: &Made) -> impl DoubleEndedIterator<Item = &str> {
    made.disclosures.iter().chain(&made.document_disclosures).map(|d| d.encoded.as_str())
}

/// Everything that reaches the store: payload bytes, salted values, what became of each input, states and index.
fn written(shelf: &Shelf) -> impl PartialEq + std::fmt::Debug + use<> {
    let record = |m: &Made| {
        let encoded: Vec<String> = disclosures(m).map(str::to_owned).collect();
        (m.stream.clone(), m.version, m.id, m.payload.clone(), m.recorded_at, m.prev, encoded)
    };
    let log: Vec<_> = shelf.log.iter().map(record).collect();
    let states: BTreeMap<_, _> =
        shelf.entities().into_iter().map(|(stream, entity)| (stream, entity.to_json())).collect();
    (log, shelf.outcomes.clone(), shelf.links.clone(), shelf.counters.clone(), states, shelf.repeats.clone())
}

type Links = BTreeSet<(String, String, String)>;

/// The states, links and counters as the log alone gives them.
fn refolded(
    log: &[Made],
    keep: impl Fn(&Disclosure) -> bool,
) -> (BTreeMap<String, Entity>, Links, BTreeMap<String, u64>) {
    let mut entities: BTreeMap<String, Entity> = BTreeMap::new();
    let mut counters: BTreeMap<String, u64> = BTreeMap::new();
    for made in log {
        let record = signed(made);
        // In another order than they were made: a store may give them in any.
        let kept = made.disclosures.iter().chain(&made.document_disclosures).rev().filter(|d| keep(d));
        let event = Event::from_record(&record, kept.map(|d| d.encoded.as_str())).unwrap();
        let stream = record.stream.as_str().to_owned();
        let entity = entities.entry(stream.clone()).or_insert_with(|| Entity::empty(&stream).unwrap());
        entity.apply(&event);
        if let (EventData::ContractDrafted(_), Some((counter, number))) = (&event.data, counted(&stream)) {
            let value = counters.entry(counter.to_owned()).or_default();
            *value = number.max(*value);
        }
    }
    let links = entities.iter().flat_map(|(stream, entity)| entity.links(stream));
    let links = links.map(|(space, key, stream)| (space.to_owned(), key, stream)).collect();
    (entities, links, counters)
}

/// The texts of a value, but for hashes, ids and times, in which any four digits can occur.
fn leaves(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::String(text) => out.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| leaves(item, out)),
        Value::Object(entries) => entries.values().for_each(|entry| leaves(entry, out)),
        Value::Int(number) => out.push(number.to_string()),
        Value::Null | Value::Bool(_) => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn batches_make_no_difference(
        inputs in history(),
        cuts in proptest::collection::vec(1..9_usize, 1..8),
    ) {
        let one_by_one = folded(inputs.chunks(1));
        prop_assert_eq!(written(&one_by_one), written(&folded(inputs.chunks(1))));
        prop_assert_eq!(written(&one_by_one), written(&folded([inputs.as_slice()])));
        let mut rest = inputs.as_slice();
        let mut batches = Vec::new();
        for size in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (batch, behind) = rest.split_at((*size).min(rest.len()));
            batches.push(batch);
            rest = behind;
        }
        prop_assert_eq!(written(&one_by_one), written(&folded(batches.iter().copied())));
        prop_assert_eq!(written(&one_by_one), written(&folded_ahead(batches)));
        prop_assert_eq!(written(&one_by_one), written(&folded_ahead(inputs.chunks(1))));
    }

    #[test]
    fn every_input_has_one_outcome_and_streams_are_chains(inputs in history()) {
        let shelf = folded([inputs.as_slice()]);
        let mut expected: Vec<_> = Vec::new();
        for input in &inputs {
            if !expected.contains(&input.id) {
                expected.push(input.id);
            }
        }
        let answered: Vec<_> = shelf.outcomes.iter().map(|(id, _)| *id).collect();
        prop_assert_eq!(answered, expected);
        let records: usize = shelf.outcomes.iter().map(|(_, outcome)| match outcome {
            contract::outcome::Outcome::Recorded { records, .. } => records.len(),
            _ => 0,
        }).sum();
        prop_assert_eq!(records, shelf.log.len(), "every record belongs to an outcome");
        let mut heads: BTreeMap<String, ledger::stream::Head> = BTreeMap::new();
        let mut ids = BTreeSet::new();
        let mut last = ledger::time::Timestamp::EPOCH;
        for made in &shelf.log {
            let record = signed(made);
            let head = heads.entry(made.stream.clone()).or_default();
            prop_assert_eq!((record.version, record.prev), (head.version + 1, head.prev));
            *head = record.head();
            prop_assert!(ids.insert(record.id));
            prop_assert!(record.recorded_at >= last);
            last = record.recorded_at;
        }
    }

    #[test]
    fn nothing_personal_or_confidential_stands_in_a_record(inputs in history()) {
        let shelf = folded([inputs.as_slice()]);
        let mut hidden: BTreeSet<String> = PHONES.iter().chain(&CONFIDENTIAL).map(|&s| s.to_owned()).collect();
        hidden.extend(PHONES.iter().map(|phone| phone[1..].to_owned()));
        let mut codes = BTreeSet::new();
        for encoded in shelf.log.iter().flat_map(disclosures) {
            let (_, name, value) = Disclosure::parse(encoded).unwrap();
            let value = value.as_str().unwrap().to_owned();
            if name.starts_with("code_") {
                codes.insert(value);
            } else if value.len() >= 6 {
                // A shorter one can stand in a digest by chance.
                hidden.insert(value);
            }
        }
        for made in &shelf.log {
            let record = signed(made);
            let text = String::from_utf8(record.payload.clone()).unwrap();
            for value in &hidden {
                prop_assert!(!text.contains(value.as_str()), "{} in {}", value, text);
            }
            let mut texts = Vec::new();
            leaves(&record.data.value(), &mut texts);
            prop_assert!(texts.iter().all(|text| !codes.contains(text)), "a code in {:?}", texts);
        }
    }

    #[test]
    fn the_log_gives_the_states_back(inputs in history()) {
        let shelf = folded([inputs.as_slice()]);
        let (entities, links, counters) = refolded(&shelf.log, |_| true);
        prop_assert_eq!(entities, shelf.entities());
        prop_assert_eq!(links, shelf.links);
        prop_assert_eq!(counters, shelf.counters);
        for made in &shelf.log {
            let record = signed(made);
            let data = EventData::decode(&record.kind, &record.data).unwrap();
            prop_assert_eq!(data.canonical().unwrap(), (record.kind.clone(), record.data.clone()));
            prop_assert_eq!(data.encode(), (record.kind, record.data.value()));
        }
    }

    #[test]
    fn erased_values_are_gone_from_states_and_index(inputs in history()) {
        let shelf = folded([inputs.as_slice()]);
        let (entities, links, _) = refolded(&shelf.log, |_| false);
        let states: String = entities.values().map(Entity::to_json).collect();
        for value in PHONES.iter().chain(&CONFIDENTIAL) {
            prop_assert!(!states.contains(value), "{} is still there", value);
        }
        prop_assert!(links.iter().all(|(_, key, _)| !PHONES.iter().any(|phone| key.contains(phone))));
    }

    #[test]
    fn nothing_personal_is_printed_for_debugging(inputs in history()) {
        let shelf = folded([inputs.as_slice()]);
        let printed = format!("{:?} {:?} {:?}", inputs, shelf.entities(), shelf.log);
        for value in PHONES.iter().chain(&CONFIDENTIAL) {
            prop_assert!(!printed.contains(value), "{} is printed", value);
        }
    }
}

/// The histories above are worth nothing if they never get far.
#[test]
fn histories_reach_every_type_of_record() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut missing: BTreeSet<&str> = crate::kinds::ALL.into_iter().collect();
    for _ in 0..600 {
        let inputs = history().new_tree(&mut runner).unwrap().current();
        let shelf = folded([inputs.as_slice()]);
        missing.retain(|kind| shelf.log.iter().all(|made| made.kind != *kind));
    }
    // These are covered by an example each.
    missing.remove("transcript.failed");
    for kind in ["terms.requested", "terms.read", "terms.failed"] {
        missing.remove(kind);
    }
    assert_eq!(missing.into_iter().collect::<Vec<_>>(), ["key.retired", "key.revoked"]);
}
