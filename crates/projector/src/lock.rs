//! The compare-and-swap file: the last signed checkpoint, kept outside the database.
//!
//! A database restored from an old backup does not know what was already signed and published. This file does. It is
//! written before a checkpoint is published, so it is never older than what anybody has seen.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::faults::{Faults, Step};

/// The file, with what this process last read or wrote.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    held: Option<String>,
    /// A note whose writing failed: it may be in the file all the same.
    doubtful: Option<String>,
}

/// Why the file could not be moved on.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// The file system refused.
    #[error("the checkpoint file {path} cannot be used: {source}", path = .path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process signed in between.
    #[error("the checkpoint file {path} was changed by another process; two projectors must not sign", path = .path.display())]
    Changed {
        /// Which file.
        path: PathBuf,
    },
}

impl Lock {
    /// Reads the file; a missing one is an empty lock.
    ///
    /// # Errors
    /// [`LockError::Io`].
    pub fn open(path: &Path) -> Result<Lock, LockError> {
        let held = read(path).map_err(|source| LockError::Io { path: path.to_owned(), source })?;
        Ok(Lock { path: path.to_owned(), held, doubtful: None })
    }

    /// Finds out which note is in the file after a [`Lock::swap`] failed; else does nothing.
    ///
    /// # Errors
    /// [`LockError::Io`] while the file system still refuses; [`LockError::Changed`] when neither the old note nor the
    /// one that was being written is there.
    pub fn settle(&mut self) -> Result<(), LockError> {
        if self.doubtful.is_none() {
            return Ok(());
        }
        let found = read(&self.path).map_err(|source| LockError::Io { path: self.path.clone(), source })?;
        if found != self.held && found != self.doubtful {
            return Err(LockError::Changed { path: self.path.clone() });
        }
        (self.held, self.doubtful) = (found, None);
        Ok(())
    }

    /// The signed note in it.
    pub fn note(&self) -> Option<&str> {
        self.held.as_deref()
    }

    /// Puts a newer note in the place of the one held. Durable when it returns: temporary file, sync, rename, sync of
    /// the directory.
    ///
    /// # Errors
    /// [`LockError`]; then the file is as it was, or holds the new note: [`Lock::settle`] tells.
    pub fn swap(&mut self, note: &str, faults: &Faults) -> Result<(), LockError> {
        self.settle()?;
        let io = |source| LockError::Io { path: self.path.clone(), source };
        if read(&self.path).map_err(io)? != self.held {
            return Err(LockError::Changed { path: self.path.clone() });
        }
        self.doubtful = Some(note.to_owned());
        faults.around_now(Step::Swap, || self.replace(note)).map_err(io)?;
        (self.held, self.doubtful) = (self.doubtful.take(), None);
        Ok(())
    }

    fn replace(&self, note: &str) -> io::Result<()> {
        let temporary = self.path.with_extension("new");
        let mut file = File::create(&temporary)?;
        file.write_all(note.as_bytes()).and_then(|()| file.sync_all())?;
        fs::rename(&temporary, &self.path)?;
        let directory = self.path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(directory).and_then(|d| d.sync_all())
    }
}

fn read(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_the_holder_of_the_last_note_moves_it_on() {
        let directory = std::env::temp_dir().join(format!("ahadi-lock-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let path = directory.join("checkpoint");
        let none = Faults::default();
        let mut first = Lock::open(&path).unwrap();
        assert_eq!(first.note(), None);
        first.swap("one", &none).unwrap();
        let mut second = Lock::open(&path).unwrap();
        assert_eq!(second.note(), Some("one"));
        second.swap("two", &none).unwrap();
        assert!(matches!(first.swap("three", &none), Err(LockError::Changed { .. })));
        assert_eq!(Lock::open(&path).unwrap().note(), Some("two"));
        fs::remove_dir_all(&directory).unwrap();
    }
}
