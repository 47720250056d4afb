//! Putting together what an auditor takes home.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderValue;
use axum::http::header::RETRY_AFTER;
use contract::agreement::Status;
use contract::entity::{Entity, KEYS_STREAM};
use ledger::bundle::{BUNDLE_VERSION, Bundle, BundleKeyRecord, BundleKeys, BundleRecord, Jwk};
use ledger::disclosure::Disclosure;
use ledger::hash::Hash;
use ledger::key::PublicKey;
use ledger::proof::{TlogProof, inclusion, inclusion_tiles};
use ledger::tile::TileSet;
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
        let mut opened = self.disclosures(stream, &rows, personal).await?;
        let document = self.document(&rows).await?;
        for linked in linked_streams(&rows, stream) {
            let linked_rows = self.whole(&linked).await?;
            let linked_opened = self.disclosures(&linked, &linked_rows, personal).await?;
            opened.of_records.extend(linked_opened.of_records);
            rows.extend(linked_rows);
        }
        rows.sort_by_key(|row| row.position);
        let keys = self.whole(KEYS_STREAM).await?;
        let newest = rows.iter().chain(&keys).map(|row| row.position).max().unwrap_or(0);
        let checkpoint = self.covering(newest).await?;
        let mut proofs = Vec::with_capacity(rows.len());
        for row in &rows {
            proofs.push(self.proof(row.position, &checkpoint).await?.format());
        }
        let mut key_records = Vec::with_capacity(keys.len());
        for row in keys {
            let proof = self.proof(row.position, &checkpoint).await?.format();
            key_records.push(BundleKeyRecord { position: row.position, jws: row.jws, proof });
        }
        let records =
            rows.into_iter().map(|row| BundleRecord { position: row.position, jws: row.jws }).collect();
        Ok(Bundle {
            v: BUNDLE_VERSION.to_owned(),
            origin: self.anchors.origin.clone(),
            stream: stream.to_owned(),
            document,
            records,
            disclosures: opened.of_records,
            document_disclosures: opened.of_document,
            proofs,
            checkpoint: checkpoint.note,
            keys: BundleKeys {
                root: Jwk::from(&self.anchors.root),
                log_vkey: self.anchors.log_vkey.vkey(),
                records: key_records,
            },
        })
    }

    /// The inclusion proof of a position under a checkpoint, which must be larger.
    ///
    /// # Errors
    /// When the tiles in the store are not whole.
    pub async fn proof(&self, index: u64, checkpoint: &CheckpointRow) -> Result<TlogProof, Problem> {
        let mut tiles = TileSet::new();
        for tile in inclusion_tiles(index, checkpoint.size).map_err(Problem::internal)? {
            if let Some(hashes) = self.reader.tile(tile).await? {
                tiles.insert(tile, hashes).map_err(Problem::internal)?;
            }
        }
        let path = inclusion(index, checkpoint.size, &tiles).map_err(Problem::internal)?;
        Ok(TlogProof { extra: None, index, path, checkpoint: checkpoint.note.clone() })
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

    /// The text of the newest document the records disclose.
    async fn document(&self, rows: &[RecordRow]) -> Result<Option<String>, Problem> {
        let positions: Vec<u64> =
            rows.iter().filter(|row| row.kind == "contract.drafted").map(|row| row.position).collect();
        let disclosures = self.reader.disclosures_of(&positions).await?;
        let mut texts = disclosures.iter().filter(|row| row.scope == Scope::Record).filter_map(|row| {
            let (_, name, value) = Disclosure::parse(&row.encoded).ok()?;
            (name == ledger::verify::DOCUMENT_NAME).then(|| value.as_str().map(str::to_owned))?
        });
        Ok(texts.next_back())
    }

    async fn disclosures(&self, stream: &str, rows: &[RecordRow], personal: bool) -> Result<Opened, Problem> {
        let mut opened = Opened::default();
        if !personal {
            return Ok(opened);
        }
        let positions: Vec<u64> = rows.iter().map(|row| row.position).collect();
        let codes_live = self.codes_live(stream).await?;
        for row in self.reader.disclosures_of(&positions).await? {
            if codes_live && tells_a_code(&row) {
                continue;
            }
            match row.scope {
                Scope::Record => opened.of_records.entry(row.position).or_default().push(row.encoded),
                Scope::Document => opened.of_document.push(row.encoded),
            }
        }
        Ok(opened)
    }

    /// Whether the parties' codes still open something: then not even an auditor is told them, who could answer for
    /// the parties.
    async fn codes_live(&self, stream: &str) -> Result<bool, Problem> {
        let Some(row) = self.reader.stream(stream).await? else { return Ok(false) };
        Ok(match Entity::from_json(&row.state).map_err(Problem::internal)? {
            Entity::Contract(agreement) => agreement.status == Status::Pending,
            _ => false,
        })
    }
}

#[derive(Default)]
struct Opened {
    of_records: BTreeMap<u64, Vec<String>>,
    of_document: Vec<String>,
}

/// The code itself, or the text of a message that holds it.
fn tells_a_code(row: &DisclosureRow) -> bool {
    match Disclosure::parse(&row.encoded) {
        Ok((_, name, _)) => row.scope == Scope::Record && (name.starts_with("code_") || name == "text"),
        Err(_) => true,
    }
}

/// Streams that the records' links lead to.
fn linked_streams(rows: &[RecordRow], own: &str) -> Vec<String> {
    let mut streams = BTreeSet::new();
    for row in rows {
        let Ok(record) = ledger::record::open(&row.jws) else { continue };
        let links = record.data.get("links").and_then(ledger::json::Value::as_array).unwrap_or(&[]);
        let names = links.iter().filter_map(|link| link.get("stream")?.as_str());
        streams.extend(names.filter(|name| *name != own).map(str::to_owned));
    }
    streams.into_iter().take(LINKED_STREAMS_MAX).collect()
}
