//! Data directories to audit: each a copy of one that was written once.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use cli::command::verify::{self, VerifyArguments};
use ledger::verify::{Report, Step};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, SqliteConnection, query_scalar};
use tokio::sync::OnceCell;

use crate::story::Story;

static WRITTEN: OnceCell<PathBuf> = OnceCell::const_new();
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A data directory of its own, removed at the end.
pub struct Place(pub PathBuf);

impl Place {
    /// An empty one.
    pub fn empty() -> Place {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("ahadi-verify-{}-{number}", std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&path).unwrap();
        Place(path)
    }

    /// One with the whole story in it.
    pub async fn written() -> Place {
        let template = WRITTEN.get_or_init(|| async {
            let place = Place::empty();
            Story::whole(&place.0, "first").await.end().await;
            // Never removed by the tests, for the other places are copies of it; so it lies where building does.
            let path = place.0.clone();
            std::mem::forget(place);
            path
        });
        let place = Place::empty();
        copy(template.await, &place.0);
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn target(&self) -> String {
        self.0.display().to_string()
    }

    pub fn database(&self) -> String {
        format!("sqlite://{}", self.path("ledger.db").display())
    }

    /// A connection as somebody has who can write the file: without the guards.
    pub async fn unguarded(&self) -> SqliteConnection {
        let options: SqliteConnectOptions = self.database().parse().unwrap();
        let mut connection = options.foreign_keys(false).connect().await.unwrap();
        let sql = "SELECT name FROM sqlite_schema WHERE type = 'trigger'";
        let triggers: Vec<String> = query_scalar(sql).fetch_all(&mut connection).await.unwrap();
        for name in triggers {
            connection.execute(AssertSqlSafe(format!("DROP TRIGGER {name}"))).await.unwrap();
        }
        connection.execute("PRAGMA ignore_check_constraints = ON").await.unwrap();
        connection
    }

    /// Runs statements behind the service's back.
    pub async fn edit(&self, sql: &str) {
        let mut connection = self.unguarded().await;
        let changed = connection.execute(AssertSqlSafe(sql.to_owned())).await.unwrap().rows_affected();
        assert!(changed > 0, "nothing was edited by: {sql}");
        connection.close().await.unwrap();
    }

    /// One number from the database.
    pub async fn number(&self, sql: &str) -> u64 {
        let mut connection = self.unguarded_read().await;
        let number: i64 =
            query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        number.try_into().unwrap()
    }

    async fn unguarded_read(&self) -> SqliteConnection {
        let options: SqliteConnectOptions = self.database().parse().unwrap();
        options.read_only(true).connect().await.unwrap()
    }

    /// The report on all of it.
    pub async fn audit(&self) -> Report {
        audit(&VerifyArguments::all(&self.target())).await
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A report, of which it holds always that it tells nothing personal.
pub async fn audit(arguments: &VerifyArguments) -> Report {
    let report = verify::check(arguments).await.unwrap();
    let told = verify::text("it", &report) + &serde_json::to_string(&report).unwrap();
    for private in ["+2547", "Wanjiku", "Otieno", "kg of maize"] {
        assert!(!told.contains(private), "{private} is told:\n{told}");
    }
    report
}

/// A step of a report.
pub fn step<'r>(report: &'r Report, name: &str) -> &'r Step {
    report.step(name).unwrap_or_else(|| panic!("no step {name}\n{report}"))
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
