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
    /// Where each entry stands in the source.
    pub(crate) fn positions(&self) -> &[u64] {
        &self.positions
    }

    /// The same in portions, last one first. Each ends behind an input that states something about a key, because the
    /// key that signs what follows has to be chosen anew.
    pub(crate) fn by_keys(self) -> Vec<Portion> {
        let (mut portions, mut rest) = (Vec::new(), self);
        while let Some(at) = rest.reads.iter().position(Read::states_key)
            && at + 1 < rest.reads.len()
        {
            let [front, back] = rest.split(at + 1);
            portions.push(front);
            rest = back;
        }
        portions.push(rest);
        portions.reverse();
        portions
    }

    /// The first so many entries, and the others: at least one each.
    fn split(&self, at: usize) -> [Portion; 2] {
        let (front, back) = self.reads.split_at(at);
        let (front_positions, back_positions) = self.positions.split_at(at);
        let through = front_positions.last().copied().unwrap_or(self.through);
        let part = |reads: &[Read], positions: &[u64], through| Portion {
            reads: reads.into(),
            positions: positions.to_vec(),
            through,
            panics: 0,
        };
        [part(front, front_positions, through), part(back, back_positions, self.through)]
    }

    /// The same in portions in which each read of this kind stands alone, last one first.
    pub(crate) fn apart(self, alone: impl Fn(&Read) -> bool) -> Vec<Portion> {
        if self.reads.len() < 2 || !self.reads.iter().any(&alone) {
            return vec![self];
        }
        let mut parts = Vec::new();
        let mut start = 0;
        let ends = (1..=self.reads.len()).filter(|end| {
            *end == self.reads.len() || alone(&self.reads[*end]) || alone(&self.reads[*end - 1])
        });
        for end in ends {
            let through = if end == self.reads.len() { self.through } else { self.positions[end - 1] };
            parts.push(Portion {
                reads: self.reads[start..end].into(),
                positions: self.positions[start..end].to_vec(),
                through,
                panics: 0,
            });
            start = end;
        }
        parts.reverse();
        parts
    }

    /// Where the last entry stands in the source; none where there is no entry.
    pub(crate) fn last_position(&self) -> Option<u64> {
        self.positions.last().copied()
    }

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
                let [front, back] = self.split(reads.len() / 2);
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

    fn statement(id: u64) -> Vec<u8> {
        use contract::command::{Command, Keyed, StateKey};
        use contract::input::{Body, INPUT_VERSION, Input, Seed};
        let input = Input {
            v: INPUT_VERSION,
            id: Uuid::from_u64_pair(0, id),
            via: contract::provider::Via::Api,
            received_at: ledger::time::Timestamp::EPOCH,
            authenticated: true,
            seed: Seed(ledger::hash::Hash([0; 32])),
            body: Body::Command({
                let bare = Command::StateKey(StateKey { statement: String::new() });
                // A client's key in front of it changes nothing.
                match id % 2 {
                    0 => bare,
                    _ => Command::Once(Keyed { request: ledger::hash::Hash([0; 32]), inner: Box::new(bare) }),
                }
            }),
        };
        input.to_bytes()
    }

    #[test]
    fn a_portion_ends_behind_every_key_statement() {
        let check = |positions: &[u64], statements: &[u64], expected: &[(&[u64], u64)]| {
            let mut batch = batch(positions, 20);
            for entry in batch.entries.iter_mut().filter(|entry| statements.contains(&entry.position)) {
                entry.entry.payload = statement(entry.position);
            }
            let mut portions = Portion::from(batch).by_keys();
            portions.reverse();
            let found: Vec<(&[u64], u64)> = portions.iter().map(|p| (&*p.positions, p.through)).collect();
            assert_eq!(found, expected, "{statements:?}");
            assert!(portions.iter().all(|p| p.reads.len() == p.positions.len()));
        };
        check(&[3, 4, 8, 9], &[], &[(&[3, 4, 8, 9], 20)]);
        check(&[3, 4, 8, 9], &[9], &[(&[3, 4, 8, 9], 20)]);
        check(&[3, 4, 8, 9], &[4, 8], &[(&[3, 4], 4), (&[8], 8), (&[9], 20)]);
        check(&[3, 4, 8, 9], &[3, 9], &[(&[3], 3), (&[4, 8, 9], 20)]);
        check(&[], &[], &[(&[], 20)]);
    }

    #[test]
    fn some_stand_alone() {
        let is_alone = |read: &Read| matches!(read, Read::Unreadable { id, .. } if [4, 12].contains(&id.as_u64_pair().1));
        let positions = |parts: Vec<Portion>| -> Vec<(Vec<u64>, u64)> {
            parts.into_iter().rev().map(|part| (part.positions, part.through)).collect()
        };
        let parts = Portion::from(batch(&[3, 4, 8, 9, 12], 20)).apart(is_alone);
        assert_eq!(positions(parts), [(vec![3], 3), (vec![4], 4), (vec![8, 9], 9), (vec![12], 20)]);
        let parts = Portion::from(batch(&[4, 12, 13], 20)).apart(is_alone);
        assert_eq!(positions(parts), [(vec![4], 4), (vec![12], 12), (vec![13], 20)]);
        for whole in [&[3, 8][..], &[4], &[]] {
            assert_eq!(positions(Portion::from(batch(whole, 20)).apart(is_alone)), [(whole.to_vec(), 20)]);
        }
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
