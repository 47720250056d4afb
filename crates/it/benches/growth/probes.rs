//! What readers ask, one after the other, for things from all over the log.

use std::time::Instant;

use contract::provider::Provider;
use http_surface::evidence::bundle::Evidence;
use ledger::hash::sha256;
use ledger::proof::{consistency, consistency_tiles, inclusion, inclusion_tiles};
use store::Reader;
use store::{ContractFilter, Page};

use crate::agreements::{call_id, contract_id};
use crate::figures::Figures;
use crate::writing::Writing;

/// How often each is asked.
const REPEATS: u64 = 201;
/// Records of one agreement, about.
const RECORDS: u64 = 20;

/// The n-th number of a sequence that looks like chance, below `bound`.
fn pick(n: u64, bound: u64) -> u64 {
    u64::from_be_bytes(sha256(&n.to_be_bytes()).0[..8].try_into().unwrap()) % bound
}

pub async fn run(writing: &Writing, size: u64, figures: &mut Figures) {
    let reader = writing.store.reader();
    let evidence = Evidence::new(reader.clone(), writing.anchors());
    let (records, contracts) = (writing.size(), size / RECORDS * 9 / 10);
    for n in 0..REPEATS {
        let (position, contract) = (pick(n, records), pick(n, contracts));
        let id = contract_id(contract);
        let record = reader.record(position).await.unwrap().unwrap();
        let mut time = async |name: &str, asked: Asked<'_>| {
            let start = Instant::now();
            asked.ask(&reader, &evidence).await;
            figures.add(name, size, start.elapsed().as_secs_f64() * 1e6);
        };
        time("record by position", Asked::Record(position)).await;
        time("record by id", Asked::RecordId(record.id)).await;
        time("contract", Asked::Contract(&id)).await;
        time("list of contracts, newest 20", Asked::List(ContractFilter::default())).await;
        let status = ContractFilter { status: Some("confirmed".into()), ..ContractFilter::default() };
        time("list of contracts, of one status", Asked::List(status)).await;
        time("journey of a call", Asked::Journey(&call_id(contract, 0))).await;
        time("inclusion proof", Asked::Inclusion(position, records)).await;
        time("consistency proof", Asked::Consistency(position.max(1), records)).await;
        time("bundle of a contract", Asked::Bundle(&id)).await;
        time("numbers for operators", Asked::Counts).await;
    }
}

enum Asked<'a> {
    Record(u64),
    RecordId(uuid::Uuid),
    Contract(&'a str),
    List(ContractFilter),
    Journey(&'a str),
    Inclusion(u64, u64),
    Consistency(u64, u64),
    Bundle(&'a str),
    Counts,
}

impl Asked<'_> {
    async fn ask(self, reader: &Reader, evidence: &Evidence) {
        match self {
            Asked::Record(position) => assert!(reader.record(position).await.unwrap().is_some()),
            Asked::RecordId(id) => assert!(reader.record_by_id(id).await.unwrap().is_some()),
            Asked::Contract(id) => assert!(reader.contract(id).await.unwrap().is_some()),
            Asked::List(filter) => {
                let page = Page { limit: 20, ..Page::default() };
                let listed = reader.contracts_page(&filter, &page).await.unwrap();
                assert_eq!(listed.rows.len(), 20);
            }
            Asked::Journey(id) => {
                let call = reader
                    .call(&contract::entity::call_stream(Provider::AfricasTalking, id))
                    .await
                    .unwrap()
                    .unwrap();
                let records = reader.stream_records(&call.stream, 1, 1_000).await.unwrap();
                let positions: Vec<u64> = records.iter().map(|record| record.position).collect();
                assert!(!reader.disclosures_of(&positions).await.unwrap().is_empty());
                reader.repeats(&call.stream, 1_000).await.unwrap();
            }
            Asked::Inclusion(position, size) => {
                let tiles = reader.tiles(&inclusion_tiles(position, size).unwrap()).await.unwrap();
                inclusion(position, size, &tiles).unwrap();
            }
            Asked::Consistency(old, new) => {
                let tiles = reader.tiles(&consistency_tiles(old, new).unwrap()).await.unwrap();
                consistency(old, new, &tiles).unwrap();
            }
            Asked::Bundle(id) => {
                evidence.bundle(&contract::entity::contract_stream(id), true).await.ok().unwrap();
            }
            Asked::Counts => {
                reader.counts().await.unwrap();
            }
        }
    }
}
