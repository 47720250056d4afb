//! What subscribers of the bus get to see.

use std::collections::HashMap;
use std::time::Duration;

use async_nats::jetstream;

/// Waits until that many events are kept, however slow the machine.
pub async fn arrive(url: &str, count: u64) {
    let client = async_nats::connect(url).await.unwrap();
    let context = jetstream::new(client);
    for _ in 0..2_400 {
        let held = match context.get_stream("AHADI_EVENTS").await {
            Ok(stream) => stream.cached_info().state.messages,
            Err(_) => 0,
        };
        if held >= count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("not all events came");
}

/// Every record was put on the bus, and was kept there once, however often it was put.
pub async fn check(url: &str, log: &[String]) {
    let client = async_nats::connect(url).await.unwrap();
    let stream = jetstream::new(client).get_stream("AHADI_EVENTS").await.unwrap();
    let state = &stream.cached_info().state;
    assert_eq!(state.messages, log.len() as u64, "as many events as records");
    let mut events = HashMap::new();
    for sequence in state.first_sequence..=state.last_sequence {
        let message = stream.get_raw_message(sequence).await.unwrap();
        let position = message.headers.get("ce-sequence").unwrap().as_str().parse::<usize>().unwrap();
        assert!(events.insert(position, message.payload).is_none(), "record {position} came twice");
    }
    for (position, jws) in log.iter().enumerate() {
        assert!(events[&position] == jws.as_bytes(), "record {position} is another on the bus");
    }
}
