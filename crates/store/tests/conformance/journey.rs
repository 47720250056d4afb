//! What the journey of a call is read from.

use store::rows::{CallRow, RepeatRow, StreamRow};
use uuid::Uuid;

use crate::book::{Book, stream_row, time};
use crate::place::Place;

pub async fn what_comes_again_is_kept_and_calls_without_an_end_are_found(place: Place) {
    let (store, lease) = place.open_to_write().await;
    let mut book = Book::new();
    let calls = ["call/a/1", "call/a/2", "call/a/3", "call/a/4"];
    let mut batch = book.batch_for(Uuid::from_u128(7), &calls);
    let repeat = |ordinal: u32, at: i64, version: Option<u64>| RepeatRow {
        input: batch.inbox[0].input,
        ordinal,
        received_at: time(at),
        stream: calls[0].to_owned(),
        version,
        kind: "call.ended".to_owned(),
        occurred_at: version.map(|_| time(5)),
        authenticated: ordinal == 0,
        stale: ordinal == 1,
    };
    let repeats = vec![repeat(0, 2_000, Some(1)), repeat(1, 1_000, None)];
    batch.repeats = repeats.clone();
    for (n, progress) in (1..).zip(["answered", "ended", "silent", "ringing"]) {
        let stream = calls[n - 1].to_owned();
        let recorded_at = time(i64::try_from(n).unwrap() * 1_000);
        batch.views.streams.push(StreamRow { recorded_at, ..stream_row(&stream, 1) });
        batch.views.calls.push(CallRow { stream, progress: progress.to_owned() });
    }
    let input = batch.inbox[0].input;
    store.commit(&lease, batch).await.unwrap();
    assert_eq!(store.repeats(calls[0], 10).await.unwrap(), [repeats[1].clone(), repeats[0].clone()]);
    assert_eq!(store.repeats(calls[0], 1).await.unwrap().len(), 1);
    assert_eq!(store.repeats(calls[1], 10).await.unwrap(), []);
    assert_eq!(store.received_at(input).await.unwrap(), Some(time(1_000)));
    assert_eq!(store.received_at(Uuid::max()).await.unwrap(), None);
    for (before, max, expected) in
        [(999, 9, &[][..]), (1_000, 9, &["1"]), (4_000, 9, &["1", "4"]), (4_000, 1, &["1"])]
    {
        let open = store.open_calls(time(before), max).await.unwrap();
        let ids: Vec<&str> = open.iter().map(|row| row.call_id()).collect();
        assert_eq!(ids, expected, "{before}");
    }
}
