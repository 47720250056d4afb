//! Forgetting a person: what has to be looked at before it can be planned, and what is written.
//!
//! ```text
//!  1 the index leads to records; their streams and those they were negotiated on are loaded whole (Dossier)
//!  2 every raw input that is still kept is searched for number and names
//!  3 plan and commit: values, index rows, raw quarantined inputs go; the records that say so come; what is left to be
//!    deleted elsewhere is noted
//! ```
//!
//! Nothing of 1 and 2 is kept: whoever dies in between begins again with the same input.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contract::command::Command;
use contract::erasure::{Dossier, Held, Selection, erasure_stream};
use contract::input::{Body, Input};
use contract::person::Index;
use contract::world::Erased;
use journal::Entry;
use ledger::hash::Hash;
use ledger::time::Timestamp;
use store::rows::{Erasure, PersonRow, WorkKind, WorkRow};
use store::{Reader, StoreError};
use uuid::Uuid;

use crate::plan::Read;

/// More records than any stream of ours has.
const STREAM_RECORDS_MAX: u32 = 1_000_000;
/// Quarantined inputs looked at in one go.
const QUARANTINED_PAGE: u32 = 500;

/// Raw inputs that name the person.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// In the journal or stream: stream of the erasure and input, with identity of the source and position.
    pub inputs: BTreeMap<(String, Uuid), (String, u64)>,
    /// In quarantine.
    pub quarantined: Vec<Uuid>,
}

impl Found {
    /// Adds where inputs stand that go with the very batch they come in: what was on its way when somebody was forgotten.
    pub(crate) fn place(&mut self, erased: &Erased, reads: &[Read], positions: &[u64], source: &str) {
        for (read, position) in reads.iter().zip(positions) {
            let Read::Input(input) = read else { continue };
            for key in erased.inputs.iter().filter(|(_, going)| *going == input.id) {
                self.inputs.entry(key.clone()).or_insert_with(|| (source.to_owned(), *position));
            }
        }
    }
}

/// The token of the person that an input asks to forget.
pub(crate) fn asked(read: &Read) -> Option<(Uuid, Hash)> {
    let Read::Input(input) = read else { return None };
    let Body::Command(command) = &input.body else { return None };
    match command.bare() {
        Command::ErasePerson(command) => Some((input.id, command.token)),
        _ => None,
    }
}

/// Everything that may be about the person of a token.
///
/// # Errors
/// When the store fails, or holds what is no record.
pub async fn dossier(reader: &Reader, index: &Index, token: Hash) -> Result<Dossier, StoreError> {
    let positions = reader.person(token).await?;
    let mut streams = Vec::new();
    for position in positions {
        streams.extend(reader.record(position).await?.map(|row| row.stream));
    }
    let mut dossier = Dossier::new(index.clone(), token, streams);
    while let Some(stream) = dossier.wanted().map(str::to_owned) {
        let held = held(reader, &stream).await?;
        dossier.put(stream, held);
    }
    Ok(dossier)
}

async fn held(reader: &Reader, stream: &str) -> Result<Vec<Held>, StoreError> {
    let rows = reader.stream_records(stream, 1, STREAM_RECORDS_MAX).await?;
    let positions: Vec<u64> = rows.iter().map(|row| row.position).collect();
    let mut disclosures: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    for row in reader.disclosures_of(&positions).await? {
        disclosures.entry(row.position).or_default().push(row.encoded);
    }
    let read = |row: store::rows::RecordRow| {
        let own = disclosures.remove(&row.position).unwrap_or_default();
        Held::read(row.position, &row.jws, own.iter().map(String::as_str)).ok()
    };
    // A record that cannot be read is found by the audit; it has no values that could be opened.
    Ok(rows.into_iter().filter_map(read).collect())
}

/// Looks for a person in raw inputs.
pub(crate) struct Search<'a> {
    pub(crate) input: Uuid,
    pub(crate) token: Hash,
    pub(crate) index: &'a Index,
    pub(crate) selection: &'a Selection,
}

impl Search<'_> {
    /// Whether an entry is to be deleted: a value that goes came from it, or it names the person.
    pub(crate) fn hits(&self, entry: &Entry) -> bool {
        self.hits_bytes(entry.id, &entry.payload)
    }

    fn hits_bytes(&self, id: Uuid, payload: &[u8]) -> bool {
        // The request itself holds a token and stays: after an old backup was restored, it is what erases again.
        if id == self.input {
            return false;
        }
        if self.selection.inputs.contains(&id) {
            return true;
        }
        let text = String::from_utf8_lossy(payload);
        self.names(&text) || undone(payload).is_some_and(|raw| self.names(&raw))
    }

    fn names(&self, text: &str) -> bool {
        self.index.mentions(text, &self.token) || self.selection.is_named_in(text)
    }

    /// The inputs in quarantine that hold the person.
    pub(crate) async fn quarantined(&self, reader: &Reader) -> Result<Vec<Uuid>, StoreError> {
        let (mut found, mut offset) = (Vec::new(), 0);
        loop {
            let page = reader.quarantined(offset, QUARANTINED_PAGE).await?;
            offset += page.len() as u64;
            let hits = |row: &&store::rows::InboxRow| {
                row.quarantined.as_ref().is_some_and(|raw| self.hits_bytes(row.input, raw))
            };
            found.extend(page.iter().filter(hits).map(|row| row.input));
            if page.len() < QUARANTINED_PAGE as usize {
                return Ok(found);
            }
        }
    }

    /// Key of an input among what was found.
    pub(crate) fn key(&self, id: Uuid) -> (String, Uuid) {
        (erasure_stream(self.input), id)
    }
}

/// A webhook's body that was no text, and is kept encoded.
fn undone(payload: &[u8]) -> Option<String> {
    let input = Input::from_bytes(payload).ok()?;
    let Body::Webhook(webhook) = input.body else { return None };
    if !webhook.raw_base64 {
        return None;
    }
    Some(String::from_utf8_lossy(&STANDARD.decode(&webhook.raw).ok()?).into_owned())
}

/// The rows of what goes.
pub(crate) fn rows(erased: Erased, mut found: Found, erased_at: Timestamp) -> Erasure {
    let indexed = |(position, tokens): (&u64, &std::collections::BTreeSet<Hash>)| {
        tokens
            .iter()
            .map(|token| PersonRow { token: (*token).into(), position: *position })
            .collect::<Vec<_>>()
    };
    let indexed = erased.reindexed.iter().flat_map(indexed).collect();
    let mut work = Vec::new();
    let known = erased.inputs.into_iter().map(|key| (found.inputs.remove(&key), key)).collect::<Vec<_>>();
    let others = std::mem::take(&mut found.inputs).into_iter().map(|(key, place)| (Some(place), key));
    for (place, (erasure, input)) in known.into_iter().chain(others) {
        work.push(WorkRow { erasure, kind: WorkKind::Input, what: input.to_string(), place, erased_at });
    }
    for (erasure, what) in erased.recordings {
        work.push(WorkRow { erasure, kind: WorkKind::Recording, what, place: None, erased_at });
    }
    Erasure {
        disclosures: erased.values.into_iter().collect(),
        unindexed: erased.reindexed.into_keys().collect(),
        indexed,
        unquarantined: found.quarantined,
        work,
        completed: erased.completed.into_iter().collect(),
    }
}
