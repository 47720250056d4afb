//! Addresses inside the network are never asked, however they are written and however we are led to them.

use contract::report::{FailureReason, Report};
use effects::recording::{AllowList, Blobs, FetchLimits, Fetcher};

use crate::canned::Canned;
use crate::stage::{Stage, call_naming, recording_task};

const FORBIDDEN: FailureReason = FailureReason::ForbiddenAddress;

async fn attempt(hosts: &str, url: &str) -> Report {
    let stage = Stage::set().await;
    let blobs = Blobs::open(&stage.scratch.path().join("blobs")).await.unwrap();
    let allow: AllowList = hosts.parse().unwrap();
    let fetcher = Fetcher::new(stage.door.clone(), blobs, allow, FetchLimits::default(), false).unwrap();
    fetcher.attempt(&recording_task(1), &call_naming(Some(url), 0, false)).await.unwrap();
    let mut reports = stage.reports().await;
    assert_eq!(reports.len(), 1);
    reports.pop().unwrap()
}

fn refused(reason: FailureReason) -> Report {
    Report::RecordingFailed { task: recording_task(1), reason, again: false }
}

/// A server on every address of this machine, IPv6 too: whatever leads here is counted.
async fn canary() -> Canned {
    let wav = b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\nRIFF\x04\0\0\0WAVE";
    Canned::at("[::]:0", *wav).await
}

#[tokio::test]
async fn the_canary_hears_who_comes() {
    let canary = canary().await;
    let port = canary.address.port();
    for (heard, host) in [(1, "127.0.0.1"), (2, "[::1]"), (3, "localhost"), (4, "127.0.0.2")] {
        let report = attempt(&format!("{host}:{port}"), &format!("http://{host}:{port}/a.wav")).await;
        assert!(matches!(report, Report::RecordingFetched { .. }), "{host}: {report:?}");
        assert_eq!(canary.connections(), heard, "{host}");
    }
}

#[tokio::test]
async fn addresses_inside_are_refused_without_a_connection() {
    let canary = canary().await;
    let port = canary.address.port();
    // Another port of an allowed host, and another host on an allowed port.
    let allowed = format!("127.0.0.1:{},10.0.0.1:{port}", port ^ 1);
    for host in [
        "127.0.0.1",
        "127.0.0.2",
        "127.1",
        "2130706433",
        "0x7f.1",
        "0x7f000001",
        "0177.0.0.1",
        "127.0.0.1.",
        "%31%32%37.0.0.1",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "0.0.0.0",
        "0",
        "10.0.0.2",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "[fd00:ec2::254]",
        "[fc00::1]",
        "[fe80::1]",
        "224.0.0.1",
        "255.255.255.255",
        "localhost",
        "LOCALHOST",
        "name@127.0.0.1",
    ] {
        let report = attempt(&allowed, &format!("http://{host}:{port}/a.wav")).await;
        assert_eq!(report, refused(FORBIDDEN), "{host}");
    }
    for url in [
        "file:///etc/hostname",
        "ftp://127.0.0.1/a.wav",
        "data:audio/wav,RIFF",
        "//127.0.0.1/a.wav",
        "a.wav",
        "",
    ] {
        assert_eq!(attempt("", url).await, refused(FORBIDDEN), "{url}");
    }
    // Whether this is a name at all is up to the machine.
    assert!(matches!(
        attempt("", &format!("http://localhost.:{port}/")).await,
        Report::RecordingFailed { .. }
    ));
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn a_redirect_inside_is_refused() {
    let canary = canary().await;
    let port = canary.address.port();
    for to in [
        format!("http://127.0.0.1:{port}/a.wav"),
        format!("http://localhost:{port}/a.wav"),
        format!("http://0x7f.1:{port}/a.wav"),
        format!("//[::ffff:127.0.0.1]:{port}/a.wav"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "file:///etc/hostname".to_owned(),
    ] {
        let outside = Canned::redirecting(&to).await;
        let report = attempt(&outside.address.to_string(), &outside.url()).await;
        assert_eq!((report, outside.connections()), (refused(FORBIDDEN), 1), "{to}");
    }
    let nowhere = Canned::start("HTTP/1.1 302 Found\r\ncontent-length: 0\r\n\r\n").await;
    assert_eq!(attempt(&nowhere.address.to_string(), &nowhere.url()).await, refused(FailureReason::Other));
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn a_name_without_an_address_is_not_forbidden_but_unreachable() {
    let report = attempt("", "http://name.invalid/a.wav").await;
    let expected =
        Report::RecordingFailed { task: recording_task(1), reason: FailureReason::Unreachable, again: true };
    assert_eq!(report, expected);
}
