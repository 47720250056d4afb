//! L5: what was erased is gone, and what is gone was erased by a record.

use std::collections::{BTreeMap, BTreeSet};

use super::ERASED_KIND;
use super::entry::Disclosed;
use super::tally::{Check, Place, Tally};
use crate::hash::Hash;
use crate::json::Value;
use crate::record::Record;

/// Digests seen so far, 24 bytes for each live disclosure.
#[derive(Debug, Clone, Default)]
pub(super) struct Erasure {
    /// The first half of the digest of each disclosure that exists, with the position of its record. Looked through at
    /// the end; half of a SHA-256 is as good a name as the whole.
    live: Vec<([u8; 16], u64)>,
    /// Digests that records of erasure name, with the position of the first such record.
    listed: BTreeMap<Hash, u64>,
    /// What the store says was erased.
    claims: Vec<(u64, Hash)>,
    /// Commitments without a disclosure; kept only where all disclosures are said to be given.
    withheld: BTreeMap<Hash, u64>,
    complete: bool,
}

impl Erasure {
    pub(super) fn expect_all(&mut self) {
        self.complete = true;
    }

    pub(super) fn claim(&mut self, position: u64, digest: &str, tally: &mut Tally) {
        match Hash::from_base64url(digest) {
            Ok(digest) => self.claims.push((position, digest)),
            Err(error) => tally.fail(Check::Erasure, Place::at(position).note("digest", error.to_string())),
        }
    }

    pub(super) fn entry(&mut self, position: u64, record: &Record, disclosed: &Disclosed) {
        self.live.extend(disclosed.live.iter().map(|digest| (half(digest), position)));
        if self.complete {
            for digest in &disclosed.withheld {
                self.withheld.entry(*digest).or_insert(position);
            }
        }
        if record.kind == ERASED_KIND {
            self.list(position, &record.data);
        }
    }

    fn list(&mut self, position: u64, value: &Value) {
        match value {
            Value::String(text) => {
                if let Ok(digest) = Hash::from_base64url(text) {
                    self.listed.entry(digest).or_insert(position);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.list(position, item)),
            Value::Object(entries) => entries.values().for_each(|value| self.list(position, value)),
            _ => {}
        }
    }

    /// Those of the digests in question that are still disclosed, with the first position at which they are.
    fn still_live(&self) -> BTreeMap<[u8; 16], u64> {
        let claimed = self.claims.iter().map(|(_, digest)| digest);
        let asked: BTreeSet<[u8; 16]> = self.listed.keys().chain(claimed).map(half).collect();
        let mut found = BTreeMap::new();
        if !asked.is_empty() {
            for (digest, position) in self.live.iter().filter(|(digest, _)| asked.contains(digest)) {
                found.entry(*digest).or_insert(*position);
            }
        }
        found
    }

    pub(super) fn finish(&mut self, tally: &mut Tally) {
        let live = self.still_live();
        for (position, digest) in &self.claims {
            let place = Place::at(*position);
            if !self.listed.contains_key(digest) {
                let message = "erased without a record of it";
                tally.fail(
                    Check::Erasure,
                    place.finding(digest.base64url(), ERASED_KIND, "no record", message),
                );
            } else if self.complete
                && self.withheld.get(digest) != Some(position)
                && !live.contains_key(&half(digest))
            {
                let message = "the record there does not commit to what is said to be erased";
                tally
                    .fail(Check::Erasure, place.finding(digest.base64url(), "a commitment", "none", message));
            } else {
                tally.pass(Check::Erasure);
            }
        }
        for (digest, erased_at) in &self.listed {
            if let Some(position) = live.get(&half(digest)) {
                let message =
                    format!("erased by the record at position {erased_at}, and the disclosure still exists");
                let place = Place::at(*position);
                tally.fail(
                    Check::Erasure,
                    place.finding(digest.base64url(), "no disclosure", "a disclosure", message),
                );
            } else {
                tally.pass(Check::Erasure);
            }
        }
        for (digest, position) in &self.withheld {
            if !self.listed.contains_key(digest) {
                let message = "the disclosure is gone, and no record says it was erased";
                let place = Place::at(*position);
                tally
                    .fail(Check::Erasure, place.finding(digest.base64url(), "a disclosure", "none", message));
            }
        }
        if self.complete {
            tally.allow_none(&[Check::Erasure]);
            tally.require(&[Check::Erasure]);
        }
    }
}

fn half(digest: &Hash) -> [u8; 16] {
    *digest.0.first_chunk().expect("16 is not more than 32")
}
