//! Putting views right in Postgres, as the login that owns the tables: the service may not delete what it never deletes.

use std::sync::LazyLock;

use sqlx::query;

use super::Postgres;
use super::commit::bind_views;
use super::parts::views_sql;
use super::plain::changing;
use crate::columns::sql_int;
use crate::error::{CommitError, Fault};
use crate::lease::Lease;
use crate::plain::delete_view_row;
use crate::rows::Mend;
use crate::views::Settled;

static APPLY_SQL: LazyLock<String> = LazyLock::new(views_sql);

impl Postgres {
    pub(crate) async fn mend_views(&self, lease: Lease, size: u64, mend: Mend) -> Result<(), CommitError> {
        let mut transaction = self.owner.begin().await?;
        // Holds off every append until the views are in place.
        query("SELECT hold_fence($1)").bind(lease.fence).execute(&mut *transaction).await?;
        let found = Postgres::size(&mut transaction).await?;
        if sql_int(found) != sql_int(size) {
            let message = format!("the log has {found} records, not {size}");
            return Err(CommitError::Conflict(Fault::new(message)));
        }
        for key in mend.removed {
            let delete = delete_view_row(key);
            changing(delete.sql.into(), delete.values).execute(&mut *transaction).await?;
        }
        for changes in &mend.changes {
            bind_views(query(APPLY_SQL.as_str()), &Settled::of(changes)).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}
