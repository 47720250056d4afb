//! From the log back to the states: what a record and the disclosures that are still there say.
//!
//! Nothing is decided again: a state folded from the log equals the state folded live, but for values whose disclosures
//! were erased in between.

use ledger::disclosure::{self, Disclosure, DisclosureError};
use ledger::record::Record;

use crate::event::{Event, EventData, Private};
use crate::fact::Occurred;

/// Why a record cannot be folded.
#[derive(Debug, thiserror::Error)]
pub enum RefoldError {
    /// A type, or a shape of data, that this program does not know: it is older than the log.
    #[error("{stream} {version}: a record of type {kind} that this program cannot read")]
    Data {
        /// Stream of the record.
        stream: String,
        /// Version of the record.
        version: u64,
        /// Its type.
        kind: String,
    },
    /// What is kept as a disclosure of the record is none.
    #[error("{stream} {version}: {source}")]
    Disclosure {
        /// Stream of the record.
        stream: String,
        /// Version of the record.
        version: u64,
        /// Why.
        source: DisclosureError,
    },
}

impl Event {
    /// Reads an event back from its record, opened as far as `disclosures` reach: encoded, in any order, those of the
    /// record and those of its document alike. Which is which is told by the record's own commitments, so a disclosure of
    /// something else opens nothing.
    ///
    /// # Errors
    /// [`RefoldError::Data`] and [`RefoldError::Disclosure`].
    pub fn from_record<'d>(
        record: &Record,
        disclosures: impl IntoIterator<Item = &'d str>,
    ) -> Result<Event, RefoldError> {
        let stream = || record.stream.as_str().to_owned();
        let (version, kind) = (record.version, &record.kind);
        let data = EventData::decode(kind, &record.data).map_err(|_| RefoldError::Data {
            stream: stream(),
            version,
            kind: kind.clone(),
        })?;
        let private = open(record, disclosures).map_err(|source| RefoldError::Disclosure {
            stream: stream(),
            version,
            source,
        })?;
        let assumed_zone = record.occurred_at_assumed_zone.clone();
        let occurred = record.occurred_at.map(|at| Occurred { at, assumed_zone });
        Ok(Event { data, occurred, recorded_at: record.recorded_at, version, private })
    }
}

fn open<'d>(
    record: &Record,
    disclosures: impl IntoIterator<Item = &'d str>,
) -> Result<Private, DisclosureError> {
    let mut private = Private::default();
    for encoded in disclosures {
        let digest = disclosure::digest(encoded).base64url();
        let (_, name, value) = Disclosure::parse(encoded)?;
        let value = value.as_str().ok_or(DisclosureError::Shape)?.to_owned();
        // Sorted in every payload (RFC 9901 §4.2.4.1).
        if record.commitments.binary_search(&digest).is_ok() {
            private.record.insert(name, value);
        } else {
            private.document.insert(digest, (name, value));
        }
    }
    Ok(private)
}
