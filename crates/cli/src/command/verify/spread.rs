//! Checking signatures on all cores. One page of entries is in work at a time, so memory stays bounded.

use std::sync::Arc;

use ledger::verify::{CheckedRecord, KnownKeys, check_record, check_records};

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
    entries: Arc<Vec<Entry>>,
    known: KnownKeys,
    signatures: Signatures,
) -> anyhow::Result<Vec<CheckedRecord>> {
    Ok(tokio::task::spawn_blocking(move || on_all_cores(&entries, &known, signatures)).await?)
}

fn on_all_cores(entries: &[Entry], known: &KnownKeys, signatures: Signatures) -> Vec<CheckedRecord> {
    let cores = cores();
    let share = entries.len().div_ceil(cores).max(1);
    let part = |part: &[Entry]| match signatures {
        Signatures::Together => check_records(part.iter().map(Entry::parts), known),
        Signatures::OneByOne => {
            part.iter().map(Entry::parts).map(|(jws, own)| check_record(jws, &own, known)).collect()
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = entries.chunks(share).map(|chunk| scope.spawn(move || part(chunk))).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("checking does not panic")).collect()
    })
}

/// How many threads check at once.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

impl Entry {
    fn parts(&self) -> (&str, Vec<&str>) {
        (&self.jws, self.disclosures.iter().map(String::as_str).collect())
    }
}
