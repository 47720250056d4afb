//! A database that comes back old, comes back without its journal, or was changed behind the service.

use std::path::Path;

use it::{Setup, SourceKind, StoreKind};
use sqlx::{Connection, Executor};

use crate::history::{self, ENTRIES};
use crate::reference;
use crate::rig::Rig;

/// Copies the files of a database, also those beside it, in place of what is there.
fn copy(name: &str, from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    remove(name, to);
    for suffix in ["", "-wal", "-shm"] {
        let file = from.join(format!("{name}{suffix}"));
        if file.exists() {
            std::fs::copy(&file, to.join(format!("{name}{suffix}"))).unwrap();
        }
    }
}

fn remove(name: &str, from: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(from.join(format!("{name}{suffix}")));
    }
}

/// A rig that went on after its database was copied, has that copy back, and does not run. With it, the checkpoints
/// that were published until then.
async fn restored() -> (Rig, Vec<String>) {
    let entries = history::entries();
    let (before, after) = entries.split_at(ENTRIES / 2);
    let mut rig = Rig::start(Setup::EMBEDDED).await;
    let (data, backup) = (rig.directory.path().join("data"), rig.directory.path().join("backup"));
    rig.append(before).await;
    rig.settle(before).await;
    rig.halt().await;
    copy("ledger.db", &data, &backup);
    rig.boot().await;
    rig.append(after).await;
    rig.settle(&entries).await;
    let checkpoints = rig.system().store.checkpoints(0, 1_000).await.unwrap();
    rig.halt().await;
    assert!(rig.log_if_sound(&[]).await == reference::log().await);
    copy("ledger.db", &backup, &data);
    (rig, checkpoints.into_iter().map(|row| row.note).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_backup_is_refused_until_it_may_catch_up() {
    let (mut rig, notes) = restored().await;
    let refusal = format!("{:#}", rig.try_boot().await.unwrap_err());
    assert!(refusal.contains("old backup") && refusal.contains("--recover"), "{refusal}");
    rig.recover = true;
    rig.boot().await;
    rig.settle(&history::entries()).await;
    rig.halt().await;
    let kept: Vec<&str> = notes.iter().map(String::as_str).collect();
    assert!(rig.log_if_sound(&kept).await == reference::log().await, "the log is another");
    // From now on it is as if nothing had happened.
    rig.recover = false;
    rig.boot().await;
    rig.settle(&history::entries()).await;
    rig.end().await;
}

/// Where the journal is lost as well, the log cannot become what was signed; so nothing is ever signed again.
#[tokio::test(flavor = "multi_thread")]
async fn without_the_journal_nothing_is_signed_again() {
    let (mut rig, notes) = restored().await;
    remove("journal.db", &rig.directory.path().join("data"));
    rig.recover = true;
    rig.boot().await;
    let file = rig.config("data", &[]).lock_file();
    let signed = std::fs::read_to_string(&file).unwrap();
    assert_eq!(notes.last(), Some(&signed));
    let store = rig.system().store.clone();
    let latest = store.latest_checkpoint().await.unwrap();
    let signed_size = reference::log().await.len() as u64;
    let others = history::other_entries();
    let (few, many) = others.split_at(ENTRIES / 10);
    rig.append(few).await;
    rig.fold(few).await;
    assert!(store.tip().await.unwrap().size < signed_size, "still smaller than what was signed");
    rig.append(many).await;
    let failure = rig.failure().await;
    assert!(failure.contains("another root"), "{failure}");
    assert!(store.tip().await.unwrap().size >= signed_size);
    assert_eq!(store.latest_checkpoint().await.unwrap(), latest);
    rig.halt().await;
    assert_eq!(std::fs::read_to_string(&file).unwrap(), signed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_database_is_refused_on_sqlite() {
    changed_behind(StoreKind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_database_is_refused_on_postgres() {
    changed_behind(StoreKind::Postgres).await;
}

async fn changed_behind(kind: StoreKind) {
    let entries = history::entries();
    let mut rig = Rig::start(Setup { store: kind, source: SourceKind::Journal }).await;
    rig.append(&entries).await;
    rig.settle(&entries).await;
    rig.halt().await;
    let config = rig.config("data", &[]);
    let signed = std::fs::read_to_string(config.lock_file()).unwrap();
    change(kind, &config.database()).await;
    for recover in [false, true] {
        rig.recover = recover;
        let refusal = format!("{:#}", rig.try_boot().await.unwrap_err());
        assert!(refusal.contains("another root"), "{refusal}");
        assert_eq!(std::fs::read_to_string(config.lock_file()).unwrap(), signed);
    }
    if let Some(postgres) = rig.postgres.take() {
        postgres.drop_it().await;
    }
}

/// What somebody with all rights on the database could do: the newest record gets another leaf.
async fn change(kind: StoreKind, url: &str) {
    match kind {
        StoreKind::Sqlite => {
            let mut database = sqlx::SqliteConnection::connect(url).await.unwrap();
            database.execute("DROP TRIGGER record_no_update").await.unwrap();
            let sql =
                "UPDATE record SET leaf = zeroblob(32) WHERE position = (SELECT max(position) FROM record)";
            assert_eq!(database.execute(sql).await.unwrap().rows_affected(), 1);
            database.close().await.unwrap();
        }
        StoreKind::Postgres => {
            let mut database = sqlx::PgConnection::connect(url).await.unwrap();
            database.execute("ALTER TABLE record DISABLE TRIGGER ALL").await.unwrap();
            let sql = "UPDATE record SET leaf = decode(repeat('00', 32), 'hex')
                       WHERE position = (SELECT max(position) FROM record)";
            assert_eq!(database.execute(sql).await.unwrap().rows_affected(), 1);
            database.close().await.unwrap();
        }
    }
}
