//! One stream, by its bundle: from a file, made from a database, or fetched from a service.

use std::path::Path;

use anyhow::{Context, anyhow};
use http_surface::problem::Kind;
use ledger::bundle::{Bundle, Kept};
use ledger::checkpoint::{Checkpoint, LogVerifier};
use ledger::hash::Hash;
use ledger::proof::{consistency, consistency_tiles};
use ledger::tile::{TileId, TileSet};
use ledger::verify::{Pins, Report};
use store::{Reader, Store};

use super::server::{BUNDLE_BYTES_MAX, Server};
use crate::evidence;

/// Where tiles come from, for proofs that checkpoints are of one log.
pub enum Tiles {
    /// A file has none.
    None,
    /// Those of a database.
    Stored(Reader),
    /// Those a service publishes.
    Published(Server),
}

impl Tiles {
    async fn get(&self, tile: TileId) -> anyhow::Result<Option<Vec<Hash>>> {
        match self {
            Tiles::None => Ok(None),
            Tiles::Stored(reader) => Ok(reader.tile(tile).await?),
            Tiles::Published(server) => server.tile(tile).await,
        }
    }
}

/// Reads a bundle from a file.
///
/// # Errors
/// When it cannot be read, or is none.
pub fn read(path: &Path) -> anyhow::Result<Bundle> {
    let size = std::fs::metadata(path).with_context(|| format!("{} cannot be read", path.display()))?.len();
    anyhow::ensure!(size <= BUNDLE_BYTES_MAX as u64, "{} is larger than any bundle", path.display());
    let bytes = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    Bundle::from_json(&bytes).with_context(|| path.display().to_string())
}

/// Makes the bundle of a stream from a database.
///
/// # Errors
/// When there is no such stream, or the keys that a bundle names are not known.
pub async fn make(
    store: &Store,
    origin: &str,
    pins: &Pins,
    stream: &str,
    personal: bool,
) -> anyhow::Result<Bundle> {
    let assembler = evidence::assembler(store.reader(), origin, pins)?;
    if store.stream_records(stream, 1, 1).await?.is_empty() {
        return Err(anyhow!("the ledger has no stream {stream}"));
    }
    assembler.bundle(stream, personal).await.map_err(|problem| match problem.kind() {
        // The sentence for clients says nothing then; the cause does, and quotes nothing personal.
        Kind::Internal => anyhow!("no bundle could be made: {problem:?}"),
        _ => anyhow!("no bundle could be made: {}", problem.detail()),
    })
}

/// Verifies a bundle, also against checkpoints kept before.
///
/// # Errors
/// When tiles cannot be fetched.
pub async fn verify(bundle: &Bundle, pins: &Pins, kept: &[String], tiles: &Tiles) -> anyhow::Result<Report> {
    let own = LogVerifier::from_vkey(&bundle.keys.log_vkey).ok();
    let verifier = pins.log_vkey.as_ref().or(own.as_ref());
    let mut proven = Vec::with_capacity(kept.len());
    for note in kept {
        let path = match verifier {
            Some(verifier) => path(&bundle.checkpoint, note, verifier, tiles).await?,
            None => None,
        };
        proven.push(Kept { note: note.clone(), path });
    }
    Ok(bundle.verify(pins, &proven))
}

/// The consistency proof between two checkpoints; none where it cannot be made, which leaves it unchecked.
async fn path(
    newer: &str,
    older: &str,
    verifier: &LogVerifier,
    tiles: &Tiles,
) -> anyhow::Result<Option<Vec<Hash>>> {
    let (Ok(one), Ok(other)) = (Checkpoint::open(newer, verifier), Checkpoint::open(older, verifier)) else {
        return Ok(None);
    };
    let (old, new) = (one.size.min(other.size), one.size.max(other.size));
    let mut set = TileSet::new();
    for tile in consistency_tiles(old, new)? {
        let Some(hashes) = tiles.get(tile).await? else { return Ok(None) };
        if set.insert(tile, hashes).is_err() {
            return Ok(None);
        }
    }
    Ok(consistency(old, new, &set).ok())
}
