//! Checking signatures on all cores. One page of entries is in work at a time, so memory stays bounded.

use std::sync::Arc;

use ledger::verify::{CheckedRecord, KnownKeys, check_record};

/// An entry of the log, with those of its disclosures that exist.
pub struct Entry {
    /// Position in the log.
    pub position: u64,
    /// The entry.
    pub jws: String,
    /// Its disclosures.
    pub disclosures: Vec<String>,
}

/// Checks each entry for itself; the verdicts come in the order of the entries.
///
/// # Errors
/// When a check panics.
pub async fn check(entries: Arc<Vec<Entry>>, known: KnownKeys) -> anyhow::Result<Vec<CheckedRecord>> {
    Ok(tokio::task::spawn_blocking(move || on_all_cores(&entries, &known)).await?)
}

fn on_all_cores(entries: &[Entry], known: &KnownKeys) -> Vec<CheckedRecord> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let share = entries.len().div_ceil(cores).max(1);
    let part = |part: &[Entry]| part.iter().map(|entry| one(entry, known)).collect::<Vec<_>>();
    std::thread::scope(|scope| {
        let workers: Vec<_> = entries.chunks(share).map(|chunk| scope.spawn(move || part(chunk))).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("checking does not panic")).collect()
    })
}

fn one(entry: &Entry, known: &KnownKeys) -> CheckedRecord {
    let disclosures: Vec<&str> = entry.disclosures.iter().map(String::as_str).collect();
    check_record(&entry.jws, &disclosures, known)
}
