//! The index of persons, and erasing, in Postgres.

use std::collections::BTreeSet;

use ledger::hash::Hash;
use sqlx::{Connection, Executor, PgConnection, query, query_as};
use uuid::Uuid;

use super::Postgres;
use crate::columns::sql_int;
use crate::error::{CommitError, StoreError};
use crate::lease::Lease;
use crate::packed::{self, pack, unpack_all};
use crate::rows::{Erasure, PersonRow};

/// The tables whose deleted or replaced rows hold personal values. One statement each: VACUUM takes no part in a
/// transaction.
const SCRUBBED: [&str; 6] = [
    "VACUUM disclosure",
    "VACUUM stream_head",
    "VACUUM link",
    "VACUUM inbox",
    "VACUUM person",
    "VACUUM erasure_work",
];

fn columns(rows: &[PersonRow]) -> (Vec<Uuid>, Vec<i64>) {
    rows.iter().map(|row| (row.token.0, sql_int(row.position))).unzip()
}

/// Takes disclosures, by position and digest, from the rows they stand in, and says how many there were. A row goes and comes
/// again without them: none is ever changed.
pub(super) async fn erase(connection: &mut PgConnection, gone: &[(u64, String)]) -> Result<u64, CommitError> {
    let positions: BTreeSet<i64> = gone.iter().map(|(position, _)| sql_int(*position)).collect();
    let sql = "DELETE FROM disclosure WHERE position = ANY ($1) RETURNING position, opened";
    let positions: Vec<i64> = positions.into_iter().collect();
    let rows: Vec<packed::Columns> = query_as(sql).bind(positions).fetch_all(&mut *connection).await?;
    let (taken, left) = packed::apart(unpack_all(rows)?, gone);
    let (positions, opened) = pack(&left);
    let sql = "INSERT INTO disclosure (position, opened) SELECT unnest($1::bigint[]), unnest($2::text[])";
    query(sql).bind(positions).bind(opened).execute(&mut *connection).await?;
    Ok(taken)
}

/// Takes what a commit erases.
pub(super) async fn apply(connection: &mut PgConnection, erasure: &Erasure) -> Result<(), CommitError> {
    erase(connection, &erasure.disclosures).await?;
    let unindexed: Vec<i64> = erasure.unindexed.iter().map(|position| sql_int(*position)).collect();
    query("DELETE FROM person WHERE position = ANY ($1)").bind(unindexed).execute(&mut *connection).await?;
    add(connection, &erasure.indexed).await?;
    let sql = "UPDATE inbox SET quarantined = NULL WHERE input = ANY ($1)";
    query(sql).bind(&erasure.unquarantined).execute(&mut *connection).await?;
    let sql = "INSERT INTO erasure_work (erasure, kind, what, source, position, erased_at)
               SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[])
               ON CONFLICT DO NOTHING";
    let work = &erasure.work;
    query(sql)
        .bind(work.iter().map(|row| row.erasure.as_str()).collect::<Vec<_>>())
        .bind(work.iter().map(|row| row.kind.as_str()).collect::<Vec<_>>())
        .bind(work.iter().map(|row| row.what.as_str()).collect::<Vec<_>>())
        .bind(
            work.iter().map(|row| row.place.as_ref().map(|(source, _)| source.as_str())).collect::<Vec<_>>(),
        )
        .bind(work.iter().map(|row| row.place.as_ref().map(|(_, at)| sql_int(*at))).collect::<Vec<_>>())
        .bind(work.iter().map(|row| row.erased_at.millis()).collect::<Vec<_>>())
        .execute(&mut *connection)
        .await?;
    let sql = "DELETE FROM erasure_work WHERE erasure = ANY ($1) AND kind = 'recording'";
    query(sql).bind(&erasure.completed).execute(&mut *connection).await?;
    Ok(())
}

async fn add(connection: &mut PgConnection, rows: &[PersonRow]) -> Result<(), sqlx::Error> {
    let sql = "INSERT INTO person (token, position) SELECT * FROM unnest($1::uuid[], $2::bigint[])
               ON CONFLICT DO NOTHING";
    let (tokens, positions) = columns(rows);
    query(sql).bind(tokens).bind(positions).execute(connection).await?;
    Ok(())
}

impl Postgres {
    pub(crate) async fn begin_persons(&self, lease: Lease) -> Result<(), CommitError> {
        let mut held = self.writer.get().await?;
        let mut transaction = held.begin().await?;
        query("SELECT hold_fence($1)").bind(lease.fence).execute(&mut *transaction).await?;
        query("DELETE FROM person_key").execute(&mut *transaction).await?;
        query("DELETE FROM person").execute(&mut *transaction).await?;
        transaction.commit().await?;
        held.keep();
        Ok(())
    }

    pub(crate) async fn end_persons(&self, lease: Lease, key: Hash) -> Result<(), CommitError> {
        let mut held = self.writer.get().await?;
        let mut transaction = held.begin().await?;
        query("SELECT hold_fence($1)").bind(lease.fence).execute(&mut *transaction).await?;
        let sql = "INSERT INTO person_key (id, digest) VALUES (1, $1)";
        query(sql).bind(key.0.to_vec()).execute(&mut *transaction).await?;
        transaction.commit().await?;
        held.keep();
        Ok(())
    }

    pub(crate) async fn add_persons(&self, lease: Lease, rows: Vec<PersonRow>) -> Result<(), CommitError> {
        let mut held = self.writer.get().await?;
        let mut transaction = held.begin().await?;
        query("SELECT hold_fence($1)").bind(lease.fence).execute(&mut *transaction).await?;
        add(&mut transaction, &rows).await?;
        transaction.commit().await?;
        held.keep();
        Ok(())
    }

    /// As the login, which owns the tables; for another one the server skips them with a warning, and autovacuum does it.
    pub(crate) async fn scrub(&self) -> Result<(), StoreError> {
        for statement in SCRUBBED {
            self.owner.execute(statement).await?;
        }
        Ok(())
    }
}
