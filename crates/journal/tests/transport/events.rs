//! Downstream events, and the covered position.

use std::time::Duration;

use futures_util::StreamExt as _;
use journal::{Bus, BusOptions, Covered, EventsEnd, OutEvent, PublishError};

use crate::nats::{Server, Streams, own_names, urls};

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
        let mut looked = bus.events_stream().await.unwrap();
        assert_eq!(looked.end, EventsEnd::Empty);
        bus.publish_events(&mut looked, events(bus, count)).await.unwrap();
        bus.publish_events(&mut looked, events(bus, count)).await.unwrap();
        let mut looked = bus.events_stream().await.unwrap();
        let EventsEnd::Message(headers) = &looked.end else { panic!("{:?}", looked.end) };
        assert!(headers.contains(&("ce-id".to_owned(), (count - 1).to_string())));
        bus.publish_events(&mut looked, events(bus, 1)).await.unwrap();
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
    let mut looked = streams.bus.events_stream().await.unwrap();
    let error = streams.bus.publish_events(&mut looked, vec![bad]).await.unwrap_err();
    assert_eq!(error, PublishError::Invalid("the header \"ce-subject\"".to_owned()));
    let mut big = events(&streams.bus, 1).remove(0);
    big.payload = vec![0; 2 << 20];
    let refused = streams.bus.publish_events(&mut looked, vec![big]).await;
    assert_eq!(refused, Err(PublishError::TooLarge));
    streams.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_lost_its_store_is_looked_at_again_before_anything_is_published() {
    let mut server = Server::start().await;
    let bus = Bus::connect(server.options()).await.unwrap();
    let mut looked = bus.events_stream().await.unwrap();
    bus.publish_events(&mut looked, events(&bus, 10)).await.unwrap();
    server.kill();
    server.replace_store(None);
    server.restart().await;
    // Whoever relays inputs may have made the streams again before: it is the connection that tells.
    while bus.is_current(&looked) {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    bus.ensure().await.unwrap();
    let refused = bus.publish_events(&mut looked, events(&bus, 20)).await;
    assert_eq!(refused, Err(PublishError::Disconnected));
    let mut looked = bus.events_stream().await.unwrap();
    assert_eq!(looked.end, EventsEnd::Empty);
    bus.publish_events(&mut looked, events(&bus, 20)).await.unwrap();
    assert_eq!(messages(&bus).await, 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_made_anew_behind_a_living_connection_is_noticed() {
    let server = Server::start().await;
    let bus = Bus::connect(server.options()).await.unwrap();
    let mut looked = bus.events_stream().await.unwrap();
    bus.publish_events(&mut looked, events(&bus, 10)).await.unwrap();
    let context = async_nats::jetstream::new(bus.client().clone());
    context.delete_stream("AHADI_EVENTS").await.unwrap();
    assert_eq!(bus.publish_events(&mut looked, events(&bus, 1)).await, Err(PublishError::NoStream));
    bus.ensure().await.unwrap();
    assert_eq!(bus.publish_events(&mut looked, events(&bus, 1)).await, Err(PublishError::Replaced));
}

async fn messages(bus: &Bus) -> u64 {
    let context = async_nats::jetstream::new(bus.client().clone());
    let mut stream = context.get_stream("AHADI_EVENTS").await.unwrap();
    stream.info().await.unwrap().state.messages
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

/// How long the streams of these options keep messages, days: inputs, then events.
async fn days_kept(bus: &Bus) -> [u64; 2] {
    let context = async_nats::jetstream::new(bus.client().clone());
    let options = bus.options();
    let mut days = [0; 2];
    for (days, name) in days.iter_mut().zip([&options.input_stream, &options.events_stream]) {
        let config = context.get_stream(name).await.unwrap().cached_info().config.clone();
        *days = config.max_age.as_secs() / 86_400;
    }
    days
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retention_that_is_shortened_holds_for_the_streams_that_are_there() {
    for url in urls() {
        let options = own_names(&url);
        let keep =
            |days: u64| BusOptions { retention: Duration::from_secs(days * 86_400), ..options.clone() };
        let first = Bus::connect(keep(30)).await.unwrap();
        assert_eq!(days_kept(&first).await, [30, 30]);
        let shortened = Bus::connect(keep(7)).await.unwrap();
        assert_eq!(days_kept(&shortened).await, [7, 7]);
        // Longer is no promise to anybody: what may be gone tomorrow is not kept by a setting that comes later.
        drop(Bus::connect(keep(60)).await);
        assert_eq!(days_kept(&first).await, [7, 7]);
        Streams { bus: shortened }.remove().await;
    }
}
