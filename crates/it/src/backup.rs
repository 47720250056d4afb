//! A copy of the database of a world that is halted, and the database put back as it was.

use std::path::{Path, PathBuf};

use crate::World;
use crate::postgres::PostgresDatabase;

/// What the database held.
pub enum Backup {
    File(PathBuf),
    Database(PostgresDatabase),
}

impl World {
    /// Copies the database, and nothing else of the service.
    pub async fn back_up(&self) -> Backup {
        match &self.postgres {
            Some(postgres) => Backup::Database(postgres.copy().await),
            None => {
                let directory = self.directory.path().join("backup");
                copy(&self.directory.path().join("data"), &directory);
                Backup::File(directory)
            }
        }
    }

    /// Puts the copy in the place of the database.
    pub async fn restore(&mut self, backup: Backup) {
        match backup {
            Backup::File(directory) => copy(&directory, &self.directory.path().join("data")),
            Backup::Database(database) => {
                let newer = self.postgres.replace(database).expect("the world is on PostgreSQL");
                newer.drop_it().await;
            }
        }
    }
}

/// The files of the database, also those beside it, in place of what is there.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for name in ["ledger.db", "ledger.db-wal", "ledger.db-shm"] {
        let _ = std::fs::remove_file(to.join(name));
        if from.join(name).exists() {
            std::fs::copy(from.join(name), to.join(name)).unwrap();
        }
    }
}
