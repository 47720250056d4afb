//! Writing the log as the projector does: planned behind one another, signed on all cores, committed in batches.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cli::keyfiles::{self, KeyFiles};
use contract::person::Index;
use contract::phone::Country;
use http_surface::evidence::bundle::Anchors;
use ledger::hash::sha256;
use ledger::key::KeyRing;
use ledger::time::Timestamp;
use ledger::tree::Tree;
use projector::genesis;
use projector::pipeline::Pipeline;
use projector::plan::{Desk, Read, Tail};
use store::rows::{CheckpointRow, SourceMove};
use store::{Lease, OpenOptions, Store};

use crate::ORIGIN;
use crate::agreements::Agreements;
use crate::place::Place;

/// Inputs of one transaction: as many as the service takes at most.
const BATCH: usize = 1_000;
/// Inputs of one measured round.
const ROUND: usize = 5_000;
const NOW_MILLIS: i64 = 1_767_500_000_000;

pub struct Writing {
    pub store: Store,
    keys: KeyFiles,
    lease: Lease,
    pipeline: Pipeline,
    index: Index,
    agreements: Agreements,
    read: u64,
}

impl Writing {
    pub async fn begin(place: &Place) -> Writing {
        let now = Timestamp::from_millis(NOW_MILLIS).unwrap();
        let keys = keyfiles::open(&place.directory.join("keys"), ORIGIN, now).unwrap();
        let store = Store::open(&place.url, OpenOptions::new(ORIGIN)).await.unwrap();
        let lease = store.acquire_lease("bench", Duration::from_secs(36_000)).await.unwrap().unwrap();
        let ring = Arc::new(KeyRing::new(ORIGIN, Some(keys.root.clone())));
        let tail = Tail { tree: Tree::empty(), last_recorded_at: None, ring };
        let pipeline = Pipeline::new(store.clone(), lease.clone(), ORIGIN, tail);
        let index = Index::new(sha256(b"bench index").0, Country::from_code("KE").unwrap());
        let genesis = genesis::reads(&keys.statements);
        let agreements = Agreements::new();
        let mut writing = Writing { store, keys, lease, pipeline, index, agreements, read: 0 };
        writing.append(vec![genesis]).await;
        writing
    }

    pub fn anchors(&self) -> Anchors {
        let log_vkey = self.keys.log.verifier().clone();
        Anchors { origin: ORIGIN.to_owned(), root: self.keys.root.clone(), log_vkey }
    }

    pub fn size(&self) -> u64 {
        self.pipeline.tail().tree.size()
    }

    /// Writes until there are so many records; gives how many a second.
    pub async fn grow_to(&mut self, size: u64) -> f64 {
        let (start, from) = (Instant::now(), self.size());
        while self.size() < size {
            let batches = (0..10).map(|_| self.agreements.take(BATCH)).collect();
            self.append(batches).await;
        }
        (self.size() - from) as f64 / start.elapsed().as_secs_f64()
    }

    /// Writes some more; gives microseconds for each record.
    pub async fn round(&mut self) -> f64 {
        let batches = (0..ROUND / BATCH).map(|_| self.agreements.take(BATCH)).collect();
        let (start, from) = (Instant::now(), self.size());
        self.append(batches).await;
        start.elapsed().as_secs_f64() * 1e6 / (self.size() - from) as f64
    }

    async fn append(&mut self, batches: Vec<Vec<Read>>) {
        for batch in batches {
            let reads: Arc<[Read]> = batch.into();
            let (from, to) = (self.read, self.read + reads.len() as u64);
            self.read = to;
            let read_to = Some(SourceMove { source: "bench".into(), from, to });
            self.pipeline.put_desk(Desk { index: Some(self.index.clone()), ..Desk::default() });
            let planned = self.pipeline.plan(Arc::clone(&self.keys.records[0]), &reads, read_to).await;
            let planned = planned.unwrap().expect("planning does not panic");
            let outcomes = planned.commit.inbox.iter();
            let odd = outcomes.filter(|row| !row.outcome.contains("recorded")).map(|row| &row.outcome);
            assert_eq!(odd.collect::<Vec<_>>(), Vec::<&String>::new(), "every input leads to a record");
            self.pipeline.write(planned).await.unwrap();
        }
        self.pipeline.settle().await.unwrap();
    }

    /// Signs the head of the log; gives microseconds.
    pub async fn checkpoint(&mut self) -> f64 {
        let start = Instant::now();
        let tip = self.store.tip().await.unwrap();
        let root = Tree::from_edge(tip.size, &tip.edge).unwrap().root();
        let note = self.keys.log.sign(tip.size, &root);
        let signed_at = Timestamp::from_millis(NOW_MILLIS).unwrap();
        let row = CheckpointRow { size: tip.size, root, note, signed_at };
        self.store.insert_checkpoint(&self.lease, row).await.unwrap();
        start.elapsed().as_secs_f64() * 1e6
    }

    pub async fn end(self) {
        self.store.release_lease(&self.lease).await.unwrap();
        self.store.close().await;
    }
}
