//! Entries and places to put them.

use std::path::{Path, PathBuf};

use journal::{Entry, Journal, Limits};
use uuid::Uuid;

/// A directory of its own, removed when dropped.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new() -> Scratch {
        let path = std::env::temp_dir().join(format!("ahadi-journal-{}", Uuid::now_v7().simple()));
        std::fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn file(&self) -> PathBuf {
        self.0.join("journal.db")
    }

    pub async fn journal(&self) -> Journal {
        Journal::open(&self.file(), Limits::default()).await.unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// The n-th entry of a test: everything in it follows from `n`, except the id.
pub fn entry(n: u64) -> Entry {
    Entry {
        id: Uuid::now_v7(),
        source: "africastalking".to_owned(),
        kind: "voice.status".to_owned(),
        key: format!("ATVId_{}.> *", n % 7),
        received_at_ms: 1_700_000_000_000 + i64::try_from(n).unwrap(),
        payload: format!("{{\"n\":{n}}}").into_bytes(),
    }
}

pub fn entries(range: std::ops::Range<u64>) -> Vec<Entry> {
    range.map(entry).collect()
}

pub fn ids<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Vec<Uuid> {
    entries.into_iter().map(|entry| entry.id).collect()
}
