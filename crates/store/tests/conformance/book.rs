//! Makes batches that fit onto each other.

use std::collections::BTreeMap;

use ledger::hash::{Hash, leaf_hash, sha256};
use ledger::time::Timestamp;
use ledger::tree::Tree;
use store::rows::{Commit, ContractRow, DisclosureRow, InboxRow, LinkChange, RecordRow, Scope, StreamRow};
use uuid::Uuid;

/// What has been written so far, as the writer of a log knows it. A copy makes a batch that is never written.
#[derive(Clone)]
pub struct Book {
    pub tree: Tree,
    /// Version and payload hash of each stream.
    heads: BTreeMap<String, (u64, Hash)>,
    /// Counts everything, so that no two things are alike.
    serial: u128,
}

pub fn time(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap()
}

impl Book {
    pub fn new() -> Book {
        Book { tree: Tree::empty(), heads: BTreeMap::new(), serial: 0 }
    }

    pub fn unique(&mut self) -> Uuid {
        self.serial += 1;
        Uuid::from_u128(self.serial)
    }

    /// One record on each of these streams, in order.
    pub fn batch(&mut self, streams: &[&str]) -> Commit {
        let first_position = self.tree.size();
        let records: Vec<RecordRow> =
            (first_position..).zip(streams).map(|(position, stream)| self.record(position, stream)).collect();
        let nodes = records.iter().flat_map(|record| self.tree.append(record.leaf)).collect();
        Commit { first_position, records, nodes, ..Commit::default() }
    }

    /// As [`Book::batch`], with one outcome.
    pub fn batch_for(&mut self, input: Uuid, streams: &[&str]) -> Commit {
        Commit { inbox: vec![inbox(input)], ..self.batch(streams) }
    }

    fn record(&mut self, position: u64, stream: &str) -> RecordRow {
        let id = self.unique();
        let before = self.heads.get(stream).copied();
        let version = before.map_or(1, |(version, _)| version + 1);
        let payload_sha256 = sha256(id.as_bytes());
        let jws = format!("header.{}.signature", id.simple());
        self.heads.insert(stream.to_owned(), (version, payload_sha256));
        RecordRow {
            position,
            stream: stream.to_owned(),
            version,
            id,
            kind: "test.happened".to_owned(),
            recorded_at: time(1_700_000_000_000 + i64::try_from(self.serial).unwrap()),
            prev: before.map(|(_, hash)| hash),
            payload_sha256,
            leaf: leaf_hash(jws.as_bytes()),
            jws,
        }
    }
}

pub fn inbox(input: Uuid) -> InboxRow {
    InboxRow {
        input,
        received_at: time(1_000),
        outcome: format!("{{\"of\":\"{input}\"}}"),
        quarantined: None,
    }
}

pub fn disclosure(position: u64, ordinal: u32) -> DisclosureRow {
    let scope = if ordinal.is_multiple_of(2) { Scope::Record } else { Scope::Document };
    let encoded = format!("encoded-{position}-{ordinal}");
    DisclosureRow { position, ordinal, scope, encoded }
}

pub fn stream_row(stream: &str, version: u64) -> StreamRow {
    StreamRow {
        stream: stream.to_owned(),
        version,
        head: sha256(stream.as_bytes()),
        recorded_at: time(5),
        state: format!("{{\"name\":\"{stream}\",\"version\":{version}}}"),
    }
}

/// A contract whose stream is `contract/<id>`.
pub fn contract_row(id: &str, status: &str, contract_type: &str, created_at: i64) -> ContractRow {
    ContractRow {
        contract_id: id.to_owned(),
        stream: format!("contract/{id}"),
        status: status.to_owned(),
        contract_type: contract_type.to_owned(),
        created_at: time(created_at),
        document_sha256: sha256(id.as_bytes()),
    }
}

pub fn link(space: &str, key: &str, stream: &str, add: bool) -> LinkChange {
    LinkChange { space: space.to_owned(), key: key.to_owned(), stream: stream.to_owned(), add }
}
