//! The name under which this process holds the lease of the ledger.
//!
//! A process that died still holds it, by the clock of the database, for as long as it lasts. The next one from the same
//! directory need not wait for that: a locked file in the directory says that no other process works there, so it takes
//! the same name, and with it its own lease anew under a new fence. A process that finds the file locked stands by under
//! a name of its own.

use std::fs::{File, TryLockError};
use std::io::{Read, Write};
use std::path::Path;

use anyhow::Context;

/// A name in the lease, kept from others for as long as this lives.
pub struct Owner {
    /// The name.
    pub name: String,
    /// Locked while it is open; none where this process stands by.
    _file: Option<File>,
}

impl Owner {
    /// Takes the name of a data directory, or `unique` where another process has it.
    ///
    /// # Errors
    /// When the file cannot be made or read.
    pub fn of(data_dir: &Path, unique: String) -> anyhow::Result<Owner> {
        let path = data_dir.join("projector.lock");
        let failed = || format!("the file {} cannot be used", path.display());
        let mut options = File::options();
        options.read(true).append(true).create(true);
        let mut file = options.open(&path).with_context(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Owner { name: unique, _file: None }),
            Err(TryLockError::Error(error)) => return Err(error).with_context(failed),
        }
        let mut name = String::new();
        file.read_to_string(&mut name).with_context(failed)?;
        if name.is_empty() {
            file.write_all(unique.as_bytes()).with_context(failed)?;
            name = unique;
        }
        // A copy of the directory is another one, even if it brings the file along.
        let inode = std::os::unix::fs::MetadataExt::ino(&file.metadata().with_context(failed)?);
        Ok(Owner { name: format!("{name}-{inode}"), _file: Some(file) })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_directory_keeps_its_name_for_one_process_at_a_time() {
        let directory = std::env::temp_dir().join(format!("ahadi-owner-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let of = |unique: &str| Owner::of(&directory, unique.to_owned()).unwrap();
        let first = of("one");
        assert!(first.name.starts_with("one-"));
        assert_eq!(of("two").name, "two", "the first lives");
        let name = first.name.clone();
        drop(first);
        assert_eq!(of("three").name, name, "the first is gone");
        std::fs::remove_dir_all(&directory).unwrap();
    }
}
