//! Makes a small ledger with keys that are no secret and prints a bundle of it:
//! `cargo run -p ledger --example bundle > bundle.json`.
//!
//! It has what checkers of other people should meet: a key that followed another, a log of more than one tile, linked
//! records between records of others, and private values with letters beyond ASCII.
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::io::Write;

use ledger::bundle::{BUNDLE_VERSION, Bundle, BundleKeyRecord, BundleKeys, BundleRecord};
use ledger::checkpoint::LogKey;
use ledger::disclosure::{Disclosure, Salt};
use ledger::hash::{leaf_hash, sha256};
use ledger::json::Value;
use ledger::key::{Action, KeyStatement, Reason, RecordKey, Role};
use ledger::object;
use ledger::proof::{TlogProof, inclusion};
use ledger::record::{Draft, Source, record_id, seal};
use ledger::stream::{Head, StreamId};
use ledger::tile::{TileSet, tiles_for};
use ledger::time::Timestamp;
use ledger::tree::Tree;
use uuid::Uuid;

const ORIGIN: &str = "ledger.example.com/one";
const STREAM: &str = "contract/AGRI-2026-000001";
const KEYS: &str = "ledger/keys";
/// 2026-03-06T10:30:00.000Z
const START_MILLIS: i64 = 1_772_793_000_000;

/// A record of the log with the private values behind its commitments.
struct Entry {
    stream: &'static str,
    jws: String,
    private: Vec<String>,
}

/// A ledger that grows in memory.
struct Log {
    entries: Vec<Entry>,
    heads: HashMap<&'static str, Head>,
    signer: RecordKey,
}

fn main() {
    let bundle = story();
    std::io::stdout().write_all(bundle.to_json().as_bytes()).unwrap();
}

fn key(name: &str) -> RecordKey {
    RecordKey::from_seed(&sha256(name.as_bytes()).0)
}

fn private(n: u32, name: &str, value: &str) -> Disclosure {
    Disclosure::new(&Salt::derive(&sha256(b"example seed").0, n), name, &value.into())
}

/// The ledger and its bundle.
pub fn story() -> Bundle {
    let mut log = Log { entries: Vec::new(), heads: HashMap::new(), signer: key("record one") };
    log.key(Action::Added, Role::Record, "record one", Reason::Genesis);
    log.key(Action::Added, Role::Log, "log", Reason::Genesis);
    log.calls(140);

    let phone = private(0, "phone", "+254700000001");
    let name = private(1, "name", "Wanjikũ wa Njoroge — muuzaji");
    let commitments = vec![phone.digest.as_str(), name.digest.as_str()];
    let document = object! {
        "agreed_text": "500 kg of maize, Grade A, at KES 50.00 per kg, delivered to Nairobi Market.",
        "contract_id": "AGRI-2026-000001",
        "nonce": Salt::derive(&sha256(b"example nonce").0, 0).base64url(),
        "parties": vec![object! {"_sd": commitments, "role": "seller"}],
        "v": "ahadi.contract/1",
    };
    let document = document.canonical();
    let quoted = object! {"document_sha256": sha256(document.as_bytes())};
    log.add(STREAM, "contract.drafted", quoted.clone(), &[private(2, "document", &document)]);
    log.calls(60);
    log.add(
        STREAM,
        "contract.confirmed",
        quoted.clone(),
        &[private(3, "said", "Ndiyo.\r\nNakubali \"yote\".")],
    );
    log.key(Action::Added, Role::Record, "record two", Reason::Rotation);
    log.key(Action::Retired, Role::Record, "record one", Reason::Rotation);
    log.signer = key("record two");
    log.calls(90);
    log.add(STREAM, "contract.confirmed", quoted, &[]);
    log.calls(7);
    log.bundle(document, vec![phone.encoded, name.encoded])
}

impl Log {
    fn add(&mut self, stream: &'static str, kind: &str, data: Value, private: &[Disclosure]) {
        let position = self.entries.len();
        let head = self.heads.get(stream).copied().unwrap_or_default();
        let input = Uuid::from_u128(0x0195_6af1_7000_7000_8000_0000_0000_0000 + position as u128);
        let draft = Draft {
            stream: StreamId::new(stream).unwrap(),
            version: head.version + 1,
            prev: head.prev,
            id: record_id(ORIGIN, input, 0),
            kind: kind.to_owned(),
            occurred_at: None,
            occurred_at_assumed_zone: None,
            recorded_at: Timestamp::from_millis(START_MILLIS + 250 * i64::try_from(position).unwrap())
                .unwrap(),
            source: Source { input, via: "api".to_owned(), authenticated: true },
            data,
            disclosures: private.iter().map(|one| one.digest.clone()).collect(),
        };
        let sealed = seal(ORIGIN, &draft, &self.signer).unwrap();
        self.heads.insert(stream, head.next(sealed.payload_sha256));
        let private = private.iter().map(|one| one.encoded.clone()).collect();
        self.entries.push(Entry { stream, jws: sealed.jws, private });
    }

    fn key(&mut self, action: Action, role: Role, name: &str, reason: Reason) {
        let subject = key(name);
        let statement = KeyStatement {
            action,
            role,
            origin: ORIGIN.to_owned(),
            public_key: subject.public().clone(),
            issued_at: Timestamp::from_millis(START_MILLIS - 60_000).unwrap(),
            from_position: None,
            reason: Some(reason),
        };
        let signed = statement.sign(&key("root"), (action == Action::Added).then_some(&subject));
        self.add(KEYS, action.kind(), signed.data(), &[]);
    }

    fn calls(&mut self, count: i64) {
        for n in 0..count {
            self.add("call/minivoice/MV-0001", "call.answered", object! {"duration_s": n}, &[]);
        }
    }

    fn bundle(&self, document: String, document_disclosures: Vec<String>) -> Bundle {
        let size = self.entries.len() as u64;
        let leaves: Vec<_> = self.entries.iter().map(|entry| leaf_hash(entry.jws.as_bytes())).collect();
        let mut tree = Tree::empty();
        let nodes = tree.extend(leaves.iter().copied());
        let hash = |level: u8, index: u64| match level {
            0 => leaves[usize::try_from(index).unwrap()],
            _ => nodes.iter().find(|node| (node.level, node.index) == (level, index)).unwrap().hash,
        };
        let mut tiles = TileSet::new();
        for tile in tiles_for(size) {
            tiles.insert(tile, tile.hashes().map(|index| hash(tile.level(), index)).collect()).unwrap();
        }
        let log_key = LogKey::from_seed(ORIGIN, &sha256(b"log").0).unwrap();
        let checkpoint = log_key.sign(size, &tree.root());
        let proof = |index: u64| {
            let path = inclusion(index, size, &tiles).unwrap();
            TlogProof { extra: None, index, path, checkpoint: checkpoint.clone() }.format()
        };
        let of = |stream: &'static str| {
            (0_u64..).zip(&self.entries).filter(move |(_, entry)| entry.stream == stream)
        };
        Bundle {
            v: BUNDLE_VERSION.to_owned(),
            origin: ORIGIN.to_owned(),
            stream: STREAM.to_owned(),
            document: Some(document),
            records: of(STREAM)
                .map(|(position, entry)| BundleRecord { position, jws: entry.jws.clone() })
                .collect(),
            disclosures: of(STREAM)
                .filter(|(_, entry)| !entry.private.is_empty())
                .map(|(position, entry)| (position, entry.private.clone()))
                .collect(),
            document_disclosures,
            proofs: of(STREAM).map(|(position, _)| proof(position)).collect(),
            checkpoint: checkpoint.clone(),
            keys: BundleKeys {
                root: key("root").public().into(),
                log_vkey: log_key.vkey(),
                records: of(KEYS)
                    .map(|(position, entry)| BundleKeyRecord {
                        position,
                        jws: entry.jws.clone(),
                        proof: proof(position),
                    })
                    .collect(),
            },
        }
    }
}
