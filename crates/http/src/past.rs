//! A contract as it stood after one of its records.
//!
//! The answer to a command shows the contract as the command left it, not as it stands when the answer is written: so
//! the same command, sent again under the same key, is answered with the same bytes.

use contract::agreement::Agreement;
use contract::entity::Entity;
use contract::event::Event;
use store::Reader;
use store::rows::StreamRow;

use crate::problem::Problem;
use crate::voicepact::contracts::agreement;

/// Records read at once.
const PAGE: u32 = 500;

/// Why a contract cannot be shown as it stood.
#[derive(Debug, thiserror::Error)]
enum PastError {
    #[error("a record of the log cannot be read: {0}")]
    Record(#[from] ledger::record::RecordError),
    #[error(transparent)]
    Refold(#[from] contract::refold::RefoldError),
    #[error("the stream ends before version {0}")]
    Short(u64),
}

/// Head and state of a contract's stream at a version.
///
/// # Errors
/// 404 where there is no such contract; 5xx where the store fails.
pub(crate) async fn contract_at(
    reader: &Reader,
    stream: &str,
    version: u64,
) -> Result<(StreamRow, Agreement), Problem> {
    let row = reader.stream(stream).await?;
    let row = row.ok_or_else(|| Problem::not_found("There is no such contract."))?;
    // Version 0 stands in outcomes that were kept before versions were.
    if version == 0 || row.version <= version {
        let agreement = agreement(&row.state)?;
        return Ok((row, agreement));
    }
    let (row, entity) = folded_at(reader, stream, version).await?;
    match entity {
        Entity::Contract(agreement) => Ok((row, *agreement)),
        _ => Err(Problem::not_found("There is no such contract.")),
    }
}

/// Head and state of a stream as it stood at a version it has reached.
///
/// # Errors
/// 5xx where the store fails or the stream cannot be folded.
pub(crate) async fn folded_at(
    reader: &Reader,
    stream: &str,
    version: u64,
) -> Result<(StreamRow, Entity), Problem> {
    let mut entity = Entity::empty(stream).ok_or_else(|| Problem::internal(PastError::Short(version)))?;
    let mut last = None;
    let mut from = 1;
    while from <= version {
        let wanted = u32::try_from(version - from + 1).unwrap_or(PAGE).min(PAGE);
        let records = reader.stream_records(stream, from, wanted).await?;
        let Some(newest) = records.last() else { return Err(Problem::internal(PastError::Short(version))) };
        from = newest.version + 1;
        let positions: Vec<u64> = records.iter().map(|record| record.position).collect();
        let disclosures = reader.disclosures_of(&positions).await?;
        for record in &records {
            let opened =
                ledger::record::open(&record.jws).map_err(PastError::from).map_err(Problem::internal)?;
            let own = disclosures.iter().filter(|d| d.position == record.position);
            let event = Event::from_record(&opened, own.map(|d| d.encoded.as_str()));
            entity.apply(&event.map_err(PastError::from).map_err(Problem::internal)?);
        }
        last = records.into_iter().next_back();
    }
    let last = last.ok_or_else(|| Problem::internal(PastError::Short(version)))?;
    let state = entity.to_json();
    let row = StreamRow {
        stream: stream.to_owned(),
        version: last.version,
        head: last.payload_sha256,
        recorded_at: last.recorded_at,
        state,
    };
    Ok((row, entity))
}
