//! What is kept of audio: its kind, its length, and no more bytes than allowed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::get;
use contract::report::{FailureReason, Report};
use effects::recording::{AllowList, Audio, AudioError, Blobs, FetchLimits, Fetcher};

use crate::stage::{Scratch, Stage, call_naming, recording_task};

async fn kept(bytes: &[u8]) -> Result<(&'static str, Option<u64>), AudioError> {
    let scratch = Scratch::new();
    let blobs = Blobs::open(scratch.path()).await.unwrap();
    let mut audio = Audio::begin(&blobs, 1_000_000).await?;
    for piece in bytes.chunks(1_000) {
        audio.take(piece).await?;
    }
    let stored = audio.finish().await?;
    Ok((stored.media_type, stored.duration_ms))
}

/// Silence: frames of MPEG 1 layer III, 128 kbit/s, 44.1 kHz, mono; 1152 samples each.
fn mp3(frames: usize) -> Vec<u8> {
    let mut frame = vec![0_u8; 417];
    frame[..4].copy_from_slice(&[0xff, 0xfb, 0x90, 0xc0]);
    frame.repeat(frames)
}

fn boxed(name: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let length = 8 + parts.iter().map(|part| part.len()).sum::<usize>();
    let mut bytes = u32::try_from(length).unwrap().to_be_bytes().to_vec();
    bytes.extend_from_slice(name);
    parts.iter().for_each(|part| bytes.extend_from_slice(part));
    bytes
}

fn words(values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_be_bytes()).collect()
}

/// An MP4 of one track of AAC that says how many samples it has, without any of them (ISO/IEC 14496-12).
fn m4a(samples: u32) -> Vec<u8> {
    let matrix = words(&[0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000]);
    let mvhd = boxed(
        b"mvhd",
        &[
            &words(&[0, 0, 0, 8_000, samples, 0x1_0000, 0x0100_0000, 0, 0]),
            &matrix,
            &words(&[0; 6]),
            &words(&[2]),
        ],
    );
    let tkhd =
        boxed(b"tkhd", &[&words(&[7, 0, 0, 1, 0, samples, 0, 0, 0, 0x0100_0000]), &matrix, &words(&[0, 0])]);
    let mdhd = boxed(b"mdhd", &[&words(&[0, 0, 0, 8_000, samples, 0x55c4_0000])]);
    let hdlr = boxed(b"hdlr", &[&words(&[0, 0]), b"soun", &words(&[0, 0, 0]), b"\0"]);
    let smhd = boxed(b"smhd", &[&words(&[0, 0])]);
    let url = boxed(b"url ", &[&words(&[1])]);
    let dref = boxed(b"dref", &[&words(&[0, 1]), &url]);
    let dinf = boxed(b"dinf", &[&dref]);
    // AAC-LC, 8 kHz, one channel.
    let zeros = [0_u8; 11];
    let decoder: Vec<u8> = [
        &[0, 0, 0, 0, 0x03, 25, 0, 1, 0, 0x04, 17, 0x40, 0x15][..],
        &zeros,
        &[0x05, 2, 0x15, 0x88, 0x06, 1, 2],
    ]
    .concat();
    let esds = boxed(b"esds", &[&decoder]);
    let mp4a =
        boxed(b"mp4a", &[&words(&[0, 1, 0, 0]), &[0, 1, 0, 16, 0, 0, 0, 0], &words(&[8_000 << 16]), &esds]);
    let stsd = boxed(b"stsd", &[&words(&[0, 1]), &mp4a]);
    let frames = samples / 1_024;
    let stts = boxed(b"stts", &[&words(&[0, 1, frames, 1_024])]);
    let stsc = boxed(b"stsc", &[&words(&[0, 1, 1, frames, 1])]);
    let stsz = boxed(b"stsz", &[&words(&[0, 1, frames])]);
    let stco = boxed(b"stco", &[&words(&[0, 1, 0])]);
    let stbl = boxed(b"stbl", &[&stsd, &stts, &stsc, &stsz, &stco]);
    let minf = boxed(b"minf", &[&smhd, &dinf, &stbl]);
    let mdia = boxed(b"mdia", &[&mdhd, &hdlr, &minf]);
    let trak = boxed(b"trak", &[&tkhd, &mdia]);
    let moov = boxed(b"moov", &[&mvhd, &trak]);
    [boxed(b"ftyp", &[b"M4A ", &words(&[0]), b"M4A isom"]), moov, boxed(b"mdat", &[&[0; 64]])].concat()
}

#[tokio::test]
async fn lengths_are_told_by_header_or_counted() {
    assert_eq!(kept(&carrier::audio::wav(1, "a", 2)).await.unwrap(), ("audio/wav", Some(2_000)));
    // 100 frames of 1152 samples at 44.1 kHz.
    let (kind, length) = kept(&mp3(100)).await.unwrap();
    assert_eq!(kind, "audio/mpeg");
    assert!(length.is_some_and(|ms| (2_560..=2_665).contains(&ms)), "{length:?}");
    assert_eq!(kept(&m4a(16_384)).await.unwrap(), ("audio/mp4", Some(2_048)));
}

#[tokio::test]
async fn a_length_that_cannot_be_told_costs_nothing_else() {
    let mut torn = mp3(3);
    torn.extend_from_slice(&[0xff; 5_000]);
    assert_eq!(kept(&torn).await.unwrap().0, "audio/mpeg");
    let lying = [b"OggS\0\x02".as_slice(), &[0xff; 3_000]].concat();
    assert_eq!(kept(&lying).await.unwrap(), ("audio/ogg", None));
    let half = &m4a(16_384)[..200];
    assert_eq!(kept(half).await.unwrap().0, "audio/mp4");
    assert!(matches!(kept(b"").await, Err(AudioError::Empty)));
    assert!(matches!(kept(&[0; 100]).await, Err(AudioError::WrongType)));
    assert!(matches!(kept(&mp3(3_000)).await, Err(AudioError::TooLarge)));
}

/// A server that sends audio for ever; counts what it handed out. `stated`: what it says its length is.
async fn endless(stated: Option<u64>) -> (String, Arc<AtomicU64>) {
    let sent = Arc::new(AtomicU64::new(0));
    let counter = sent.clone();
    let serve = move || {
        let counter = counter.clone();
        async move {
            let head = carrier::audio::wav(1, "endless", 1);
            let pieces = futures_util::stream::unfold(Some(head), move |head| {
                let piece = head.unwrap_or_else(|| vec![1; 64 * 1024]);
                counter.fetch_add(piece.len() as u64, Ordering::Relaxed);
                std::future::ready(Some((Ok::<_, std::io::Error>(Bytes::from(piece)), None)))
            });
            let mut response = axum::response::Response::new(Body::from_stream(pieces));
            if let Some(stated) = stated {
                response.headers_mut().insert("content-length", stated.into());
            }
            response
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/a.wav", get(serve))).await });
    (address.to_string(), sent)
}

#[tokio::test]
async fn ten_gigabytes_cost_no_more_than_the_limit() {
    const LIMIT: u64 = 3 * 1024 * 1024;
    for (stated, most) in [(None, LIMIT + 32 * 1024 * 1024), (Some(10_000_000_000), 32 * 1024 * 1024)] {
        let (address, sent) = endless(stated).await;
        let stage = Stage::set().await;
        let root = stage.scratch.path().join("blobs");
        let blobs = Blobs::open(&root).await.unwrap();
        let limits = FetchLimits { bytes_max: LIMIT, ..FetchLimits::default() };
        let allow: AllowList = address.parse().unwrap();
        let fetcher = Fetcher::new(stage.door.clone(), blobs, allow, limits, false).unwrap();
        let url = format!("http://{address}/a.wav");
        fetcher.attempt(&recording_task(1), &call_naming(Some(&url), 0, false)).await.unwrap();
        let too_large = Report::RecordingFailed {
            task: recording_task(1),
            reason: FailureReason::TooLarge,
            again: false,
        };
        assert_eq!(stage.reports().await, [too_large]);
        // What is on its way in sockets is not ours to limit.
        let handed_out = sent.load(Ordering::Relaxed);
        assert!(handed_out <= most, "{handed_out} bytes were taken of {stated:?}");
        // The unfinished file is removed in the background.
        let left = || std::fs::read_dir(root.join("incoming")).map_or(0, Iterator::count);
        for _ in 0..200 {
            if left() == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(left(), 0);
    }
}
