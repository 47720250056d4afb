//! Audio on its way into the store, whoever it comes from: how large, what it is, how long.

use std::fmt;

use super::blob::{BlobError, Blobs, Writing};
use super::duration;
use super::sniff::{HEAD_BYTES, KIND_BYTES, media_type, wav_duration_ms};

/// Audio that is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Lower-case hex SHA-256 of its bytes.
    pub sha256: String,
    /// Size.
    pub bytes: u64,
    /// By the first bytes.
    pub media_type: &'static str,
    /// Length of the audio in milliseconds, where it could be told.
    pub duration_ms: Option<u64>,
}

/// Why bytes were not taken.
#[derive(Debug, thiserror::Error)]
pub enum AudioError {
    /// Larger than allowed.
    #[error("larger than allowed")]
    TooLarge,
    /// Not audio that we know.
    #[error("not audio")]
    WrongType,
    /// No bytes at all.
    #[error("empty")]
    Empty,
    /// Could not be stored.
    #[error(transparent)]
    Storage(#[from] BlobError),
}

/// Audio being taken. Dropping it before it is finished leaves nothing behind.
pub struct Audio {
    writing: Writing,
    blobs: Blobs,
    head: Vec<u8>,
    media_type: Option<&'static str>,
    bytes: u64,
    bytes_max: u64,
}

impl fmt::Debug for Audio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Audio({} bytes)", self.bytes)
    }
}

impl Audio {
    /// Begins to take at most `bytes_max` bytes into `blobs`.
    ///
    /// # Errors
    /// [`AudioError::Storage`].
    pub async fn begin(blobs: &Blobs, bytes_max: u64) -> Result<Audio, AudioError> {
        let writing = blobs.begin().await?;
        Ok(Audio { writing, blobs: blobs.clone(), head: Vec::new(), media_type: None, bytes: 0, bytes_max })
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// [`AudioError::TooLarge`], [`AudioError::WrongType`], [`AudioError::Storage`].
    pub async fn take(&mut self, piece: &[u8]) -> Result<(), AudioError> {
        self.bytes += piece.len() as u64;
        if self.bytes > self.bytes_max {
            return Err(AudioError::TooLarge);
        }
        let wanted = HEAD_BYTES.saturating_sub(self.head.len()).min(piece.len());
        self.head.extend_from_slice(&piece[..wanted]);
        // As soon as it can be told, so that what is no audio is not loaded to its end.
        if self.media_type.is_none() && self.head.len() >= KIND_BYTES {
            self.media_type = Some(media_type(&self.head).ok_or(AudioError::WrongType)?);
        }
        Ok(self.writing.write(piece).await?)
    }

    /// When this returns, the bytes are kept.
    ///
    /// # Errors
    /// [`AudioError::Empty`], [`AudioError::WrongType`], [`AudioError::Storage`].
    pub async fn finish(self) -> Result<Stored, AudioError> {
        if self.head.is_empty() {
            return Err(AudioError::Empty);
        }
        let media_type = self.media_type.or_else(|| media_type(&self.head)).ok_or(AudioError::WrongType)?;
        let written = self.writing.finish().await?;
        // A WAV whose header leaves its size open is measured by its bytes, which only we know.
        let in_head =
            (media_type == "audio/wav").then(|| wav_duration_ms(&self.head, written.bytes)).flatten();
        let duration_ms = match in_head {
            None => {
                duration::milliseconds(self.blobs.reader(&written.sha256, written.bytes), media_type).await
            }
            told => told,
        };
        Ok(Stored { sha256: written.sha256.to_string(), bytes: written.bytes, media_type, duration_ms })
    }
}
