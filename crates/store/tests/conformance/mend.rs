//! Views read row by row, and put right.

use store::rows::{Commit, Mend, StreamTasks, ViewKey, ViewRow, ViewTable, Views};
use store::{CommitError, Store};

use crate::book::{Book, contract_row, link, stream_row};
use crate::place::{Kind, Place};
use crate::views::{apply, call, task};

/// A row in each view.
fn full_views() -> Views {
    Views {
        streams: vec![stream_row("contract/A", 1), stream_row("call/a/1", 4)],
        contracts: vec![contract_row("A", "pending", "labour", 1)],
        calls: vec![call("call/a/1", "ended")],
        links: vec![link("phone", "+254700000001", "contract/A", true)],
        tasks: vec![StreamTasks { stream: "contract/A".to_owned(), tasks: vec![task("contract/A", 1, 1)] }],
        counters: vec![("c".to_owned(), 7)],
    }
}

/// Where the rows of all views but this one lie, which changes when they are written again. SQLite does not say.
async fn places_but(place: &Place, table: &str) -> Vec<String> {
    let mut places = Vec::new();
    let views = ["stream_head", "contract_view", "call_view", "link", "task", "counter"];
    for view in views.into_iter().filter(|view| *view != table && place.kind == Kind::Postgres) {
        places.extend(place.texts(&format!("SELECT '{view} ' || ctid::text FROM {view} ORDER BY 1")).await);
    }
    places
}

/// All rows of all views.
async fn all_rows(store: &Store) -> Vec<ViewRow> {
    let mut all = Vec::new();
    for table in ViewTable::ALL {
        let mut scan = store.view_scan(table);
        loop {
            let page = scan.next_page().await.unwrap();
            if page.is_empty() {
                break;
            }
            all.extend(page);
        }
    }
    all
}

pub async fn they_are_read_page_by_page(place: Place) {
    let (store, lease) = place.open_to_write().await;
    let mut book = Book::new();
    store.commit(&lease, book.batch(&["contract/A"])).await.unwrap();
    assert_eq!(all_rows(&store).await, []);
    // More than two pages of each kind of key, an empty one among them.
    let many = 0..4_500_u32;
    let name = |n: &u32| if *n == 0 { String::new() } else { format!("call/a/{n}") };
    let of = |n: u32| StreamTasks {
        stream: format!("contract/{}", n / 3),
        tasks: (0..3).map(|k| task(&format!("contract/{}", n / 3), n % 3 * 3 + k + 1, 5)).collect(),
    };
    let views = Views {
        streams: many.clone().map(|n| stream_row(&name(&n), 1)).collect(),
        contracts: many.clone().map(|n| contract_row(&name(&n), "pending", "labour", 1)).collect(),
        calls: many.clone().map(|n| call(&name(&n), "ended")).collect(),
        links: many.clone().map(|n| link(&name(&(n / 99)), &name(&(n / 9)), &name(&n), true)).collect(),
        tasks: many.clone().step_by(3).map(of).collect(),
        counters: many.clone().map(|n| (name(&n), n.into())).collect(),
    };
    apply(&store, &lease, views.clone()).await;
    let mut expected: Vec<ViewRow> = Vec::new();
    expected.extend(views.streams.into_iter().map(ViewRow::StreamHead));
    expected.extend(views.contracts.into_iter().map(ViewRow::ContractView));
    expected.extend(views.calls.into_iter().map(ViewRow::CallView));
    expected.extend(views.links.into_iter().map(|one| ViewRow::Link(one.space, one.key, one.stream)));
    expected.extend(views.tasks.into_iter().flat_map(|of| of.tasks).map(ViewRow::Task));
    expected.extend(views.counters.into_iter().map(|(name, value)| ViewRow::Counter(name, value)));
    expected.sort_by_key(ViewRow::key);
    let found = all_rows(&store).await;
    assert_eq!(found.len(), expected.len());
    // Both databases compare names byte by byte, so the order is that of the keys.
    assert!(found == expected, "rows are given once, in order, as they were written");
    store.close().await;
}

/// The row of this name as it should be.
fn right_of(key: &ViewKey) -> Views {
    let full = full_views();
    match key {
        ViewKey::StreamHead(stream) => Views {
            streams: full.streams.into_iter().filter(|row| row.stream == *stream).collect(),
            ..Views::default()
        },
        ViewKey::ContractView(_) => Views { contracts: full.contracts, ..Views::default() },
        ViewKey::CallView(_) => Views { calls: full.calls, ..Views::default() },
        ViewKey::Link(..) => Views { links: full.links, ..Views::default() },
        ViewKey::Task(..) => Views { tasks: full.tasks, ..Views::default() },
        ViewKey::Counter(_) => Views { counters: full.counters, ..Views::default() },
    }
}

pub async fn they_are_mended_row_by_row(place: Place) {
    let (store, lease) = place.open_to_write().await;
    let mut book = Book::new();
    store.commit(&lease, Commit { views: full_views(), ..book.batch(&["contract/A"]) }).await.unwrap();
    let sound = place.contents().await;
    let own = str::to_owned;
    // An edit, and the row it concerns: one that is other or missing is written, one too many is removed.
    let written = [
        (
            "UPDATE stream_head SET state = 'x' WHERE stream = 'contract/A'",
            ViewKey::StreamHead(own("contract/A")),
        ),
        ("DELETE FROM stream_head WHERE stream = 'call/a/1'", ViewKey::StreamHead(own("call/a/1"))),
        ("UPDATE contract_view SET status = 'confirmed'", ViewKey::ContractView(own("A"))),
        ("UPDATE call_view SET progress = 'ringing'", ViewKey::CallView(own("call/a/1"))),
        ("DELETE FROM link", ViewKey::Link(own("phone"), own("+254700000001"), own("contract/A"))),
        ("UPDATE task SET attempts = 9", ViewKey::Task(own("contract/A"), 1)),
        ("UPDATE counter SET value = 8", ViewKey::Counter(own("c"))),
    ];
    let removed = [
        (
            "INSERT INTO stream_head SELECT 'call/a/2', version, head, recorded_at, state FROM stream_head
             WHERE stream = 'call/a/1'",
            ViewKey::StreamHead(own("call/a/2")),
        ),
        (
            "INSERT INTO contract_view SELECT 'B', 'contract/B', status, contract_type, created_at, document_sha256
             FROM contract_view",
            ViewKey::ContractView(own("B")),
        ),
        ("INSERT INTO call_view VALUES ('call/a/2', 'ringing')", ViewKey::CallView(own("call/a/2"))),
        (
            "INSERT INTO link VALUES ('code', '1', 'contract/A')",
            ViewKey::Link(own("code"), own("1"), own("contract/A")),
        ),
        ("INSERT INTO task VALUES ('contract/A', 2, 'message', 0, 0)", ViewKey::Task(own("contract/A"), 2)),
        ("INSERT INTO counter VALUES ('d', 1)", ViewKey::Counter(own("d"))),
    ];
    let write = |key: ViewKey| Mend { removed: Vec::new(), changes: vec![right_of(&key), right_of(&key)] };
    let remove = |key: ViewKey| Mend { removed: vec![key], changes: Vec::new() };
    let written = written.into_iter().map(|(edit, key)| (edit, key.table(), write(key)));
    let removed = removed.into_iter().map(|(edit, key)| (edit, key.table(), remove(key)));
    for (edit, table, mend) in written.chain(removed) {
        assert_eq!(place.execute(edit).await.unwrap(), 1, "{edit}");
        assert!(place.contents().await != sound, "{edit}");
        let others = places_but(&place, table.name()).await;
        store.mend_views(&lease, 1, mend).await.unwrap();
        assert_eq!(place.contents().await, sound, "after {edit}");
        assert_eq!(
            places_but(&place, table.name()).await,
            others,
            "rows that were right stay where they are"
        );
    }
    // The store goes on over what was mended.
    store.commit(&lease, Commit { views: full_views(), ..book.batch(&["contract/A"]) }).await.unwrap();
    store.close().await;
}

pub async fn they_are_not_mended_behind_a_growing_log(place: Place) {
    let (store, lease) = place.open_to_write().await;
    let mut book = Book::new();
    store.commit(&lease, Commit { views: full_views(), ..book.batch(&["contract/A"]) }).await.unwrap();
    let before = place.contents().await;
    let mend = || Mend { removed: vec![ViewKey::Counter("c".to_owned())], changes: vec![full_views()] };
    for size in [0, 2] {
        let refused = store.mend_views(&lease, size, mend()).await;
        assert!(matches!(refused, Err(CommitError::Conflict(_))), "{refused:?}");
    }
    // One that fails in the middle is undone: the rows of a task cannot be written.
    let wrong = StreamTasks { stream: "contract/A".to_owned(), tasks: vec![task("contract/A", 0, 1)] };
    let mend =
        Mend { changes: vec![full_views(), Views { tasks: vec![wrong], ..Views::default() }], ..mend() };
    assert!(store.mend_views(&lease, 1, mend).await.is_err());
    assert_eq!(place.contents().await, before);
    store.close().await;
}

pub async fn a_row_that_cannot_be_read_is_named(place: Place) {
    let (store, lease) = place.open_to_write().await;
    let mut book = Book::new();
    store.commit(&lease, Commit { views: full_views(), ..book.batch(&["contract/A"]) }).await.unwrap();
    let (sound, rows) = (place.contents().await, all_rows(&store).await);
    let own = str::to_owned;
    let out_of_range = "9000000000000000000";
    let mut edits = vec![
        (format!("UPDATE stream_head SET recorded_at = {out_of_range} WHERE stream = 'call/a/1'"), 0),
        (format!("UPDATE stream_head SET recorded_at = {out_of_range} WHERE stream = 'contract/A'"), 1),
        (format!("UPDATE contract_view SET created_at = {out_of_range}"), 2),
        (format!("UPDATE task SET not_before = {out_of_range}"), 5),
    ];
    if place.kind == Kind::Sqlite {
        // Text that is none: PostgreSQL takes no such thing.
        edits
            .push((own("UPDATE stream_head SET state = CAST(x'ff' AS TEXT) WHERE stream = 'contract/A'"), 1));
        edits.push((own("UPDATE call_view SET progress = CAST(x'ff' AS TEXT)"), 3));
    }
    for (edit, at) in edits {
        assert_eq!(place.execute(&edit).await.unwrap(), 1, "{edit}");
        let (key, mut expected) = (rows[at].key(), rows.clone());
        expected[at] = ViewRow::Unreadable(key.clone());
        assert_eq!(all_rows(&store).await, expected, "after {edit}");
        let mend = Mend { removed: Vec::new(), changes: vec![right_of(&key)] };
        store.mend_views(&lease, 1, mend).await.unwrap();
        assert_eq!(place.contents().await, sound, "after {edit}");
    }
    // One that has a number no task can have is named, and goes.
    let key = ViewKey::Task(own("contract/A"), 5_000_000_000);
    place.execute("INSERT INTO task VALUES ('contract/A', 5000000000, 'message', 0, 0)").await.unwrap();
    let found = all_rows(&store).await;
    assert_eq!(found[6], ViewRow::Unreadable(key.clone()));
    assert_eq!(found.len(), rows.len() + 1);
    store.mend_views(&lease, 1, Mend { removed: vec![key], ..Mend::default() }).await.unwrap();
    assert_eq!(place.contents().await, sound);
    store.close().await;
}
