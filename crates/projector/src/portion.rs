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
    /// How often planning it panicked.
    panics: u32,
}

/// How often planning a single input may panic before it is set aside. The fold is pure, so the first time says all;
/// but want of memory or of threads panics too, and passes.
const PANICS_MAX: u32 = 3;

impl From<Batch> for Portion {
    fn from(batch: Batch) -> Portion {
        let (positions, reads): (Vec<u64>, Vec<Read>) =
            batch.entries.into_iter().map(|p| (p.position, Read::entry(p.entry))).unzip();
        Portion { reads: reads.into(), positions, through: batch.through, panics: 0 }
    }
}

impl Portion {
    /// Smaller portions in place of one that cannot be planned, last one first. A single entry is tried again, and then
    /// becomes one to be set aside. Nothing is smaller than no entry, or one that is set aside already.
    pub(crate) fn narrow(self) -> Option<Vec<Portion>> {
        match &*self.reads {
            [] | [Read::Poison { .. }] => None,
            [_] if self.panics + 1 < PANICS_MAX => Some(vec![Portion { panics: self.panics + 1, ..self }]),
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
                let part = |reads: &[Read], positions: &[u64], through| Portion {
                    reads: reads.into(),
                    positions: positions.to_vec(),
                    through,
                    panics: 0,
                };
                Some(vec![part(back, back_positions, self.through), part(front, front_positions, through)])
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
        let mut portion = Portion::from(batch(&[7], 7));
        for _ in 0..PANICS_MAX {
            assert!(matches!(portion.reads[0], Read::Unreadable { .. }));
            let mut aside = portion.narrow().unwrap();
            portion = aside.pop().unwrap();
            assert!(aside.is_empty() && portion.through == 7);
        }
        assert!(matches!(&portion.reads[0], Read::Poison { payload, .. } if payload == b"no input"));
        assert!(portion.narrow().is_none() && Portion::from(batch(&[], 5)).narrow().is_none());
    }
}
