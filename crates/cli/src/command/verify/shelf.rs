//! What an audit puts aside until its end, kept in a file of its own, so that memory stays bounded however long the log is.
//!
//! The file has no name, so that it goes with the program however that ends, and nobody else reads it. It holds names of streams, ids
//! and digests, and nothing personal: some 200 bytes a record.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

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
pub struct Shelf {
    /// Bytes that the audit holds before they go to the file.
    held_bytes_max: usize,
    directory: PathBuf,
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
    /// With a file in this directory, or in the usual place, once there is something to keep in it.
    pub fn new(directory: Option<&Path>) -> Shelf {
        let directory = directory.map_or_else(usual_directory, Path::to_path_buf);
        Shelf { held_bytes_max: HELD_BYTES_MAX, directory, file: None, layers: Vec::new(), end: 0 }
    }

    /// Takes over what the audit has put aside, once that is much.
    ///
    /// # Errors
    /// When there is no place for it.
    pub fn relieve(&mut self, auditor: &mut Auditor) -> anyhow::Result<()> {
        if auditor.held_bytes() < self.held_bytes_max {
            return Ok(());
        }
        let directory = self.directory.display().to_string();
        let place = || format!("what the audit puts aside cannot be kept in {directory}");
        let file = match self.file.take() {
            Some(file) => file,
            None => tempfile::tempfile_in(&self.directory).with_context(place)?,
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

fn usual_directory() -> PathBuf {
    let usual = PathBuf::from(DIRECTORY);
    if usual.is_dir() { usual } else { std::env::temp_dir() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use ledger::key::RecordKey;
    use ledger::record::{Draft, Source, record_id, seal};
    use ledger::stream::{Head, StreamId};
    use ledger::time::Timestamp;
    use ledger::verify::Pins;
    use uuid::Uuid;

    use super::*;

    const ORIGIN: &str = "ledger.test/shelf";

    fn small(directory: Option<&Path>) -> Shelf {
        Shelf { held_bytes_max: 2_000, ..Shelf::new(directory) }
    }

    /// Some records of three streams, of which number `twice` has the id of the first.
    fn entries(twice: usize) -> Vec<String> {
        let key = RecordKey::from_seed(&[7; 32]);
        let mut heads = [Head::default(); 3];
        let mut entry = |number: usize| {
            let head = &mut heads[number % 3];
            let input = Uuid::from_u128(if number == twice { 0 } else { number as u128 });
            let draft = Draft {
                stream: StreamId::new(format!("call/minivoice/{}", number % 3)).unwrap(),
                version: head.version + 1,
                prev: head.prev,
                id: record_id(ORIGIN, input, 0),
                kind: "call.started".to_owned(),
                occurred_at: None,
                occurred_at_assumed_zone: None,
                recorded_at: Timestamp::from_millis(1_772_793_000_000).unwrap(),
                source: Source { input, via: "minivoice".to_owned(), authenticated: true },
                data: ledger::object! {},
                disclosures: Vec::new(),
            };
            let sealed = seal(ORIGIN, &draft, &key).unwrap();
            *head = head.next(sealed.payload_sha256);
            sealed.jws
        };
        (0..200).map(&mut entry).collect()
    }

    #[tokio::test]
    async fn what_lay_in_the_file_is_judged_as_if_it_had_not() {
        for (twice, finding) in [(0, None), (150, Some(150))] {
            let mut shelf = small(None);
            let (mut auditor, mut alone) = (Auditor::new(Pins::default()), Auditor::new(Pins::default()));
            for (position, jws) in (0..).zip(entries(twice)) {
                auditor.push(position, &jws, &[]);
                alone.push(position, &jws, &[]);
                shelf.relieve(&mut auditor).unwrap();
                assert!(auditor.held_bytes() < 2_000);
            }
            assert!(shelf.layers.len() > 10);
            let report = shelf.report(auditor.close(None)).await.unwrap();
            assert_eq!(report, alone.finish(None));
            let ids = report.step("ids").unwrap();
            assert_eq!(ids.checked, if finding.is_some() { 199 } else { 200 });
            assert_eq!(ids.finding.as_ref().and_then(|one| one.position), finding);
        }
    }

    #[tokio::test]
    async fn a_file_that_lost_its_end_gives_no_report() {
        let mut shelf = small(None);
        let mut auditor = Auditor::new(Pins::default());
        for (position, jws) in (0..).zip(entries(0)) {
            auditor.push(position, &jws, &[]);
            shelf.relieve(&mut auditor).unwrap();
        }
        shelf.file.as_ref().unwrap().set_len(1_000).unwrap();
        let error = shelf.report(auditor.close(None)).await.unwrap_err();
        assert!(error.to_string().contains("cannot be read again"), "{error:#}");
    }

    #[test]
    fn a_place_that_is_not_there_is_named() {
        let mut shelf = small(Some(Path::new("/nowhere/at/all")));
        let mut auditor = Auditor::new(Pins::default());
        let mut pushed = (0..).zip(entries(0)).map(|(position, jws)| {
            auditor.push(position, &jws, &[]);
            shelf.relieve(&mut auditor)
        });
        let error = pushed.find_map(Result::err).unwrap();
        assert!(error.to_string().contains("/nowhere/at/all"), "{error:#}");
    }
}
