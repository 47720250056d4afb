//! The store of recordings on a bucket: the same promises as in a directory. Run by `deploy/dev/bucket` alone, which starts a
//! server that speaks S3; no other test needs one.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

use effects::recording::{Audio, AudioError, Blobs};
use futures_util::TryStreamExt;
use ledger::hash::sha256;

/// The bucket's parts have 5 MiB: one file of a part, one of three, and the borders between.
const SIZES: [usize; 4] = [1_000, 5 * 1024 * 1024, 5 * 1024 * 1024 + 1, 12 * 1024 * 1024];

async fn read(blobs: &Blobs, hash: &ledger::hash::Hash) -> Option<Vec<u8>> {
    let (size, stream) = blobs.read(hash).await.ok()?;
    let pieces: Vec<_> = stream.try_collect().await.unwrap();
    let bytes = pieces.concat();
    assert_eq!(bytes.len() as u64, size);
    Some(bytes)
}

async fn keeps_what_it_is_given(blobs: &Blobs) {
    for size in SIZES {
        let mut audio = carrier::audio::wav(3, "bucket", 1);
        audio.resize(size, 7);
        let mut keeping = Audio::begin(blobs, u64::MAX).await.unwrap();
        for piece in audio.chunks(100_000) {
            keeping.take(piece).await.unwrap();
        }
        let stored = keeping.finish().await.unwrap();
        let hash = sha256(&audio);
        assert_eq!((stored.sha256.as_str(), stored.bytes), (hash.to_string().as_str(), size as u64));
        assert_eq!(read(blobs, &hash).await.unwrap(), audio, "{size} bytes");
        // Kept a second time it is one file; deleted once it is gone, and deleting again is right.
        let mut again = Audio::begin(blobs, u64::MAX).await.unwrap();
        again.take(&audio).await.unwrap();
        again.finish().await.unwrap();
        blobs.delete(&hash).await.unwrap();
        assert_eq!(read(blobs, &hash).await, None);
        blobs.delete(&hash).await.unwrap();
    }
    // What is too large, or no audio, leaves nothing.
    let mut large = Audio::begin(blobs, 1_000).await.unwrap();
    let taken = large.take(&carrier::audio::wav(4, "large", 1)).await;
    assert!(matches!(taken, Err(AudioError::TooLarge)));
    let page = b"<html>no audio at all, and long enough to be sure of it, whatever its name may say</html>";
    let mut page_kept = Audio::begin(blobs, u64::MAX).await.unwrap();
    let refused = match page_kept.take(page).await {
        Ok(()) => page_kept.finish().await.map(|_| ()),
        Err(error) => Err(error),
    };
    assert!(matches!(refused, Err(AudioError::WrongType)));
    assert_eq!(read(blobs, &sha256(page)).await, None);
}

#[tokio::test]
async fn a_bucket_keeps_recordings() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let url =
        std::env::var("AHADI_TEST_BUCKET").expect("AHADI_TEST_BUCKET is not set: run deploy/dev/bucket");
    keeps_what_it_is_given(&Blobs::bucket(&url).unwrap()).await;
}

#[tokio::test]
async fn a_directory_keeps_recordings() {
    let scratch = std::env::temp_dir().join(format!("ahadi-bucket-{}", std::process::id()));
    keeps_what_it_is_given(&Blobs::open(&scratch).await.unwrap()).await;
    std::fs::remove_dir_all(scratch).unwrap();
}
