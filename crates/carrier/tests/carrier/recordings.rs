//! Fetching recordings, good and bad.

use std::io::Cursor;
use std::time::Duration;

use carrier::{Carrier, Config, Recording, RecordingBody, RecordingMode, UrlKind};

use crate::receiver::{Api, Receiver, client};

async fn recorded(mode: RecordingMode) -> (Carrier, Recording) {
    let receiver = Receiver::start().await;
    let carrier = Carrier::start(Config { recording_mode: mode, ..receiver.reachable() }).await.unwrap();
    Api::of(&carrier).call("+254700000001,+254700000002", None).await.unwrap();
    carrier.idle().await;
    let recording = carrier.recordings().pop().unwrap();
    let named: Vec<String> = receiver
        .received()
        .iter()
        .filter(|it| it.kind == UrlKind::VoiceEvents)
        .map(|it| it.field("recordingUrl"))
        .filter(|url| !url.is_empty())
        .collect();
    assert_eq!(named, [recording.url.as_str()]);
    (carrier, recording)
}

async fn fetch(recording: &Recording) -> reqwest::Result<Vec<u8>> {
    let response = client().get(&recording.url).send().await?.error_for_status()?;
    Ok(response.bytes().await?.to_vec())
}

#[tokio::test]
async fn a_recording_is_a_real_wav() {
    let (carrier, recording) = recorded(RecordingMode::default()).await;
    let response = client().get(&recording.url).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "audio/wav");
    let bytes = response.bytes().await.unwrap().to_vec();
    assert_eq!(Some(&bytes), carrier.recording_bytes(&recording.id).as_ref());
    let reader = hound::WavReader::new(Cursor::new(&bytes)).unwrap();
    assert_eq!(reader.duration(), carrier::audio::AUDIO_SECONDS_MAX * carrier::audio::SAMPLE_RATE_HZ);
    let unknown = Recording { url: recording.url.replace(&recording.id, "unknown"), ..recording };
    assert_eq!(fetch(&unknown).await.unwrap_err().status().unwrap(), 404);
    carrier.stop().await;
}

#[tokio::test]
async fn a_recording_may_come_late_and_change_later() {
    let mode = RecordingMode { not_found_first: 2, tampered_after: Some(1), ..RecordingMode::default() };
    let (carrier, recording) = recorded(mode).await;
    for _ in 0..2 {
        assert_eq!(fetch(&recording).await.unwrap_err().status().unwrap(), 404);
    }
    let first = fetch(&recording).await.unwrap();
    assert_eq!(Some(&first), carrier.recording_bytes(&recording.id).as_ref());
    let second = fetch(&recording).await.unwrap();
    assert_ne!(first, second);
    assert_eq!(second.len(), first.len());
    assert_eq!(carrier.recordings()[0].requests, 4);
    carrier.stop().await;
}

#[tokio::test]
async fn a_recording_may_be_slow_huge_or_broken() {
    let (carrier, recording) = recorded(RecordingMode::default()).await;
    let serve = |body| carrier.set_recording_mode(RecordingMode { body, ..RecordingMode::default() });
    let whole = fetch(&recording).await.unwrap();
    serve(RecordingBody::Slow { pause: Duration::from_micros(10) });
    assert_eq!(fetch(&recording).await.unwrap(), whole);
    serve(RecordingBody::Huge { bytes: 3_000_001 });
    assert_eq!(fetch(&recording).await.unwrap().len(), 3_000_001);
    serve(RecordingBody::CutShort);
    assert!(fetch(&recording).await.is_err());
    serve(RecordingBody::Hang);
    let mut response = client().get(&recording.url).send().await.unwrap();
    assert_eq!(response.content_length(), Some(whole.len() as u64));
    let mut got = 0;
    while got < whole.len() / 2 {
        got += response.chunk().await.unwrap().unwrap().len();
    }
    let rest = tokio::spawn(async move { response.chunk().await });
    carrier.stop().await;
    assert!(rest.await.unwrap().is_err(), "the rest never comes");
}
