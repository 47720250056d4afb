//! A small ledger with fixed keys, and everything an auditor is given of it, open to tampering.

use std::collections::HashMap;
use std::convert::Infallible;

use ledger::checkpoint::LogKey;
use ledger::disclosure::{Disclosure, Salt};
use ledger::hash::{Hash, leaf_hash, sha256};
use ledger::json::Value;
use ledger::key::{Action, KeyStatement, Reason, RecordKey, Role, RootKey, SignedStatement};
use ledger::object;
use ledger::record::{Draft, Source, open, seal};
use ledger::stream::{Head, StreamId};
use ledger::tile::{TileId, TileSet, tiles_for};
use ledger::time::Timestamp;
use ledger::tree::{Node, Tree};
use ledger::verify::{Auditor, PARTS, Pins, Report, SHARES, StoredColumns};
use uuid::Uuid;

/// The id of an input's record as it was derived when the golden vectors were made. Any will do that is there once.
fn id(input: Uuid) -> Uuid {
    let message = [b"ahadi.record-id\0", ORIGIN.as_bytes(), &[0], input.as_bytes(), &[0; 4]].concat();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&sha256(&message).0[..16]);
    Uuid::new_v8(bytes)
}

pub const ORIGIN: &str = "ledger.test/ahadi";
/// 2026-03-06T10:30:00.000Z
pub const START_MILLIS: i64 = 1_772_793_000_000;
pub const CONTRACT: &str = "contract/AGRI-2026-001234";

pub fn seed(name: &str) -> [u8; 32] {
    sha256(name.as_bytes()).0
}

pub fn root_key() -> RootKey {
    RootKey::from_seed(&seed("ahadi test root key"))
}

pub fn record_key() -> RecordKey {
    RecordKey::from_seed(&seed("ahadi test record key"))
}

pub fn second_key() -> RecordKey {
    RecordKey::from_seed(&seed("ahadi test record key 2"))
}

pub fn log_key() -> LogKey {
    LogKey::from_seed(ORIGIN, &seed("ahadi test log key")).unwrap()
}

/// The log key in the form that can prove possession.
pub fn log_key_as_record_key() -> RecordKey {
    RecordKey::from_seed(&seed("ahadi test log key"))
}

pub fn pins() -> Pins {
    Pins {
        origin: Some(ORIGIN.to_owned()),
        root: Some(root_key().public().clone()),
        log_vkey: Some(log_key().verifier().clone()),
    }
}

pub fn statement(action: Action, role: Role, key: &RecordKey, reason: Reason) -> KeyStatement {
    KeyStatement {
        action,
        role,
        origin: ORIGIN.to_owned(),
        public_key: key.public().clone(),
        issued_at: Timestamp::from_millis(START_MILLIS - 60_000).unwrap(),
        from_position: None,
        reason: Some(reason),
    }
}

#[derive(Clone)]
pub struct Entry {
    pub draft: Draft,
    pub key: RecordKey,
    pub jws: String,
    pub disclosures: Vec<String>,
}

/// A ledger that grows.
#[derive(Clone)]
pub struct Sample {
    pub entries: Vec<Entry>,
    heads: HashMap<String, Head>,
    signer: RecordKey,
}

impl Sample {
    /// With the two key records every log starts with.
    pub fn started() -> Sample {
        let mut sample = Sample { entries: Vec::new(), heads: HashMap::new(), signer: record_key() };
        sample.add_key(Action::Added, Role::Record, &record_key(), Reason::Genesis);
        sample.add_key(Action::Added, Role::Log, &log_key_as_record_key(), Reason::Genesis);
        sample
    }

    pub fn add_key(&mut self, action: Action, role: Role, key: &RecordKey, reason: Reason) {
        let added = (action == Action::Added).then_some(key);
        self.add_statement(&statement(action, role, key, reason).sign(&root_key(), added));
    }

    pub fn add_statement(&mut self, signed: &SignedStatement) {
        self.add("ledger/keys", signed.statement.action.kind(), signed.data(), &[]);
    }

    /// From here on another key signs.
    pub fn sign_with(&mut self, key: RecordKey) {
        self.signer = key;
    }

    /// Adds a record; returns its position.
    pub fn add(&mut self, stream: &str, kind: &str, data: Value, disclosures: &[Disclosure]) -> usize {
        let position = self.entries.len();
        let head = self.heads.get(stream).copied().unwrap_or_default();
        let at = Timestamp::from_millis(START_MILLIS + 250 * (position as i64 / 2)).unwrap();
        let input = Uuid::from_u128(0x0195_6af1_7000_7000_8000_0000_0000_0000 + position as u128);
        let draft = Draft {
            stream: StreamId::new(stream).unwrap(),
            version: head.version + 1,
            prev: head.prev,
            id: id(input),
            kind: kind.to_owned(),
            occurred_at: position.is_multiple_of(3).then_some(at),
            occurred_at_assumed_zone: position.is_multiple_of(6).then(|| "Africa/Nairobi".to_owned()),
            recorded_at: at,
            source: Source { input, via: "minivoice".to_owned(), authenticated: position % 4 != 1 },
            data,
            disclosures: disclosures.iter().map(|one| one.digest.clone()).collect(),
        };
        let sealed = seal(ORIGIN, &draft, &self.signer).unwrap();
        self.heads.insert(stream.to_owned(), head.next(sealed.payload_sha256));
        let disclosures = disclosures.iter().map(|one| one.encoded.clone()).collect();
        self.entries.push(Entry { draft, key: self.signer.clone(), jws: sealed.jws, disclosures });
        position
    }

    /// A salted value of the next record.
    pub fn private(&self, n: u32, name: &str, value: impl Into<Value>) -> Disclosure {
        let salt = Salt::derive(&seed(&format!("ahadi test input {}", self.entries.len())), n);
        Disclosure::new(&salt, name, &value.into())
    }

    /// `count` call records over a few streams, each with private values.
    pub fn add_calls(&mut self, count: usize) {
        for _ in 0..count {
            let n = self.entries.len();
            let kind = ["call.started", "call.answered", "call.ended"][n % 3];
            let mut private = vec![self.private(0, "phone", "+254700000001")];
            if n.is_multiple_of(5) {
                private.push(self.private(1, "note", "line one\r\nline two"));
            }
            self.add(
                &format!("call/minivoice/MV-{:04}", n % 7),
                kind,
                object! {"duration_s": n as i64},
                &private,
            );
        }
    }

    /// A log of about 60 records in which a contract is drafted and confirmed, the record key changes, and one person is
    /// forgotten. Returns it with the positions that tests name.
    pub fn story() -> (Sample, Landmarks) {
        let mut sample = Sample::started();
        sample.add_calls(12);
        let party = sample.private(1, "phone", "+254712345678");
        let document = document(&party.digest);
        let text = sample.private(0, "document", document.as_str());
        let hash = sha256(document.as_bytes());
        let drafted = sample.add(CONTRACT, "contract.drafted", object! {"document_sha256": hash}, &[text]);
        sample.entries[drafted].disclosures.push(party.encoded.clone());
        sample.add_calls(6);
        sample.add(CONTRACT, "contract.confirmed", object! {"document_sha256": hash, "party": 0i64}, &[]);
        sample.add_calls(5);
        sample.add_key(Action::Added, Role::Record, &second_key(), Reason::Rotation);
        let retired = sample.entries.len();
        sample.add_key(Action::Retired, Role::Record, &record_key(), Reason::Rotation);
        sample.sign_with(second_key());
        sample.add_calls(10);
        let confirmed =
            sample.add(CONTRACT, "contract.confirmed", object! {"document_sha256": hash, "party": 1i64}, &[]);
        sample.add_calls(15);
        let forgotten = 5;
        let digest = sample.entries[forgotten].draft.disclosures[0].clone();
        sample.entries[forgotten].disclosures.remove(0);
        sample.add(
            "erasure/0001",
            "personal.erased",
            object! {"digests": vec![digest.clone()], "ground": "consent_withdrawn"},
            &[],
        );
        sample.add_calls(6);
        let landmarks = Landmarks { drafted, confirmed, retired, forgotten, erased_digest: digest, document };
        (sample, landmarks)
    }

    pub fn leaves(&self) -> Vec<Hash> {
        self.entries.iter().map(|entry| leaf_hash(entry.jws.as_bytes())).collect()
    }

    /// Everything an auditor gets, with checkpoints at these sizes.
    pub fn material(&self, checkpoints: &[u64]) -> Material {
        let mut material = Material {
            entries: Vec::new(),
            columns: Vec::new(),
            nodes: Vec::new(),
            tiles: Vec::new(),
            notes: Vec::new(),
            erased: Vec::new(),
            expected: Some(self.entries.len() as u64),
        };
        for (position, entry) in self.entries.iter().enumerate() {
            material.entries.push((position as u64, entry.jws.clone(), entry.disclosures.clone()));
        }
        material.derive(checkpoints);
        material
    }

    /// Seals again every record from `position` on, after a change to a draft, with chains that fit.
    pub fn reseal_from(&mut self, position: usize) {
        let mut heads: HashMap<String, Head> = HashMap::new();
        for (index, entry) in self.entries.iter_mut().enumerate() {
            let stream = entry.draft.stream.to_string();
            let head = heads.get(&stream).copied().unwrap_or_default();
            if index >= position {
                entry.draft.version = head.version + 1;
                entry.draft.prev = head.prev;
                entry.jws = seal(ORIGIN, &entry.draft, &entry.key).unwrap().jws;
            }
            heads.insert(stream, open(&entry.jws).unwrap().head());
        }
    }

    /// Changes one draft and signs it again with a key; nothing else follows.
    pub fn resign(&mut self, position: usize, key: &RecordKey, change: impl FnOnce(&mut Draft)) {
        let entry = &mut self.entries[position];
        change(&mut entry.draft);
        entry.jws = seal(ORIGIN, &entry.draft, key).unwrap().jws;
    }
}

/// Positions and values of [`Sample::story`].
pub struct Landmarks {
    pub drafted: usize,
    pub confirmed: usize,
    pub retired: usize,
    pub forgotten: usize,
    pub erased_digest: String,
    pub document: String,
}

fn document(party: &str) -> String {
    object! {
        "agreed_text": "Supply of 500 kg of maize, Grade A, at KES 50.00 per kg, delivered to Nairobi Market.",
        "contract_id": "AGRI-2026-001234",
        "nonce": Salt::derive(&seed("ahadi test nonce"), 0).base64url(),
        "parties": vec![object! {"_sd": vec![party], "role": "seller"}],
        "v": "ahadi.contract/1",
    }
    .canonical()
}

/// What an auditor is given.
#[derive(Clone)]
pub struct Material {
    pub entries: Vec<(u64, String, Vec<String>)>,
    pub columns: Vec<(u64, StoredColumns)>,
    pub nodes: Vec<Node>,
    pub tiles: Vec<(TileId, Vec<Hash>)>,
    pub notes: Vec<String>,
    pub erased: Vec<(u64, String)>,
    pub expected: Option<u64>,
}

impl Material {
    /// Computes columns, nodes, tiles and checkpoints from the entries, as an honest store does.
    pub fn derive(&mut self, checkpoints: &[u64]) {
        self.derive_storage();
        self.notes = checkpoints.iter().map(|size| self.note(*size)).collect();
    }

    pub fn leaves(&self) -> Vec<Hash> {
        self.entries.iter().map(|(_, jws, _)| leaf_hash(jws.as_bytes())).collect()
    }

    pub fn note(&self, size: u64) -> String {
        let mut tree = Tree::empty();
        tree.extend(self.leaves().into_iter().take(size as usize));
        log_key().sign(size, &tree.root())
    }

    pub fn derive_storage(&mut self) {
        self.columns = self
            .entries
            .iter()
            .filter_map(|(position, jws, _)| Some((*position, columns_of(jws)?)))
            .collect();
        let leaves = self.leaves();
        self.nodes = Tree::empty().extend(leaves.iter().copied());
        self.tiles = tiles_of(&leaves, &self.nodes);
    }

    pub fn audit(&self) -> Report {
        self.audit_with(Auditor::new(pins()).expecting_all_disclosures())
    }

    /// Audits with all in memory and with little of it, and requires that both say the same.
    pub fn audit_with(&self, auditor: Auditor) -> Report {
        let bounded = self.audit_bounded(auditor.clone().bounded());
        let report = self.audit_in_memory(auditor);
        assert_eq!(bounded, report, "bounded:\n{bounded}\nin memory:\n{report}");
        report
    }

    fn audit_in_memory(&self, mut auditor: Auditor) -> Report {
        for (position, digest) in &self.erased {
            auditor.erased(*position, digest);
        }
        for note in self.notes.iter().skip(1) {
            auditor.checkpoint(note);
        }
        // Half of what is stored comes before the entries, half behind them.
        let (before, after) = self.tiles.split_at(self.tiles.len() / 2);
        before.iter().for_each(|(tile, hashes)| auditor.tile(*tile, hashes));
        let (even, odd): (Vec<_>, Vec<_>) = self.columns.iter().partition(|(position, _)| position % 2 == 0);
        even.into_iter().for_each(|(position, columns)| auditor.stored(*position, columns.clone()));
        let mut odd = odd.into_iter().peekable();
        for (position, jws, disclosures) in &self.entries {
            let disclosures: Vec<&str> = disclosures.iter().map(String::as_str).collect();
            auditor.push(*position, jws, &disclosures);
            while let Some((row, columns)) = odd.next_if(|(row, _)| row <= position) {
                auditor.stored(*row, columns.clone());
            }
        }
        after.iter().for_each(|(tile, hashes)| auditor.tile(*tile, hashes));
        self.nodes.iter().for_each(|node| auditor.node(node.level, node.index, node.hash));
        if let Some(note) = self.notes.first() {
            auditor.checkpoint(note);
        }
        auditor.finish(self.expected)
    }

    /// What is put aside is handed out every few entries, and its shares are judged in another order.
    fn audit_bounded(&self, mut auditor: Auditor) -> Report {
        let mut elsewhere: Vec<Vec<Vec<u8>>> = vec![Vec::new(); PARTS];
        for (position, digest) in &self.erased {
            auditor.erased(*position, digest);
        }
        let (last, others) = (self.notes.iter().take(1), self.notes.iter().skip(1));
        others.chain(last).for_each(|note| auditor.checkpoint(note));
        let (even, odd): (Vec<_>, Vec<_>) = self.columns.iter().partition(|(position, _)| position % 2 == 0);
        even.into_iter().for_each(|(position, columns)| auditor.stored(*position, columns.clone()));
        let mut odd = odd.into_iter().peekable();
        let is_due = |tile: &TileId, next: u64| tile.level() == 0 && tile.hashes().end <= next;
        let mut given = vec![false; self.tiles.len()];
        for (at, (position, jws, disclosures)) in self.entries.iter().enumerate() {
            let disclosures: Vec<&str> = disclosures.iter().map(String::as_str).collect();
            auditor.push(*position, jws, &disclosures);
            while let Some((row, columns)) = odd.next_if(|(row, _)| row <= position) {
                auditor.stored(*row, columns.clone());
            }
            for ((tile, hashes), given) in self.tiles.iter().zip(&mut given) {
                if !*given && is_due(tile, position + 1) {
                    *given = true;
                    auditor.tile(*tile, hashes);
                }
            }
            if at % 7 == 0 {
                let keep = |part: usize, bytes: &[u8]| {
                    elsewhere[part].push(bytes.to_vec());
                    Ok::<_, Infallible>(())
                };
                auditor.hand_out(keep).unwrap();
                assert_eq!(auditor.held_bytes(), 0);
            }
        }
        for ((tile, hashes), _) in self.tiles.iter().zip(&given).filter(|(_, given)| !**given) {
            auditor.tile(*tile, hashes);
        }
        self.nodes.iter().for_each(|node| auditor.node(node.level, node.index, node.hash));
        let closed = auditor.close(self.expected);
        let judge = |share| {
            let earlier = |part: usize| elsewhere[part].iter().cloned().map(Ok::<_, Infallible>);
            closed.judge(share, earlier).unwrap()
        };
        let judged: Vec<_> = (0..SHARES).rev().map(judge).collect();
        closed.report(judged)
    }
}

pub fn columns_of(jws: &str) -> Option<StoredColumns> {
    let record = open(jws).ok()?;
    Some(StoredColumns {
        stream: record.stream.to_string(),
        version: record.version,
        payload_sha256: record.payload_sha256,
        leaf: record.leaf(),
        prev: record.prev,
    })
}

pub fn tiles_of(leaves: &[Hash], nodes: &[Node]) -> Vec<(TileId, Vec<Hash>)> {
    let hash = |level: u8, index: u64| match level {
        0 => leaves[index as usize],
        _ => nodes.iter().find(|node| (node.level, node.index) == (level, index)).unwrap().hash,
    };
    let tile = |tile: TileId| (tile, tile.hashes().map(|index| hash(tile.level(), index)).collect());
    tiles_for(leaves.len() as u64).map(tile).collect()
}

pub fn tile_set(tiles: &[(TileId, Vec<Hash>)]) -> TileSet {
    let mut set = TileSet::new();
    for (tile, hashes) in tiles {
        set.insert(*tile, hashes.clone()).unwrap();
    }
    set
}
