//! Verifying a bundle.

use std::collections::BTreeMap;

use super::Bundle;
use crate::checkpoint::{Checkpoint, LogVerifier};
use crate::disclosure::{Disclosure, digest};
use crate::hash::{Hash, leaf_hash, sha256};
use crate::json;
use crate::key::KeyRing;
use crate::proof::{TlogProof, verify_consistency, verify_inclusion};
use crate::record::{Record, open};
use crate::stream::KEYS;
use crate::verify::{
    Chain, Check, DOCUMENT_FIELD, Pins, Place, Report, Tally, check_record_authority, commitments_in,
    match_disclosures, note_pins,
};

/// What the verdict on a bundle needs.
const REQUIRED: [Check; 14] = [
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
];

/// A checkpoint the auditor kept from an earlier visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The signed note.
    pub note: String,
    /// Consistency proof between it and the bundle's checkpoint (RFC 6962 §2.1.2); empty where the sizes are equal. None
    /// if there is no proof at hand, which leaves the checkpoint unchecked.
    pub path: Option<Vec<Hash>>,
}

/// One entry of the bundle, from either of its lists.
struct Entry<'a> {
    position: u64,
    jws: &'a str,
    proof: Option<&'a str>,
    of_keys: bool,
}

impl Bundle {
    /// Checks everything in the bundle. Levels L0 to L3 are answered; L4 for the checkpoints in `kept`; L5 needs the
    /// whole log. A root key or verifier key in the bundle that is not the pinned one is a fault.
    pub fn verify(&self, pins: &Pins, kept: &[Kept]) -> Report {
        let mut tally = Tally::new();
        tally.require(&REQUIRED);
        let assumed = self.anchors(pins, &mut tally);
        let origin = pins.origin.as_ref().unwrap_or(&self.origin);
        if *origin != self.origin {
            let message = "a bundle of another log";
            tally.fail(Check::Origin, Place::NONE.finding("origin", origin, &self.origin, message));
        }
        let root = pins.root.as_ref().or(assumed.root.as_ref());
        let verifier = pins.log_vkey.as_ref().or(assumed.log_vkey.as_ref());
        let checkpoint = self.open_checkpoint(origin, verifier, &mut tally);
        let mut ring = KeyRing::new(origin, root.cloned());
        let records = self.check_entries(&mut ring, checkpoint.as_ref(), &mut tally);
        self.check_document(&records, &mut tally);
        self.check_disclosures(&records, &mut tally);
        if let (Some(verifier), Some(checkpoint)) = (verifier, &checkpoint) {
            check_kept(kept, verifier, checkpoint, &mut tally);
        }
        if !kept.is_empty() {
            tally.require(&[Check::Kept]);
        }
        note_pins(pins, &assumed, Some(&ring), verifier, &mut tally);
        tally.report()
    }

    /// The trust anchors the bundle itself names.
    fn anchors(&self, pins: &Pins, tally: &mut Tally) -> Pins {
        let root = self.keys.root.public_key();
        if let Err(error) = &root {
            tally.fail(Check::KeyStatements, Place::NONE.note("keys.root", error.to_string()));
        }
        let log_vkey = LogVerifier::from_vkey(&self.keys.log_vkey);
        if let Err(error) = &log_vkey {
            tally.fail(Check::Checkpoint, Place::NONE.note("keys.log_vkey", error.to_string()));
        }
        let (root, log_vkey) = (root.ok(), log_vkey.ok());
        let message = "the bundle names another key than the pinned one";
        if let (Some(pinned), Some(named)) = (&pins.root, &root)
            && pinned != named
        {
            let finding = Place::NONE.finding("keys.root", pinned.kid(), named.kid(), message);
            tally.fail(Check::RootPinned, finding);
        }
        if let (Some(pinned), Some(named)) = (&pins.log_vkey, &log_vkey)
            && pinned != named
        {
            tally.fail(Check::LogKeyPinned, Place::NONE.finding("keys.log_vkey", pinned, named, message));
        }
        Pins { origin: Some(self.origin.clone()), root, log_vkey }
    }

    fn open_checkpoint(
        &self,
        origin: &str,
        verifier: Option<&LogVerifier>,
        tally: &mut Tally,
    ) -> Option<Checkpoint> {
        match Checkpoint::open(&self.checkpoint, verifier?) {
            Ok(checkpoint) if checkpoint.origin == origin => {
                tally.pass(Check::Checkpoint);
                Some(checkpoint)
            }
            Ok(checkpoint) => {
                let message = "a checkpoint of another log";
                let finding = Place::NONE.finding("origin", origin, &checkpoint.origin, message);
                tally.fail(Check::Checkpoint, finding);
                None
            }
            Err(error) => {
                tally.fail(Check::Checkpoint, Place::NONE.note("checkpoint", error.to_string()));
                None
            }
        }
    }

    /// Both lists in log order, for a key has to be known before the records it signed.
    fn entries(&self, tally: &mut Tally) -> Vec<Entry<'_>> {
        if self.proofs.len() != self.records.len() {
            let message = "not one proof for each record";
            let finding = Place::NONE.finding("proofs", self.records.len(), self.proofs.len(), message);
            tally.fail(Check::Inclusion, finding);
        }
        let keys = self.keys.records.iter().map(|record| Entry {
            position: record.position,
            jws: &record.jws,
            proof: Some(&record.proof),
            of_keys: true,
        });
        let records = self.records.iter().enumerate().map(|(index, record)| Entry {
            position: record.position,
            jws: &record.jws,
            proof: self.proofs.get(index).map(String::as_str),
            of_keys: false,
        });
        let ordered =
            |positions: Vec<u64>| positions.windows(2).find(|pair| pair[0] >= pair[1]).map(|pair| pair[1]);
        let of_keys = ordered(self.keys.records.iter().map(|record| record.position).collect());
        let of_records = ordered(self.records.iter().map(|record| record.position).collect());
        if let Some(position) = of_keys.or(of_records) {
            let message = "the records do not stand in log order, each once";
            tally.fail(Check::Record, Place::at(position).note("position", message));
        }
        let mut entries: Vec<Entry<'_>> = keys.chain(records).collect();
        entries.sort_by_key(|entry| (entry.position, !entry.of_keys));
        entries
    }

    fn check_entries(
        &self,
        ring: &mut KeyRing,
        checkpoint: Option<&Checkpoint>,
        tally: &mut Tally,
    ) -> BTreeMap<u64, Record> {
        let mut records: BTreeMap<u64, Record> = BTreeMap::new();
        let mut chain = Chain::default();
        for entry in self.entries(tally) {
            let position = entry.position;
            self.check_inclusion(&entry, checkpoint, tally);
            let record = match open(entry.jws) {
                Ok(record) => record,
                Err(error) => {
                    tally.fail(Check::Record, Place::at(position).note(error.field(), error.to_string()));
                    chain.unreadable(1);
                    continue;
                }
            };
            let place = Place::of(position, &record);
            if let Some(first) = records.get(&position) {
                // A bundle about the key stream itself has its records in both lists.
                if *first != record {
                    let message = "two records for one position";
                    tally.fail(Check::Record, place.note("position", message));
                }
                continue;
            }
            tally.pass(Check::Record);
            if entry.of_keys && record.stream.as_str() != KEYS {
                let message = "a record of another stream among the keys";
                tally.fail(Check::KeyStatements, place.finding("stream", KEYS, &record.stream, message));
            }
            check_record_authority(&place, position, &record, None, ring, tally);
            chain.check(position, &record, tally);
            records.insert(position, record);
        }
        chain.finish(tally);
        if !records.values().any(|record| record.stream.as_str() == self.stream) {
            let message = "no record of the stream the bundle is about";
            tally.fail(Check::Versions, Place::NONE.finding("stream", &self.stream, "none", message));
        }
        records
    }

    /// L3: the leaf, recomputed, stands at its position under the bundle's one checkpoint.
    fn check_inclusion(&self, entry: &Entry<'_>, checkpoint: Option<&Checkpoint>, tally: &mut Tally) {
        let place = Place::at(entry.position);
        let Some(text) = entry.proof else { return };
        let proof = match TlogProof::parse(text) {
            Ok(proof) => proof,
            Err(error) => {
                tally.fail(Check::Inclusion, place.note("proof", error.to_string()));
                return;
            }
        };
        if proof.index != entry.position {
            let message = "a proof for another position";
            tally.fail(Check::Inclusion, place.finding("proof", entry.position, proof.index, message));
            return;
        }
        // One checkpoint, verified once, for all; and nothing in the proof that nobody vouches for.
        if proof.checkpoint != self.checkpoint || proof.extra.is_some() {
            let message = "the proof does not end in the bundle's checkpoint, or carries more";
            tally.fail(Check::Inclusion, place.note("proof", message));
            return;
        }
        let Some(checkpoint) = checkpoint else {
            let message = "there is no good checkpoint to follow the proof to";
            tally.skip(Check::Inclusion, place.note("checkpoint", message));
            return;
        };
        let leaf = leaf_hash(entry.jws.as_bytes());
        match verify_inclusion(&leaf, entry.position, checkpoint.size, &checkpoint.root, &proof.path) {
            Ok(()) => tally.pass(Check::Inclusion),
            Err(error) => tally.fail(Check::Inclusion, place.note("proof", error.to_string())),
        }
    }

    /// L0: the document is one the stream speaks of, and is what its hash says.
    fn check_document(&self, records: &BTreeMap<u64, Record>, tally: &mut Tally) {
        let of_stream = records.iter().filter(|(_, record)| record.stream.as_str() == self.stream);
        let quoted = |record: &Record| Some(record.data.get(DOCUMENT_FIELD)?.as_str()?.to_owned());
        let quotes: Vec<(&u64, &Record, String)> =
            of_stream.filter_map(|(at, record)| Some((at, record, quoted(record)?))).collect();
        let Some(document) = &self.document else {
            if let Some((position, record, _)) = quotes.first() {
                tally.require(&[Check::Document]);
                let message = "the bundle holds no document, and the stream speaks of one";
                tally.skip(Check::Document, Place::of(**position, record).note("document", message));
            }
            return;
        };
        tally.require(&[Check::Document]);
        let actual = sha256(document.as_bytes()).hex();
        if let Err(error) = json::parse_canonical(document.as_bytes()) {
            tally.fail(Check::Document, Place::NONE.note("document", error.to_string()));
        } else if quotes.iter().any(|(_, _, quoted)| *quoted == actual) {
            tally.pass(Check::Document);
        } else {
            let message = "the document is not one whose hash the stream quotes";
            let finding = match quotes.first() {
                Some((at, record, quoted)) => {
                    Place::of(**at, record).finding(DOCUMENT_FIELD, quoted, actual, message)
                }
                None => Place::NONE.finding(DOCUMENT_FIELD, "a quoted hash", actual, message),
            };
            tally.fail(Check::Document, finding);
        }
    }

    fn check_disclosures(&self, records: &BTreeMap<u64, Record>, tally: &mut Tally) {
        for (position, encoded) in &self.disclosures {
            let Some(record) = records.get(position) else {
                let message = "disclosures for a record that is not in the bundle";
                tally.fail(Check::Disclosures, Place::at(*position).note("disclosures", message));
                continue;
            };
            let place = Place::of(*position, record);
            let encoded: Vec<&str> = encoded.iter().map(String::as_str).collect();
            let found = match_disclosures(record, &encoded);
            tally.pass_many(Check::Disclosures, found.live.len() as u64);
            tally.pass_many(Check::Document, found.documents);
            if let Some(finding) = found.fault {
                tally.fail(Check::Disclosures, place.locate(finding));
            }
            if let Some(finding) = found.document {
                tally.fail(Check::Document, place.locate(finding));
            }
        }
        self.check_document_disclosures(tally);
    }

    fn check_document_disclosures(&self, tally: &mut Tally) {
        let document = self.document.as_ref().and_then(|text| json::parse(text.as_bytes()).ok());
        let commitments = document.as_ref().map(commitments_in).unwrap_or_default();
        let mut seen = Vec::new();
        for encoded in &self.document_disclosures {
            let digest = digest(encoded).base64url();
            let opened = commitments.iter().filter(|commitment| **commitment == digest).count();
            let good = opened == 1 && !seen.contains(&digest) && Disclosure::parse(encoded).is_ok();
            if good {
                tally.pass(Check::Disclosures);
            } else {
                let message = "a disclosure that opens not exactly one commitment of the document";
                let finding =
                    Place::NONE.finding("document_disclosures", "a digest in _sd", &digest, message);
                tally.fail(Check::Disclosures, finding);
            }
            seen.push(digest);
        }
    }
}

/// L4: the bundle's checkpoint and each kept one are of one log.
fn check_kept(kept: &[Kept], verifier: &LogVerifier, checkpoint: &Checkpoint, tally: &mut Tally) {
    for Kept { note, path } in kept {
        let earlier = match Checkpoint::open(note, verifier) {
            Ok(earlier) => earlier,
            Err(error) => {
                tally.fail(Check::Kept, Place::NONE.note("kept checkpoint", error.to_string()));
                continue;
            }
        };
        let field = format!("root at size {}", earlier.size);
        let (old, new) =
            if earlier.size <= checkpoint.size { (&earlier, checkpoint) } else { (checkpoint, &earlier) };
        let path = path.as_deref().or((old.size == new.size).then_some(&[]));
        let Some(path) = path else {
            let message = "no consistency proof between the kept checkpoint and the bundle's";
            tally.skip(Check::Kept, Place::NONE.note(field, message));
            continue;
        };
        match verify_consistency(old.size, new.size, &old.root, &new.root, path) {
            Ok(()) => tally.pass(Check::Kept),
            Err(error) => tally.fail(Check::Kept, Place::NONE.note(field, error.to_string())),
        }
    }
}
