//! The log: what is appended, what is refused, and how it is read.

use ledger::hash::{Hash, leaf_hash, sha256};
use ledger::tile::{TileId, TileSet, edge_tiles, tiles_for};
use ledger::tree::{Node, Tree};
use store::rows::{
    CheckpointRow, Commit, InboxRow, PersonRow, RecordRow, SeenRow, SourceMove, SourcePosition, StreamTasks,
    TaskRow,
};
use store::{CommitError, Store};
use uuid::Uuid;

use crate::book::{Book, disclosure, inbox, stream_row, time};
use crate::place::Place;

fn read(from: u64, to: u64) -> Option<SourceMove> {
    Some(SourceMove { source: "journal/1".to_owned(), from, to })
}

fn at(position: u64) -> SourcePosition {
    SourcePosition { source: "journal/1".to_owned(), position }
}

/// The log ends where the book says, with the same Merkle root.
async fn check_tip(store: &Store, tree: &Tree) {
    let tip = store.tip().await.unwrap();
    assert_eq!(tip.size, tree.size());
    assert_eq!(Tree::from_edge(tip.size, &tip.edge).unwrap().root(), tree.root());
}

/// The outcome of an input that led to these.
fn recorded(records: &[RecordRow]) -> String {
    let one = |row: &RecordRow| {
        format!(r#"{{"stream":"{}","version":{},"kind":"{}"}}"#, row.stream, row.version, row.kind)
    };
    let records: Vec<String> = records.iter().map(one).collect();
    format!(r#"{{"outcome":"recorded","records":[{}]}}"#, records.join(","))
}

pub async fn what_is_committed_reads_back(place: Place) {
    let (store, lease) = place.open_to_write().await;
    check_tip(&store, &Tree::empty()).await;
    let mut book = Book::new();
    let input = book.unique();
    let mut batch = book.batch_for(input, &["call/a/1", "contract/X", "call/a/1"]);
    batch.read_to = read(0, 7);
    batch.disclosures = vec![disclosure(0, 0), disclosure(2, 0), disclosure(2, 1)];
    // Of three inputs: told only here, recorded twice, recorded once.
    let inputs = [input, book.unique(), book.unique()];
    batch.inbox.push(InboxRow { outcome: recorded(&batch.records[..2]), ..inbox(inputs[1]) });
    batch.inbox.push(InboxRow { outcome: recorded(&batch.records[2..]), ..inbox(inputs[2]) });
    let expected = batch.clone();
    store.commit(&lease, batch).await.unwrap();
    let next = book.batch(&["call/a/1"]);
    store.commit(&lease, next.clone()).await.unwrap();

    let records: Vec<_> = expected.records.iter().chain(&next.records).cloned().collect();
    assert_eq!(store.records(0, 100).await.unwrap(), records);
    assert_eq!(store.records(1, 2).await.unwrap(), records[1..3]);
    assert_eq!(store.records(4, 10).await.unwrap(), []);
    assert_eq!(store.records(u64::MAX, 10).await.unwrap(), []);
    assert_eq!(store.record(2).await.unwrap().as_ref(), Some(&records[2]));
    assert_eq!(store.record(4).await.unwrap(), None);
    assert_eq!(store.record_by_id(records[1].id).await.unwrap().as_ref(), Some(&records[1]));
    assert_eq!(store.record_by_id(Uuid::nil()).await.unwrap(), None);
    let versions = store.stream_records("call/a/1", 2, 10).await.unwrap();
    assert_eq!(versions, [records[2].clone(), records[3].clone()]);
    assert_eq!(store.stream_records("call/a/2", 1, 10).await.unwrap(), []);
    assert_eq!(store.disclosures(0..4).await.unwrap(), expected.disclosures);
    assert_eq!(store.disclosures(1..2).await.unwrap(), []);
    assert_eq!(store.disclosures_of(&[2, 9]).await.unwrap(), expected.disclosures[1..]);
    for row in &expected.inbox {
        assert_eq!(store.outcome(row.input).await.unwrap(), Some(row.outcome.clone()));
    }
    let kept = place.texts("SELECT outcome FROM inbox ORDER BY input").await;
    assert_eq!(kept, [expected.inbox[0].outcome.as_str(), "0+2", "2+1"]);
    assert_eq!(store.outcome(Uuid::nil()).await.unwrap(), None);

    check_tip(&store, &book.tree).await;
    let tip = store.tip().await.unwrap();
    assert_eq!(tip.read_to, [at(7)]);
    assert_eq!(tip.last_recorded_at, Some(records[3].recorded_at));
    store.close().await;
}

/// Applies a change to an otherwise good batch and says what the store made of it, having left nothing behind.
async fn refused(place: &Place, store: &Store, lease: &store::Lease, batch: Commit) -> CommitError {
    let before = place.contents().await;
    let error = store.commit(lease, batch).await.expect_err("this batch must be refused");
    assert_eq!(place.contents().await, before, "after {error}");
    error
}

pub async fn a_batch_out_of_place_changes_nothing(place: Place) {
    let (store, lease) = place.open_to_write().await;
    let mut book = Book::new();
    let input = book.unique();
    let mut first = book.batch_for(input, &["call/a/1", "call/a/1", "call/a/2"]);
    first.read_to = read(0, 7);
    let first_id = first.records[0].id;
    store.commit(&lease, first).await.unwrap();

    type Change = fn(&mut Commit);
    let out_of_place: [(&str, Change); 9] = [
        ("behind the end", |batch| batch.first_position += 1),
        ("before the end", |batch| batch.first_position -= 1),
        ("a version too high", |batch| batch.records[0].version += 1),
        ("a version that is there", |batch| batch.records[0].version -= 1),
        ("a version too high within the batch", |batch| batch.records[1].version += 1),
        ("prev of something else", |batch| batch.records[0].prev = Some(sha256(b"else"))),
        ("prev of something else within the batch", |batch| batch.records[1].prev = Some(sha256(b"else"))),
        ("a second beginning of the stream", |batch| {
            batch.records[0].version = 1;
            batch.records[0].prev = None;
        }),
        ("a source read before", |batch| batch.read_to = read(0, 8)),
    ];
    for (what, change) in out_of_place {
        let fresh = book.unique();
        let mut batch = book.clone().batch_for(fresh, &["call/a/1", "call/a/1"]);
        batch.read_to = read(7, 8);
        change(&mut batch);
        for (place_in_log, record) in (batch.first_position..).zip(&mut batch.records) {
            record.position = place_in_log;
        }
        let error = refused(&place, &store, &lease, batch).await;
        assert!(matches!(error, CommitError::Conflict(_)), "{what}: {error:?}");
    }

    let mut known_id = book.clone().batch(&["call/a/3"]);
    known_id.records[0].id = first_id;
    let known_input = book.clone().batch_for(input, &["call/a/3"]);
    let mut twice = book.clone().batch(&["call/a/3"]);
    twice.inbox = vec![inbox(Uuid::max()), inbox(Uuid::max())];
    for (what, batch) in
        [("a known record", known_id), ("a known input", known_input), ("an input twice", twice)]
    {
        let error = refused(&place, &store, &lease, batch).await;
        assert!(matches!(error, CommitError::Conflict(_)), "{what}: {error:?}");
    }

    // What was refused left the log as it was: the right batch still fits.
    store.commit(&lease, book.batch(&["call/a/1", "call/a/2"])).await.unwrap();
    check_tip(&store, &book.tree).await;
    store.close().await;
}

pub async fn a_batch_against_the_rules_changes_nothing(place: Place) {
    let (store, lease) = place.open_to_write().await;
    let mut book = Book::new();
    store.commit(&lease, book.batch(&["call/a/1"; 255])).await.unwrap();
    let node = |level, index| Node { level, index, hash: sha256(b"node") };

    type Change = Box<dyn Fn(&mut Commit) + Send + Sync>;
    let against: [(&str, Change); 9] = [
        ("a leaf that is not of its record", Box::new(|batch| batch.records[0].leaf = sha256(b"else"))),
        ("a full tile without its hash above", Box::new(|batch| batch.nodes.clear())),
        ("a hash above no full tile", Box::new(move |batch| batch.nodes.push(node(1, 1)))),
        ("a hash on a level not reached", Box::new(move |batch| batch.nodes.push(node(2, 0)))),
        ("a disclosure of no record", Box::new(|batch| batch.disclosures = vec![disclosure(9_999, 0)])),
        (
            "a person of no record",
            Box::new(|batch| {
                batch.persons = vec![PersonRow { token: sha256(b"person").into(), position: 9_999 }];
            }),
        ),
        (
            "a record too long to serve",
            Box::new(|batch| {
                batch.records[0].jws = "x".repeat(65_536);
                batch.records[0].leaf = leaf_hash(batch.records[0].jws.as_bytes());
            }),
        ),
        ("a stream of no version", Box::new(|batch| batch.views.streams = vec![stream_row("call/a/1", 0)])),
        // The last thing written: everything before it must be undone.
        (
            "a task without a number",
            Box::new(|batch| {
                batch.views.streams = vec![stream_row("call/a/1", 256)];
                batch.seen = vec![SeenRow { key: "k".to_owned(), digest: sha256(b"k") }];
                batch.views.tasks = vec![StreamTasks {
                    stream: "call/a/1".to_owned(),
                    tasks: vec![TaskRow {
                        stream: "call/a/1".to_owned(),
                        task: 0,
                        kind: "message".to_owned(),
                        attempts: 0,
                        not_before: time(0),
                    }],
                }];
            }),
        ),
    ];
    for (what, change) in against {
        let fresh = book.unique();
        let mut batch = book.clone().batch_for(fresh, &["call/a/1"]);
        batch.read_to = read(0, 8);
        change(&mut batch);
        let error = refused(&place, &store, &lease, batch).await;
        assert!(matches!(error, CommitError::Permanent(_)), "{what}: {error:?}");
    }
    store.commit(&lease, book.batch(&["call/a/1"])).await.unwrap();
    check_tip(&store, &book.tree).await;
    store.close().await;
}

pub async fn an_empty_batch_moves_the_source_only(place: Place) {
    let (store, lease) = place.open_to_write().await;
    let mut book = Book::new();
    store.commit(&lease, Commit { read_to: read(0, 3), ..book.batch(&["call/a/1"]) }).await.unwrap();
    store
        .commit(&lease, Commit { first_position: 1, read_to: read(3, 9), ..Commit::default() })
        .await
        .unwrap();
    let other = SourcePosition { source: "journal/2".to_owned(), position: 0 };
    let step = SourceMove { source: other.source.clone(), from: 0, to: 0 };
    let batch = Commit { first_position: 1, read_to: Some(step), ..Commit::default() };
    store.commit(&lease, batch).await.unwrap();
    let mut sources = store.tip().await.unwrap().read_to;
    sources.sort_by(|one, two| one.source.cmp(&two.source));
    assert_eq!(sources, [at(9), other]);
    // A source that lost its end is read again from its start: the position goes back, if it is as believed.
    let back = Commit { first_position: 1, read_to: read(9, 2), ..Commit::default() };
    store.commit(&lease, back).await.unwrap();
    let stale = Commit { first_position: 1, read_to: read(9, 10), ..Commit::default() };
    assert!(matches!(store.commit(&lease, stale).await, Err(CommitError::Conflict(_))));
    check_tip(&store, &book.tree).await;
    store.close().await;
}

/// Beyond the third level of tiles, where a full tile of the second level gets its hash.
const BIG_LOG: u64 = 65_536 + 300;

pub async fn tiles_are_those_of_the_tree(place: Place) {
    let (store, lease) = place.open_to_write().await;
    let mut book = Book::new();
    let mut leaves: Vec<Hash> = Vec::new();
    let stops = [1, 2, 255, 256, 257, 511, 512, 513, 1_000, 65_535, 65_536, 65_537, BIG_LOG];
    for stop in stops {
        while book.tree.size() < stop {
            let count = (stop - book.tree.size()).min(4_000);
            let streams: Vec<String> = (0..count).map(|n| format!("call/a/{}", n % 7)).collect();
            let batch = book.batch(&streams.iter().map(String::as_str).collect::<Vec<_>>());
            leaves.extend(batch.records.iter().map(|record| record.leaf));
            store.commit(&lease, batch).await.unwrap();
        }
        check_tip(&store, &book.tree).await;
        let mut tiles = TileSet::new();
        for tile in edge_tiles(stop) {
            tiles.insert(tile, store.tile(tile).await.unwrap().expect("a tile of this size")).unwrap();
        }
        if stop < 1_001 || stop == BIG_LOG {
            for tile in tiles_for(stop) {
                tiles.insert(tile, store.tile(tile).await.unwrap().expect("a tile of this size")).unwrap();
            }
            let mut fresh = Tree::empty();
            fresh.extend(leaves.iter().copied());
            assert_eq!(Tree::from_tiles(stop, &tiles).unwrap().root(), fresh.root());
        }
    }
    // A partial tile of an earlier checkpoint is served still; one of a later size is not.
    let early = store.tile(TileId::at(0, 3, 1_000).unwrap()).await.unwrap().unwrap();
    assert_eq!(early, leaves[768..1_000]);
    for (level, index) in [(0, BIG_LOG >> 8), (1, 1), (2, 0), (3, 0)] {
        let width = TileId::at(level, index, BIG_LOG).map_or(1, |tile| tile.width() + 1);
        let beyond = TileId::new(level, index, width).unwrap();
        assert_eq!(store.tile(beyond).await.unwrap(), None, "{beyond}");
    }
    // Asked for at once: in any order, one of them twice, and none of what is not there.
    let (first, edge) = (TileId::at(0, 0, BIG_LOG).unwrap(), TileId::at(1, 0, BIG_LOG).unwrap());
    let beyond = TileId::new(0, BIG_LOG, 7).unwrap();
    let found = store.tiles(&[edge, beyond, first, edge]).await.unwrap();
    let names: Vec<TileId> = found.iter().map(|(tile, _)| *tile).collect();
    assert_eq!(names, [first, edge]);
    assert_eq!(found.get(&first), Some(&leaves[..256]));
    assert_eq!(found.get(&edge), store.tile(edge).await.unwrap().as_deref());
    assert_eq!(store.tiles(&[]).await.unwrap(), TileSet::new());
    store.close().await;
}

pub async fn checkpoints_only_grow(place: Place) {
    let (store, lease) = place.open_to_write().await;
    let checkpoint = |size: u64, root: &[u8]| CheckpointRow {
        size,
        root: sha256(root),
        note: format!("note of {size}"),
        signed_at: time(5),
    };
    assert_eq!(store.latest_checkpoint().await.unwrap(), None);
    store.commit(&lease, Book::new().batch(&["call/a/1"; 5])).await.unwrap();
    store.insert_checkpoint(&lease, checkpoint(0, b"0")).await.unwrap();
    store.insert_checkpoint(&lease, checkpoint(3, b"3")).await.unwrap();
    let before = place.contents().await;
    store.insert_checkpoint(&lease, checkpoint(3, b"3")).await.unwrap();

    let other_root = store.insert_checkpoint(&lease, checkpoint(3, b"other")).await;
    assert!(matches!(other_root, Err(CommitError::Permanent(_))), "{other_root:?}");
    for size in [0, 2, 6] {
        let error = store.insert_checkpoint(&lease, checkpoint(size, b"x")).await;
        assert!(matches!(error, Err(CommitError::Conflict(_))), "{size}: {error:?}");
    }
    assert_eq!(place.contents().await, before);

    store.insert_checkpoint(&lease, checkpoint(5, b"5")).await.unwrap();
    assert_eq!(store.latest_checkpoint().await.unwrap(), Some(checkpoint(5, b"5")));
    let all = [checkpoint(0, b"0"), checkpoint(3, b"3"), checkpoint(5, b"5")];
    assert_eq!(store.checkpoints(0, 10).await.unwrap(), all);
    assert_eq!(store.checkpoints(1, 1).await.unwrap(), all[1..2]);
    store.close().await;
}

pub async fn disclosures_can_be_erased_and_the_rest_stays(place: Place) {
    let (store, lease) = place.open_to_write().await;
    let mut batch = Book::new().batch(&["call/a/1"; 3]);
    batch.disclosures = vec![disclosure(0, 0), disclosure(0, 1), disclosure(2, 0)];
    let (records, kept) = (batch.records.clone(), batch.disclosures[1].clone());
    store.commit(&lease, batch).await.unwrap();
    let gone = [
        (0, disclosure(0, 0).digest()),
        (2, disclosure(2, 0).digest()),
        (1, disclosure(1, 0).digest()),
        (2, disclosure(0, 1).digest()),
    ];
    assert_eq!(store.erase_disclosures(&lease, &gone).await, Ok(2));
    assert_eq!(store.erase_disclosures(&lease, &gone).await, Ok(0));
    assert_eq!(store.disclosures(0..3).await.unwrap(), [kept]);
    assert_eq!(store.records(0, 10).await.unwrap(), records);
    store.close().await;
}

pub async fn a_scan_ends_where_the_log_ended(place: Place) {
    let (store, lease) = place.open_to_write().await;
    let mut book = Book::new();
    let mut batch = book.batch(&["call/a/1"; 1_100]);
    batch.disclosures =
        [0, 511, 512, 1_099].iter().flat_map(|at| [disclosure(*at, 0), disclosure(*at, 1)]).collect();
    let (records, disclosures) = (batch.records.clone(), batch.disclosures.clone());
    store.commit(&lease, batch).await.unwrap();
    for from in [0, 511, 1_099, 1_100, 5_000] {
        let (mut scan, mut again) = (store.scan(from).await.unwrap(), store.scan(from).await.unwrap());
        assert_eq!(scan.end(), book.tree.size());
        // What comes after the scan began is not part of it.
        store.commit(&lease, book.batch(&["call/a/2"])).await.unwrap();
        let (end, mut seen, mut opened) = (scan.end(), Vec::new(), Vec::new());
        while let Some(page) = scan.next_page().await.unwrap() {
            for (record, own) in page {
                assert!(own.iter().all(|one| one.position == record.position));
                seen.push(record);
                opened.extend(own);
            }
        }
        assert!(seen.iter().map(|record| record.position).eq(from..end.max(from)), "from {from} to {end}");
        assert!(
            seen.iter().zip(records.iter().skip(usize::try_from(from).unwrap())).all(|(one, two)| one == two)
        );
        let expected: Vec<_> = disclosures.iter().filter(|one| one.position >= from).cloned().collect();
        assert_eq!(opened, expected);
        let mut signed = Vec::new();
        while let Some(page) = again.next_signed() {
            signed.extend(page.await.unwrap());
        }
        assert!(
            signed.iter().map(|row| (row.position, &row.jws)).eq(seen.iter().map(|r| (r.position, &r.jws)))
        );
        assert!(signed.iter().flat_map(|row| &row.disclosures).eq(&expected));
        assert!(signed.iter().all(|row| row.disclosures.iter().all(|one| one.position == row.position)));
    }
    store.close().await;
}

pub async fn quarantine_expires(place: Place) {
    let (store, lease) = place.open_to_write().await;
    let mut batch = Book::new().batch(&["call/a/1"]);
    batch.inbox = (1..=3).map(|n| inbox(Uuid::from_u128(n))).collect();
    for (row, at) in batch.inbox.iter_mut().zip([5, 6, 7]) {
        row.received_at = time(at);
        row.quarantined = Some(b"the raw bytes of a person".to_vec());
    }
    let rows = batch.inbox.clone();
    store.commit(&lease, batch).await.unwrap();
    assert_eq!(store.expire(time(5)).await.unwrap().quarantined, 0, "what is as old as that is kept");
    assert_eq!(store.expire(time(7)).await.unwrap().quarantined, 2);
    assert_eq!(store.expire(time(7)).await.unwrap().quarantined, 0);
    assert_eq!(store.quarantined(0, 10).await.unwrap(), [rows[2].clone()]);
    for row in &rows {
        let outcome = store.outcome(row.input).await.unwrap();
        assert!(outcome.is_some(), "that it was set aside, and why, stays: only its bytes go");
    }
    store.close().await;
}

pub async fn quarantine_keeps_the_input(place: Place) {
    let (store, lease) = place.open_to_write().await;
    let mut book = Book::new();
    let mut batch = book.batch(&["call/a/1"]);
    batch.inbox = (1..=5).map(|n| inbox(Uuid::from_u128(n))).collect();
    for (row, (at, bytes)) in
        batch.inbox.iter_mut().zip([(9, Some(vec![0, 255])), (1, None), (8, Some(vec![]))])
    {
        row.received_at = time(at);
        row.quarantined = bytes;
    }
    let rows = batch.inbox.clone();
    store.commit(&lease, batch).await.unwrap();
    assert_eq!(store.quarantined(0, 10).await.unwrap(), [rows[2].clone(), rows[0].clone()]);
    assert_eq!(store.quarantined(1, 10).await.unwrap(), [rows[0].clone()]);
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.records, counts.quarantined, counts.checkpointed), (1, 2, 0));
    store.close().await;
}
