//! Sizes and times.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::http::Request;
use futures_util::{StreamExt, stream};
use http_surface::body::{BUNDLE_BODY_BYTES_MAX, JSON_BODY_BYTES_MAX, WEBHOOK_BODY_BYTES_MAX};

use crate::rig::{Answer, FORM, JSON, Rig, Setup};

/// A body of this many bytes, without a length in front.
fn streamed(bytes: usize) -> Body {
    let chunk = Bytes::from(vec![b' '; 1_000]);
    let chunks = stream::iter((0..bytes.div_ceil(1_000)).map(move |_| Ok::<_, Infallible>(chunk.clone())));
    Body::from_stream(chunks)
}

async fn post(rig: &Rig, path: &str, media: &str, body: Body, length: Option<usize>) -> Answer {
    let mut request = Request::post(path).header("content-type", media);
    if let Some(length) = length {
        request = request.header("content-length", length);
    }
    rig.send(request.body(body).unwrap()).await
}

#[tokio::test]
async fn larger_bodies_are_a_413_by_their_announced_and_by_their_real_size() {
    let rig = Rig::new(Setup::default()).await;
    for (path, media, max) in [
        ("/voice/events", FORM, WEBHOOK_BODY_BYTES_MAX),
        ("/voice/instruct", FORM, WEBHOOK_BODY_BYTES_MAX),
        ("/sms/incoming", FORM, WEBHOOK_BODY_BYTES_MAX),
        ("/ussd", FORM, WEBHOOK_BODY_BYTES_MAX),
        ("/api/v1/voice/webhook", JSON, WEBHOOK_BODY_BYTES_MAX),
        ("/api/v1/contracts/create", JSON, JSON_BODY_BYTES_MAX),
        ("/api/v1/contracts/create/manual", JSON, JSON_BODY_BYTES_MAX),
        ("/api/v1/voice/conference/create", JSON, JSON_BODY_BYTES_MAX),
        ("/v1/contracts/AGRI-2026-000001/confirm", JSON, JSON_BODY_BYTES_MAX),
        ("/v1/verify", JSON, BUNDLE_BODY_BYTES_MAX),
    ] {
        post(&rig, path, media, Body::empty(), Some(max + 1)).await.expect(413);
        let answer = post(&rig, path, media, streamed(max + 1_000), None).await.expect(413);
        assert_eq!(answer.header("connection"), "close");
        assert!(answer.text().contains(&max.to_string()), "{}", answer.text());
        let at_most = post(&rig, path, media, streamed(max / 1_000 * 1_000), None).await;
        assert_ne!(at_most.status.as_u16(), 413, "{path}");
        assert!(at_most.status.is_client_error(), "{path}: blanks say nothing: {}", at_most.text());
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_is_a_408() {
    let rig = Rig::new(Setup::default()).await;
    // From here on, time passes only where everybody waits.
    tokio::time::pause();
    let start = stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"sessionId="))]);
    let never = Body::from_stream(start.chain(stream::pending()));
    post(&rig, "/voice/events", FORM, never, None).await.expect(408);
    let drip = stream::unfold((), |()| async {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        Some((Ok::<_, Infallible>(Bytes::from_static(b" ")), ()))
    });
    let answer =
        post(&rig, "/api/v1/contracts/create", JSON, Body::from_stream(drip), None).await.expect(408);
    assert_eq!(answer.json()["detail"], "The body did not arrive in time.");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_a_400() {
    let rig = Rig::new(Setup::default()).await;
    let broken = stream::iter([Ok(Bytes::from_static(b"sessionId=a")), Err(std::io::Error::other("gone"))]);
    post(&rig, "/voice/events", FORM, Body::from_stream(broken), None).await.expect(400);
    assert_eq!(rig.inputs().await.len(), 0);
}
