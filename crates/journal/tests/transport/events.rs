//! Downstream events, and the covered position.

use futures_util::StreamExt as _;
use journal::{Covered, OutEvent, PublishError};

use crate::nats::{Server, Streams, urls};
use journal::Bus;

fn events(bus: &Bus, count: usize) -> Vec<OutEvent> {
    (0..count)
        .map(|n| OutEvent {
            subject: bus.options().events_subject(&format!("contract.confirmed.AGRI-2026-{n:06}")),
            headers: vec![
                ("ce-id".to_owned(), n.to_string()),
                ("ce-specversion".to_owned(), "1.0".to_owned()),
            ],
            msg_id: format!("record-{n}"),
            payload: n.to_string().into_bytes(),
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn events_arrive_once_and_in_order_however_often_they_are_published() {
    for url in urls() {
        let streams = Streams::make(&url).await;
        let bus = &streams.bus;
        let count = 2_500;
        let subject = bus.options().events_subject(">");
        let mut subscriber = bus.client().subscribe(subject).await.unwrap();
        bus.publish_events(events(bus, count)).await.unwrap();
        bus.publish_events(events(bus, count)).await.unwrap();
        bus.publish_event(events(bus, 1).remove(0)).await.unwrap();
        for n in 0..count {
            let message = subscriber.next().await.unwrap();
            assert_eq!(message.headers.as_ref().unwrap().get("ce-id").unwrap().as_str(), n.to_string());
            assert_eq!(message.payload, n.to_string());
        }
        let context = async_nats::jetstream::new(bus.client().clone());
        let mut stream = context.get_stream(&bus.options().events_stream).await.unwrap();
        assert_eq!(stream.info().await.unwrap().state.messages, count as u64);
        streams.remove().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_can_never_be_sent_fails_at_once() {
    let streams = Streams::make(&urls()[0]).await;
    let mut bad = events(&streams.bus, 1).remove(0);
    bad.headers.push(("ce-subject".to_owned(), "two\r\nlines".to_owned()));
    let error = streams.bus.publish_event(bad).await.unwrap_err();
    assert_eq!(error, PublishError::Invalid("the header \"ce-subject\"".to_owned()));
    let mut big = events(&streams.bus, 1).remove(0);
    big.payload = vec![0; 2 << 20];
    assert_eq!(streams.bus.publish_event(big).await, Err(PublishError::TooLarge));
    streams.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_go_on_when_the_server_comes_back_without_its_store() {
    let mut server = Server::start().await;
    let bus = Bus::connect(server.options()).await.unwrap();
    bus.publish_events(events(&bus, 10)).await.unwrap();
    server.kill();
    server.replace_store(None);
    let publishing = tokio::spawn({
        let bus = bus.clone();
        async move { bus.publish_events(events(&bus, 20)).await }
    });
    server.restart().await;
    publishing.await.unwrap().unwrap();
    let context = async_nats::jetstream::new(bus.client().clone());
    let mut stream = context.get_stream("AHADI_EVENTS").await.unwrap();
    assert_eq!(stream.info().await.unwrap().state.messages, 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_word_on_what_is_covered_is_kept() {
    for url in urls() {
        let streams = Streams::make(&url).await;
        assert_eq!(streams.bus.covered().await.unwrap(), None);
        for position in [5, 9, 7] {
            let covered = Covered { source: "AHADI_IN@then".to_owned(), position };
            streams.bus.announce_covered(&covered).await.unwrap();
            assert_eq!(streams.bus.covered().await.unwrap(), Some(covered));
        }
        streams.remove().await;
    }
}
