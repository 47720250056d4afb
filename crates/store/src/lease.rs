//! The right to append.

use std::time::Duration;

use crate::columns::sql_int;

/// The right to append to a ledger, until another owner takes it. Every write under it compares the fence, so that an
/// owner that was paused past its time writes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    pub(crate) owner: String,
    pub(crate) fence: i64,
}

impl Lease {
    /// Who holds it.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// Number of this tenure; grows with each.
    pub fn fence(&self) -> u64 {
        self.fence.unsigned_abs()
    }
}

/// Who holds the lease now, as the database has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseStatus {
    /// The last owner; empty before the first and after a release.
    pub owner: String,
    /// Number of the tenure.
    pub fence: u64,
    /// Whether it still holds, by the clock of the database.
    pub held: bool,
}

/// A duration in the milliseconds of the lease row.
pub(crate) fn millis(ttl: Duration) -> i64 {
    sql_int(u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX)).min(TTL_MILLIS_MAX)
}

/// A century: far enough to mean "for ever", near enough not to overflow when added to now.
const TTL_MILLIS_MAX: i64 = 100 * 365 * 24 * 3_600 * 1_000;
