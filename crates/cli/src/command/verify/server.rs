//! A running service, as any auditor sees it: what it publishes below `/log` (C2SP tlog-tiles).

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use indicatif::ProgressBar;
use ledger::bundle::Bundle;
use ledger::checkpoint::{Checkpoint, LogVerifier, NOTE_BYTES_MAX};
use ledger::hash::Hash;
use ledger::tile::{EntriesId, TileId, entries_for, tiles_for};
use ledger::verify::{Auditor, Pins, Report};
use reqwest::StatusCode;
use tokio::task::JoinHandle;

use super::shelf::Shelf;
use super::spread::{self, Entry};

/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest wait for a whole answer; the largest has 17 MB.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(120);
/// Requests under way at once.
const REQUESTS_AHEAD: usize = 8;
/// A verifier key is a name, a number and a key.
const VKEY_BYTES_MAX: usize = 1_024;
/// Entries of 256 times 65,535 bytes, each behind its length.
const ENTRIES_BYTES_MAX: usize = 256 * (65_535 + 2);
/// 256 hashes.
const TILE_BYTES_MAX: usize = 256 * 32;
/// Largest bundle taken from a server or a file: 10,000 records of the largest size are not expected in one.
pub const BUNDLE_BYTES_MAX: usize = 256 * 1024 * 1024;

/// A server to ask. Cheap to clone.
#[derive(Clone)]
pub struct Server(Arc<Inner>);

struct Inner {
    client: reqwest::Client,
    base: String,
    key: Option<String>,
}

impl Server {
    /// The server at this base URL, asked with this key of the interface where there is one.
    ///
    /// # Errors
    /// When the system has no TLS to offer.
    pub fn new(base: &str, key: Option<String>) -> anyhow::Result<Server> {
        let client = reqwest::Client::builder().connect_timeout(CONNECT_TIMEOUT).timeout(ANSWER_TIMEOUT);
        Ok(Server(Arc::new(Inner { client: client.build()?, base: base.to_owned(), key })))
    }

    /// The body of an answer; none where the server says that there is no such thing.
    async fn get(&self, path: &str, bytes_max: usize) -> anyhow::Result<Option<Vec<u8>>> {
        let Inner { client, base, key } = self.0.as_ref();
        let url = format!("{base}/{path}");
        let mut request = client.get(&url);
        if let Some(key) = key {
            request = request.bearer_auth(key);
        }
        let mut answer = request.send().await.with_context(|| format!("{url} did not answer"))?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Ok(None),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                bail!("{url} needs a key that may read it: give --key")
            }
            status => bail!("{url} answered {status}"),
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.with_context(|| format!("{url} broke off"))? {
            if body.len() + chunk.len() > bytes_max {
                bail!("{url} answered more than {bytes_max} bytes");
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Some(body))
    }

    async fn text(&self, path: &str, bytes_max: usize) -> anyhow::Result<String> {
        let body = self.get(path, bytes_max).await?;
        let body = body.ok_or_else(|| anyhow!("{} has no {path}", self.0.base))?;
        String::from_utf8(body).map_err(|_| anyhow!("{path} is not text"))
    }

    /// The newest checkpoint.
    ///
    /// # Errors
    /// When there is none, or the server does not answer.
    pub async fn checkpoint(&self) -> anyhow::Result<String> {
        self.text("log/checkpoint", NOTE_BYTES_MAX).await
    }

    /// The key the server says its checkpoints are signed with: nothing to trust.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn log_vkey(&self) -> anyhow::Result<Option<LogVerifier>> {
        let text = self.text("log/vkey", VKEY_BYTES_MAX).await?;
        Ok(LogVerifier::from_vkey(text.trim()).ok())
    }

    /// The hashes of a tile, whatever their number; none where the server has no such tile.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn tile(&self, tile: TileId) -> anyhow::Result<Option<Vec<Hash>>> {
        let mut bytes = self.get(&format!("log/{}", tile.path()), TILE_BYTES_MAX).await?;
        if let (None, false) = (&bytes, tile.is_full()) {
            // Partial tiles may be dropped once the full one is there (C2SP tlog-tiles).
            let full = TileId::new(tile.level(), tile.index(), 256)?;
            bytes = self.get(&format!("log/{}", full.path()), TILE_BYTES_MAX).await?;
            bytes = bytes.map(|mut bytes| {
                bytes.truncate(usize::from(tile.width()) * 32);
                bytes
            });
        }
        Ok(bytes.map(|bytes| bytes.as_chunks::<32>().0.iter().copied().map(Hash).collect()))
    }

    /// The bundle of a contract.
    ///
    /// # Errors
    /// When there is no such contract, the key may not read it, or what came is no bundle.
    pub async fn bundle(&self, contract_id: &str) -> anyhow::Result<Bundle> {
        let path = format!("v1/contracts/{}/bundle", contract::entity::token(contract_id));
        let bytes = self.get(&path, BUNDLE_BYTES_MAX).await?;
        let bytes = bytes.with_context(|| format!("{} has no contract {contract_id}", self.0.base))?;
        Ok(Bundle::from_json(&bytes)?)
    }

    /// The entries of a bundle of entries; none where the server has no such bundle or it is malformed.
    async fn entries(&self, id: EntriesId) -> anyhow::Result<Option<Vec<Entry>>> {
        let Some(bytes) = self.get(&format!("log/{}", id.path()), ENTRIES_BYTES_MAX).await? else {
            return Ok(None);
        };
        let Ok(entries) = id.decode(&bytes) else { return Ok(None) };
        let entry = |(position, bytes): (u64, &[u8])| Entry {
            position,
            // Bytes that are no text are no record either, and hash to another leaf: the audit says so.
            jws: String::from_utf8_lossy(bytes).into_owned(),
            disclosures: Vec::new(),
        };
        Ok(Some(id.positions().zip(entries).map(entry).collect()))
    }
}

/// Audits everything the server publishes, up to its newest checkpoint.
///
/// # Errors
/// When the server does not answer. What it answers wrongly is in the report.
pub async fn audit(
    server: &Server,
    pins: Pins,
    kept: &[String],
    scratch: Option<&Path>,
    bar: &ProgressBar,
) -> anyhow::Result<Report> {
    let offered = if pins.log_vkey.is_some() { None } else { server.log_vkey().await? };
    let origin = offered.as_ref().map(|verifier| verifier.origin().to_owned());
    let verifier = pins.log_vkey.clone().or(offered.clone());
    let assumed = Pins { origin, root: None, log_vkey: offered };
    let mut auditor = Auditor::new(pins).assuming(assumed);
    kept.iter().for_each(|note| auditor.checkpoint(note));
    let note = server.checkpoint().await?;
    auditor.checkpoint(&note);
    let mut shelf = Shelf::new(scratch);
    let size = verifier.and_then(|verifier| Some(Checkpoint::open(&note, &verifier).ok()?.size));
    if let Some(size) = size {
        bar.set_length(size);
        push_entries(server, &mut auditor, &mut shelf, size, bar).await?;
        // Where entries are missing the tiles above them cannot be compared.
        if auditor.next_position() == size {
            push_tiles(server, &mut auditor, size).await?;
        }
    }
    bar.finish_and_clear();
    shelf.report(auditor.close(size)).await
}

/// Requests that were begun, in order; a few ahead of what is worked on.
struct Ahead<I, T> {
    ids: I,
    under_way: VecDeque<JoinHandle<anyhow::Result<T>>>,
}

impl<I: Iterator, T: Send + 'static> Ahead<I, T> {
    async fn next<F>(&mut self, ask: impl Fn(I::Item) -> F) -> anyhow::Result<Option<T>>
    where
        F: Future<Output = anyhow::Result<T>> + Send + 'static,
    {
        while self.under_way.len() < REQUESTS_AHEAD {
            let Some(id) = self.ids.next() else { break };
            self.under_way.push_back(tokio::spawn(ask(id)));
        }
        match self.under_way.pop_front() {
            Some(answer) => Ok(Some(answer.await??)),
            None => Ok(None),
        }
    }
}

impl<I, T> Drop for Ahead<I, T> {
    fn drop(&mut self) {
        self.under_way.iter().for_each(JoinHandle::abort);
    }
}

async fn push_entries(
    server: &Server,
    auditor: &mut Auditor,
    shelf: &mut Shelf,
    size: u64,
    bar: &ProgressBar,
) -> anyhow::Result<()> {
    let mut ahead = Ahead { ids: entries_for(size), under_way: VecDeque::new() };
    let ask = |id| {
        let server = server.clone();
        async move { server.entries(id).await }
    };
    while let Some(entries) = ahead.next(ask).await? {
        // The audit will say that the log ends here, short of its checkpoint.
        let Some(entries) = entries else { break };
        // A bundle of entries is too short for checking signatures together.
        let (entries, checked) = spread::check(entries, auditor.known_keys()).await?;
        for (entry, checked) in entries.iter().zip(checked) {
            auditor.push_checked(entry.position, checked);
        }
        shelf.relieve(auditor)?;
        bar.set_position(auditor.next_position());
    }
    Ok(())
}

async fn push_tiles(server: &Server, auditor: &mut Auditor, size: u64) -> anyhow::Result<()> {
    let mut ahead = Ahead { ids: tiles_for(size), under_way: VecDeque::new() };
    let ask = |id| {
        let server = server.clone();
        async move { Ok((id, server.tile(id).await?)) }
    };
    while let Some((id, hashes)) = ahead.next(ask).await? {
        if let Some(hashes) = hashes {
            auditor.tile(id, &hashes);
        }
    }
    Ok(())
}
