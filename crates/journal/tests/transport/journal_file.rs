//! The journal's file: durability settings, group commit, limits, refusals.

use std::collections::HashSet;
use std::time::Duration;

use journal::{AppendError, Covered, Gap, Journal, KEY_BYTES_MAX, Limits, OpenError, StreamExtent};

use crate::sample::{Scratch, entries, entry, ids};

const ANY: usize = usize::MAX;
const NEVER: i64 = i64::MAX;

#[tokio::test(flavor = "multi_thread")]
async fn callers_at_once_share_commits_and_each_gets_a_position_of_its_own() {
    let scratch = Scratch::new();
    let journal = scratch.journal().await;
    let callers: Vec<_> = (0..64)
        .map(|caller| {
            let journal = journal.clone();
            tokio::spawn(async move {
                let mut mine = Vec::new();
                for n in 0..50 {
                    let entry = entry(caller * 1_000 + n);
                    mine.push((journal.append(entry.clone()).await.unwrap(), entry.id));
                }
                mine
            })
        })
        .collect();
    let mut answered = Vec::new();
    for caller in callers {
        let mine = caller.await.unwrap();
        assert!(mine.is_sorted(), "one caller's entries keep their order");
        answered.extend(mine);
    }
    answered.sort_unstable();
    let positions: Vec<u64> = answered.iter().map(|(position, _)| *position).collect();
    assert_eq!(positions, (1..=3_200).collect::<Vec<u64>>());
    let batch = journal.read(0, ANY, ANY).await.unwrap();
    let stored: Vec<_> = batch.entries.iter().map(|row| (row.position, row.entry.id)).collect();
    assert_eq!(stored, answered);
    assert_eq!(journal.last_position(), 3_200);
    assert!(!format!("{batch:?}").contains("ATVId"), "keys and payloads are not for logs");
}

#[tokio::test(flavor = "multi_thread")]
async fn reopening_keeps_everything_and_goes_on_counting() {
    let scratch = Scratch::new();
    let journal = scratch.journal().await;
    let identity = journal.identity().to_owned();
    let sent = entries(0..300);
    assert_eq!(journal.append_all(sent.clone()).await.unwrap(), (1..=300).collect::<Vec<u64>>());
    assert_eq!(journal.append_all(Vec::new()).await.unwrap(), Vec::<u64>::new());
    let other = Scratch::new();
    assert_ne!(other.journal().await.identity(), identity);
    let before = journal.stats().await.unwrap();
    journal.close().await;
    assert_eq!(journal.append(entry(1)).await, Err(AppendError::Closed));
    journal.close().await;

    let journal = scratch.journal().await;
    assert_eq!(journal.identity(), identity);
    assert_eq!(journal.stats().await.unwrap(), before);
    let batch = journal.read(0, ANY, ANY).await.unwrap();
    assert_eq!(batch.entries.iter().map(|row| row.entry.clone()).collect::<Vec<_>>(), sent);

    // A position is never given twice, not even when nothing is left.
    let all = Covered { source: identity, position: 300 };
    assert_eq!(journal.prune(&all, NEVER).await.unwrap(), 300);
    journal.close().await;
    let journal = scratch.journal().await;
    assert_eq!(journal.last_position(), 300);
    assert_eq!(journal.append(entry(1)).await.unwrap(), 301);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_opener_is_refused_until_the_first_has_closed() {
    let scratch = Scratch::new();
    let journal = scratch.journal().await;
    let second = Journal::open(&scratch.file(), Limits::default()).await;
    assert!(matches!(second, Err(OpenError::InUse(_))), "{second:?}");
    journal.append(entry(1)).await.unwrap();
    journal.close().await;
    assert_eq!(scratch.journal().await.last_position(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_not_a_journal_of_this_version_are_left_alone() {
    for (sql, refusal) in [
        ("CREATE TABLE other (x)", "is not a journal"),
        ("PRAGMA application_id = 7; CREATE TABLE other (x)", "is not a journal"),
        (
            "PRAGMA application_id = 1095255114; PRAGMA user_version = 2; CREATE TABLE journal (x)",
            "version 2",
        ),
    ] {
        let scratch = Scratch::new();
        rusqlite::Connection::open(scratch.file()).unwrap().execute_batch(sql).unwrap();
        let error = Journal::open(&scratch.file(), Limits::default()).await.unwrap_err();
        assert!(error.to_string().contains(refusal), "{error}");
    }
    let scratch = Scratch::new();
    std::fs::write(scratch.file(), "certainly not a database, but long enough to look at").unwrap();
    assert!(Journal::open(&scratch.file(), Limits::default()).await.is_err());
    let missing = scratch.path().join("no/such/directory/journal.db");
    let error = Journal::open(&missing, Limits::default()).await.unwrap_err();
    assert!(matches!(error, OpenError::Io { .. }), "{error}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let scratch = Scratch::new();
    let journal = scratch.journal().await;
    journal.append(entry(1)).await.unwrap();
    for file in std::fs::read_dir(scratch.path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o077, 0, "{:?}", file.file_name());
    }
}

/// A caller may leave at any point: before its entry is handed over, while it waits, or just as the answer comes. The
/// entry is there once or not at all, and if the answer came, it is there.
#[tokio::test(flavor = "multi_thread")]
async fn callers_who_leave_take_nothing_with_them_and_leave_nothing_half_done() {
    let scratch = Scratch::new();
    let journal = scratch.journal().await;
    let mut sent = HashSet::new();
    let mut answered = HashSet::new();
    for n in 0..600_u64 {
        let pair = vec![entry(n), entry(n)];
        let both = ids(&pair);
        sent.extend(both.clone());
        let patience = Duration::from_micros(n % 60 * 25);
        if let Ok(positions) = tokio::time::timeout(patience, journal.append_all(pair)).await {
            positions.unwrap();
            answered.extend(both);
        }
    }
    journal.close().await;
    let journal = scratch.journal().await;
    let batch = journal.read(0, ANY, ANY).await.unwrap();
    let stored: Vec<_> = ids(batch.entries.iter().map(|row| &row.entry));
    let distinct: HashSet<_> = stored.iter().copied().collect();
    assert_eq!(distinct.len(), stored.len());
    assert!(answered.is_subset(&distinct) && distinct.is_subset(&sent));
    assert!(batch.entries.len().is_multiple_of(2), "a pair was torn");
    assert!(batch.gaps.is_empty());
    assert_eq!(journal.stats().await.unwrap().rows, stored.len() as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_handed_over_is_written_though_every_handle_is_dropped() {
    let scratch = Scratch::new();
    let journal = scratch.journal().await;
    let sent = entries(0..50);
    for entry in sent.clone() {
        let handle = journal.clone();
        let mut append = Box::pin(async move { handle.append(entry).await });
        // Polled once: handed over, not awaited.
        assert!(futures_util::poll!(&mut append).is_pending());
    }
    let mut last = journal.subscribe();
    drop(journal);
    while last.changed().await.is_ok() {}
    let batch = scratch.journal().await.read(0, ANY, ANY).await.unwrap();
    assert_eq!(ids(batch.entries.iter().map(|row| &row.entry)), ids(&sent));
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_writes_what_was_handed_over() {
    let scratch = Scratch::new();
    let journal = scratch.journal().await;
    let waiting: Vec<_> = (0..50)
        .map(|n| {
            let journal = journal.clone();
            tokio::spawn(async move { journal.append(entry(n)).await })
        })
        .collect();
    journal.close().await;
    let mut written = 0;
    for caller in waiting {
        match caller.await.unwrap() {
            Ok(_) => written += 1,
            Err(error) => assert_eq!(error, AppendError::Closed),
        }
    }
    assert_eq!(scratch.journal().await.last_position(), written);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_and_room_made_is_used() {
    let scratch = Scratch::new();
    let limits = Limits { file_bytes_max: Some(400 * 1024), ..Limits::default() };
    let journal = Journal::open(&scratch.file(), limits).await.unwrap();
    let big = |n| journal::Entry { payload: vec![7; 20_000], ..entry(n) };
    let mut appended = 0;
    let refusal = loop {
        match journal.append(big(appended)).await {
            Ok(position) => assert_eq!(position, appended + 1),
            Err(error) => break error,
        }
        appended += 1;
        assert!(appended < 100, "the disk was never full");
    };
    assert_eq!(refusal, AppendError::Full);
    assert!(appended > 5);
    let all_or_none = journal.append_all(vec![entry(0), big(0), big(0), entry(0)]).await;
    assert_eq!(all_or_none, Err(AppendError::Full));
    assert_eq!(journal.last_position(), appended);
    assert_eq!(journal.stats().await.unwrap().refused, None);
    assert_eq!(journal.read(0, ANY, ANY).await.unwrap().entries.len() as u64, appended);

    let half = Covered { source: journal.identity().to_owned(), position: appended / 2 };
    assert_eq!(journal.prune(&half, NEVER).await.unwrap(), appended / 2);
    assert_eq!(journal.append(big(0)).await.unwrap(), appended + 1, "refused entries took no position");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_write_ahead_log_is_emptied_while_the_journal_runs() {
    let scratch = Scratch::new();
    let journal = scratch.journal().await;
    let big = |n| journal::Entry { payload: vec![7; 500_000], ..entry(n) };
    for n in 0..100 {
        journal.append(big(n)).await.unwrap();
    }
    let log = std::fs::metadata(scratch.path().join("journal.db-wal")).unwrap().len();
    assert!(log < 15_000_000, "50 MB were written and the log holds {log} bytes");
    assert_eq!(journal.read(0, ANY, ANY).await.unwrap().entries.len(), 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_write_ahead_log_stays_as_small_where_every_row_is_a_commit() {
    let scratch = Scratch::new();
    let journal = scratch.journal().await;
    for n in 0..4_000 {
        journal.append(journal::Entry { payload: vec![7; 400], ..entry(n) }).await.unwrap();
    }
    // Three pages of 4 KiB or more for each row: 50 MB, of 1.6 MB of payload.
    let log = std::fs::metadata(scratch.path().join("journal.db-wal")).unwrap().len();
    assert!(log < 30_000_000, "the log holds {log} bytes");
    assert_eq!(journal.read(0, ANY, ANY).await.unwrap().entries.len(), 4_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_refuse_before_the_disk_does() {
    for limits in [
        Limits { rows_max: 10, ..Limits::default() },
        Limits { bytes_max: 10 * entry(0).payload.len() as u64, ..Limits::default() },
    ] {
        let scratch = Scratch::new();
        let journal = Journal::open(&scratch.file(), limits).await.unwrap();
        journal.append_all(entries(0..8)).await.unwrap();
        assert_eq!(journal.append_all(entries(0..3)).await, Err(AppendError::Full));
        journal.append_all(entries(0..2)).await.unwrap();
        assert_eq!(journal.append(entry(0)).await, Err(AppendError::Full));
        journal.close().await;
        // The totals are part of the file.
        let journal = Journal::open(&scratch.file(), limits).await.unwrap();
        assert_eq!(journal.append(entry(0)).await, Err(AppendError::Full));
        let one = Covered { source: journal.identity().to_owned(), position: 1 };
        assert_eq!(journal.prune(&one, NEVER).await.unwrap(), 1);
        assert_eq!(journal.append(entry(0)).await, Ok(11));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_that_no_bus_could_carry_are_refused() {
    let scratch = Scratch::new();
    let journal = scratch.journal().await;
    let mut largest = entry(0);
    largest.payload = vec![0; journal::ENTRY_BYTES_MAX];
    largest.key = "k".repeat(KEY_BYTES_MAX);
    journal.append(largest.clone()).await.unwrap();
    for (field, change) in [
        ("payload", (|e: &mut journal::Entry| e.payload.push(0)) as fn(&mut journal::Entry)),
        ("key", |e| e.key.push('k')),
        ("source", |e| e.source = "s".repeat(65)),
        ("kind", |e| e.kind = "k".repeat(65)),
    ] {
        let mut entry = largest.clone();
        change(&mut entry);
        match journal.append(entry).await {
            Err(AppendError::TooLarge(error)) => assert_eq!(error.field, field),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_failed_to_write_refuses_until_it_is_opened_again() {
    let scratch = Scratch::new();
    let journal = scratch.journal().await;
    journal.append(entry(1)).await.unwrap();
    // A commit that cannot succeed: somebody else's hand in the file takes the table away.
    {
        let connection = rusqlite::Connection::open(scratch.file()).unwrap();
        connection.execute_batch("ALTER TABLE entry RENAME TO away").unwrap();
        let refused = journal.append(entry(2)).await;
        assert!(matches!(refused, Err(AppendError::Refused(_))), "{refused:?}");
        connection.execute_batch("ALTER TABLE away RENAME TO entry").unwrap();
    }
    let still = journal.append(entry(3)).await;
    assert!(matches!(still, Err(AppendError::Refused(_))), "{still:?}");
    assert!(journal.stats().await.unwrap().refused.is_some());
    journal.close().await;
    let journal = scratch.journal().await;
    assert_eq!(journal.append(entry(4)).await.unwrap(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn pruning_takes_the_covered_front_and_says_what_is_gone() {
    let scratch = Scratch::new();
    let journal = scratch.journal().await;
    journal.append_all(entries(0..3_000)).await.unwrap();
    let identity = journal.identity().to_owned();
    let covered = |position| Covered { source: identity.clone(), position };
    let received_at = |n: i64| 1_700_000_000_000 + n;
    assert_eq!(journal.prune(&covered(2_500), received_at(0)).await.unwrap(), 0, "too young");
    assert_eq!(journal.prune(&covered(0), NEVER).await.unwrap(), 0, "not covered");
    let elsewhere = Covered { source: "another journal".to_owned(), position: 3_000 };
    assert_eq!(journal.prune(&elsewhere, NEVER).await.unwrap(), 0);
    assert_eq!(journal.prune(&covered(2_500), received_at(2_100)).await.unwrap(), 2_100);
    assert_eq!(journal.prune(&covered(2_500), NEVER).await.unwrap(), 400);

    let batch = journal.read(0, 1, ANY).await.unwrap();
    assert_eq!(batch.gaps, [Gap { first: 1, last: 2_500 }]);
    assert_eq!((batch.entries[0].position, batch.through), (2_501, 2_501));
    assert_eq!(journal.stats().await.unwrap().rows, 500);
    journal.prune(&covered(3_000), NEVER).await.unwrap();
    let nothing = journal.read(2_000, 10, ANY).await.unwrap();
    assert_eq!((nothing.gaps, nothing.through), (vec![Gap { first: 2_001, last: 3_000 }], 3_000));
    let stats = journal.stats().await.unwrap();
    assert_eq!((stats.rows, stats.bytes, stats.unrelayed, stats.oldest_unrelayed), (0, 0, 0, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn marks_of_the_relay_are_kept_moved_and_taken_back() {
    let scratch = Scratch::new();
    let journal = scratch.journal().await;
    journal.append_all(entries(0..10)).await.unwrap();
    let waiting = async |journal: &Journal| -> Vec<u64> {
        let rows = journal.unrelayed(0, ANY, ANY).await.unwrap();
        let stats = journal.stats().await.unwrap();
        assert_eq!(stats.unrelayed, rows.len() as u64);
        assert_eq!(stats.oldest_unrelayed.map(|(at, _)| at), rows.first().map(|row| row.position));
        rows.into_iter().map(|row| row.position).collect()
    };
    let extent =
        |incarnation: &str, first, last| StreamExtent { incarnation: incarnation.into(), first, last };
    assert_eq!(waiting(&journal).await, (1..=10).collect::<Vec<u64>>());
    journal.mark_relayed("A", vec![(1, 11), (2, 12), (4, 14)]).await.unwrap();
    assert_eq!(waiting(&journal).await, [3, 5, 6, 7, 8, 9, 10]);
    journal.mark_relayed("A", vec![(3, 13), (4, 15), (99, 16)]).await.unwrap();
    assert_eq!(waiting(&journal).await, [5, 6, 7, 8, 9, 10]);
    journal.mark_relayed("A", (5..=10).map(|n| (n, n + 11)).collect()).await.unwrap();
    assert_eq!(waiting(&journal).await, Vec::<u64>::new());

    // Marks 1..10 are now at sequences 11, 12, 13, 15, 16..21.
    assert_eq!(journal.reset_relayed(&extent("A", 1, 21), 0).await.unwrap(), 0);
    assert_eq!(journal.reset_relayed(&extent("A", 1, 19), 0).await.unwrap(), 2, "the tail was lost");
    assert_eq!(waiting(&journal).await, [9, 10]);
    assert_eq!(journal.reset_relayed(&extent("A", 14, 19), 12).await.unwrap(), 1, "13 aged out, not covered");
    assert_eq!(waiting(&journal).await, [3, 9, 10]);
    let covered = Covered { source: "A".to_owned(), position: 15 };
    assert_eq!(journal.prune(&covered, NEVER).await.unwrap(), 2, "row 3 is in no stream, so it stays");
    assert_eq!(journal.reset_relayed(&extent("B", 1, 19), 0).await.unwrap(), 5, "a stream made anew");
    journal.close().await;
    let journal = scratch.journal().await;
    assert_eq!(waiting(&journal).await, [3, 4, 5, 6, 7, 8, 9, 10]);
    journal.mark_relayed("B", vec![(3, 1), (4, 2)]).await.unwrap();
    let old = Covered { source: "A".to_owned(), position: 99 };
    assert_eq!(journal.prune(&old, NEVER).await.unwrap(), 0, "the word is about a stream that is gone");
    let new = Covered { source: "B".to_owned(), position: 1 };
    assert_eq!(journal.prune(&new, NEVER).await.unwrap(), 1);
    assert_eq!(waiting(&journal).await, [5, 6, 7, 8, 9, 10]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_forgotten_is_not_in_the_files_any_more() {
    let scratch = Scratch::new();
    let journal = scratch.journal().await;
    let mut sent = entries(0..40);
    for (n, entry) in sent.iter_mut().enumerate() {
        entry.payload = format!("{{\"n\":{n},\"who\":\"person-{}\"}}", n % 2).repeat(50).into_bytes();
    }
    journal.append_all(sent.clone()).await.unwrap();
    let bytes = || {
        let files = std::fs::read_dir(scratch.path())
            .unwrap()
            .map(|file| std::fs::read(file.unwrap().path()).unwrap());
        files.collect::<Vec<_>>().concat()
    };
    let holds = |needle: &[u8]| bytes().windows(needle.len()).any(|window| window == needle);
    assert!(holds(b"person-0") && holds(b"person-1"), "a search that finds nothing proves nothing");
    let before = journal.stats().await.unwrap();

    let gone: Vec<_> = sent.iter().step_by(2).map(|entry| entry.id).collect();
    assert_eq!(journal.forget(gone.clone()).await.unwrap(), 20);
    assert_eq!(journal.forget(gone).await.unwrap(), 0, "nothing is forgotten twice");
    assert_eq!(journal.forget(Vec::new()).await.unwrap(), 0);
    assert!(!holds(b"person-0"), "bytes are left in the files");
    assert!(holds(b"person-1"));
    let batch = journal.read(0, ANY, ANY).await.unwrap();
    let left: Vec<_> = batch.entries.iter().map(|row| row.entry.clone()).collect();
    assert_eq!(left, sent.iter().skip(1).step_by(2).cloned().collect::<Vec<_>>());
    let after = journal.stats().await.unwrap();
    assert_eq!((after.rows, after.last_position), (before.rows - 20, before.last_position));
    // Positions go on, and what is left is there when it is opened again.
    assert_eq!(journal.append(entry(99)).await.unwrap(), 41);
    journal.close().await;
    assert!(!holds(b"person-0"));
    assert_eq!(scratch.journal().await.read(0, ANY, ANY).await.unwrap().entries.len(), 21);
}
