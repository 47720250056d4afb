//! The migrations, numbered alike for both databases and embedded in the program.

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

use crate::error::{Fault, OpenError};

/// One step of the schema, in both dialects.
struct Step {
    version: i64,
    name: &'static str,
    postgres: &'static str,
    sqlite: &'static str,
}

/// Only ever added to; a released step is never edited.
const STEPS: [Step; 16] = [
    Step {
        version: 1,
        name: "ledger",
        postgres: include_str!("../../../migrations/postgres/0001_ledger.sql"),
        sqlite: include_str!("../../../migrations/sqlite/0001_ledger.sql"),
    },
    Step {
        version: 2,
        name: "guards",
        postgres: include_str!("../../../migrations/postgres/0002_guards.sql"),
        sqlite: include_str!("../../../migrations/sqlite/0002_guards.sql"),
    },
    Step {
        version: 4,
        name: "erasure",
        postgres: include_str!("../../../migrations/postgres/0004_erasure.sql"),
        sqlite: include_str!("../../../migrations/sqlite/0004_erasure.sql"),
    },
    Step {
        version: 8,
        name: "journey",
        postgres: include_str!("../../../migrations/postgres/0008_journey.sql"),
        sqlite: include_str!("../../../migrations/sqlite/0008_journey.sql"),
    },
    Step {
        version: 9,
        name: "disclosures_checked_at_once",
        postgres: include_str!("../../../migrations/postgres/0009_disclosures_checked_at_once.sql"),
        sqlite: include_str!("../../../migrations/sqlite/0009_disclosures_checked_at_once.sql"),
    },
    Step {
        version: 10,
        name: "fewer_indexes",
        postgres: include_str!("../../../migrations/postgres/0010_fewer_indexes.sql"),
        sqlite: include_str!("../../../migrations/sqlite/0010_fewer_indexes.sql"),
    },
    Step {
        version: 12,
        name: "contracts_counted",
        postgres: include_str!("../../../migrations/postgres/0012_contracts_counted.sql"),
        sqlite: include_str!("../../../migrations/sqlite/0012_contracts_counted.sql"),
    },
    Step {
        version: 13,
        name: "tasks_by_kind",
        postgres: include_str!("../../../migrations/postgres/0013_tasks_by_kind.sql"),
        sqlite: include_str!("../../../migrations/sqlite/0013_tasks_by_kind.sql"),
    },
    Step {
        version: 15,
        name: "disclosures_packed",
        postgres: include_str!("../../../migrations/postgres/0015_disclosures_packed.sql"),
        sqlite: include_str!("../../../migrations/sqlite/0015_disclosures_packed.sql"),
    },
    Step {
        version: 16,
        name: "calls_counted",
        postgres: include_str!("../../../migrations/postgres/0016_calls_counted.sql"),
        sqlite: include_str!("../../../migrations/sqlite/0016_calls_counted.sql"),
    },
    Step {
        version: 17,
        name: "disclosures_packed_alike",
        postgres: include_str!("../../../migrations/postgres/0017_disclosures_packed_alike.sql"),
        sqlite: include_str!("../../../migrations/sqlite/0017_disclosures_packed_alike.sql"),
    },
    Step {
        version: 18,
        name: "rows_kept_short",
        postgres: include_str!("../../../migrations/postgres/0018_rows_kept_short.sql"),
        sqlite: include_str!("../../../migrations/sqlite/0018_rows_kept_short.sql"),
    },
    Step {
        version: 19,
        name: "tasks_counted",
        postgres: include_str!("../../../migrations/postgres/0019_tasks_counted.sql"),
        sqlite: include_str!("../../../migrations/sqlite/0019_tasks_counted.sql"),
    },
    Step {
        version: 20,
        name: "persons_kept_short",
        postgres: include_str!("../../../migrations/postgres/0020_persons_kept_short.sql"),
        sqlite: include_str!("../../../migrations/sqlite/0020_persons_kept_short.sql"),
    },
    Step {
        version: 21,
        name: "nothing_beside_views",
        postgres: include_str!("../../../migrations/postgres/0021_nothing_beside_views.sql"),
        sqlite: include_str!("../../../migrations/sqlite/0021_nothing_beside_views.sql"),
    },
    Step {
        version: 22,
        name: "small_batches_sooner",
        postgres: include_str!("../../../migrations/postgres/0022_small_batches_sooner.sql"),
        sqlite: include_str!("../../../migrations/sqlite/0022_small_batches_sooner.sql"),
    },
];

/// The migrations for Postgres.
pub(crate) fn postgres() -> Migrator {
    migrator(|step| step.postgres)
}

/// The migrations for SQLite.
pub(crate) fn sqlite() -> Migrator {
    migrator(|step| step.sqlite)
}

fn migrator(dialect: fn(&Step) -> &'static str) -> Migrator {
    let steps = STEPS.iter().map(|step| {
        let sql = dialect(step).into_sql_str();
        Migration::new(step.version, step.name.into(), MigrationType::Simple, sql, false)
    });
    Migrator::with_migrations(steps.collect())
}

/// Whether migrations are lacking, given the version and checksum of those that were applied.
///
/// # Errors
/// [`OpenError::NewerSchema`], [`OpenError::ChangedSchema`]: a database this program must not touch.
pub(crate) fn lacking(migrator: &Migrator, applied: &[(i64, Vec<u8>)]) -> Result<Option<i64>, OpenError> {
    for (version, checksum) in applied {
        match migrator.iter().find(|migration| migration.version == *version) {
            None => return Err(OpenError::NewerSchema(*version)),
            Some(migration) if migration.checksum.as_ref() != checksum.as_slice() => {
                return Err(OpenError::ChangedSchema(*version));
            }
            Some(_) => {}
        }
    }
    let is_applied = |version: i64| applied.iter().any(|(applied, _)| *applied == version);
    Ok(migrator.iter().map(|migration| migration.version).find(|version| !is_applied(*version)))
}

/// What a failed migration run means.
pub(crate) fn migration_error(error: sqlx::migrate::MigrateError) -> OpenError {
    use sqlx::migrate::MigrateError;
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
        MigrateError::VersionMissing(version) => OpenError::NewerSchema(version),
        MigrateError::VersionMismatch(version) => OpenError::ChangedSchema(version),
        other => OpenError::Refused(Fault::new(other.to_string())),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// File names such as `0001_ledger.sql`.
    fn files(dialect: &str) -> BTreeSet<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations").join(dialect);
        let entries = std::fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn every_file_is_a_step_numbered_alike_in_both_dialects() {
        let steps: BTreeSet<String> =
            STEPS.iter().map(|step| format!("{:04}_{}.sql", step.version, step.name)).collect();
        assert_eq!(files("postgres"), steps);
        assert_eq!(files("sqlite"), steps);
        assert!(
            STEPS.is_sorted_by(|a, b| a.version < b.version),
            "steps stand in the order of their numbers"
        );
    }

    #[test]
    fn a_database_is_behind_equal_or_ahead() {
        let migrator = sqlite();
        let mut applied: Vec<(i64, Vec<u8>)> = Vec::new();
        for migration in migrator.iter() {
            assert_eq!(lacking(&migrator, &applied), Ok(Some(migration.version)));
            applied.push((migration.version, migration.checksum.to_vec()));
        }
        assert_eq!(lacking(&migrator, &applied), Ok(None));
        applied.push((99, vec![1]));
        assert_eq!(lacking(&migrator, &applied), Err(OpenError::NewerSchema(99)));
        applied.pop();
        applied[0].1[0] ^= 1;
        assert_eq!(lacking(&migrator, &applied), Err(OpenError::ChangedSchema(1)));
    }
}
