//! What is loaded for a batch, however little or much it needs.

use ledger::hash::sha256;
use store::rows::{Commit, Needs, SeenRow, Views};
use uuid::Uuid;

use crate::book::{inbox, link, stream_row};
use crate::place::Place;

/// Says what was found: inputs, streams, links, what was seen, counters.
async fn found(store: &store::Store, needs: &Needs) -> [usize; 5] {
    let loaded = store.load(needs).await.unwrap();
    assert!(loaded.inputs.iter().all(|input| *input == Uuid::from_u128(1)));
    assert!(loaded.streams.iter().all(|row| *row == stream_row("contract/A", 3)));
    assert!(loaded.links.iter().all(|(_, key, stream)| key == "1234" && stream == "contract/A"));
    assert!(loaded.seen.iter().all(|row| row.key == "k" && row.digest == sha256(b"digest")));
    assert!(loaded.counters.iter().all(|row| *row == ("AGRI-2026".to_owned(), 41)));
    [loaded.inputs.len(), loaded.streams.len(), loaded.links.len(), loaded.seen.len(), loaded.counters.len()]
}

pub async fn each_need_is_answered_alone_and_among_many_inputs(place: Place) {
    let (store, lease) = place.open_to_write().await;
    let views = Views {
        streams: vec![stream_row("contract/A", 3)],
        links: vec![link("code", "1234", "contract/A", true)],
        counters: vec![("AGRI-2026".to_owned(), 41)],
        ..Views::default()
    };
    let seen = vec![SeenRow { key: "k".to_owned(), digest: sha256(b"digest") }];
    let known = Uuid::from_u128(1);
    let commit = Commit { views, seen, inbox: vec![inbox(known)], ..Commit::default() };
    store.commit(&lease, commit).await.unwrap();

    let names = |name: &str| vec![name.to_owned(), name.to_owned(), "none".to_owned()];
    let link = ("code".to_owned(), "1234".to_owned());
    let cases = [
        (Needs::default(), [0, 0, 0, 0, 0]),
        (Needs { inputs: vec![known, known], ..Needs::default() }, [1, 0, 0, 0, 0]),
        (Needs { streams: names("contract/A"), ..Needs::default() }, [0, 1, 0, 0, 0]),
        (Needs { links: vec![link.clone()], ..Needs::default() }, [0, 1, 1, 0, 0]),
        (Needs { links: vec![link], streams: names("contract/A"), ..Needs::default() }, [0, 1, 1, 0, 0]),
        (Needs { seen: vec!["k".to_owned(), "none".to_owned()], ..Needs::default() }, [0, 0, 0, 1, 0]),
        (Needs { counters: names("AGRI-2026"), ..Needs::default() }, [0, 0, 0, 0, 1]),
    ];
    for (needs, expected) in cases {
        // A batch of few inputs and one of many may be loaded in different ways.
        for unknown in [0, 1, 15, 16, 200] {
            let mut needs = needs.clone();
            needs.inputs.extend((0..unknown).map(|n| Uuid::from_u128(1_000 + n)));
            assert_eq!(found(&store, &needs).await, expected, "{unknown} inputs beside {needs:?}");
        }
    }
    store.close().await;
}
