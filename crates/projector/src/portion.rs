//! A run of entries that is planned and committed as one: a batch as it was read, or a part of it.

use std::sync::Arc;

use journal::Batch;

use crate::plan::Read;

/// Entries in order, and how far the source has been read with them.
pub(crate) struct Portion {
    pub(crate) reads: Arc<[Read]>,
    /// Where each of them stands in the source.
    positions: Vec<u64>,
    /// The position after this portion: of its last entry, or beyond it where nothing else follows.
    pub(crate) through: u64,
}

impl From<Batch> for Portion {
    fn from(batch: Batch) -> Portion {
        let (positions, reads): (Vec<u64>, Vec<Read>) =
            batch.entries.into_iter().map(|p| (p.position, Read::entry(p.entry))).unzip();
        Portion { reads: reads.into(), positions, through: batch.through }
    }
}

impl Portion {
    /// Smaller portions in place of one that cannot be planned, last one first. A single entry becomes one to be set
    /// aside. Nothing is smaller than no entry, or one that is set aside already.
    pub(crate) fn narrow(self) -> Option<Vec<Portion>> {
        match &*self.reads {
            [] | [Read::Poison { .. }] => None,
            [read] => {
                tracing::error!(
                    position = self.positions[0],
                    "planning panicked on an input; it is set aside"
                );
                let reads = Arc::from([read.clone().into_poison()]);
                Some(vec![Portion { reads, ..self }])
            }
            reads => {
                let (front, back) = reads.split_at(reads.len() / 2);
                let (front_positions, back_positions) = self.positions.split_at(front.len());
                let through = front_positions.last().copied().unwrap_or(self.through);
                let back =
                    Portion { reads: back.into(), positions: back_positions.to_vec(), through: self.through };
                let front = Portion { reads: front.into(), positions: front_positions.to_vec(), through };
                Some(vec![back, front])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use journal::{Entry, Positioned};
    use uuid::Uuid;

    fn batch(positions: &[u64], through: u64) -> Batch {
        let entry = |id: u64| Entry {
            id: Uuid::from_u64_pair(0, id),
            source: String::new(),
            kind: String::new(),
            key: String::new(),
            received_at_ms: 0,
            payload: b"no input".to_vec(),
        };
        let entries = positions.iter().map(|p| Positioned { position: *p, entry: entry(*p) }).collect();
        Batch { entries, through, ..Batch::default() }
    }

    #[test]
    fn halves_keep_order_and_cover_the_whole() {
        let mut waiting = vec![Portion::from(batch(&[3, 4, 8, 9, 12], 20))];
        let mut alone = Vec::new();
        while let Some(portion) = waiting.pop() {
            if portion.reads.len() == 1 {
                alone.push((portion.positions[0], portion.through));
            } else {
                waiting.extend(portion.narrow().unwrap());
            }
        }
        assert_eq!(alone, [(3, 3), (4, 4), (8, 8), (9, 9), (12, 20)]);
    }

    #[test]
    fn a_single_entry_is_set_aside_once() {
        let mut aside = Portion::from(batch(&[7], 7)).narrow().unwrap();
        let portion = aside.pop().unwrap();
        assert!(aside.is_empty() && portion.through == 7);
        assert!(matches!(&portion.reads[0], Read::Poison { payload, .. } if payload == b"no input"));
        assert!(portion.narrow().is_none() && Portion::from(batch(&[], 5)).narrow().is_none());
    }
}
