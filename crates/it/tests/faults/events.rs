//! What subscribers of the bus get to see.

use std::collections::HashMap;

use async_nats::jetstream;

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
