//! What the writer does besides when a person is to be forgotten.

use contract::person::Index;
use ledger::time::Timestamp;
use store::{CommitError, StoreError};

use super::{
    BATCH_BYTES_MAX, BATCH_ENTRIES_MAX, End, READ_WAIT, Tenure, WriterError, again, pipeline_end, source_end,
};
use crate::erasure::{self, Found, Search};
use crate::person::{self, IndexError};
use crate::plan::Desk;
use crate::portion::Portion;

/// How often overwriting what was erased is tried before it is left to the next start.
const SCRUB_ATTEMPTS: u32 = 5;

impl Tenure<'_> {
    /// Makes the index of persons where it is missing or was made with another key; and overwrites what an erasure left, in
    /// case the process that made it died before.
    pub(super) async fn ensure_index(&mut self) -> Result<Result<(), End>, WriterError> {
        let Some(index) = &self.writer.index else { return Ok(Ok(())) };
        let store = &self.writer.store;
        match person::ensure(store, self.pipeline.lease(), index).await {
            Ok(true) => tracing::info!("the index of persons was made anew"),
            Ok(false) => {}
            Err(IndexError::Store(error)) => return again(error).map(Err),
            Err(IndexError::Commit(error)) => return end_of(error),
        }
        match store.erased_inputs(Timestamp::EPOCH).await {
            Ok(erased) if erased.is_empty() => {}
            Ok(_) => self.scrub().await,
            Err(error) => return again(error).map(Err),
        }
        Ok(Ok(()))
    }

    /// What the plan of this portion needs besides: much, if it asks to forget a person, and else next to nothing.
    pub(super) async fn desk(&mut self, portion: &Portion) -> Result<Result<Desk, End>, WriterError> {
        let index = self.writer.index.clone();
        let asked = portion.reads.first().and_then(erasure::asked);
        let (Some(index), Some((input, token))) = (&index, asked) else {
            return Ok(Ok(Desk { index, ..Desk::default() }));
        };
        // What the request is about may be on its way into the store.
        if let Err(error) = self.pipeline.settle().await {
            return pipeline_end(error).map(Err);
        }
        let store = self.writer.store.clone();
        let dossier = match erasure::dossier(&store, index, token).await {
            Ok(dossier) => dossier,
            Err(error) => return again(error).map(Err),
        };
        let selection = dossier.select();
        let search = Search { input, token, index, selection: &selection };
        let quarantined = match search.quarantined(&store).await {
            Ok(quarantined) => quarantined,
            Err(error) => return again(error).map(Err),
        };
        let inputs = match self.search(&search, portion.last_position().unwrap_or(0)).await? {
            Ok(found) => found.inputs,
            Err(end) => return Ok(Err(end)),
        };
        let found = Found { inputs, quarantined };
        let index: Index = index.clone();
        Ok(Ok(Desk { index: Some(index), dossier: Some(dossier), found, positions: Vec::new() }))
    }

    /// Searches every raw input before the request. Folding waits meanwhile; the lease is held.
    async fn search(&mut self, search: &Search<'_>, end: u64) -> Result<Result<Found, End>, WriterError> {
        let (mut found, mut after) = (Found::default(), 0);
        while after < end {
            let batch = self.source.read(after, BATCH_ENTRIES_MAX, BATCH_BYTES_MAX, READ_WAIT).await;
            let batch = match batch {
                Ok(batch) => batch,
                Err(error) => return source_end(error).map(Err),
            };
            if !self.keep_lease().await? {
                return Ok(Err(End::Again("the lease was lost".into())));
            }
            let source = self.source.identity();
            let named = batch.entries.iter().filter(|one| one.position < end && search.hits(&one.entry));
            found
                .inputs
                .extend(named.map(|one| (search.key(one.entry.id), (source.to_owned(), one.position))));
            after = batch.through;
        }
        Ok(Ok(found))
    }

    /// Overwrites what was erased. Never the reason to stop: the values are gone, what is left are bytes on the disk.
    /// Alone with `self`, for the pipeline's batch on its way cannot be shared between threads.
    pub(super) async fn scrub(&mut self) {
        let store = self.writer.store.clone();
        let scrub = async move {
            for _ in 0..SCRUB_ATTEMPTS {
                match store.scrub().await {
                    Ok(()) => return,
                    Err(error) => tracing::warn!(%error, "what was erased is not overwritten yet"),
                }
            }
        };
        // Vacuuming large tables takes longer than a lease holds.
        if self.writer.store.backend_name() == "postgres" {
            tokio::spawn(scrub);
        } else {
            scrub.await;
        }
    }
}

fn end_of(error: CommitError) -> Result<Result<(), End>, WriterError> {
    match error {
        CommitError::FenceLost => Ok(Err(End::Again("the lease was lost".into()))),
        CommitError::Conflict(_) | CommitError::Transient(_) => Ok(Err(End::Again(error.to_string()))),
        CommitError::Corrupt(fault) => again(StoreError::Corrupt(fault)).map(Err),
        CommitError::Permanent(fault) => Err(WriterError::Refused(fault.to_string())),
    }
}
