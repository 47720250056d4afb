//! L2: versions, links, times and ids, record after record.

use std::collections::HashMap;

use uuid::Uuid;

use super::tally::{Check, Place, Tally};
use crate::json::Value;
use crate::record::Record;
use crate::stream::{Head, StreamId};
use crate::time::Timestamp;

/// The heads of all streams so far. Grows by some 150 bytes per stream and 24 per record.
#[derive(Debug, Clone, Default)]
pub(crate) struct Chain {
    heads: HashMap<StreamId, Head>,
    /// Every id with its position, to be looked through at the end: sorting is cheaper than a set that grows.
    ids: Vec<([u8; 16], u64)>,
    last_recorded: Option<Timestamp>,
    unreadable: u64,
}

impl Chain {
    /// So many entries are missing here, or are no records. That was reported where they stand; as many versions missing
    /// from some stream are laid to it, so that one fault is not told twice and does not hide a second.
    pub(crate) fn unreadable(&mut self, count: u64) {
        self.unreadable += count;
    }

    /// Checks the next record of the log.
    pub(crate) fn check(&mut self, position: u64, record: &Record, tally: &mut Tally) {
        let place = Place::of(position, record);
        self.check_version(&place, record, tally);
        for link in links(record) {
            self.check_link(&place, &link, tally);
        }
        match self.last_recorded {
            Some(last) if record.recorded_at < last => {
                let message = "recorded before the record in front of it";
                let expected = format!("{last} or later");
                tally.fail(Check::Times, place.finding("recorded_at", expected, record.recorded_at, message));
            }
            _ => {
                tally.pass(Check::Times);
                self.last_recorded = Some(record.recorded_at);
            }
        }
        self.ids.push((record.id.into_bytes(), position));
    }

    /// There are no more records: finds ids that stand in the log twice.
    pub(crate) fn finish(&mut self, tally: &mut Tally) {
        let mut ids = std::mem::take(&mut self.ids);
        ids.sort_unstable();
        let mut twice = 0;
        for pair in ids.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
            twice += 1;
            let (id, position) = (Uuid::from_bytes(pair[1].0), pair[1].1);
            let message = "the id stands in the log before";
            tally.fail(Check::Ids, Place::at(position).finding("id", "an id of its own", id, message));
        }
        tally.pass_many(Check::Ids, ids.len() as u64 - twice);
    }

    /// What a record says of the newest record of another stream, where that stream is at hand: whoever links to it stands
    /// behind it in the log, so it must be there, with that hash.
    fn check_link(&self, place: &Place<'_>, link: &Link<'_>, tally: &mut Tally) {
        let Some(head) = self.heads.get(link.stream) else {
            return;
        };
        let text = |hash: Option<crate::hash::Hash>| hash.map_or_else(|| "null".to_owned(), |h| h.hex());
        let version = i64::try_from(head.version).unwrap_or(i64::MAX);
        if link.version == version && text(head.prev) != link.hash {
            let message = "not the hash of the linked record's payload";
            tally.fail(Check::Links, place.finding("data.links.hash", text(head.prev), link.hash, message));
        } else if link.version > version && self.unreadable == 0 {
            let message = "the linked record does not stand before this one";
            let expected = format!("at most {version}");
            tally.fail(Check::Links, place.finding("data.links.version", expected, link.version, message));
        } else {
            tally.pass(Check::Links);
        }
    }

    fn check_version(&mut self, place: &Place<'_>, record: &Record, tally: &mut Tally) {
        let known = self.heads.get_mut(&record.stream);
        let head = known.as_deref().copied().unwrap_or_default();
        let expected = head.version + 1;
        if record.version == expected {
            tally.pass(Check::Versions);
            if record.prev == head.prev {
                tally.pass(Check::Links);
            } else {
                let text =
                    |hash: Option<crate::hash::Hash>| hash.map_or_else(|| "null".to_owned(), |h| h.hex());
                let message = "not the hash of the payload before it in the stream";
                tally.fail(Check::Links, place.finding("prev", text(head.prev), text(record.prev), message));
            }
        } else if record.version > expected && record.version - expected <= self.unreadable {
            self.unreadable -= record.version - expected;
            tally.pass(Check::Versions);
        } else {
            let message = if record.version > expected {
                "records of the stream are missing before this one"
            } else {
                "the stream has a record of this version already"
            };
            tally.fail(Check::Versions, place.finding("version", expected, record.version, message));
        }
        match known {
            Some(head) if record.version >= expected => *head = record.head(),
            None if record.version >= expected => {
                self.heads.insert(record.stream.clone(), record.head());
            }
            _ => {}
        }
    }
}

/// A record of another stream that a record names.
struct Link<'r> {
    stream: &'r str,
    version: i64,
    hash: &'r str,
}

/// The member `links` of a record's data, as far as it is one.
fn links(record: &Record) -> Vec<Link<'_>> {
    let listed = record.data.get("links").and_then(Value::as_array).unwrap_or(&[]);
    let read = |link| {
        let member = |name| Value::get(link, name);
        Some(Link {
            stream: member("stream")?.as_str()?,
            version: member("version")?.as_int()?,
            hash: member("hash")?.as_str()?,
        })
    };
    listed.iter().filter_map(read).collect()
}
