//! Views, and what else can change.

use std::collections::BTreeSet;

use ledger::hash::sha256;
use store::rows::{
    CallRow, Commit, ContractRow, LinkChange, Mend, Needs, SeenRow, StreamTasks, TaskRow, ViewKey, Views,
};
use store::{ContractFilter, Lease, Page, Store};
use uuid::Uuid;

use crate::book::{Book, contract_row, disclosure, inbox, link, stream_row, time};
use crate::place::{Kind, Place};

pub async fn apply(store: &Store, lease: &Lease, views: Views) {
    let first_position = store.tip().await.unwrap().size;
    store.commit(lease, Commit { first_position, views, ..Commit::default() }).await.unwrap();
}

fn links(links: Vec<LinkChange>) -> Views {
    Views { links, ..Views::default() }
}

pub async fn links_come_and_go_once(place: Place) {
    let (store, lease) = place.open_to_write().await;
    let phone = "+254700000001";
    let one = |add| link("phone", phone, "contract/A", add);
    let steps: [(Vec<LinkChange>, &[&str]); 6] = [
        (vec![one(true), link("phone", phone, "contract/B", true)], &["contract/A", "contract/B"]),
        (vec![one(true), one(true)], &["contract/A", "contract/B"]),
        (vec![one(false), link("phone", phone, "contract/C", false)], &["contract/B"]),
        (vec![one(false)], &["contract/B"]),
        // Within a batch the last word counts.
        (vec![one(false), one(true)], &["contract/A", "contract/B"]),
        (vec![one(true), one(false)], &["contract/B"]),
    ];
    for (changes, expected) in steps {
        apply(&store, &lease, links(changes)).await;
        assert_eq!(store.links("phone", phone).await.unwrap(), expected);
    }
    assert!(store.links("code", phone).await.unwrap().is_empty());
    store.close().await;
}

pub async fn streams_are_found_by_the_keys_that_lead_to_them(place: Place) {
    let (store, lease) = place.open_to_write().await;
    let odd = "call/a/\"quoted\\\" ü \u{7}";
    let phone = "+254700000001";
    let links = vec![
        link("phone", phone, "contract/B", true),
        link("phone", phone, "contract/A", true),
        link("code", "1234", "contract/A", true),
        link("call", "it's", odd, true),
        link("code", "9999", "contract/never", true),
    ];
    let streams = vec![stream_row("contract/A", 3), stream_row("contract/B", 1), stream_row(odd, 2)];
    let (a, b, strange) = (streams[0].clone(), streams[1].clone(), streams[2].clone());
    apply(&store, &lease, Views { streams, links, ..Views::default() }).await;
    let keys = [
        ("code", "1234"),
        ("phone", phone),
        ("code", phone),
        ("code", "1234"),
        ("call", "it's"),
        ("code", "9999"),
    ];
    let expected = [vec![a.clone()], vec![a.clone(), b], vec![], vec![a], vec![strange], vec![]];
    assert_eq!(store.linked(&keys).await.unwrap(), expected, "key by key, as they were asked for");
    assert!(store.linked(&[]).await.unwrap().is_empty());
    store.close().await;
}

/// Callers who ask at the same time: more than are asked together.
const ASKING: usize = 600;

pub async fn questions_of_many_are_answered_apart(place: Place) {
    let (store, lease) = place.open_to_write().await;
    let streams: Vec<_> = (0..9).map(|n| stream_row(&format!("contract/{n}"), n + 1)).collect();
    let links = (0..9).map(|n| link("code", &n.to_string(), &format!("contract/{n}"), true)).collect();
    apply(&store, &lease, Views { streams: streams.clone(), links, ..Views::default() }).await;
    let asking: Vec<_> = (0..ASKING)
        .map(|n| {
            // No key, one, two or three. The key 9 leads nowhere.
            let keys: Vec<String> = (n..n + n % 4).map(|key| (key % 10).to_string()).collect();
            let expected: Vec<Vec<_>> = keys
                .iter()
                .map(|key| streams.get(key.parse::<usize>().unwrap()).cloned().into_iter().collect())
                .collect();
            let reader = store.reader();
            let asking = tokio::spawn(async move {
                let keys: Vec<_> = keys.iter().map(|key| ("code", key.as_str())).collect();
                reader.linked(&keys).await
            });
            (n, asking, expected)
        })
        .collect();
    for (n, asking, expected) in asking {
        if n % 5 == 0 {
            // Who leaves takes nobody's answer along.
            asking.abort();
            continue;
        }
        let found: Vec<Vec<_>> = asking.await.unwrap().unwrap();
        assert_eq!(found, expected, "caller {n}");
    }
    store.close().await;
}

pub async fn needs_are_answered_and_links_followed(place: Place) {
    let (store, lease) = place.open_to_write().await;
    let odd = "call/a/\"quoted\\\" ü \u{7}";
    let (known, digest) = (Uuid::from_u128(1), sha256(b"digest"));
    let views = Views {
        streams: vec![stream_row("contract/A", 3), stream_row("contract/B", 1), stream_row(odd, 2)],
        links: vec![
            link("phone", "+254700000001", "contract/A", true),
            link("phone", "+254700000001", "contract/B", true),
            link("code", "1234", "contract/A", true),
            link("call", "it's", odd, true),
            link("code", "9999", "contract/never", true),
        ],
        counters: vec![("contract/AGRI-2026".to_owned(), 41)],
        ..Views::default()
    };
    let seen = vec![
        SeenRow { key: "k1".to_owned(), digest },
        SeenRow { key: "k1".to_owned(), digest: sha256(b"other") },
        SeenRow { key: "k2".to_owned(), digest },
    ];
    store
        .commit(&lease, Commit { views, seen, inbox: vec![inbox(known)], ..Commit::default() })
        .await
        .unwrap();

    let pair = |space: &str, key: &str| (space.to_owned(), key.to_owned());
    let needs = Needs {
        inputs: vec![known, Uuid::from_u128(2), known],
        streams: vec!["contract/A".to_owned(), "contract/none".to_owned()],
        links: vec![
            pair("phone", "+254700000001"),
            pair("code", "1234"),
            pair("code", "1234"),
            pair("call", "it's"),
            pair("code", "9999"),
            pair("code", "none"),
        ],
        seen: vec!["k1".to_owned(), "none".to_owned()],
        counters: vec!["contract/AGRI-2026".to_owned(), "none".to_owned()],
    };
    let mut loaded = store.load(&needs).await.unwrap();
    assert_eq!(loaded.inputs, [known]);
    loaded.streams.sort_by(|one, two| one.stream.cmp(&two.stream));
    assert_eq!(
        loaded.streams,
        [stream_row(odd, 2), stream_row("contract/A", 3), stream_row("contract/B", 1)]
    );
    let led: BTreeSet<_> =
        loaded.links.iter().map(|(space, key, stream)| [space.as_str(), key, stream]).collect();
    assert_eq!(led.len(), loaded.links.len(), "each link once");
    let expected = [
        ["call", "it's", odd],
        ["code", "1234", "contract/A"],
        ["code", "9999", "contract/never"],
        ["phone", "+254700000001", "contract/A"],
        ["phone", "+254700000001", "contract/B"],
    ];
    assert_eq!(led, expected.into_iter().collect());
    let digests: BTreeSet<_> = loaded.seen.iter().map(|row| (row.key.as_str(), row.digest)).collect();
    assert_eq!(digests, [("k1", digest), ("k1", sha256(b"other"))].into_iter().collect());
    assert_eq!(loaded.counters, [("contract/AGRI-2026".to_owned(), 41)]);

    let nothing = store.load(&Needs::default()).await.unwrap();
    assert!(nothing.inputs.is_empty() && nothing.streams.is_empty() && nothing.links.is_empty());
    assert!(nothing.seen.is_empty() && nothing.counters.is_empty());
    assert_eq!(store.stream(odd).await.unwrap(), Some(stream_row(odd, 2)));
    assert_eq!(store.stream("contract/none").await.unwrap(), None);
    let both =
        store.streams(&["contract/B".to_owned(), "x".to_owned(), "contract/A".to_owned()]).await.unwrap();
    assert_eq!(both, [stream_row("contract/A", 3), stream_row("contract/B", 1)]);
    store.close().await;
}

pub fn task(stream: &str, task: u32, not_before: i64) -> TaskRow {
    let (stream, kind) = (stream.to_owned(), "message".to_owned());
    TaskRow { stream, task, kind, attempts: task * 2, not_before: time(not_before) }
}

fn tasks(stream: &str, tasks: Vec<TaskRow>) -> Views {
    Views { tasks: vec![StreamTasks { stream: stream.to_owned(), tasks }], ..Views::default() }
}

pub async fn tasks_of_a_stream_are_replaced(place: Place) {
    let (store, lease) = place.open_to_write().await;
    // Told of commits that leave open tasks, and of no others.
    let mut told = store.board().tasks();
    apply(&store, &lease, Views { streams: vec![stream_row("contract/Z", 1)], ..Views::default() }).await;
    apply(&store, &lease, tasks("contract/Z", vec![])).await;
    assert!(!told.has_changed().unwrap());
    apply(&store, &lease, tasks("contract/Z", vec![task("contract/Z", 1, 1_000)])).await;
    assert!(told.has_changed().unwrap());
    apply(&store, &lease, tasks("contract/Z", vec![])).await;
    told.mark_unchanged();
    apply(&store, &lease, tasks("contract/A", vec![task("contract/A", 1, 30), task("contract/A", 2, 10)]))
        .await;
    apply(&store, &lease, tasks("contract/B", vec![task("contract/B", 1, 20)])).await;
    let due = |now: i64, max: u32| {
        let store = store.clone();
        async move {
            let due = store.tasks_due("message", time(now), max).await.unwrap();
            due.into_iter().map(|task| (task.stream, task.task, task.attempts)).collect::<Vec<_>>()
        }
    };
    let (a, b) = (|n: u32| ("contract/A".to_owned(), n, n * 2), |n: u32| ("contract/B".to_owned(), n, n * 2));
    assert_eq!(due(9, 10).await, []);
    assert_eq!(due(10, 10).await, [a(2)]);
    assert_eq!(due(99, 10).await, [a(2), b(1), a(1)]);
    assert_eq!(due(99, 2).await, [a(2), b(1)]);

    // The second stays and changes, the first is done, a third comes.
    apply(&store, &lease, tasks("contract/A", vec![task("contract/A", 2, 40), task("contract/A", 3, 5)]))
        .await;
    assert_eq!(due(99, 10).await, [a(3), b(1), a(2)]);
    apply(&store, &lease, tasks("contract/A", vec![])).await;
    assert_eq!(due(99, 10).await, [b(1)]);
    assert_eq!(store.counts().await.unwrap().tasks, 1);
    store.close().await;
}

async fn list(store: &Store, filter: &ContractFilter, page: Page) -> (Vec<String>, u64) {
    let page = store.contracts_page(filter, &page).await.unwrap();
    for (row, state) in &page.rows {
        assert_eq!(*state, stream_row(&row.stream, 1).state);
    }
    (page.rows.into_iter().map(|(row, _)| row.contract_id).collect(), page.total)
}

pub async fn contracts_are_listed_by_page_and_filter(place: Place) {
    let (store, lease) = place.open_to_write().await;
    let phone = "+254700000001";
    // Two at the same instant, whose names an alphabet would order otherwise than their bytes.
    let rows: Vec<ContractRow> = vec![
        contract_row("A", "pending", "agricultural_supply", 10),
        contract_row("B", "confirmed", "agricultural_supply", 20),
        contract_row("a", "pending", "labour", 20),
        contract_row("D", "pending", "labour", 40),
        contract_row("E", "confirmed", "labour", 50),
    ];
    let streams = rows.iter().map(|row| stream_row(&row.stream, 1)).collect();
    let linked = ["A", "D", "E"].iter().map(|id| link("phone", phone, &format!("contract/{id}"), true));
    let elsewhere = [link("code", phone, "contract/B", true)];
    let links = linked.chain(elsewhere).collect();
    apply(&store, &lease, Views { contracts: rows.clone(), streams, links, ..Views::default() }).await;

    let filter = |status: Option<&str>, contract_type: Option<&str>, phone: Option<&str>| ContractFilter {
        status: status.map(str::to_owned),
        contract_type: contract_type.map(str::to_owned),
        phone: phone.map(str::to_owned),
    };
    let all = || Page { limit: 10, ..Page::default() };
    let cases: [(ContractFilter, Page, &[&str], u64); 11] = [
        (filter(None, None, None), all(), &["E", "D", "a", "B", "A"], 5),
        (filter(None, None, None), Page { limit: 2, ..all() }, &["E", "D"], 5),
        (filter(None, None, None), Page { limit: 2, offset: 3, before: None }, &["B", "A"], 5),
        (filter(None, None, None), Page { offset: 9, ..all() }, &[], 5),
        (filter(None, None, None), Page { limit: 0, ..all() }, &[], 5),
        (
            filter(None, None, None),
            Page { before: Some((time(20), "a".to_owned())), ..all() },
            &["B", "A"],
            5,
        ),
        (filter(Some("pending"), None, None), all(), &["D", "a", "A"], 3),
        (filter(None, Some("labour"), None), all(), &["E", "D", "a"], 3),
        (filter(None, None, Some(phone)), all(), &["E", "D", "A"], 3),
        (filter(Some("pending"), Some("labour"), Some(phone)), all(), &["D"], 1),
        (filter(Some("none"), None, None), all(), &[], 0),
    ];
    for (filter, page, ids, total) in cases {
        let expected = (ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>(), total);
        assert_eq!(list(&store, &filter, page.clone()).await, expected, "{filter:?} {page:?}");
    }
    assert_eq!(store.contract("a").await.unwrap().unwrap().0, rows[2]);
    assert_eq!(store.contract("none").await.unwrap(), None);
    assert_eq!(store.contract_by_document(sha256(b"B")).await.unwrap().unwrap().0, rows[1]);
    assert_eq!(store.contract_by_document(sha256(b"none")).await.unwrap(), None);
    let counts = store.counts().await.unwrap().contracts;
    assert_eq!(counts, [("confirmed".to_owned(), 2), ("pending".to_owned(), 3)]);
    store.close().await;
}

pub fn call(stream: &str, progress: &str) -> CallRow {
    CallRow { stream: stream.to_owned(), progress: progress.to_owned() }
}

pub async fn the_last_change_of_a_row_counts(place: Place) {
    let (store, lease) = place.open_to_write().await;
    let twice = Views {
        streams: vec![stream_row("contract/A", 1), stream_row("contract/A", 2)],
        contracts: vec![
            contract_row("A", "pending", "labour", 1),
            contract_row("A", "confirmed", "labour", 1),
        ],
        calls: vec![call("call/a/1", "ringing"), call("call/a/1", "ended")],
        tasks: vec![
            StreamTasks { stream: "contract/A".to_owned(), tasks: vec![task("contract/A", 1, 1)] },
            StreamTasks { stream: "contract/A".to_owned(), tasks: vec![task("contract/A", 2, 1)] },
        ],
        counters: vec![("c".to_owned(), 1), ("c".to_owned(), 2)],
        ..Views::default()
    };
    // As new rows, then over rows that are there.
    for _ in 0..2 {
        apply(&store, &lease, twice.clone()).await;
        assert_eq!(store.stream("contract/A").await.unwrap().unwrap().version, 2);
        assert_eq!(store.contract("A").await.unwrap().unwrap().0.status, "confirmed");
        assert_eq!(store.call("call/a/1").await.unwrap(), Some(call("call/a/1", "ended")));
        assert_eq!(store.tasks_due("message", time(9), 9).await.unwrap(), [task("contract/A", 2, 1)]);
        let needs = Needs { counters: vec!["c".to_owned()], ..Needs::default() };
        assert_eq!(store.load(&needs).await.unwrap().counters, [("c".to_owned(), 2)]);
    }
    assert_eq!(store.call("call/t/1").await.unwrap(), None);
    store.close().await;
}

pub async fn calls_are_counted_however_they_come_and_go(place: Place) {
    let (store, lease) = place.open_to_write().await;
    let mut book = Book::new();
    store.commit(&lease, book.batch(&["call/a/1"])).await.unwrap();
    let calls = |calls: &[CallRow]| Views { calls: calls.to_vec(), ..Views::default() };
    let (one, two) = (call("call/a/1", "ringing"), call("call/a/2", "ended"));
    assert_eq!(store.counts().await.unwrap().calls, 0);
    apply(&store, &lease, calls(&[one.clone(), two.clone()])).await;
    assert_eq!(store.counts().await.unwrap().calls, 2);
    apply(&store, &lease, calls(&[call("call/a/1", "ended")])).await;
    assert_eq!(store.counts().await.unwrap().calls, 2);
    place.execute("DELETE FROM call_view WHERE stream = 'call/a/2'").await.unwrap();
    assert_eq!(store.counts().await.unwrap().calls, 1);
    let mend = Mend {
        removed: vec![ViewKey::CallView(one.stream)],
        changes: vec![calls(&[two, call("call/a/3", "ended")])],
    };
    store.mend_views(&lease, 1, mend).await.unwrap();
    assert_eq!(store.counts().await.unwrap().calls, 2);
    store.close().await;
}

pub async fn tasks_are_counted_however_they_come_and_go(place: Place) {
    let (store, lease) = place.open_to_write().await;
    let mut book = Book::new();
    store.commit(&lease, book.batch(&["contract/A", "contract/B"])).await.unwrap();
    let of = |stream: &str, kind: &str, numbers: &[u32]| {
        let row = |n: &u32| TaskRow { kind: kind.to_owned(), ..task(stream, *n, 5) };
        let tasks = StreamTasks { stream: stream.to_owned(), tasks: numbers.iter().map(row).collect() };
        Views { tasks: vec![tasks], ..Views::default() }
    };
    let steps = [
        (of("contract/A", "message", &[1, 2, 3]), 3),
        // Deadlines are nothing that waits to be done.
        (of("contract/B", "deadline", &[1, 2]), 3),
        (of("contract/A", "message", &[2, 3, 4, 5]), 4),
        (of("contract/A", "message", &[5]), 1),
        (of("contract/B", "recording", &[2]), 2),
        (of("contract/A", "message", &[]), 1),
    ];
    assert_eq!(store.counts().await.unwrap().tasks, 0);
    for (views, expected) in steps {
        apply(&store, &lease, views).await;
        assert_eq!(store.counts().await.unwrap().tasks, expected);
    }
    let mend = Mend {
        removed: vec![ViewKey::Task("contract/B".to_owned(), 2)],
        changes: vec![of("contract/A", "message", &[1, 2])],
    };
    store.mend_views(&lease, 2, mend).await.unwrap();
    assert_eq!(store.counts().await.unwrap().tasks, 2);
    store.close().await;
}

pub async fn keys_seen_before_are_those_the_migration_made(place: Place) {
    let (store, lease) = place.open_to_write().await;
    let seen = vec![SeenRow { key: "africastalking:ATVId_ü:ended".to_owned(), digest: sha256(b"digest") }];
    store.commit(&lease, Commit { seen, ..Commit::default() }).await.unwrap();
    store.close().await;
    let kept = match place.kind {
        Kind::Sqlite => "'africastalking:ATVId_ü:ended'",
        // As migration 0018 has it.
        Kind::Postgres => "substring(sha256(convert_to('africastalking:ATVId_ü:ended', 'UTF8')) FOR 20)",
    };
    let found = place.texts(&format!("SELECT 'there' FROM seen WHERE key = {kept}")).await;
    assert_eq!(found, ["there"]);
}

pub async fn links_are_looked_up_by_key_where_many_have_one(place: Place) {
    let (store, _) = place.open_to_write().await;
    store.close().await;
    let many = match place.kind {
        Kind::Sqlite => {
            "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 20000)
             INSERT INTO link SELECT 'phone', '+254700000001', 'contract/' || n FROM n"
        }
        Kind::Postgres => {
            "INSERT INTO link SELECT 'phone', '+254700000001', 'contract/' || n FROM generate_series(1, 20000) AS n"
        }
    };
    place.execute(many).await.unwrap();
    place.execute("ANALYZE").await.unwrap();
    // Opened anew, so that statements are planned with what the database knows now.
    let (store, _) = place.open_to_write().await;
    let links = vec![("phone".to_owned(), "+254700000002".to_owned())];
    let needs = Needs { links, streams: vec!["contract/1".to_owned()], ..Needs::default() };
    for _ in 0..20 {
        assert_eq!(store.load(&needs).await.unwrap().links, []);
        assert_eq!(store.linked(&[("phone", "+254700000002")]).await.unwrap(), [[]]);
    }
    store.close().await;
    if place.kind == Kind::Postgres {
        // A connection tells what it read when it ends.
        let sql =
            "SELECT sum(idx_tup_read + seq_tup_read)::text FROM pg_stat_user_indexes JOIN pg_stat_user_tables
                   USING (relid) WHERE pg_stat_user_indexes.relname = 'link'";
        let read: u64 = place.texts(sql).await[0].parse().unwrap();
        assert!(read < 20_000, "{read} rows were read to find none");
    }
}

pub async fn rows_are_found_by_index_however_few_there_are(place: Place) {
    const ASKED: usize = 10;
    let (store, lease) = place.open_to_write().await;
    let mut batch = Book::new().batch(&["call/a/1"; 3]);
    batch.disclosures = vec![disclosure(0, 0), disclosure(2, 0)];
    batch.views.streams = vec![stream_row("call/a/1", 3)];
    store.commit(&lease, batch).await.unwrap();
    store.close().await;
    // So few that a planner which knows it would read all of them.
    place.execute("ANALYZE").await.unwrap();
    let store = place.open().await;
    for _ in 0..ASKED {
        assert_eq!(store.disclosures(0..3).await.unwrap().len(), 2);
        assert_eq!(store.disclosures_of(&[0, 1]).await.unwrap().len(), 1);
        assert_eq!(store.streams(&["call/a/1".to_owned()]).await.unwrap().len(), 1);
        assert_eq!(store.linked(&[("phone", "+254700000002")]).await.unwrap(), [[]]);
    }
    store.close().await;
    if place.kind == Kind::Postgres {
        // A connection tells what it read when it ends. Opening looks into `record` as the planner likes, and into the others once.
        let sql = "SELECT max(seq_scan)::text FROM pg_stat_user_tables
                   WHERE relname IN ('disclosure', 'link', 'stream_head')";
        let read: usize = place.texts(sql).await[0].parse().unwrap();
        assert!(read < ASKED, "a table was read from end to end {read} times");
    }
}
