//! Where audio is kept: files named by the SHA-256 of their bytes, in a directory or in a bucket that speaks S3.
//!
//! A file is written under a name of its own, synced, and only then given its final name, and the directories are
//! synced after that. So a file under its final name is whole, and when [`Writing::finish`] has returned, it stays there
//! through a power cut. A record naming it is made after that and not before.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use ledger::hash::Hash;
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path as ObjectPath;
use object_store::prefix::PrefixStore;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt};
use sha2::{Digest, Sha256};

use super::jumping::Jumping;

/// Finished files.
const FINISHED: &str = "recordings";
/// Files being written.
const UNFINISHED: &str = "incoming";
/// So many bytes are gathered before they are handed to the disk, which bounds the memory of one download.
const PART_BYTES: usize = 1024 * 1024;
/// The same for a bucket: S3 takes no smaller parts but the last.
const BUCKET_PART_BYTES: usize = 5 * 1024 * 1024;
/// Unfinished files this old were left by a process that died: no download takes so long.
const LEFTOVER_AGE: Duration = Duration::from_secs(3_600);

/// The kept files. Cheap to clone.
#[derive(Clone)]
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
    part_bytes: usize,
}

impl fmt::Debug for Blobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Blobs")
    }
}

/// Why a file was not written, read or deleted.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The directory cannot be made or used.
    #[error("the directory for recordings cannot be used")]
    Directory(#[source] io::Error),
    /// There is no such file.
    #[error("there is no such recording")]
    NotFound,
    /// The address of the bucket is none, or what it needs to be asked is missing.
    #[error("the bucket for recordings cannot be used")]
    Bucket(#[source] object_store::Error),
    /// The disk failed or is full, or the bucket cannot be reached.
    #[error("the store of recordings failed")]
    Store(#[source] object_store::Error),
    /// The operating system gave no random bytes for a name.
    #[error("no random bytes")]
    Random,
}

impl From<object_store::Error> for BlobError {
    fn from(error: object_store::Error) -> BlobError {
        match error {
            object_store::Error::NotFound { .. } => BlobError::NotFound,
            error => BlobError::Store(error),
        }
    }
}

impl Blobs {
    /// Keeps files under `root`, which is made where it is missing, for this user only: the files hold people's voices.
    ///
    /// # Errors
    /// [`BlobError::Directory`], [`BlobError::Store`].
    pub async fn open(root: &Path) -> Result<Blobs, BlobError> {
        let mut builder = tokio::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        builder.mode(0o700);
        builder.create(root).await.map_err(BlobError::Directory)?;
        sweep(root.join(UNFINISHED)).await.map_err(BlobError::Directory)?;
        let store = LocalFileSystem::new_with_prefix(root)?.with_fsync(true);
        Ok(Blobs { store: Arc::new(store), part_bytes: PART_BYTES })
    }

    /// Keeps files in a bucket, below the path of `url`: `s3://bucket/path`. Region, endpoint and credentials come from the
    /// usual variables (`AWS_REGION`, `AWS_ENDPOINT`, `AWS_ACCESS_KEY_ID`, …) or from the machine. What is begun and never
    /// finished is for the bucket's own rule on incomplete uploads to remove.
    ///
    /// # Errors
    /// [`BlobError::Bucket`].
    ///
    /// # Panics
    /// When the process has installed no cryptography for TLS.
    pub fn bucket(url: &str) -> Result<Blobs, BlobError> {
        let store = AmazonS3Builder::from_env().with_url(url).build().map_err(BlobError::Bucket)?;
        let below = url.splitn(4, '/').nth(3).unwrap_or_default();
        let store = PrefixStore::new(store, below);
        Ok(Blobs { store: Arc::new(store), part_bytes: BUCKET_PART_BYTES })
    }

    /// Begins a file. Dropping it before it is finished leaves nothing behind.
    ///
    /// # Errors
    /// [`BlobError`].
    pub(crate) async fn begin(&self) -> Result<Writing, BlobError> {
        let mut name = [0_u8; 16];
        // Two processes must not write into one file; the name is gone when the file is finished.
        #[allow(clippy::disallowed_methods)]
        getrandom::fill(&mut name).map_err(|_| BlobError::Random)?;
        let name: String = name.iter().map(|byte| format!("{byte:02x}")).collect();
        let place = ObjectPath::from_iter([UNFINISHED, name.as_str()]);
        let upload = self.store.put_multipart(&place).await?;
        let (gathered, hash) = (BytesMut::new(), Sha256::new());
        let (store, part_bytes) = (Arc::clone(&self.store), self.part_bytes);
        Ok(Writing { store, part_bytes, place, upload, gathered, hash, bytes: 0 })
    }

    /// Size and bytes of a file, as a stream.
    ///
    /// # Errors
    /// [`BlobError::NotFound`], [`BlobError::Store`].
    pub async fn read(
        &self,
        sha256: &Hash,
    ) -> Result<(u64, BoxStream<'static, Result<Bytes, BlobError>>), BlobError> {
        let found = self.store.get(&place(sha256)).await?;
        Ok((found.meta.size, found.into_stream().map_err(BlobError::from).boxed()))
    }

    /// A file to be read by somebody who jumps back and forth in it.
    pub(super) fn reader(&self, sha256: &Hash, bytes: u64) -> Jumping {
        Jumping::new(Arc::clone(&self.store), place(sha256), bytes)
    }

    /// Deletes a file, for erasure. A file that is not there is deleted already.
    ///
    /// # Errors
    /// [`BlobError::Store`].
    pub async fn delete(&self, sha256: &Hash) -> Result<(), BlobError> {
        match self.store.delete(&place(sha256)).await.map_err(BlobError::from) {
            Err(BlobError::NotFound) => Ok(()),
            result => result,
        }
    }
}

fn place(sha256: &Hash) -> ObjectPath {
    ObjectPath::from_iter([FINISHED, sha256.to_string().as_str()])
}

/// Removes what was begun long ago and never finished.
async fn sweep(unfinished: PathBuf) -> io::Result<()> {
    let mut files = match tokio::fs::read_dir(&unfinished).await {
        Ok(files) => files,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    while let Some(file) = files.next_entry().await? {
        let age = file.metadata().await?.modified()?.elapsed().unwrap_or_default();
        if age > LEFTOVER_AGE {
            tokio::fs::remove_file(file.path()).await?;
        }
    }
    Ok(())
}

/// A file being written.
pub(crate) struct Writing {
    store: Arc<dyn ObjectStore>,
    part_bytes: usize,
    place: ObjectPath,
    upload: Box<dyn MultipartUpload>,
    gathered: BytesMut,
    hash: Sha256,
    bytes: u64,
}

/// A file that was written.
pub(crate) struct Written {
    /// SHA-256 of its bytes.
    pub(crate) sha256: Hash,
    /// Its size.
    pub(crate) bytes: u64,
}

impl Writing {
    /// Appends bytes.
    pub(crate) async fn write(&mut self, piece: &[u8]) -> Result<(), BlobError> {
        self.hash.update(piece);
        self.bytes += piece.len() as u64;
        self.gathered.extend_from_slice(piece);
        if self.gathered.len() >= self.part_bytes { self.flush().await } else { Ok(()) }
    }

    async fn flush(&mut self) -> Result<(), BlobError> {
        let part = self.gathered.split().freeze();
        Ok(self.upload.put_part(part.into()).await?)
    }

    /// Syncs the file and gives it its final name, replacing an equal one: should that one be damaged, it is whole
    /// again now.
    pub(crate) async fn finish(mut self) -> Result<Written, BlobError> {
        self.flush().await?;
        self.upload.complete().await?;
        // On a bucket this is a copy and a delete; a copy that was made is what counts.
        let sha256 = Hash(self.hash.finalize().into());
        self.store.rename(&self.place, &place(&sha256)).await?;
        Ok(Written { sha256, bytes: self.bytes })
    }
}
