//! A stored file as readers of media formats want it: blocking, and to be jumped about in.

use std::io::{Error, ErrorKind, Read, Result, Seek, SeekFrom};
use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use symphonia::core::io::MediaSource;
use tokio::runtime::Handle;

/// So many bytes are read at once.
const WINDOW_BYTES: u64 = 256 * 1024;

/// Reads a stored file in windows. Only for threads that may block.
pub(super) struct Jumping {
    store: Arc<dyn ObjectStore>,
    place: Path,
    bytes: u64,
    at: u64,
    window: Bytes,
    window_at: u64,
    /// Bytes that may still be read: a format that is read in circles comes to an end.
    budget: u64,
    runtime: Handle,
}

impl Jumping {
    /// Must be made on a thread of the runtime.
    pub(super) fn new(store: Arc<dyn ObjectStore>, place: Path, bytes: u64) -> Jumping {
        let budget = bytes.saturating_mul(2).saturating_add(64 * WINDOW_BYTES);
        let (window, runtime) = (Bytes::new(), Handle::current());
        Jumping { store, place, bytes, at: 0, window, window_at: 0, budget, runtime }
    }

    fn fill(&mut self) -> Result<()> {
        let end = self.at.saturating_add(WINDOW_BYTES).min(self.bytes);
        self.budget = self
            .budget
            .checked_sub(end - self.at)
            .ok_or_else(|| Error::other("the file is read in circles"))?;
        let read = self.store.get_range(&self.place, self.at..end);
        self.window = self.runtime.block_on(read).map_err(Error::other)?;
        self.window_at = self.at;
        Ok(())
    }
}

impl Read for Jumping {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if self.at >= self.bytes || buffer.is_empty() {
            return Ok(0);
        }
        let inside = |this: &Jumping| {
            let offset = usize::try_from(this.at.checked_sub(this.window_at)?).ok()?;
            this.window.get(offset..).filter(|rest| !rest.is_empty()).map(|_| offset)
        };
        let offset = match inside(self) {
            Some(offset) => offset,
            None => {
                self.fill()?;
                0
            }
        };
        let rest = &self.window[offset..];
        let taken = rest.len().min(buffer.len());
        buffer[..taken].copy_from_slice(&rest[..taken]);
        self.at += taken as u64;
        Ok(taken)
    }
}

impl Seek for Jumping {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.bytes.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or_else(|| Error::from(ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}

impl MediaSource for Jumping {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.bytes)
    }
}
