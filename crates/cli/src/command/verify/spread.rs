//! Checking signatures on all cores. So many entries are in work at a time as keep them busy, so memory stays bounded.

use std::ops::Range;

use ledger::verify::{CheckedRecord, KnownKeys, check_each_record, check_record, check_records};
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use tokio::task::JoinHandle;

use super::lookup::Lookups;
use super::walk::Page;

/// An entry of the log, with those of its disclosures that exist.
pub struct Entry {
    /// Position in the log.
    pub position: u64,
    /// The entry.
    pub jws: String,
    /// Its disclosures.
    pub disclosures: Vec<String>,
}

/// How signatures are checked. The verdicts are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Signatures {
    /// Many of one key together, and one by one where that does not prove all of them.
    #[default]
    Together,
    /// Each by itself.
    OneByOne,
}

/// Checks each entry for itself; the verdicts come in the order of the entries.
///
/// # Errors
/// When a check panics.
pub async fn check(
    entries: Vec<Entry>,
    known: KnownKeys,
) -> anyhow::Result<(Vec<Entry>, Vec<CheckedRecord>)> {
    let work = move || {
        let one = |entry: &Entry| {
            let disclosures: Vec<&str> = entry.disclosures.iter().map(String::as_str).collect();
            check_record(&entry.jws, &disclosures, &known)
        };
        let part = |part: Range<usize>| entries[part].iter().map(one).collect::<Vec<_>>();
        let checked = on_all_cores(entries.len(), part).into_iter().flatten().collect();
        (entries, checked)
    };
    Ok(tokio::task::spawn_blocking(work).await?)
}

/// Rows with what checking each for itself gave, in order.
pub struct Checked {
    /// The rows, without their entries.
    pub page: Page,
    /// The verdict on each entry.
    pub records: Vec<CheckedRecord>,
    /// The columns that are compared with the entries alone.
    pub lookups: Lookups,
}

/// Begins to check rows of a database, all of them on one core: while each core has a portion of its own, none waits for
/// another. At most as many run at once as there are cores, those that came first before the others.
pub fn check_page(mut page: Page, known: KnownKeys, signatures: Signatures) -> JoinHandle<Checked> {
    let work = move || {
        let (records, lookups) = check_rows(&mut page, &known, signatures);
        Checked { page, records, lookups }
    };
    // The threads of rayon stay from one portion to the next: new ones would each begin with memory of their own.
    tokio::task::spawn_blocking(move || rayon::scope(|_| work()))
}

/// Takes the entries out of their rows: what was read of them holds them from then on.
fn check_rows(page: &mut Page, known: &KnownKeys, signatures: Signatures) -> (Vec<CheckedRecord>, Lookups) {
    let entries = page.records.iter_mut().zip(&page.disclosures).map(|(row, own)| {
        (std::mem::take(&mut row.jws), own.iter().map(|one| one.encoded.as_str()).collect::<Vec<_>>())
    });
    let checked = match signatures {
        Signatures::Together => check_records(entries, known),
        Signatures::OneByOne => check_each_record(entries, known),
    };
    let mut lookups = Lookups::default();
    for ((row, own), checked) in page.records.iter().zip(&page.disclosures).zip(&checked) {
        // Of an entry that is no record the audit says so, and there is nothing to compare with.
        let Some(record) = checked.record() else { continue };
        lookups.record(row, record);
        for (one, digest) in own.iter().zip(checked.digests()) {
            lookups.disclosure(one, digest, record);
        }
    }
    (checked, lookups)
}

/// Does a share of so many things on each core; the results come in order.
fn on_all_cores<T: Send>(count: usize, part: impl Fn(Range<usize>) -> T + Send + Sync) -> Vec<T> {
    let share = count.div_ceil(cores()).max(1);
    let shares: Vec<_> = (0..count).step_by(share).map(|from| from..(from + share).min(count)).collect();
    shares.into_par_iter().map(part).collect()
}

/// How many threads check at once.
pub fn cores() -> usize {
    rayon::current_num_threads()
}
