//! Fetching recordings from the carrier, well and badly served.

use std::time::Duration;

use carrier::{Carrier, Config, Recording, RecordingBody, RecordingMode};
use contract::entity::Entity;
use contract::provider::Provider;
use contract::report::{FailureReason, Report};
use effects::dial::{Dialer, Dialling};
use effects::recording::{AllowList, Blobs, FetchLimits, Fetcher};
use futures_util::TryStreamExt;
use ledger::hash::{Hash, sha256};

use crate::canned::Canned;
use crate::stage::{
    OTIENO, Stage, WANJIKU, account, call_naming, carrier, client, closed_port, phones, recording_task,
};

struct Fetching {
    stage: Stage,
    blobs: Blobs,
    fetcher: Fetcher,
}

impl Fetching {
    async fn from(hosts: &str, limits: FetchLimits) -> Fetching {
        let stage = Stage::set().await;
        let blobs = Blobs::open(&stage.scratch.path().join("blobs")).await.unwrap();
        let allow: AllowList = hosts.parse().unwrap();
        let fetcher = Fetcher::new(stage.door.clone(), blobs.clone(), allow, limits, false).unwrap();
        Fetching { stage, blobs, fetcher }
    }

    /// One attempt at `url`, and what it reported.
    async fn attempt(&self, url: &str, attempt: u32) -> Report {
        let before = self.stage.reports().await.len();
        let state = call_naming(Some(url), attempt - 1, false);
        assert!(self.fetcher.attempt(&recording_task(attempt), &state).await.unwrap().is_some());
        let mut reports = self.stage.reports().await;
        assert_eq!(reports.len(), before + 1);
        reports.pop().unwrap()
    }

    async fn bytes(&self, sha256: &str) -> Vec<u8> {
        let (size, stream) = self.blobs.read(&sha256.parse::<Hash>().unwrap()).await.unwrap();
        let bytes = stream.try_collect::<Vec<_>>().await.unwrap().concat();
        assert_eq!(bytes.len() as u64, size);
        bytes
    }

    /// Files below the store of files: finished, unfinished.
    fn files(&self) -> (usize, usize) {
        let count = |name: &str| {
            let folder = self.stage.scratch.path().join("blobs").join(name);
            std::fs::read_dir(folder).map_or(0, Iterator::count)
        };
        (count("recordings"), count("incoming"))
    }

    /// What was begun and given up is removed in the background.
    async fn leaves_nothing_behind(&self, name: &str) {
        for _ in 0..500 {
            if self.files() == (0, 0) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{name}: {:?}", self.files());
    }
}

fn failed(attempt: u32, reason: FailureReason, again: bool) -> Report {
    Report::RecordingFailed { task: recording_task(attempt), reason, again }
}

fn fetched(attempt: u32, audio: &[u8]) -> Report {
    Report::RecordingFetched {
        task: recording_task(attempt),
        sha256: sha256(audio).to_string(),
        bytes: audio.len() as u64,
        media_type: "audio/wav".to_owned(),
        duration_ms: Some(u64::from(carrier::audio::AUDIO_SECONDS_MAX) * 1_000),
        transcribe: false,
        check_after_s: None,
    }
}

/// A carrier that has recorded a conference.
async fn recorded(mode: RecordingMode) -> (Carrier, Recording, Vec<u8>) {
    let carrier = carrier(Config { recording_mode: mode, ..Config::default() }).await;
    let stage = Stage::set().await;
    let dialer = Dialer::new(stage.door.clone(), client(), Some(account(&carrier)));
    let dialling = Dialling {
        stream: "conference/ATVoice_1".to_owned(),
        provider: Provider::AfricasTalking,
        phones: phones(&[WANJIKU, OTIENO]),
        room: None,
        record: false,
    };
    dialer.dial(dialling).await.unwrap();
    let recording = carrier.recordings().pop().unwrap();
    let audio = carrier.recording_bytes(&recording.id).unwrap();
    (carrier, recording, audio)
}

#[tokio::test]
async fn the_bytes_served_are_the_bytes_kept() {
    let slow = RecordingBody::Slow { pause: Duration::from_micros(100) };
    for body in [RecordingBody::Whole, slow] {
        let (carrier, recording, audio) = recorded(RecordingMode { body, ..RecordingMode::default() }).await;
        let fetching = Fetching::from(&carrier.address().to_string(), FetchLimits::default()).await;
        assert_eq!(fetching.attempt(&recording.url, 1).await, fetched(1, &audio));
        assert_eq!(fetching.bytes(&sha256(&audio).to_string()).await, audio);
        assert_eq!(fetching.files(), (1, 0));
        fetching.blobs.delete(&sha256(&audio)).await.unwrap();
        fetching.blobs.delete(&sha256(&audio)).await.unwrap();
        assert_eq!(fetching.files(), (0, 0));
    }
}

#[tokio::test]
async fn a_recording_that_comes_late_is_fetched_when_it_is_there() {
    let mode = RecordingMode { not_found_first: 2, ..RecordingMode::default() };
    let (carrier, recording, audio) = recorded(mode).await;
    let fetching = Fetching::from(&carrier.address().to_string(), FetchLimits::default()).await;
    assert_eq!(fetching.attempt(&recording.url, 1).await, failed(1, FailureReason::NotFound, true));
    assert_eq!(fetching.attempt(&recording.url, 2).await, failed(2, FailureReason::NotFound, true));
    assert_eq!(fetching.attempt(&recording.url, 3).await, fetched(3, &audio));
}

#[tokio::test]
async fn other_bytes_under_the_same_address_have_another_hash_and_both_are_kept() {
    let mode = RecordingMode { tampered_after: Some(1), ..RecordingMode::default() };
    let (carrier, recording, audio) = recorded(mode).await;
    let fetching = Fetching::from(&carrier.address().to_string(), FetchLimits::default()).await;
    assert_eq!(fetching.attempt(&recording.url, 1).await, fetched(1, &audio));
    let Report::RecordingFetched { sha256: altered, .. } = fetching.attempt(&recording.url, 1).await else {
        panic!("not fetched")
    };
    assert_ne!(altered, sha256(&audio).to_string());
    assert_eq!(sha256(&fetching.bytes(&altered).await).to_string(), altered);
    assert_eq!(fetching.bytes(&sha256(&audio).to_string()).await, audio);
}

#[tokio::test]
async fn bad_bodies_are_refused_and_leave_nothing_behind() {
    let soon = FetchLimits { total: Duration::from_millis(700), ..FetchLimits::default() };
    let stalling = FetchLimits { idle: Duration::from_millis(300), ..FetchLimits::default() };
    let small = FetchLimits { bytes_max: 10_000, ..FetchLimits::default() };
    let slow = RecordingBody::Slow { pause: Duration::from_micros(10) };
    let trickling = RecordingBody::Slow { pause: Duration::from_millis(100) };
    for (name, body, limits, reason, again) in [
        ("a stated length too large", RecordingBody::Whole, small, FailureReason::TooLarge, false),
        ("a length too large, not stated", slow, small, FailureReason::TooLarge, false),
        (
            "zeros without end",
            RecordingBody::Huge { bytes: u64::MAX },
            FetchLimits::default(),
            FailureReason::WrongType,
            true,
        ),
        ("cut short", RecordingBody::CutShort, FetchLimits::default(), FailureReason::Unreachable, true),
        ("nothing more after half", RecordingBody::Hang, stalling, FailureReason::TooSlow, true),
        ("nothing more, seen by the deadline", RecordingBody::Hang, soon, FailureReason::TooSlow, true),
        ("a trickle", trickling, soon, FailureReason::TooSlow, true),
    ] {
        let (carrier, recording, _) = recorded(RecordingMode { body, ..RecordingMode::default() }).await;
        let fetching = Fetching::from(&carrier.address().to_string(), limits).await;
        assert_eq!(fetching.attempt(&recording.url, 1).await, failed(1, reason, again), "{name}");
        fetching.leaves_nothing_behind(name).await;
        carrier.stop().await;
    }
}

#[tokio::test]
async fn answers_that_are_no_recording() {
    let wav = "audio/wav";
    for (status, body, reason, again) in [
        ("200 OK", "<html>not ready</html>", FailureReason::WrongType, true),
        ("200 OK", "", FailureReason::NotFound, true),
        ("204 No Content", "", FailureReason::ProviderError, true),
        ("401 Unauthorized", "RIFF", FailureReason::Unauthorized, true),
        ("403 Forbidden", "RIFF", FailureReason::Unauthorized, true),
        ("410 Gone", "RIFF", FailureReason::NotFound, false),
        ("500 Internal Server Error", "RIFF", FailureReason::ProviderError, true),
    ] {
        let server = Canned::answering(status, wav, body).await;
        let fetching = Fetching::from(&server.address.to_string(), FetchLimits::default()).await;
        assert_eq!(fetching.attempt(&server.url(), 1).await, failed(1, reason, again), "{status}");
        fetching.leaves_nothing_behind(status).await;
    }
    let port = closed_port().await;
    let fetching = Fetching::from(&format!("127.0.0.1:{port}"), FetchLimits::default()).await;
    let report = fetching.attempt(&format!("http://127.0.0.1:{port}/a.wav"), 1).await;
    assert_eq!(report, failed(1, FailureReason::Unreachable, true));
}

#[tokio::test]
async fn a_few_redirects_are_followed() {
    let (carrier, recording, audio) = recorded(RecordingMode::default()).await;
    let third = Canned::redirecting(&recording.url).await;
    let second = Canned::redirecting(&third.url()).await;
    let first = Canned::redirecting(&second.url()).await;
    let one_more = Canned::redirecting(&first.url()).await;
    let hosts = [carrier.address(), third.address, second.address, first.address, one_more.address];
    let hosts = hosts.map(|host| host.to_string()).join(",");
    let fetching = Fetching::from(&hosts, FetchLimits::default()).await;
    let report = fetching.attempt(&one_more.url(), 1).await;
    assert_eq!(report, failed(1, FailureReason::Other, false));
    assert_eq!(carrier.recordings()[0].requests, 0);
    assert_eq!(fetching.attempt(&first.url(), 1).await, fetched(1, &audio));
}

#[tokio::test]
async fn what_is_done_or_further_is_left_alone() {
    let server = Canned::answering("200 OK", "audio/wav", "RIFF").await;
    let fetching = Fetching::from(&server.address.to_string(), FetchLimits::default()).await;
    let url = server.url();
    for state in [
        call_naming(Some(&url), 1, false),
        call_naming(Some(&url), 0, true),
        call_naming(None, 0, false),
        Entity::from_json(r#"{"conference":{}}"#).unwrap(),
    ] {
        assert_eq!(fetching.fetcher.attempt(&recording_task(1), &state).await.unwrap(), None);
    }
    assert_eq!(server.connections(), 0);
    assert_eq!(fetching.stage.reports().await, []);
}

#[tokio::test]
async fn what_a_dead_process_left_is_removed_and_the_rest_is_not() {
    let stage = Stage::set().await;
    let root = stage.scratch.path().join("blobs");
    std::fs::create_dir_all(root.join("incoming")).unwrap();
    let hours_ago = std::time::Duration::from_secs(2 * 3_600);
    for (name, age) in [("old", hours_ago), ("new", Duration::ZERO)] {
        let file = std::fs::File::create(root.join("incoming").join(name)).unwrap();
        let modified = file.metadata().unwrap().modified().unwrap() - age;
        file.set_modified(modified).unwrap();
    }
    Blobs::open(&root).await.unwrap();
    let left: Vec<_> =
        std::fs::read_dir(root.join("incoming")).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(left, ["new"]);
}
