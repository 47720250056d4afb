//! What can be checked on one record alone, and so on many threads at once.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::tally::Place;
use super::{DOCUMENT_FIELD, DOCUMENT_NAME, Finding};
use crate::disclosure::{Disclosure, digest};
use crate::hash::{DIGEST_CHARS, Hash, leaf_hash, sha256};
use crate::json::{self, Value};
use crate::key::{BATCH_SIGNATURES_MIN, Batch, PublicKey};
use crate::record::{Record, RecordError, open};

/// Keys by thumbprint, to check signatures ahead of the audit with. It decides nothing about who may sign: a thumbprint
/// fixes its key, so a signature checked with the key of that name is checked for good.
pub type KnownKeys = BTreeMap<String, PublicKey>;

/// Payload fields a disclosure may not hide behind a second time (RFC 9901 §7.1).
const PAYLOAD_FIELDS: [&str; 12] = [
    "data",
    "id",
    "log",
    "occurred_at",
    "occurred_at_assumed_zone",
    "prev",
    "recorded_at",
    "source",
    "stream",
    "type",
    "v",
    "version",
];

/// A record with the verdicts that need no knowledge of the rest of the log. Only [`check_record`] and [`check_records`]
/// make one.
#[derive(Debug, Clone)]
pub struct CheckedRecord {
    pub(super) leaf: Hash,
    pub(super) record: Result<Record, RecordError>,
    /// None when the key was not among the known ones.
    pub(super) signature: Option<bool>,
    pub(super) disclosed: Disclosed,
}

impl CheckedRecord {
    /// The record, if the entry is one.
    pub fn record(&self) -> Option<&Record> {
        self.record.as_ref().ok()
    }

    /// The digest of each of its disclosures, in the order in which they were given; none where the entry is no record.
    pub fn digests(&self) -> &[Hash] {
        &self.disclosed.digests
    }

    /// Whether the signature verifies strictly; none where its key is not known.
    fn one_signature(&self, known: &KnownKeys) -> Option<bool> {
        let record = self.record()?;
        Some(record.verify(known.get(&record.kid)?).is_ok())
    }
}

/// Opens an entry, checks its signature where its key is known, and matches its disclosures. As with [`open`], a text that is handed
/// over is not copied.
pub fn check_record(jws: impl Into<String>, disclosures: &[&str], known: &KnownKeys) -> CheckedRecord {
    let mut checked = check_unsigned(jws.into(), disclosures);
    checked.signature = checked.one_signature(known);
    checked
}

/// As [`check_record`] for many entries in one go: the verdicts are the same, sooner. Where many signatures are by one
/// key they are checked together first; if that does not prove them all, each is checked by itself.
pub fn check_records<'a>(
    entries: impl IntoIterator<Item = (impl Into<String>, Vec<&'a str>)>,
    known: &KnownKeys,
) -> Vec<CheckedRecord> {
    let mut checked = check_all_unsigned(entries);
    for (kid, key) in known {
        let signed = |one: &&mut CheckedRecord| one.record().is_some_and(|record| record.kid == *kid);
        if checked.iter_mut().filter(signed).count() < BATCH_SIGNATURES_MIN {
            continue;
        }
        let mut batch = Batch::new(key);
        for record in checked.iter().filter_map(CheckedRecord::record).filter(|record| record.kid == *kid) {
            record.add_to(&mut batch);
        }
        if batch.verifies() {
            checked.iter_mut().filter(signed).for_each(|one| one.signature = Some(true));
        }
    }
    check_each_signature(&mut checked, known);
    checked
}

/// As [`check_record`] for many entries in one go: the verdicts are the same, sooner. Each signature is checked by itself.
pub fn check_each_record<'a>(
    entries: impl IntoIterator<Item = (impl Into<String>, Vec<&'a str>)>,
    known: &KnownKeys,
) -> Vec<CheckedRecord> {
    let mut checked = check_all_unsigned(entries);
    check_each_signature(&mut checked, known);
    checked
}

fn check_all_unsigned<'a>(
    entries: impl IntoIterator<Item = (impl Into<String>, Vec<&'a str>)>,
) -> Vec<CheckedRecord> {
    entries.into_iter().map(|(jws, disclosures)| check_unsigned(jws.into(), &disclosures)).collect()
}

/// Checks the signatures that are not checked yet and whose keys are known.
fn check_each_signature(checked: &mut [CheckedRecord], known: &KnownKeys) {
    for (kid, key) in known {
        let is_open = |one: &CheckedRecord| {
            one.signature.is_none() && one.record().is_some_and(|record| record.kid == *kid)
        };
        let open = checked.iter().filter(|one| is_open(one)).filter_map(CheckedRecord::record);
        let verdicts = key.verify_each(open.map(Record::signed));
        for (one, verdict) in checked.iter_mut().filter(|one| is_open(one)).zip(verdicts) {
            one.signature = Some(verdict);
        }
    }
}

fn check_unsigned(jws: String, disclosures: &[&str]) -> CheckedRecord {
    let leaf = leaf_hash(jws.as_bytes());
    let record = open(jws);
    let disclosed =
        record.as_ref().map_or_else(|_| Disclosed::default(), |r| match_disclosures(r, disclosures));
    CheckedRecord { leaf, record, signature: None, disclosed }
}

/// What a record's disclosures turned out to be.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disclosed {
    /// The digest of each disclosure in the order given.
    pub(crate) digests: Vec<Hash>,
    /// Digests that are disclosed, each once.
    pub(crate) live: Vec<Hash>,
    /// Digests that are committed to and not disclosed.
    pub(crate) withheld: Vec<Hash>,
    /// The first disclosure that is wrong; its place is for the caller to add.
    pub(crate) fault: Option<Finding>,
    /// Whether a disclosed document has the hash the record quotes; none if there is no such pair.
    pub(crate) document: Option<Finding>,
    pub(crate) documents: u64,
}

impl Disclosed {
    fn fail(&mut self, field: &str, expected: &str, actual: impl ToString, message: &str) {
        self.fault.get_or_insert_with(|| Place::NONE.finding(field, expected, actual, message));
    }
}

/// Requires each disclosure to open exactly one commitment, of the record or of the document the record discloses.
pub(crate) fn match_disclosures(record: &Record, disclosures: &[&str]) -> Disclosed {
    let mut found = Disclosed::default();
    let (mut seen, mut names) = (HashSet::with_capacity(disclosures.len()), Vec::new());
    let mut nested: Vec<String> = Vec::new();
    let mut others: Vec<Hash> = Vec::new();
    found.digests = disclosures.iter().map(|encoded| digest(encoded)).collect();
    for (index, encoded) in disclosures.iter().enumerate() {
        let digest = found.digests[index];
        if !seen.insert(digest) {
            let digest = digest.base64url();
            found.fail("disclosures", "each disclosure once", &digest, "a disclosure is given twice");
            continue;
        }
        let (name, value) = match Disclosure::parse(encoded) {
            Ok((_, name, value)) => (name, value),
            Err(error) => {
                found.fail("disclosures", "[salt, name, value]", digest.base64url(), &error.to_string());
                continue;
            }
        };
        if !is_committed(record, &digest) {
            others.push(digest);
            continue;
        }
        if let (DOCUMENT_NAME, Some(text)) = (name.as_str(), value.as_str()) {
            nested.extend(check_document(record, text, &mut found));
        }
        names.push((name, digest));
        found.live.push(digest);
    }
    check_names(names, &mut found);
    match_nested(&nested, others, &mut found, record);
    // All that is live is committed to, each once: with as many commitments none is left.
    if found.live.len() < record.commitments.len() + nested.len() {
        let committed = record.commitments.iter().chain(&nested);
        let digests = committed.filter_map(|text| Hash::from_base64url(text).ok());
        found.withheld = digests.filter(|digest| !seen.contains(digest)).collect();
    }
    found
}

fn is_committed(record: &Record, digest: &Hash) -> bool {
    let mut buffer = [0; DIGEST_CHARS];
    let text = digest.base64url_in(&mut buffer);
    record.commitments.binary_search_by(|one| one.as_str().cmp(text)).is_ok()
}

/// No disclosure may stand for a field of the payload, or for the name of another.
fn check_names(mut names: Vec<(String, Hash)>, found: &mut Disclosed) {
    names.sort_unstable();
    let twice = names.windows(2).filter(|pair| pair[0].0 == pair[1].0).map(|pair| &pair[1]);
    let field = names.iter().filter(|(name, _)| PAYLOAD_FIELDS.contains(&name.as_str()));
    for (_, digest) in twice.chain(field) {
        let message = "a disclosure repeats a name of the record";
        found.fail("disclosures", "a name of its own", digest.base64url(), message);
    }
}

fn match_nested(nested: &[String], others: Vec<Hash>, found: &mut Disclosed, record: &Record) {
    let twice = nested.iter().find(|digest| record.commitments.binary_search(digest).is_ok());
    if let Some(digest) = twice {
        found.fail(
            "disclosures",
            "one commitment per digest",
            digest,
            "record and document commit to one digest",
        );
    }
    let mut committed: HashMap<Hash, usize> = HashMap::with_capacity(nested.len());
    for digest in nested.iter().filter_map(|text| Hash::from_base64url(text).ok()) {
        *committed.entry(digest).or_default() += 1;
    }
    for digest in others {
        match committed.get(&digest) {
            Some(1) => found.live.push(digest),
            None => {
                let digest = digest.base64url();
                found.fail("disclosures", "a digest in _sd", &digest, "a disclosure opens no commitment");
            }
            Some(_) => {
                found.fail(
                    "disclosures",
                    "one commitment",
                    digest.base64url(),
                    "a disclosure opens several commitments",
                );
            }
        }
    }
}

/// Compares a disclosed document with the hash in the record, and returns the commitments inside it.
fn check_document(record: &Record, text: &str, found: &mut Disclosed) -> Vec<String> {
    let quoted = record.data.get(DOCUMENT_FIELD);
    let Some(quoted) = quoted.as_ref().and_then(Value::as_str) else { return Vec::new() };
    let actual = sha256(text.as_bytes()).hex();
    if actual != quoted {
        let message = "the document is not the one whose hash the record quotes";
        found.document = Some(Place::NONE.finding(DOCUMENT_FIELD, quoted, actual, message));
        return Vec::new();
    }
    match json::parse_canonical(text.as_bytes()) {
        Ok(value) => {
            found.documents += 1;
            commitments_in(&value)
        }
        Err(error) => {
            found.document = Some(Place::NONE.note(DOCUMENT_NAME, error.to_string()));
            Vec::new()
        }
    }
}

/// Every digest in an `_sd` anywhere inside a value.
pub(crate) fn commitments_in(value: &Value) -> Vec<String> {
    fn walk(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| walk(item, found)),
            Value::Object(entries) => {
                for (key, value) in entries {
                    match (key.as_str(), value.as_array()) {
                        ("_sd", Some(digests)) => {
                            found.extend(digests.iter().filter_map(Value::as_str).map(str::to_owned));
                        }
                        _ => walk(value, found),
                    }
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(value, &mut found);
    found
}
