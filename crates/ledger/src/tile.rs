//! Tiles: the pieces in which a Merkle log is served (C2SP tlog-tiles, height 8).
//!
//! ```text
//! level 2                  [ t t … ]                one hash per full tile of level 1
//! level 1      [ r r r … r ][ r r … ]               one hash per full tile of level 0
//! level 0   [ l l l … l ][ l l l … l ][ l l … ]     one leaf hash per entry
//!              256 wide     256 wide    partial
//! entries   [ e e e … e ][ e e e … e ][ e e … ]     the entries themselves, each behind its length
//! ```
//!
//! A tile is immutable once full; a partial one is named by its width. The tiles of a tree are a function of its size
//! alone, so every tile a checkpoint implies is known from the checkpoint.

use std::fmt;
use std::ops::Range;

use crate::hash::Hash;

mod set;

pub use set::TileSet;

/// Binary tree levels in one tile.
pub const TILE_HEIGHT: u32 = 8;
/// Hashes in a full tile.
pub const TILE_WIDTH: u16 = 256;
/// Bytes of one hash in a tile.
pub const HASH_BYTES: usize = 32;
/// Longest entry an entry bundle can carry: its length prefix is a big-endian u16.
pub const ENTRY_BYTES_MAX: usize = 65_535;
/// Largest tree: what a signed 64-bit integer holds, as databases and other implementations count.
pub const TREE_SIZE_MAX: u64 = i64::MAX as u64;

/// Highest level a path may name (C2SP tlog-tiles).
const PATH_LEVEL_MAX: u64 = 63;
/// Highest level a tree of at most 2^64 - 1 leaves has hashes on.
const TREE_LEVEL_MAX: u8 = 7;

/// A tile that cannot be, or bytes that are not the tile they are said to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// Level above 63, or width not in 1..=256.
    #[error("no tile has level {level} and width {width}")]
    Shape {
        /// The level asked for.
        level: u8,
        /// The width asked for.
        width: u16,
    },
    /// Not a tile path in its one canonical spelling.
    #[error("not a tile path: {0:?}")]
    Path(String),
    /// A tile with more or fewer hashes, or a bundle with more or fewer entries, than its width.
    #[error("a tile of width {expected} holds {actual}")]
    Width {
        /// The width named by the id.
        expected: u16,
        /// The number found; for a tile whose bytes are no whole number of hashes, rounded down.
        actual: usize,
    },
    /// Bytes that end inside an entry or inside a hash.
    #[error("the bytes end in the middle of item {item}")]
    Truncated {
        /// Place of the unfinished item, from 0.
        item: usize,
    },
    /// An entry longer than [`ENTRY_BYTES_MAX`].
    #[error("an entry of {bytes} bytes is longer than {ENTRY_BYTES_MAX}")]
    EntryTooLong {
        /// Length of the entry.
        bytes: usize,
    },
}

/// Names one hash tile: level, index within the level, and width (1..=256).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    level: u8,
    index: u64,
    width: u16,
}

impl TileId {
    /// A tile by its numbers.
    ///
    /// # Errors
    /// [`TileError::Shape`] when the level is above 63 or the width is not in 1..=256.
    pub fn new(level: u8, index: u64, width: u16) -> Result<TileId, TileError> {
        if u64::from(level) > PATH_LEVEL_MAX || width == 0 || width > TILE_WIDTH {
            return Err(TileError::Shape { level, width });
        }
        Ok(TileId { level, index, width })
    }

    /// The tile at `level` and `index` in a tree of `size` leaves, with the width it has there; `None` when that tree
    /// has no hash in it.
    pub fn at(level: u8, index: u64, size: u64) -> Option<TileId> {
        let hashes = size.checked_shr(TILE_HEIGHT * u32::from(level))?;
        let before = index.checked_mul(u64::from(TILE_WIDTH))?;
        let width = hashes.checked_sub(before)?.min(u64::from(TILE_WIDTH));
        let width = u16::try_from(width).expect("at most 256");
        (width > 0).then_some(TileId { level, index, width })
    }

    /// Height of the tile's hashes in tiles: 0 for leaf hashes.
    pub fn level(&self) -> u8 {
        self.level
    }

    /// Place of the tile within its level, from 0.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// Number of hashes, 1..=256.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Whether the tile is full, and so will never change.
    pub fn is_full(&self) -> bool {
        self.width == TILE_WIDTH
    }

    /// Places of the tile's hashes within their level: for level 0, positions in the log.
    pub fn hashes(&self) -> Range<u64> {
        let first = self.index.saturating_mul(u64::from(TILE_WIDTH));
        first..first.saturating_add(u64::from(self.width))
    }

    /// Path below the log's prefix: `tile/0/x001/x234/067`, with `.p/<width>` behind a partial tile.
    pub fn path(&self) -> String {
        format!("tile/{}/{}", self.level, index_path(self.index, self.width))
    }

    /// Reads [`TileId::path`], accepting its one spelling only.
    ///
    /// # Errors
    /// [`TileError::Path`] for anything else.
    pub fn parse(path: &str) -> Result<TileId, TileError> {
        let read = || {
            let (level, rest) = path.strip_prefix("tile/")?.split_once('/')?;
            let level = decimal(level).filter(|level| *level <= PATH_LEVEL_MAX)?;
            let (index, width) = parse_index_path(rest)?;
            Some(TileId { level: u8::try_from(level).ok()?, index, width })
        };
        read().ok_or_else(|| TileError::Path(path.to_owned()))
    }
}

impl fmt::Display for TileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path())
    }
}

/// Names one entry bundle: the entries whose leaf hashes are the level 0 tile of the same index and width.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntriesId {
    index: u64,
    width: u16,
}

impl EntriesId {
    /// The bundle at `index` in a log of `size` entries; `None` when that log has no entry in it.
    pub fn at(index: u64, size: u64) -> Option<EntriesId> {
        TileId::at(0, index, size).map(|tile| EntriesId { index, width: tile.width })
    }

    /// Place of the bundle, from 0.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// Number of entries, 1..=256.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Whether the bundle is full, and so will never change.
    pub fn is_full(&self) -> bool {
        self.width == TILE_WIDTH
    }

    /// Positions of the entries in the log.
    pub fn positions(&self) -> Range<u64> {
        self.tile().hashes()
    }

    /// The level 0 tile whose hashes are the leaf hashes of these entries.
    pub fn tile(&self) -> TileId {
        TileId { level: 0, index: self.index, width: self.width }
    }

    /// Path below the log's prefix: `tile/entries/x001/067`, with `.p/<width>` behind a partial bundle.
    pub fn path(&self) -> String {
        format!("tile/entries/{}", index_path(self.index, self.width))
    }

    /// Reads [`EntriesId::path`], accepting its one spelling only.
    ///
    /// # Errors
    /// [`TileError::Path`] for anything else.
    pub fn parse(path: &str) -> Result<EntriesId, TileError> {
        path.strip_prefix("tile/entries/")
            .and_then(parse_index_path)
            .map(|(index, width)| EntriesId { index, width })
            .ok_or_else(|| TileError::Path(path.to_owned()))
    }

    /// The bundle's bytes: each entry behind its length as a big-endian u16.
    ///
    /// # Errors
    /// [`TileError::Width`] when the number of entries is not the bundle's width, [`TileError::EntryTooLong`].
    pub fn encode<E: AsRef<[u8]>>(&self, entries: &[E]) -> Result<Vec<u8>, TileError> {
        check_width(self.width, entries.len())?;
        let length: usize = entries.iter().map(|entry| 2 + entry.as_ref().len()).sum();
        let mut bytes = Vec::with_capacity(length);
        for entry in entries {
            let entry = entry.as_ref();
            let length =
                u16::try_from(entry.len()).map_err(|_| TileError::EntryTooLong { bytes: entry.len() })?;
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(entry);
        }
        Ok(bytes)
    }

    /// The entries of the bundle's bytes, exactly as many as its width and no byte more.
    ///
    /// # Errors
    /// [`TileError::Truncated`], [`TileError::Width`].
    pub fn decode<'a>(&self, bytes: &'a [u8]) -> Result<Vec<&'a [u8]>, TileError> {
        let mut entries = Vec::with_capacity(usize::from(self.width));
        let mut rest = bytes;
        while !rest.is_empty() {
            let truncated = || TileError::Truncated { item: entries.len() };
            let (length, tail) = rest.split_first_chunk::<2>().ok_or_else(truncated)?;
            let length = usize::from(u16::from_be_bytes(*length));
            let (entry, tail) = tail.split_at_checked(length).ok_or_else(truncated)?;
            entries.push(entry);
            rest = tail;
        }
        check_width(self.width, entries.len())?;
        Ok(entries)
    }
}

impl fmt::Display for EntriesId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path())
    }
}

/// Every hash tile a checkpoint of `size` implies, with its exact width: level by level, left to right.
pub fn tiles_for(size: u64) -> impl Iterator<Item = TileId> {
    (0..=TREE_LEVEL_MAX).flat_map(move |level| (0..).map_while(move |index| TileId::at(level, index, size)))
}

/// Every entry bundle a checkpoint of `size` implies, left to right.
pub fn entries_for(size: u64) -> impl Iterator<Item = EntriesId> {
    (0..).map_while(move |index| EntriesId::at(index, size))
}

/// The partial tiles of a tree of `size`, lowest level first: the right edge, from which the tree goes on.
pub fn edge_tiles(size: u64) -> Vec<TileId> {
    (0..=TREE_LEVEL_MAX)
        .filter_map(|level| TileId::at(level, size >> (TILE_HEIGHT * u32::from(level)) >> TILE_HEIGHT, size))
        .collect()
}

/// A tile's bytes: its hashes one behind the other.
pub fn encode_tile(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

fn check_width(expected: u16, actual: usize) -> Result<(), TileError> {
    if usize::from(expected) == actual { Ok(()) } else { Err(TileError::Width { expected, actual }) }
}

/// `x001/x234/067`, with `.p/<width>` behind it when partial.
fn index_path(index: u64, width: u16) -> String {
    let mut path = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1000);
        rest /= 1000;
    }
    if width < TILE_WIDTH { format!("{path}.p/{width}") } else { path }
}

fn parse_index_path(path: &str) -> Option<(u64, u16)> {
    let (index_text, width) = match path.split_once(".p/") {
        None => (path, TILE_WIDTH),
        Some((index, width)) => {
            let width = decimal(width).filter(|width| (1..u64::from(TILE_WIDTH)).contains(width))?;
            (index, u16::try_from(width).ok()?)
        }
    };
    let mut index = 0u64;
    for element in index_text.split('/') {
        let digits = element.strip_prefix('x').unwrap_or(element);
        if digits.len() != 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        index = index.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
    }
    // One spelling per tile: this refuses a missing or extra `x` and leading `x000/`, which caches would keep apart.
    (index_path(index, width) == path).then_some((index, width))
}

/// A decimal number as C2SP spells one: ASCII digits, no sign, no leading zero, at most [`TREE_SIZE_MAX`].
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let canonical = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|number| canonical && *number <= TREE_SIZE_MAX)
}
