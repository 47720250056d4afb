//! The audit of a whole log, entry by entry.

use super::Pins;
use super::aside::{Aside, Said};
use super::chain::{Step, Times, links};
use super::closed::Closed;
use super::entry::{CheckedRecord, KnownKeys, check_record};
use super::erasure;
use super::log::Log;
use super::notes::Notes;
use super::report::Report;
use super::storage::{Storage, StoredColumns};
use super::tally::{Check, Place, Tally};
use crate::checkpoint::LogVerifier;
use crate::hash::Hash;
use crate::key::KeyRing;
use crate::record::Record;
use crate::stream::KEYS;
use crate::tile::TileId;

/// What every audit of a whole log has to answer; more is added with what is given to it.
const REQUIRED: [Check; 16] = [
    Check::OriginPinned,
    Check::RootPinned,
    Check::Record,
    Check::Origin,
    Check::KeyStatements,
    Check::Key,
    Check::Signature,
    Check::Versions,
    Check::Links,
    Check::Times,
    Check::Ids,
    Check::LogKeyPinned,
    Check::Checkpoint,
    Check::Inclusion,
    Check::Entries,
    Check::Tiles,
];

/// Audits a whole log: give it every entry in order, and beside them whatever is stored, published or kept.
///
/// Entries are read once and not kept. Tiles, nodes and checkpoints may come in any order; columns of a row before its entry or
/// right behind it. To spread the work, call [`check_record`] on threads with [`Auditor::known_keys`] and push the results in order.
///
/// Memory grows by some 200 bytes per record for what can only be judged at the end, and 32 for its leaf. It stays bounded where the audit is
/// [`Auditor::bounded`] and what it puts aside is handed out now and then ([`Auditor::hand_out`]), to come back in
/// [`Closed::judge`]: it grows by a quarter of a byte per record then, for the hashes above the leaves; and each share that is
/// judged at the end takes a 256th of 24 bytes per record and 150 per stream.
#[derive(Debug, Clone)]
pub struct Auditor {
    pins: Pins,
    assumed: Pins,
    ring: Option<KeyRing>,
    times: Times,
    aside: Aside,
    /// Entries that are missing or are no records. As many versions missing from some stream are laid to it, so that one fault
    /// is not told twice and does not hide a second.
    unreadable: u64,
    log: Log,
    storage: Storage,
    /// All disclosures are said to be given.
    complete: bool,
    notes: Notes,
    tally: Tally,
}

impl Auditor {
    /// An audit that has seen nothing yet.
    pub fn new(pins: Pins) -> Auditor {
        Auditor {
            pins,
            assumed: Pins::default(),
            ring: None,
            times: Times::default(),
            aside: Aside::new(),
            unreadable: 0,
            log: Log::new(),
            storage: Storage::default(),
            complete: false,
            notes: Notes::default(),
            tally: Tally::new(),
        }
    }

    /// Values to go on with where none are pinned, such as the log itself offers. They are reported as not checked.
    /// To be called before the first entry.
    #[must_use]
    pub fn assuming(mut self, assumed: Pins) -> Auditor {
        self.assumed = assumed;
        self
    }

    /// Declares that every live disclosure will be given, as whoever runs the ledger can. A commitment without one then
    /// needs a record of erasure. To be called before the first entry.
    #[must_use]
    pub fn expecting_all_disclosures(mut self) -> Auditor {
        self.complete = true;
        self
    }

    /// Declares that every stored hash above the leaves will be given, as whoever reads the database can. One that the
    /// size implies and that is not given is then missing, also where none is given at all.
    #[must_use]
    pub fn expecting_stored_nodes(mut self) -> Auditor {
        self.storage.expect_nodes();
        self
    }

    /// Keeps memory bounded: a checkpoint is compared only if it is given before the entry that follows it, and a tile of
    /// leaves right behind its last entry. What comes later is not checked. To be called before the first entry.
    #[must_use]
    pub fn bounded(mut self) -> Auditor {
        self.log.keep_few();
        self
    }

    /// The keys the log has named so far, for [`check_record`]. An older copy is as good as a new one, only slower.
    pub fn known_keys(&self) -> KnownKeys {
        let keys = self.ring.iter().flat_map(|ring| ring.record_keys());
        keys.map(|(kid, range)| (kid.clone(), range.public_key.clone())).collect()
    }

    /// Number of entries so far, which is the position the next one should have.
    pub fn next_position(&self) -> u64 {
        self.log.next()
    }

    /// The next entry, with those of its disclosures that exist: its own, and those of the document it discloses.
    pub fn push(&mut self, position: u64, jws: &str, disclosures: &[&str]) {
        // The signature is checked below, where the key is at hand without a copy of the ring.
        self.push_checked(position, check_record(jws, disclosures, &KnownKeys::new()));
    }

    /// As [`Auditor::push`], for an entry checked elsewhere.
    pub fn push_checked(&mut self, position: u64, checked: CheckedRecord) {
        let CheckedRecord { leaf, record, signature, disclosed } = checked;
        let in_order = self.place_entry(position, leaf);
        if in_order {
            self.storage.entry(position, record.as_ref().ok(), leaf, &mut self.tally);
        }
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let finding = Place::at(position).note(error.field(), error.to_string());
                self.tally.fail(Check::Record, finding);
                self.unreadable += 1;
                return;
            }
        };
        self.tally.pass(Check::Record);
        self.check_authority(position, &record, signature);
        if in_order {
            self.times.check(position, &record, &mut self.tally);
            self.aside.step(&Step::of(position, &record));
            links(position, &record, |link| self.aside.link(position, &record, link));
            self.aside.id(record.id.as_bytes(), position);
        }
        let place = Place::of(position, &record);
        self.tally.pass_many(Check::Document, disclosed.documents);
        self.tally.pass_many(Check::Disclosures, disclosed.live.len() as u64);
        if let Some(finding) = &disclosed.document {
            self.tally.fail(Check::Document, place.locate(finding.clone()));
        }
        if let Some(finding) = &disclosed.fault {
            self.tally.fail(Check::Disclosures, place.locate(finding.clone()));
        }
        erasure::put_aside(position, &record, &disclosed, self.complete, &mut self.aside);
    }

    /// Puts the leaf into the tree; false for an entry that comes again.
    fn place_entry(&mut self, position: u64, leaf: Hash) -> bool {
        let next = self.log.next();
        if position == next {
            self.tally.pass(Check::Entries);
        } else if position > next {
            let message = "entries are missing";
            self.tally.fail(Check::Entries, Place::at(next).finding("position", next, position, message));
            self.unreadable += position - next;
        } else {
            let message = "an entry for a position that had one";
            self.tally.fail(Check::Entries, Place::at(position).finding("position", next, position, message));
            return false;
        }
        self.log.push(position, leaf);
        self.notes.reached(&self.log, &mut self.tally);
        true
    }

    /// L1: of this log, by a key entitled to the position, strictly signed. Then takes in what the record says of keys.
    fn check_authority(&mut self, position: u64, record: &Record, signature: Option<bool>) {
        let place = Place::of(position, record);
        let origin = self.pins.origin.as_ref().or(self.assumed.origin.as_ref());
        let root = self.pins.root.as_ref().or(self.assumed.root.as_ref());
        let ring = self.ring.get_or_insert_with(|| {
            KeyRing::new(origin.map_or_else(|| record.log.clone(), Clone::clone), root.cloned())
        });
        check_record_authority(&place, position, record, signature, ring, &mut self.tally);
    }

    /// A tile as stored or published.
    pub fn tile(&mut self, tile: TileId, hashes: &[Hash]) {
        self.storage.tile(tile, hashes, &self.log, &mut self.tally);
    }

    /// A stored node: hash number `index` of tile level `level`, from level 1 on. Of nodes given once, all are expected.
    pub fn node(&mut self, level: u8, index: u64, hash: Hash) {
        self.storage.node(level, index, hash, &self.log, &mut self.tally);
    }

    /// The columns stored beside an entry. To be called before the entry is pushed, or right behind it.
    pub fn stored(&mut self, position: u64, columns: StoredColumns) {
        self.storage.columns(position, columns, self.log.next(), &mut self.tally);
    }

    /// A checkpoint (signed note) that was published or kept, of any size.
    pub fn checkpoint(&mut self, note: &str) {
        let verifier = self.pins.log_vkey.as_ref().or(self.assumed.log_vkey.as_ref());
        self.notes.add(note, verifier, &self.log, &mut self.tally);
    }

    /// The store says that the disclosure with this digest, of the record at `position`, was erased.
    pub fn erased(&mut self, position: u64, digest: &str) {
        match Hash::from_base64url(digest) {
            Ok(digest) => self.aside.said(Said::Claimed, &digest, position),
            Err(error) => {
                self.tally.fail(Check::Erasure, Place::at(position).note("digest", error.to_string()));
            }
        }
    }

    /// Bytes put aside until the end and held by the audit.
    pub fn held_bytes(&self) -> usize {
        self.aside.bytes()
    }

    /// Hands out all that is put aside until the end, to be kept elsewhere: for each part of [`super::PARTS`] some bytes. They
    /// are to be given back to [`Closed::judge`], each piece as it was and those of a part in their order.
    ///
    /// # Errors
    /// The first that `keep` gives. The audit cannot go on then.
    pub fn hand_out<E>(&mut self, keep: impl FnMut(usize, &[u8]) -> Result<(), E>) -> Result<(), E> {
        self.aside.hand_out(keep)
    }

    /// Ends an audit that has handed out nothing. `expected_size` is exactly how many entries the log has by what the auditor
    /// knows; none leaves it to the largest checkpoint, which a log may have outgrown.
    pub fn finish(self, expected_size: Option<u64>) -> Report {
        self.close(expected_size).report_at_once()
    }

    /// As [`Auditor::finish`], before what was put aside is judged.
    pub fn close(mut self, expected_size: Option<u64>) -> Closed {
        let verifier = self.pins.log_vkey.clone().or(self.assumed.log_vkey.clone());
        let largest = self.notes.largest();
        self.notes.finish(&self.log, &mut self.tally);
        self.check_size(expected_size, largest);
        let size = largest.or(expected_size).unwrap_or(0).min(self.log.next());
        self.storage.finish(&self.log, size, &mut self.tally);
        let tally = &mut self.tally;
        tally.require(&REQUIRED);
        require_storage(&self.storage, self.log.next(), tally);
        if expected_size == Some(0) && self.log.next() == 0 {
            tally.allow_none(&REQUIRED);
        }
        if self.complete {
            tally.allow_none(&[Check::Erasure]);
            tally.require(&[Check::Erasure]);
        }
        note_pins(&self.pins, &self.assumed, self.ring.as_ref(), verifier.as_ref(), tally);
        Closed::new(self.tally, self.aside, self.unreadable, self.complete)
    }

    fn check_size(&mut self, expected: Option<u64>, largest: Option<u64>) {
        let next = self.log.next();
        let place = Place::at(next);
        match (expected, largest) {
            (Some(expected), _) if expected < next => {
                let message = "the log goes on behind its end";
                let place = Place::at(expected);
                self.tally.fail(Check::Entries, place.finding("size", expected, next, message));
            }
            (Some(least), _) | (None, Some(least)) if next < least => {
                let message = "the log ends too early";
                self.tally.fail(Check::Entries, place.finding("size", least, next, message));
            }
            (None, None) => {
                let message = "nothing says how long the log is, so its end could be missing";
                self.tally.skip(Check::Entries, place.note("size", message));
            }
            _ => {}
        }
    }
}

/// L1 but for the shape.
pub(crate) fn check_record_authority(
    place: &Place<'_>,
    position: u64,
    record: &Record,
    signature: Option<bool>,
    ring: &mut KeyRing,
    tally: &mut Tally,
) {
    if record.log == ring.origin() {
        tally.pass(Check::Origin);
    } else {
        let message = "a record of another log";
        tally.fail(Check::Origin, place.finding("log", ring.origin(), &record.log, message));
    }
    let verdict = if signature.is_some() && ring.may_sign(&record.kid, position).is_ok() {
        tally.pass(Check::Key);
        signature
    } else {
        check_signer(place, position, record, signature, ring, tally)
    };
    match verdict {
        Some(true) => tally.pass(Check::Signature),
        Some(false) => {
            let message = "the signature does not verify";
            tally.fail(
                Check::Signature,
                place.finding("signature", "a signature by the kid", "another", message),
            );
        }
        None => tally.skip(Check::Signature, place.note("signature", "the key that signed is not known")),
    }
    if record.stream.as_str() == KEYS {
        match ring.apply(position, record) {
            Ok(()) if ring.has_root() => tally.pass(Check::KeyStatements),
            Ok(()) => {
                let message = "the root key is not known, so its signature is not checked";
                tally.skip(Check::KeyStatements, place.note("root_signature", message));
            }
            Err(error) => tally.fail(Check::KeyStatements, place.note(error.field(), error.to_string())),
        }
    }
}

/// Whether the key that signed may have, and whether it did.
fn check_signer(
    place: &Place<'_>,
    position: u64,
    record: &Record,
    signature: Option<bool>,
    ring: &KeyRing,
    tally: &mut Tally,
) -> Option<bool> {
    let signer = ring.signer(position, record);
    if let Err(error) = &signer {
        let expected = "a key entitled to this position";
        tally.fail(Check::Key, place.finding("kid", expected, &record.kid, error.to_string()));
    } else {
        tally.pass(Check::Key);
    }
    // A key that may not sign here is still good to tell whether it did.
    let key = signer.ok().or_else(|| Some(ring.record_keys().get(&record.kid)?.public_key.clone()));
    signature.or_else(|| Some(record.verify(&key?).is_ok()))
}

/// What is stored has to be given in one form or another: as tiles, or as columns with leaves and the nodes above.
fn require_storage(storage: &Storage, size: u64, tally: &mut Tally) {
    if storage.has_columns() {
        tally.require(&[Check::Columns]);
        if !storage.has_tiles() {
            tally.release(Check::Tiles);
            if size >= 256 {
                tally.require(&[Check::Nodes]);
            }
        }
        if tally.checked(Check::Columns) < size {
            let message = "not every entry came with its stored columns";
            tally.skip(Check::Columns, Place::NONE.note("columns", message));
        }
    }
}

/// Says of each trust anchor whether it was pinned.
pub(crate) fn note_pins(
    pins: &Pins,
    assumed: &Pins,
    ring: Option<&KeyRing>,
    verifier: Option<&LogVerifier>,
    tally: &mut Tally,
) {
    const FROM_ITSELF: &str = "not pinned: taken from the material under test";
    let unpinned =
        |field: &str, actual: &str| Place::NONE.finding(field, "a pinned value", actual, FROM_ITSELF);
    match &pins.origin {
        Some(_) => tally.pass(Check::OriginPinned),
        None => {
            let actual = ring.map_or("none", KeyRing::origin);
            tally.skip(Check::OriginPinned, unpinned("origin", actual));
        }
    }
    match (&pins.root, &assumed.root) {
        (Some(_), _) => tally.pass(Check::RootPinned),
        (None, Some(root)) => tally.skip(Check::RootPinned, unpinned("root", root.kid())),
        (None, None) => tally.skip(Check::RootPinned, unpinned("root", "none")),
    }
    // A log key that a pinned root names needs no pin of its own.
    let named = verifier.zip(ring).is_some_and(|(verifier, ring)| {
        ring.log_keys().values().any(|range| *range.public_key.as_bytes() == verifier.public_key())
    });
    match &pins.log_vkey {
        Some(_) => tally.pass(Check::LogKeyPinned),
        None if named && pins.root.is_some() => tally.pass(Check::LogKeyPinned),
        None if verifier.is_some() && !named && ring.is_some_and(|ring| !ring.log_keys().is_empty()) => {
            let actual = verifier.map_or_else(String::new, LogVerifier::vkey);
            let message = "the root key names log keys, and this is none of them";
            tally.fail(Check::LogKeyPinned, Place::NONE.finding("log_vkey", "a key named", actual, message));
        }
        None => {
            let actual = verifier.map_or_else(|| "none".to_owned(), LogVerifier::vkey);
            tally.skip(Check::LogKeyPinned, unpinned("log_vkey", &actual));
        }
    }
    let message = "no witness policy is part of this audit";
    tally.skip(Check::Witnesses, Place::NONE.note("witnesses", message));
}
