//! L5: what was erased is gone, and what is gone was erased by a record.

use std::collections::{BTreeMap, HashMap};

use super::ERASED_KIND;
use super::entry::Disclosed;
use super::tally::{Check, Place, Tally};
use crate::hash::Hash;
use crate::json::Value;
use crate::record::Record;

/// Digests seen so far, 40 bytes for each live disclosure.
#[derive(Debug, Clone, Default)]
pub(super) struct Erasure {
    /// Disclosures that exist, with the position of their record.
    live: HashMap<Hash, u64>,
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
        for digest in hashes(&disclosed.live) {
            self.live.entry(digest).or_insert(position);
        }
        if self.complete {
            for digest in hashes(&disclosed.withheld) {
                self.withheld.entry(digest).or_insert(position);
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

    pub(super) fn finish(&mut self, tally: &mut Tally) {
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
                && !self.live.contains_key(digest)
            {
                let message = "the record there does not commit to what is said to be erased";
                tally
                    .fail(Check::Erasure, place.finding(digest.base64url(), "a commitment", "none", message));
            } else {
                tally.pass(Check::Erasure);
            }
        }
        for (digest, erased_at) in &self.listed {
            if let Some(position) = self.live.get(digest) {
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

fn hashes(digests: &[String]) -> impl Iterator<Item = Hash> {
    digests.iter().filter_map(|digest| Hash::from_base64url(digest).ok())
}
