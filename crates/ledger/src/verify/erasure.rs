//! L5: what was erased is gone, and what is gone was erased by a record.

use std::collections::{BTreeMap, BTreeSet};

use super::ERASED_KIND;
use super::aside::{Aside, Said, half};
use super::entry::Disclosed;
use super::tally::{Check, Place, Tally};
use crate::hash::Hash;
use crate::json::Value;
use crate::record::Record;

/// Puts aside what an entry says of digests, for [`Erased`] to judge. `complete` where all disclosures are said to be given.
pub(super) fn put_aside(
    position: u64,
    record: &Record,
    disclosed: &Disclosed,
    complete: bool,
    aside: &mut Aside,
) {
    disclosed.live.iter().for_each(|digest| aside.live(digest, position));
    // A commitment without a disclosure says nothing where some may not have been given.
    if complete {
        disclosed.withheld.iter().for_each(|digest| aside.said(Said::Withheld, digest, position));
    }
    if record.kind == ERASED_KIND {
        list(position, &record.data.value(), aside);
    }
}

/// The digests that a record of erasure names.
fn list(position: u64, value: &Value, aside: &mut Aside) {
    match value {
        Value::String(text) => {
            if let Ok(digest) = Hash::from_base64url(text) {
                aside.said(Said::Listed, &digest, position);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| list(position, item, aside)),
        Value::Object(entries) => entries.values().for_each(|value| list(position, value, aside)),
        _ => {}
    }
}

/// What was said of a share of the digests. Of every digest that comes here everything has to come.
#[derive(Debug, Default)]
pub(super) struct Erased {
    /// The first half of the digest of each disclosure that exists, with the position of its record. Looked through at the end.
    live: Vec<([u8; 16], u64)>,
    /// Digests that records of erasure name, with the position of the first such record.
    listed: BTreeMap<Hash, u64>,
    /// What the store says was erased.
    claims: Vec<(u64, Hash)>,
    /// Commitments without a disclosure; there are none unless all disclosures are said to be given.
    withheld: BTreeMap<Hash, u64>,
}

impl Erased {
    pub(super) fn said(&mut self, said: Said, digest: Hash, position: u64) {
        match said {
            Said::Listed => drop(self.listed.entry(digest).or_insert(position)),
            Said::Claimed => self.claims.push((position, digest)),
            Said::Withheld => drop(self.withheld.entry(digest).or_insert(position)),
        }
    }

    pub(super) fn live(&mut self, half: [u8; 16], position: u64) {
        self.live.push((half, position));
    }

    /// Those of the digests in question that are still disclosed, with the first position at which they are.
    fn still_live(&self) -> BTreeMap<[u8; 16], u64> {
        let claimed = self.claims.iter().map(|(_, digest)| digest);
        let asked: BTreeSet<[u8; 16]> = self.listed.keys().chain(claimed).map(half).collect();
        let mut found = BTreeMap::new();
        for (digest, position) in self.live.iter().filter(|(digest, _)| asked.contains(digest)) {
            found.entry(*digest).or_insert(*position);
        }
        found
    }

    /// There is no more. `complete` where all disclosures are said to be given.
    pub(super) fn finish(self, complete: bool, tally: &mut Tally) {
        let live = self.still_live();
        for (position, digest) in &self.claims {
            let place = Place::at(*position);
            if !self.listed.contains_key(digest) {
                let message = "erased without a record of it";
                let finding = place.finding(digest.base64url(), ERASED_KIND, "no record", message);
                tally.fail(Check::Erasure, finding);
            } else if complete
                && self.withheld.get(digest) != Some(position)
                && !live.contains_key(&half(digest))
            {
                let message = "the record there does not commit to what is said to be erased";
                let finding = place.finding(digest.base64url(), "a commitment", "none", message);
                tally.fail(Check::Erasure, finding);
            } else {
                tally.pass(Check::Erasure);
            }
        }
        for (digest, erased_at) in &self.listed {
            if let Some(position) = live.get(&half(digest)) {
                let message =
                    format!("erased by the record at position {erased_at}, and the disclosure still exists");
                let place = Place::at(*position);
                let finding = place.finding(digest.base64url(), "no disclosure", "a disclosure", message);
                tally.fail(Check::Erasure, finding);
            } else {
                tally.pass(Check::Erasure);
            }
        }
        for (digest, position) in self.withheld.iter().filter(|(digest, _)| !self.listed.contains_key(digest))
        {
            let message = "the disclosure is gone, and no record says it was erased";
            let finding = Place::at(*position).finding(digest.base64url(), "a disclosure", "none", message);
            tally.fail(Check::Erasure, finding);
        }
    }
}
