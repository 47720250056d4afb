//! Putting views right in SQLite.

use super::commit::{check_fence, check_size};
use super::plain::bind;
use super::{Sqlite, views};
use crate::error::CommitError;
use crate::lease::Lease;
use crate::plain::delete_view_row;
use crate::rows::Mend;

impl Sqlite {
    pub(crate) async fn mend_views(&self, lease: Lease, size: u64, mend: Mend) -> Result<(), CommitError> {
        self.writer
            .transact(move |connection| {
                check_fence(connection, &lease)?;
                check_size(connection, size)?;
                for key in mend.removed {
                    let delete = delete_view_row(key);
                    let mut statement = connection.prepare_cached(&delete.sql)?;
                    bind(&mut statement, delete.values)?;
                    statement.raw_execute()?;
                }
                for changes in &mend.changes {
                    views::apply(connection, changes)?;
                }
                Ok(())
            })
            .await
    }
}
