//! L2: versions, links, times and ids.
//!
//! Times are judged record after record. The others only concern records that belong together, which are those of one stream or of
//! one id; so they can be judged for a part of the streams and ids, or for all of them at once ([`Chain`]).

use std::collections::HashMap;

use uuid::Uuid;

use super::Finding;
use super::tally::{Check, Place, Tally};
use crate::hash::Hash;
use crate::json::Value;
use crate::record::Record;
use crate::stream::Head;
use crate::time::Timestamp;

/// All of L2 over the records of a bundle. Grows by some 150 bytes per stream and 24 per record.
#[derive(Debug, Clone, Default)]
pub(crate) struct Chain {
    streams: Streams,
    ids: Ids,
    times: Times,
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
        self.streams.step(&Step::of(position, record), tally);
        links(position, record, |link| self.streams.link(link, tally));
        self.times.check(position, record, tally);
        self.ids.add(record.id.into_bytes(), position);
    }

    /// There are no more records.
    pub(crate) fn finish(self, tally: &mut Tally) {
        settle(self.streams.finish(), self.unreadable, tally);
        self.ids.finish(tally);
    }
}

/// The times of the records so far, which never go back.
#[derive(Debug, Clone, Default)]
pub(super) struct Times {
    last: Option<Timestamp>,
}

impl Times {
    /// Checks the next record of the log.
    pub(super) fn check(&mut self, position: u64, record: &Record, tally: &mut Tally) {
        match self.last {
            Some(last) if record.recorded_at < last => {
                let message = "recorded before the record in front of it";
                let expected = format!("{last} or later");
                let place = Place::of(position, record);
                tally.fail(Check::Times, place.finding("recorded_at", expected, record.recorded_at, message));
            }
            _ => {
                tally.pass(Check::Times);
                self.last = Some(record.recorded_at);
            }
        }
    }
}

/// Ids with their positions, to be looked through at the end: sorting is cheaper than a set that grows.
#[derive(Debug, Clone, Default)]
pub(super) struct Ids(Vec<([u8; 16], u64)>);

impl Ids {
    pub(super) fn add(&mut self, id: [u8; 16], position: u64) {
        self.0.push((id, position));
    }

    /// There are no more: finds ids that stand in the log twice.
    pub(super) fn finish(self, tally: &mut Tally) {
        let mut ids = self.0;
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
}

/// A record's step in its stream.
pub(super) struct Step<'r> {
    pub(super) position: u64,
    pub(super) stream: &'r str,
    pub(super) version: u64,
    pub(super) payload_sha256: Hash,
    pub(super) prev: Option<Hash>,
}

impl<'r> Step<'r> {
    pub(super) fn of(position: u64, record: &'r Record) -> Step<'r> {
        let Record { stream, version, payload_sha256, prev, .. } = record;
        Step {
            position,
            stream: stream.as_str(),
            version: *version,
            payload_sha256: *payload_sha256,
            prev: *prev,
        }
    }
}

/// A record of another stream that a record names.
pub(super) struct Link<'r> {
    /// The record that names it.
    pub(super) from: Place<'r>,
    pub(super) stream: &'r str,
    pub(super) version: i64,
    pub(super) hash: &'r str,
}

/// Hands on the member `links` of a record's data, as far as it is one.
pub(super) fn links(position: u64, record: &Record, mut found: impl FnMut(&Link<'_>)) {
    let Some(Value::Array(listed)) = record.data.get("links") else { return };
    let read = |link| {
        let member = |name| Value::get(link, name);
        Some(Link {
            from: Place::of(position, record),
            stream: member("stream")?.as_str()?,
            version: member("version")?.as_int()?,
            hash: member("hash")?.as_str()?,
        })
    };
    listed.iter().filter_map(read).for_each(|link| found(&link));
}

/// A fault that entries which cannot be read may explain.
#[derive(Debug, Clone)]
pub(super) struct Excusable {
    check: Check,
    /// Versions of the stream that are not there.
    missing: u64,
    fault: Finding,
}

/// The heads of streams so far. Of every stream that comes here all steps have to come, in log order, and all links to it where
/// they stand between them.
#[derive(Debug, Clone, Default)]
pub(super) struct Streams {
    heads: HashMap<String, Head>,
    excusable: Vec<Excusable>,
}

impl Streams {
    /// The next record of its stream.
    pub(super) fn step(&mut self, step: &Step<'_>, tally: &mut Tally) {
        let Step { position, stream, version, .. } = *step;
        let place = || Place::of_stream(position, stream, version);
        let known = self.heads.get_mut(stream);
        let head = known.as_deref().copied().unwrap_or_default();
        let expected = head.version + 1;
        if version == expected {
            tally.pass(Check::Versions);
            if step.prev == head.prev {
                tally.pass(Check::Links);
            } else {
                let message = "not the hash of the payload before it in the stream";
                let finding = place().finding("prev", hex(head.prev), hex(step.prev), message);
                tally.fail(Check::Links, finding);
            }
        } else if version > expected {
            let message = "records of the stream are missing before this one";
            let fault = place().finding("version", expected, version, message);
            self.excusable.push(Excusable { check: Check::Versions, missing: version - expected, fault });
        } else {
            let message = "the stream has a record of this version already";
            tally.fail(Check::Versions, place().finding("version", expected, version, message));
            return;
        }
        let head = Head { version, prev: Some(step.payload_sha256) };
        match known {
            Some(known) => *known = head,
            None => drop(self.heads.insert(stream.to_owned(), head)),
        }
    }

    /// What a record says of the newest record of another stream, where that stream is at hand: whoever links to it stands
    /// behind it in the log, so it must be there, with that hash.
    pub(super) fn link(&mut self, link: &Link<'_>, tally: &mut Tally) {
        let Some(head) = self.heads.get(link.stream) else {
            return;
        };
        let version = i64::try_from(head.version).unwrap_or(i64::MAX);
        if link.version == version && hex(head.prev) != link.hash {
            let message = "not the hash of the linked record's payload";
            let finding = link.from.finding("data.links.hash", hex(head.prev), link.hash, message);
            tally.fail(Check::Links, finding);
        } else if link.version > version {
            let message = "the linked record does not stand before this one";
            let expected = format!("at most {version}");
            let fault = link.from.finding("data.links.version", expected, link.version, message);
            self.excusable.push(Excusable { check: Check::Links, missing: 0, fault });
        } else {
            tally.pass(Check::Links);
        }
    }

    /// There are no more: what is left to [`settle`].
    pub(super) fn finish(self) -> Vec<Excusable> {
        self.excusable
    }
}

/// Lays missing versions to entries that cannot be read, as far as these go, from the first on; what is left are faults.
pub(super) fn settle(mut excusable: Vec<Excusable>, mut unreadable: u64, tally: &mut Tally) {
    excusable.sort_by_key(|one| one.fault.position);
    for Excusable { check, missing, fault } in excusable {
        if unreadable > 0 && missing <= unreadable {
            unreadable -= missing;
            tally.pass(check);
        } else {
            tally.fail(check, fault);
        }
    }
}

fn hex(hash: Option<Hash>) -> String {
    hash.map_or_else(|| "null".to_owned(), |hash| hash.hex())
}
