//! Tiles in hand.

use std::collections::BTreeMap;

use super::{HASH_BYTES, TileError, TileId, check_width};
use crate::hash::Hash;

/// The tiles a proof is computed from. Every tile is held under its exact width.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TileSet(BTreeMap<TileId, Vec<Hash>>);

impl TileSet {
    /// No tiles.
    pub fn new() -> TileSet {
        TileSet::default()
    }

    /// Adds a tile, replacing one of the same id. Nothing is proven about its hashes: what is computed from them must
    /// end in a root that is.
    ///
    /// # Errors
    /// [`TileError::Width`] when the number of hashes is not the tile's width.
    pub fn insert(&mut self, tile: TileId, hashes: Vec<Hash>) -> Result<(), TileError> {
        check_width(tile.width, hashes.len())?;
        self.0.insert(tile, hashes);
        Ok(())
    }

    /// Adds a tile from its served bytes.
    ///
    /// # Errors
    /// [`TileError::Truncated`] when the bytes end inside a hash, [`TileError::Width`].
    pub fn insert_bytes(&mut self, tile: TileId, bytes: &[u8]) -> Result<(), TileError> {
        let (hashes, rest) = bytes.as_chunks::<HASH_BYTES>();
        if !rest.is_empty() {
            return Err(TileError::Truncated { item: hashes.len() });
        }
        self.insert(tile, hashes.iter().copied().map(Hash).collect())
    }

    /// The hashes of exactly this tile: one of another width is another tile.
    pub fn get(&self, tile: &TileId) -> Option<&[Hash]> {
        self.0.get(tile).map(Vec::as_slice)
    }

    /// Gives away the hashes of exactly this tile.
    pub fn take(&mut self, tile: &TileId) -> Option<Vec<Hash>> {
        self.0.remove(tile)
    }

    /// The tiles held, by level, index and width.
    pub fn iter(&self) -> impl Iterator<Item = (&TileId, &[Hash])> {
        self.0.iter().map(|(tile, hashes)| (tile, hashes.as_slice()))
    }
}
