//! Which databases are opened, and which are refused.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor};
use store::rows::{Mend, ViewKey};
use store::{CommitError, OpenError, OpenOptions, Store};

use crate::book::Book;
use crate::place::{HOUR, Kind, ORIGIN, Place};

async fn refusal(place: &Place, options: OpenOptions) -> OpenError {
    Store::open(&place.url, options).await.expect_err("this database must be refused")
}

fn no_migrations() -> OpenOptions {
    OpenOptions { migrate: false, ..OpenOptions::new(ORIGIN) }
}

pub async fn a_ledger_is_there_again_when_opened_again(place: Place) {
    let (store, lease) = place.open_to_write().await;
    let mut book = Book::new();
    store.commit(&lease, book.batch(&["call/a/1", "call/a/1"])).await.unwrap();
    store.close().await;

    for options in [OpenOptions::new(ORIGIN), no_migrations()] {
        let store = Store::open(&place.url, options).await.unwrap();
        assert_eq!(store.tip().await.unwrap().size, 2);
        assert_eq!(*store.board().size().borrow(), 2);
        store.close().await;
    }
}

pub async fn another_ledger_is_refused(place: Place) {
    place.open().await.close().await;
    for migrate in [true, false] {
        let options = OpenOptions { migrate, ..OpenOptions::new("ledger.example/other") };
        let expected = "ledger.example/other".to_owned();
        let found = ORIGIN.to_owned();
        assert_eq!(refusal(&place, options).await, OpenError::OtherOrigin { expected, found });
    }
}

pub async fn a_newer_schema_is_refused(place: Place) {
    place.open().await.close().await;
    place
        .execute(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             SELECT 999, 'from the future', success, checksum, 0 FROM _sqlx_migrations WHERE version = 1",
        )
        .await
        .unwrap();
    for options in [OpenOptions::new(ORIGIN), no_migrations()] {
        let error = refusal(&place, options).await;
        assert_eq!(error, OpenError::NewerSchema(999));
        assert!(error.to_string().contains("run the newer version"), "says what to do: {error}");
    }
}

pub async fn an_edited_migration_is_refused(place: Place) {
    place.open().await.close().await;
    let other = if place.kind == Kind::Sqlite { "x'00'" } else { "'\\x00'" };
    place
        .execute(&format!("UPDATE _sqlx_migrations SET checksum = {other} WHERE version = 2"))
        .await
        .unwrap();
    for options in [OpenOptions::new(ORIGIN), no_migrations()] {
        assert_eq!(refusal(&place, options).await, OpenError::ChangedSchema(2));
    }
}

pub async fn nothing_is_made_without_leave(place: Place) {
    let error = refusal(&place, no_migrations()).await;
    match place.kind {
        Kind::Sqlite => {
            assert!(matches!(error, OpenError::Unreachable(_)), "{error:?}");
            assert!(!place.file().exists());
        }
        Kind::Postgres => {
            assert_eq!(error, OpenError::NotMigrated(1));
            let tables =
                place.texts("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'").await;
            assert!(tables.is_empty(), "{tables:?}");
        }
    }
}

pub async fn a_forgetful_database_is_refused(place: Place) {
    match place.kind {
        Kind::Sqlite => {
            let memory = Store::open("sqlite::memory:", OpenOptions::new(ORIGIN)).await;
            assert!(matches!(memory, Err(OpenError::NotDurable(_))), "{memory:?}");
        }
        Kind::Postgres => {
            let name = place.url.rsplit('/').next().unwrap().split('?').next().unwrap();
            place.execute(&format!("ALTER DATABASE {name} SET synchronous_commit = off")).await.unwrap();
            let error = refusal(&place, OpenOptions::new(ORIGIN)).await;
            assert!(matches!(error, OpenError::NotDurable(_)), "{error:?}");
        }
    }
}

pub async fn many_may_open_a_new_database_at_once(place: Place) {
    let open = || {
        let url = place.url.clone();
        tokio::spawn(async move { Store::open(&url, OpenOptions::new(ORIGIN)).await })
    };
    let opening: Vec<_> = (0..6).map(|_| open()).collect();
    for one in opening {
        one.await.unwrap().unwrap().close().await;
    }
    assert_eq!(place.texts("SELECT origin FROM ledger_info").await, [ORIGIN]);
    let versions =
        place.texts("SELECT CAST(version AS TEXT) FROM _sqlx_migrations AS m ORDER BY m.version").await;
    let numbers: Vec<u32> = versions.iter().map(|version| version.parse().unwrap()).collect();
    assert!(numbers.starts_with(&[1, 2]) && numbers.is_sorted_by(|a, b| a < b), "each once: {numbers:?}");
}

pub async fn who_opens_waits_for_who_makes_the_database(place: Place) {
    if place.kind == Kind::Postgres {
        // Migrations wait for each other on a lock of their own there.
        return;
    }
    let options = SqliteConnectOptions::from_str(&place.url).unwrap().create_if_missing(true);
    let mut maker = options.connect().await.unwrap();
    maker.execute("BEGIN IMMEDIATE").await.unwrap();
    let mut opening = Box::pin(Store::open(&place.url, OpenOptions::new(ORIGIN)));
    // SQLite says at once that the file is busy, so this is ample for a refusal; on a slow machine the case only shows less.
    tokio::select! {
        opened = &mut opening => panic!("not before the other is done: {opened:?}"),
        () = tokio::time::sleep(Duration::from_millis(200)) => {}
    }
    maker.execute("ROLLBACK").await.unwrap();
    maker.close().await.unwrap();
    opening.await.unwrap().close().await;
    assert_eq!(place.texts("SELECT origin FROM ledger_info").await, [ORIGIN]);
}

/// The address of this database for another login.
fn url_of(place: &Place, login: &str, database: &str) -> String {
    let options = PgConnectOptions::from_str(&place.url).unwrap();
    options.username(login).password("secret").database(database).to_url_lossy().to_string()
}

pub async fn logins_need_the_role_and_no_more(place: Place) {
    if place.kind == Kind::Sqlite {
        // No logins there.
        return;
    }
    place.open().await.close().await;
    let name = place.url.rsplit('/').next().unwrap().split('?').next().unwrap().to_owned();
    let (login, owned) = (format!("{name}_login"), format!("{name}_owned"));
    place.execute(&format!("CREATE ROLE {login} LOGIN PASSWORD 'secret'")).await.unwrap();
    place.execute(&format!("CREATE DATABASE {owned} OWNER {login}")).await.unwrap();
    let (url, own_url) = (url_of(&place, &login, &name), url_of(&place, &login, &owned));

    for (url, options) in [(&url, no_migrations()), (&own_url, OpenOptions::new(ORIGIN))] {
        let error = Store::open(url, options).await.expect_err("a login without the role must be refused");
        assert_eq!(error, OpenError::NotInRole(login.clone()));
    }
    place.execute(&format!("GRANT ahadi_service TO {login}")).await.unwrap();

    // Of the first database it owns nothing: it can run the service there, which asks for migrations, but not delete from views.
    let store = Store::open(&url, OpenOptions::new(ORIGIN)).await.unwrap();
    let lease = store.acquire_lease("writer", HOUR).await.unwrap().unwrap();
    store.commit(&lease, Book::new().batch(&["call/a/1"])).await.unwrap();
    let mend = || Mend { removed: vec![ViewKey::CallView("call/a/1".to_owned())], ..Mend::default() };
    assert!(matches!(store.mend_views(&lease, 1, mend()).await, Err(CommitError::Permanent(_))));
    store.close().await;

    // The other is its own, so it can do all.
    let store = Store::open(&own_url, OpenOptions::new(ORIGIN)).await.unwrap();
    let lease = store.acquire_lease("writer", HOUR).await.unwrap().unwrap();
    store.commit(&lease, Book::new().batch(&["call/a/1"])).await.unwrap();
    store.mend_views(&lease, 1, mend()).await.unwrap();
    store.close().await;

    place.execute(&format!("DROP DATABASE {owned} WITH (FORCE)")).await.unwrap();
    place.execute(&format!("DROP ROLE {login}")).await.unwrap();
}

pub async fn every_column_is_explained(place: Place) {
    place.open().await.close().await;
    match place.kind {
        Kind::Sqlite => {
            // SQLite keeps the text of the migration, comments included.
            let tables = place
                .texts(
                    "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name NOT IN ('_sqlx_migrations')",
                )
                .await;
            assert!(tables.len() >= 17);
            for sql in tables {
                let lines: Vec<&str> = sql.lines().map(str::trim).collect();
                for pair in lines.windows(2) {
                    let is_column = pair[1].chars().next().is_some_and(char::is_lowercase);
                    assert!(!is_column || pair[0].starts_with("-- "), "no comment above: {}", pair[1]);
                }
            }
        }
        Kind::Postgres => {
            let bare = place
                .texts(
                    "SELECT c.relname || coalesce('.' || a.attname, '')
                     FROM pg_class c
                     LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                     WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
                       AND c.relname <> '_sqlx_migrations'
                       AND (col_description(c.oid, a.attnum) IS NULL OR obj_description(c.oid) IS NULL)",
                )
                .await;
            assert!(bare.is_empty(), "without a comment: {bare:?}");
        }
    }
}
