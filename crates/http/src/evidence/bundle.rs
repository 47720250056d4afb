//! Putting together what an auditor takes home.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderValue;
use axum::http::header::RETRY_AFTER;
use contract::agreement::Agreement;
use contract::entity::{Entity, KEYS_STREAM};
use ledger::bundle::{BUNDLE_VERSION, Bundle, BundleKeyRecord, BundleKeys, BundleRecord, Jwk};
use ledger::disclosure::Disclosure;
use ledger::hash::{Hash, sha256};
use ledger::key::PublicKey;
use ledger::proof::{TlogProof, inclusions, inclusions_tiles};
use ledger::time::Timestamp;
use ledger::verify::Pins;
use store::Reader;
use store::rows::{CheckpointRow, DisclosureRow, RecordRow, Scope};
use uuid::Uuid;

use crate::problem::{Kind, Problem};

/// Most records of one stream in a bundle; a contract has a dozen.
const STREAM_RECORDS_MAX: u32 = 10_000;
/// Most streams a bundle follows links to: a conference and its legs.
const LINKED_STREAMS_MAX: usize = 32;
/// How long to wait for a checkpoint that covers what is asked for. One is signed at most a second after a record.
const COVER_WAIT_MS: u64 = 5_000;
/// How often to look for it.
const COVER_POLL_MS: u64 = 100;

/// Reads evidence out of the store. Cheap to clone.
#[derive(Clone)]
pub struct Evidence {
    reader: Reader,
    anchors: Arc<Anchors>,
}

/// What vouches for this log.
#[derive(Debug)]
pub struct Anchors {
    /// Name of the log.
    pub origin: String,
    /// The key that names the others.
    pub root: PublicKey,
    /// The key that signs checkpoints, as verifier key text.
    pub log_vkey: ledger::checkpoint::LogVerifier,
}

/// A record with what the caller may see of it.
pub struct ListedRecord {
    /// Position in the log.
    pub position: u64,
    /// Version in its stream.
    pub version: u64,
    /// Record id.
    pub id: Uuid,
    /// Record type.
    pub kind: String,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Hash of its payload.
    pub payload_sha256: Hash,
    /// Its leaf.
    pub leaf: Hash,
    /// The record.
    pub jws: String,
    /// Disclosures of its own commitments.
    pub disclosures: Vec<String>,
}

impl Evidence {
    /// From this store, vouched for by these keys.
    pub fn new(reader: Reader, anchors: Anchors) -> Evidence {
        Evidence { reader, anchors: Arc::new(anchors) }
    }

    /// What vouches for this log.
    pub fn anchors(&self) -> &Anchors {
        &self.anchors
    }

    /// Everything pinned to this log's own keys.
    pub fn pins(&self) -> Pins {
        Pins {
            origin: Some(self.anchors.origin.clone()),
            root: Some(self.anchors.root.clone()),
            log_vkey: Some(self.anchors.log_vkey.clone()),
        }
    }

    /// Records of a stream in order, with disclosures where `personal`.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn records(
        &self,
        stream: &str,
        from_version: u64,
        max: u32,
        personal: bool,
    ) -> Result<Vec<ListedRecord>, Problem> {
        let rows = self.reader.stream_records(stream, from_version, max).await?;
        let mut opened = self.disclosures(stream, &rows, personal).await?;
        let listed = |row: RecordRow| ListedRecord {
            disclosures: opened.of_records.remove(&row.position).unwrap_or_default(),
            position: row.position,
            version: row.version,
            id: row.id,
            kind: row.kind,
            recorded_at: row.recorded_at,
            payload_sha256: row.payload_sha256,
            leaf: row.leaf,
            jws: row.jws,
        };
        Ok(rows.into_iter().map(listed).collect())
    }

    /// The bundle of a stream: its records and those of streams it links to, proofs, checkpoint and keys. The document
    /// is always in it; other disclosures only where `personal`.
    ///
    /// # Errors
    /// 503 where no checkpoint covers the stream yet.
    pub async fn bundle(&self, stream: &str, personal: bool) -> Result<Bundle, Problem> {
        let mut rows = self.whole(stream).await?;
        let agreement = self.agreement(stream).await?;
        let codes_live = codes_live(agreement.as_deref());
        let in_force = agreement.map(|agreement| agreement.document_sha256);
        let document = self.document(&rows, in_force).await?;
        let mut opened = self.opened(&rows, personal, codes_live).await?;
        opened.keep_document_of(document.as_ref().map(|(position, _)| *position));
        let document = document.map(|(_, text)| text);
        for linked in linked_streams(&rows, stream) {
            let linked_rows = self.whole(&linked).await?;
            // The texts in which parties sent us their codes.
            let linked_opened = self.opened(&linked_rows, personal, codes_live).await?;
            opened.of_records.extend(linked_opened.of_records);
            rows.extend(linked_rows);
        }
        rows.sort_by_key(|row| row.position);
        let keys = self.whole(KEYS_STREAM).await?;
        let newest = rows.iter().chain(&keys).map(|row| row.position).max().unwrap_or(0);
        let checkpoint = self.covering(newest).await?;
        let positions: Vec<u64> = rows.iter().chain(&keys).map(|row| row.position).collect();
        let mut proofs = self.proofs(&positions, &checkpoint).await?;
        let proofs_of_keys = proofs.split_off(rows.len());
        let key_record = |(row, proof): (RecordRow, TlogProof)| BundleKeyRecord {
            position: row.position,
            jws: row.jws,
            proof: proof.format(),
        };
        let key_records = keys.into_iter().zip(proofs_of_keys).map(key_record).collect();
        let records =
            rows.into_iter().map(|row| BundleRecord { position: row.position, jws: row.jws }).collect();
        Ok(Bundle {
            v: BUNDLE_VERSION.to_owned(),
            origin: self.anchors.origin.clone(),
            stream: stream.to_owned(),
            document,
            records,
            disclosures: opened.of_records,
            document_disclosures: opened.of_document.into_values().flatten().collect(),
            proofs: proofs.iter().map(TlogProof::format).collect(),
            checkpoint: checkpoint.note,
            keys: BundleKeys {
                root: Jwk::from(&self.anchors.root),
                log_vkey: self.anchors.log_vkey.vkey(),
                records: key_records,
            },
        })
    }

    /// The inclusion proofs of positions under a checkpoint, which must be larger, in the order asked for.
    ///
    /// # Errors
    /// When the tiles in the store are not whole.
    pub async fn proofs(
        &self,
        positions: &[u64],
        checkpoint: &CheckpointRow,
    ) -> Result<Vec<TlogProof>, Problem> {
        let needed = inclusions_tiles(positions, checkpoint.size).map_err(Problem::internal)?;
        let tiles = self.reader.tiles(&needed).await?;
        let paths = inclusions(positions, checkpoint.size, &tiles).map_err(Problem::internal)?;
        let proof = |(index, path): (&u64, _)| TlogProof {
            extra: None,
            index: *index,
            path,
            checkpoint: checkpoint.note.clone(),
        };
        Ok(positions.iter().zip(paths).map(proof).collect())
    }

    /// A checkpoint under which the position lies; waits for one a moment.
    async fn covering(&self, position: u64) -> Result<CheckpointRow, Problem> {
        for _ in 0..COVER_WAIT_MS / COVER_POLL_MS {
            match self.reader.latest_checkpoint().await? {
                Some(checkpoint) if checkpoint.size > position => return Ok(checkpoint),
                _ => tokio::time::sleep(Duration::from_millis(COVER_POLL_MS)).await,
            }
        }
        let detail = "No checkpoint covers these records yet; try again in a moment.";
        Err(Problem::new(Kind::Unavailable, detail).with_header(RETRY_AFTER, HeaderValue::from_static("1")))
    }

    async fn whole(&self, stream: &str) -> Result<Vec<RecordRow>, Problem> {
        Ok(self.reader.stream_records(stream, 1, STREAM_RECORDS_MAX).await?)
    }

    /// The document in force, as the records disclose it, and the position of the record that does. Where none of them is
    /// in force, the newest.
    async fn document(
        &self,
        rows: &[RecordRow],
        in_force: Option<Hash>,
    ) -> Result<Option<(u64, String)>, Problem> {
        let kinds = ["contract.drafted", "contract.amendment_proposed"];
        let drafts = rows.iter().filter(|row| kinds.contains(&row.kind.as_str()));
        let positions: Vec<u64> = drafts.map(|row| row.position).collect();
        let disclosures = self.reader.disclosures_of(&positions).await?;
        let texts = disclosures.iter().filter(|row| row.scope == Scope::Record).filter_map(|row| {
            let (_, name, value) = Disclosure::parse(&row.encoded).ok()?;
            let text = value.as_str().filter(|_| name == ledger::verify::DOCUMENT_NAME)?;
            Some((row.position, text.to_owned()))
        });
        let mut texts: Vec<(u64, String)> = texts.collect();
        let is_in_force = |(_, text): &(u64, String)| in_force == Some(sha256(text.as_bytes()));
        match texts.iter().position(is_in_force) {
            Some(place) => Ok(Some(texts.swap_remove(place))),
            None => Ok(texts.pop()),
        }
    }

    async fn disclosures(&self, stream: &str, rows: &[RecordRow], personal: bool) -> Result<Opened, Problem> {
        let agreement = self.agreement(stream).await?;
        self.opened(rows, personal, codes_live(agreement.as_deref())).await
    }

    async fn opened(&self, rows: &[RecordRow], personal: bool, codes_live: bool) -> Result<Opened, Problem> {
        let mut opened = Opened::default();
        if !personal {
            return Ok(opened);
        }
        let positions: Vec<u64> = rows.iter().map(|row| row.position).collect();
        let kinds: BTreeMap<u64, &str> = rows.iter().map(|row| (row.position, row.kind.as_str())).collect();
        for row in self.reader.disclosures_of(&positions).await? {
            let kind = kinds.get(&row.position).copied().unwrap_or_default();
            if codes_live && tells_a_code(&row, kind) {
                continue;
            }
            let place = match row.scope {
                Scope::Record => &mut opened.of_records,
                Scope::Document => &mut opened.of_document,
            };
            place.entry(row.position).or_default().push(row.encoded);
        }
        Ok(opened)
    }

    /// The contract of a stream, where it is one's.
    async fn agreement(&self, stream: &str) -> Result<Option<Box<Agreement>>, Problem> {
        let Some(row) = self.reader.stream(stream).await? else { return Ok(None) };
        Ok(match Entity::from_json(&row.state).map_err(Problem::internal)? {
            Entity::Contract(agreement) => Some(agreement),
            _ => None,
        })
    }
}

/// Whether the parties' codes still open something: then not even an auditor is told them, who could act for the parties.
fn codes_live(agreement: Option<&Agreement>) -> bool {
    agreement.is_some_and(|agreement| !agreement.status.is_final())
}

#[derive(Default)]
struct Opened {
    of_records: BTreeMap<u64, Vec<String>>,
    /// By the position of the record that discloses the document.
    of_document: BTreeMap<u64, Vec<String>>,
}

impl Opened {
    /// A bundle has one document. What opens another stands with the record that discloses that one.
    fn keep_document_of(&mut self, position: Option<u64>) {
        let all = std::mem::take(&mut self.of_document);
        for (place, encoded) in all {
            let kept = if Some(place) == position { &mut self.of_document } else { &mut self.of_records };
            kept.entry(place).or_default().extend(encoded);
        }
    }
}

/// The code itself, or what may hold it: the text of a message, in either direction, and keys that were pressed.
fn tells_a_code(row: &DisclosureRow, kind: &str) -> bool {
    let Ok((_, name, _)) = Disclosure::parse(&row.encoded) else { return true };
    let may_hold_it = ["message.requested", "message.received", "call.input"].contains(&kind)
        && ["text", "raw", "raw_base64", "digits"].contains(&name.as_str());
    row.scope == Scope::Record && (name.starts_with("code") || may_hold_it)
}

/// Streams that the records' links lead to.
fn linked_streams(rows: &[RecordRow], own: &str) -> Vec<String> {
    let mut streams = BTreeSet::new();
    for row in rows {
        let Ok(record) = ledger::record::open(&row.jws) else { continue };
        let Some(ledger::json::Value::Array(links)) = record.data.get("links") else { continue };
        let names = links.iter().filter_map(|link| link.get("stream")?.as_str());
        streams.extend(names.filter(|name| *name != own).map(str::to_owned));
    }
    streams.into_iter().take(LINKED_STREAMS_MAX).collect()
}
