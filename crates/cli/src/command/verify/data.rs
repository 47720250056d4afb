//! The audit of a whole ledger where it is stored: the log, and everything the database says about it.

use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;

use indicatif::ProgressBar;
use ledger::checkpoint::Checkpoint;
use ledger::tile::{TILE_WIDTH, TileId};
use ledger::verify::{Auditor, Pins, Report, StoredColumns};
use store::rows::{CheckpointRow, RecordRow};
use store::{Reader, Store};

use super::lookup::Lookups;
use super::shelf::Shelf;
use super::spread::{self, Checked, Signatures};
use super::views;
use super::walk::Walk;

/// Checkpoints read at once.
const PAGE_CHECKPOINTS: u32 = 1_000;
/// How long to wait for a checkpoint over the newest records of a ledger that is being written.
const COVER_WAIT: Duration = Duration::from_secs(5);
/// How often to look for it.
const COVER_POLL: Duration = Duration::from_millis(100);
/// Tile levels that hold stored nodes.
const LEVEL_MAX: u8 = 7;

/// What to audit, and against what.
pub struct Subject<'a> {
    /// The ledger.
    pub store: &'a Store,
    /// Its origin as the database names it.
    pub origin: String,
    /// What the auditor knows.
    pub pins: Pins,
    /// Checkpoints kept outside the database.
    pub kept: Vec<String>,
    /// Whether the views are folded anew and compared.
    pub views: bool,
    /// How signatures are checked.
    pub signatures: Signatures,
    /// Where the audit puts aside what it can only judge at its end, if not in the usual place.
    pub scratch: Option<&'a Path>,
    /// Shows how far it is.
    pub bar: ProgressBar,
}

/// An audit under way.
struct Audit {
    reader: Reader,
    auditor: Auditor,
    shelf: Shelf,
    lookups: Lookups,
    pins: Pins,
    signatures: Signatures,
    checkpoints: Checkpoints,
    bar: ProgressBar,
}

/// The checkpoints in the database, read as the log comes to them.
#[derive(Default)]
struct Checkpoints {
    /// Those read and not given yet, smallest first.
    rows: VecDeque<CheckpointRow>,
    /// The smallest size not read yet.
    from: u64,
    /// Largest size of any that are to be given, as its column says.
    largest: u64,
}

/// Audits the whole ledger. May run beside the service that writes it.
///
/// # Errors
/// When the database does not answer.
pub async fn audit(subject: Subject<'_>) -> anyhow::Result<Report> {
    let Subject { store, origin, pins, kept, views, signatures, scratch, bar } = subject;
    let assumed = Pins { origin: Some(origin), ..Pins::default() };
    let auditor = Auditor::new(pins.clone()).assuming(assumed).bounded();
    let auditor = auditor.expecting_all_disclosures().expecting_stored_nodes();
    let (reader, lookups, shelf) = (store.reader(), Lookups::default(), Shelf::new(scratch));
    // The largest checkpoint before the size of the log: read the other way round, a growing log looked too short for it.
    let largest = reader.latest_checkpoint().await?.map_or(0, |row| row.size);
    let checkpoints = Checkpoints { largest, ..Checkpoints::default() };
    let mut audit = Audit { reader, auditor, shelf, lookups, pins, signatures, checkpoints, bar };
    kept.iter().for_each(|note| audit.auditor.checkpoint(note));
    let mut walk = Walk::new(audit.reader.clone(), audit.reader.tip().await?.size);
    audit.entries(&mut walk).await?;
    if audit.await_cover(&mut walk, &kept).await? {
        audit.entries(&mut walk).await?;
    }
    // Any that are left are for more entries than there are.
    audit.checkpoints(audit.checkpoints.largest).await?;
    audit.nodes().await?;
    audit.strays().await?;
    let mut report = audit.shelf.report(audit.auditor.close(None)).await?;
    report.steps.push(audit.lookups.step());
    report.steps.push(if views { views::compare(store, &audit.bar).await? } else { views::not_asked() });
    audit.bar.finish_and_clear();
    Ok(report)
}

impl Audit {
    /// Gives the checkpoints of up to this size that were not given yet.
    async fn checkpoints(&mut self, size: u64) -> anyhow::Result<()> {
        loop {
            while let Some(row) = self.checkpoints.rows.pop_front_if(|row| row.size <= size) {
                self.lookups.checkpoint(&row, self.pins.log_vkey.as_ref());
                self.auditor.checkpoint(&row.note);
                self.checkpoints.largest = row.size.max(self.checkpoints.largest);
            }
            if !self.checkpoints.rows.is_empty() || self.checkpoints.from > size {
                return Ok(());
            }
            let rows = self.reader.checkpoints(self.checkpoints.from, PAGE_CHECKPOINTS).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            self.checkpoints.from = last.size + 1;
            self.checkpoints.rows = rows.into();
        }
    }

    /// Audits what the walk has still before it. While every core checks a portion, one more waits, and the one before
    /// them is followed through the log.
    async fn entries(&mut self, walk: &mut Walk) -> anyhow::Result<()> {
        self.bar.set_length(walk.end);
        let mut checking = VecDeque::new();
        loop {
            let known = self.auditor.known_keys();
            // The log's own first records name the keys that all others are checked with.
            let ahead = if known.is_empty() { 1 } else { spread::cores() + 1 };
            while checking.len() < ahead
                && let Some(page) = walk.portion().await?
            {
                checking.push_back(spread::check_page(page, known.clone(), self.signatures));
            }
            match checking.pop_front() {
                Some(oldest) => self.follow(oldest.await?).await?,
                None => return Ok(()),
            }
        }
    }

    /// What can only be checked in order.
    async fn follow(&mut self, checked: Checked) -> anyhow::Result<()> {
        let Checked { page, records, lookups } = checked;
        // Each is compared when the log has just its size.
        if let Some(last) = page.records.last() {
            self.checkpoints(last.position + 1).await?;
        }
        for (row, checked) in page.records.into_iter().zip(records) {
            let position = row.position;
            self.auditor.stored(position, columns(row));
            self.auditor.push_checked(position, checked);
        }
        self.lookups.merge(lookups);
        for (position, fault) in &page.unreadable {
            self.lookups.unreadable(*position, fault);
        }
        page.stray.iter().for_each(|position| self.lookups.stray(*position));
        self.bar.set_position(self.auditor.next_position());
        self.shelf.relieve(&mut self.auditor)
    }

    /// A ledger in use has always some records that no checkpoint covers yet. Waits for one that covers all that was
    /// read, and moves the end of the walk to it; false where none is to be expected.
    async fn await_cover(&mut self, walk: &mut Walk, kept: &[String]) -> anyhow::Result<bool> {
        let size = self.auditor.next_position();
        let opened = self.pins.log_vkey.iter().flat_map(|verifier| {
            kept.iter().filter_map(|note| Checkpoint::open(note, verifier).ok().map(|one| one.size))
        });
        if opened.chain([self.checkpoints.largest]).any(|covered| covered >= size) || size == 0 {
            return Ok(false);
        }
        let deadline = tokio::time::Instant::now() + COVER_WAIT;
        while tokio::time::Instant::now() < deadline && self.reader.lease_status().await?.held {
            if let Some(row) = self.reader.checkpoints(size, 1).await?.pop() {
                self.checkpoints.largest = row.size;
                walk.end = row.size;
                return Ok(true);
            }
            tokio::time::sleep(COVER_POLL).await;
        }
        Ok(false)
    }

    /// Every stored hash above the leaves, up to the end of what was audited.
    async fn nodes(&mut self) -> anyhow::Result<()> {
        let width = u64::from(TILE_WIDTH);
        for level in 1..=LEVEL_MAX {
            let count = self.auditor.next_position() >> (8 * level);
            for index in 0..count.div_ceil(width) {
                let expected = (count - index * width).min(width);
                let hashes = self.longest(level, index, u16::try_from(expected)?).await?;
                for (place, hash) in (index * width..).zip(hashes) {
                    self.auditor.node(level, place, hash);
                }
            }
        }
        Ok(())
    }

    /// The hashes of a tile up to the first that is missing.
    async fn longest(&self, level: u8, index: u64, width: u16) -> anyhow::Result<Vec<ledger::hash::Hash>> {
        let (mut found, mut low, mut high) = (Vec::new(), 0, width + 1);
        let mut probe = width;
        while low + 1 < high {
            match self.reader.tile(TileId::new(level, index, probe)?).await? {
                Some(hashes) => (found, low) = (hashes, probe),
                None => high = probe,
            }
            probe = low + (high - low) / 2;
        }
        Ok(found)
    }

    /// What is stored for records that the log does not have. Read before the size of the log, which only grows.
    async fn strays(&mut self) -> anyhow::Result<()> {
        let size = self.auditor.next_position();
        let disclosures = self.reader.disclosures(size..u64::MAX).await?;
        let mut nodes = Vec::new();
        for level in 1..=LEVEL_MAX {
            let place = size >> (8 * level);
            let (index, width) = (place / u64::from(TILE_WIDTH), place % u64::from(TILE_WIDTH) + 1);
            if let Some(hashes) = self.reader.tile(TileId::new(level, index, u16::try_from(width)?)?).await? {
                nodes.extend(hashes.last().map(|hash| (level, place, *hash)));
            }
        }
        let now = self.reader.tip().await?.size;
        for position in disclosures.iter().map(|one| one.position).filter(|position| *position >= now) {
            self.lookups.stray(position);
        }
        for (level, place, hash) in nodes {
            if now >> (8 * level) <= place {
                self.auditor.node(level, place, hash);
            }
        }
        Ok(())
    }
}

fn columns(row: RecordRow) -> StoredColumns {
    StoredColumns {
        stream: row.stream,
        version: row.version,
        payload_sha256: row.payload_sha256,
        leaf: row.leaf,
        prev: row.prev,
    }
}
