//! What an audit cannot judge as it comes, put aside until the log is at its end.
//!
//! The records of a stream, the bearers of one id, and the disclosures and erasures of one digest may stand anywhere in the log. All that
//! belongs together falls into one *share*, and shares are judged each by itself: memory then holds the streams and ids of one share,
//! and not those of the whole log. Until then the bytes may lie elsewhere; how many facts they hold is counted here, so that
//! what comes back is known to be whole.

use std::hash::{DefaultHasher, Hash as _, Hasher};

use super::chain::{Link, Step};
use super::tally::Place;
use crate::hash::Hash;
use crate::record::Record;
use crate::stream::STREAM_BYTES_MAX;

/// Shares, each judged by itself.
pub const SHARES: usize = 256;
/// Parts in which facts are put aside: one of each kind for each share.
pub const PARTS: usize = SHARES * KINDS;

const KINDS: usize = 4;
const STEP: u8 = 0;
const LINK: u8 = 1;

/// What belongs together, and is read together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Steps of streams and links to them, by stream.
    Stream,
    /// Ids of records.
    Id,
    /// Digests that are disclosed.
    Live,
    /// What is said of digests otherwise.
    Erasure,
}

impl Kind {
    pub(super) const ALL: [Kind; KINDS] = [Kind::Stream, Kind::Id, Kind::Live, Kind::Erasure];

    /// The part of this kind in a share.
    pub(super) fn part(self, share: usize) -> usize {
        self as usize * SHARES + share
    }
}

/// What is said of a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// A record of erasure names it.
    Listed,
    /// The store says that it was erased.
    Claimed,
    /// A record commits to it, and it is not disclosed.
    Withheld,
}

/// The facts put aside.
#[derive(Debug, Clone)]
pub(super) struct Aside {
    parts: Vec<Vec<u8>>,
    counts: Vec<u64>,
    bytes: usize,
}

impl Aside {
    pub(super) fn new() -> Aside {
        Aside { parts: vec![Vec::new(); PARTS], counts: vec![0; PARTS], bytes: 0 }
    }

    /// Bytes held here.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many facts of a part were put aside, wherever they lie now.
    pub(super) fn count(&self, part: usize) -> u64 {
        self.counts[part]
    }

    /// Those of a part that lie here: they came behind all that was handed out.
    pub(super) fn held(&self, part: usize) -> &[u8] {
        &self.parts[part]
    }

    /// Hands out every part that has any facts.
    pub(super) fn hand_out<E>(
        &mut self,
        mut keep: impl FnMut(usize, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        for (part, bytes) in self.parts.iter_mut().enumerate().filter(|(_, bytes)| !bytes.is_empty()) {
            keep(part, bytes)?;
            // The next facts will be about as many.
            bytes.clear();
        }
        self.bytes = 0;
        Ok(())
    }

    fn put(&mut self, kind: Kind, share: usize, write: impl FnOnce(&mut Vec<u8>)) {
        let part = kind.part(share);
        let bytes = &mut self.parts[part];
        let before = bytes.len();
        write(bytes);
        self.bytes += bytes.len() - before;
        self.counts[part] += 1;
    }

    pub(super) fn step(&mut self, step: &Step<'_>) {
        self.put(Kind::Stream, share_of(step.stream), |bytes| {
            bytes.push(STEP);
            put_name(bytes, step.stream);
            put_number(bytes, step.position);
            put_number(bytes, step.version);
            bytes.extend_from_slice(&step.payload_sha256.0);
            bytes.push(step.prev.is_some().into());
            bytes.extend_from_slice(step.prev.as_ref().map_or(&[], |prev| &prev.0));
        });
    }

    /// A link to no possible stream concerns none.
    pub(super) fn link(&mut self, position: u64, record: &Record, link: &Link<'_>) {
        if link.stream.len() > STREAM_BYTES_MAX {
            return;
        }
        self.put(Kind::Stream, share_of(link.stream), |bytes| {
            bytes.push(LINK);
            put_name(bytes, link.stream);
            put_number(bytes, position);
            put_name(bytes, record.stream.as_str());
            put_number(bytes, record.version);
            bytes.extend_from_slice(&link.version.to_le_bytes());
            put_number(bytes, link.hash.len() as u64);
            bytes.extend_from_slice(link.hash.as_bytes());
        });
    }

    pub(super) fn id(&mut self, id: &[u8; 16], position: u64) {
        self.put(Kind::Id, id[15].into(), |bytes| {
            bytes.extend_from_slice(id);
            put_number(bytes, position);
        });
    }

    pub(super) fn live(&mut self, digest: &Hash, position: u64) {
        self.put(Kind::Live, digest.0[0].into(), |bytes| {
            bytes.extend_from_slice(&half(digest));
            put_number(bytes, position);
        });
    }

    pub(super) fn said(&mut self, said: Said, digest: &Hash, position: u64) {
        self.put(Kind::Erasure, digest.0[0].into(), |bytes| {
            bytes.push(said as u8);
            bytes.extend_from_slice(&digest.0);
            put_number(bytes, position);
        });
    }
}

/// The first half of a digest: half of a SHA-256 is as good a name as the whole.
pub(super) fn half(digest: &Hash) -> [u8; 16] {
    *digest.0.first_chunk().expect("16 is not more than 32")
}

/// The share of a stream. Who chooses names well can have many in one share, which costs the auditor memory and nothing else.
fn share_of(stream: &str) -> usize {
    let mut hasher = DefaultHasher::new();
    stream.hash(&mut hasher);
    usize::from(hasher.finish().to_le_bytes()[0])
}

/// A name of at most [`STREAM_BYTES_MAX`] bytes, behind its length.
fn put_name(bytes: &mut Vec<u8>, name: &str) {
    bytes.push(u8::try_from(name.len()).expect("a stream's name is no longer than 200 bytes"));
    bytes.extend_from_slice(name.as_bytes());
}

fn put_number(bytes: &mut Vec<u8>, number: u64) {
    bytes.extend_from_slice(&number.to_le_bytes());
}

/// A step of a stream, or a link to it.
pub(super) enum OfStream<'b> {
    Step(Step<'b>),
    Link(Link<'b>),
}

/// Facts as they were put aside, read in order. Ends early where they are not what was written.
pub(super) struct Facts<'b>(pub(super) &'b [u8]);

impl<'b> Facts<'b> {
    pub(super) fn of_stream(&mut self) -> Option<OfStream<'b>> {
        let [kind] = *self.take()?;
        let stream = self.name()?;
        let position = self.number()?;
        if kind == STEP {
            let version = self.number()?;
            let payload_sha256 = Hash(*self.take()?);
            let prev = match self.take()? {
                [0] => None,
                _ => Some(Hash(*self.take()?)),
            };
            return Some(OfStream::Step(Step { position, stream, version, payload_sha256, prev }));
        }
        let from = self.name()?;
        let from = Place::of_stream(position, from, self.number()?);
        let version = i64::from_le_bytes(*self.take()?);
        let length = usize::try_from(self.number()?).ok()?;
        let hash = self.text(length)?;
        Some(OfStream::Link(Link { from, stream, version, hash }))
    }

    pub(super) fn id_or_live(&mut self) -> Option<([u8; 16], u64)> {
        Some((*self.take()?, self.number()?))
    }

    pub(super) fn said(&mut self) -> Option<(Said, Hash, u64)> {
        let said = match self.take()? {
            [0] => Said::Listed,
            [1] => Said::Claimed,
            [2] => Said::Withheld,
            _ => return None,
        };
        Some((said, Hash(*self.take()?), self.number()?))
    }

    fn take<const N: usize>(&mut self) -> Option<&'b [u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(*self.take()?))
    }

    fn name(&mut self) -> Option<&'b str> {
        let [length] = *self.take()?;
        self.text(length.into())
    }

    fn text(&mut self, length: usize) -> Option<&'b str> {
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        str::from_utf8(text).ok()
    }
}
