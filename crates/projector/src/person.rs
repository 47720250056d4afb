//! The index of persons: made anew, and compared with what a fresh one would hold.

use std::collections::BTreeSet;

use contract::person::Index;
use ledger::disclosure::Disclosure;
use store::rows::{DisclosureRow, PersonRow};
use store::{CommitError, Lease, Reader, Store, StoreError};

/// Rows written in one transaction.
const ROWS: usize = 10_000;
/// Positions compared at once.
const PAGE_POSITIONS: u32 = 4_096;

/// Why the index was not made.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store refused.
    #[error("the index of persons was not written: {0}")]
    Commit(#[from] CommitError),
}

/// Makes the index anew where it was made with another key, or never. Says whether it was.
///
/// # Errors
/// [`IndexError`]; asking again is right.
pub async fn ensure(store: &Store, lease: &Lease, index: &Index) -> Result<bool, IndexError> {
    if store.person_key().await? == Some(index.check()) {
        return Ok(false);
    }
    make(store, lease, index).await?;
    Ok(true)
}

/// Makes the index anew from the private values that are left.
///
/// # Errors
/// [`IndexError`].
pub async fn make(store: &Store, lease: &Lease, index: &Index) -> Result<(), IndexError> {
    store.begin_persons(lease).await?;
    let mut scan = store.scan(0).await?;
    let mut rows = Vec::new();
    while let Some(page) = scan.next_page().await? {
        rows.extend(page.iter().flat_map(|(record, held)| of_record(record.position, held, index)));
        if rows.len() >= ROWS {
            store.add_persons(lease, std::mem::take(&mut rows)).await?;
        }
    }
    store.add_persons(lease, rows).await?;
    Ok(store.end_persons(lease, index.check()).await?)
}

/// Positions whose index rows are not those of a fresh index, none where it is right. Exact while nothing is written.
///
/// # Errors
/// [`StoreError`].
pub async fn compare(reader: &Reader, index: &Index) -> Result<Vec<u64>, StoreError> {
    if reader.tip().await?.size > 0 && reader.person_key().await? != Some(index.check()) {
        return Ok(vec![0]);
    }
    let (mut differing, mut from) = (Vec::new(), 0);
    let end = reader.tip().await?.size;
    while from < end {
        let to = end.min(from + u64::from(PAGE_POSITIONS));
        let live: BTreeSet<PersonRow> = reader.person_rows(from, PAGE_POSITIONS).await?.into_iter().collect();
        let mut fresh = BTreeSet::new();
        for held in reader.disclosures(from..to).await?.chunk_by(|a, b| a.position == b.position) {
            fresh.extend(of_record(held[0].position, held, index));
        }
        let other = live.symmetric_difference(&fresh).map(|row| row.position);
        differing.extend(other.collect::<BTreeSet<u64>>());
        from = to;
    }
    Ok(differing)
}

fn of_record(position: u64, held: &[DisclosureRow], index: &Index) -> Vec<PersonRow> {
    let opened = held.iter().filter_map(|row| {
        let (_, name, value) = Disclosure::parse(&row.encoded).ok()?;
        Some((name, value.as_str()?.to_owned()))
    });
    let opened: Vec<(String, String)> = opened.collect();
    let tokens = index.tokens(opened.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    tokens.into_iter().map(|token| PersonRow { token: token.into(), position }).collect()
}
