//! What an audit puts aside until its end, kept in a file of its own, so that memory stays bounded however long the log is.
//!
//! The file has no name, so that it goes with the program however that ends, and nobody else reads it. It holds names of streams, ids
//! and digests, and nothing personal: some 300 bytes a record.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use anyhow::Context;
use ledger::verify::{Auditor, Closed, Judged, PARTS, Report, SHARES};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

/// Bytes that an audit holds before they go to the file.
const HELD_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Bytes written at once.
const WRITE_BYTES: usize = 1024 * 1024;
/// Where large files are put that nobody needs for long (FHS 3.0, 5.15): `/tmp` may be in memory.
const DIRECTORY: &str = "/var/tmp";

/// What was put aside so far.
#[derive(Default)]
pub struct Shelf {
    file: Option<File>,
    /// What was written in one go, in order.
    layers: Vec<Layer>,
    /// Bytes in the file.
    end: u64,
}

/// Pieces of all parts, one behind another.
struct Layer {
    start: u64,
    lengths: Box<[u32]>,
}

impl Shelf {
    /// Takes over what the audit has put aside, once that is much.
    ///
    /// # Errors
    /// When there is no place for it.
    pub fn relieve(&mut self, auditor: &mut Auditor) -> anyhow::Result<()> {
        if auditor.held_bytes() < HELD_BYTES_MAX {
            return Ok(());
        }
        let directory = directory();
        let place = || format!("what the audit puts aside cannot be kept in {}", directory.display());
        let file = match self.file.take() {
            Some(file) => file,
            None => tempfile::tempfile_in(&directory).with_context(place)?,
        };
        let mut layer = Layer { start: self.end, lengths: vec![0; PARTS].into() };
        let mut writer = BufWriter::with_capacity(WRITE_BYTES, &file);
        let keep = |part: usize, bytes: &[u8]| {
            layer.lengths[part] = u32::try_from(bytes.len()).map_err(std::io::Error::other)?;
            self.end += bytes.len() as u64;
            writer.write_all(bytes)
        };
        auditor.hand_out(keep).with_context(place)?;
        writer.flush().with_context(place)?;
        drop(writer);
        self.file = Some(file);
        self.layers.push(layer);
        Ok(())
    }

    /// Judges all shares, on all cores, and makes the report.
    ///
    /// # Errors
    /// When what was put aside cannot be read again.
    pub async fn report(self, closed: Closed) -> anyhow::Result<Report> {
        let work = move || {
            let judge = |share| closed.judge(share, |part| self.pieces(part));
            let judged: std::io::Result<Vec<Judged>> = (0..SHARES).into_par_iter().map(judge).collect();
            anyhow::Ok(closed.report(judged.context("what the audit put aside cannot be read again")?))
        };
        tokio::task::spawn_blocking(work).await?
    }

    /// The pieces of a part, in the order in which they came.
    fn pieces(&self, part: usize) -> impl Iterator<Item = std::io::Result<Vec<u8>>> {
        self.file.iter().flat_map(move |file| {
            self.layers.iter().map(move |layer| {
                let before: u64 = layer.lengths[..part].iter().copied().map(u64::from).sum();
                let mut piece = vec![0; layer.lengths[part] as usize];
                file.read_exact_at(&mut piece, layer.start + before)?;
                Ok(piece)
            })
        })
    }
}

/// What the environment names, or the usual place.
fn directory() -> PathBuf {
    let usual = PathBuf::from(DIRECTORY);
    match std::env::var_os("TMPDIR") {
        None if usual.is_dir() => usual,
        _ => std::env::temp_dir(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_kept_that_is_little() -> anyhow::Result<()> {
        let mut shelf = Shelf::default();
        shelf.relieve(&mut Auditor::new(ledger::verify::Pins::default()))?;
        assert!(shelf.file.is_none());
        Ok(())
    }
}
