//! Applying view changes in SQLite, to the live tables or to those beside them.

use sqlx::{AssertSqlSafe, SqliteConnection, query};

use super::insert::insert;
use crate::columns::sql_int;
use crate::rows::Views;
use crate::views::Settled;

/// Applies view changes to the tables of this suffix.
pub(super) async fn apply(
    connection: &mut SqliteConnection,
    suffix: &str,
    views: &Views,
) -> Result<(), sqlx::Error> {
    let views = Settled::of(views);
    streams_and_contracts(connection, suffix, &views).await?;
    calls_and_links(connection, suffix, &views).await?;
    tasks_and_counters(connection, suffix, &views).await
}

async fn streams_and_contracts(
    connection: &mut SqliteConnection,
    suffix: &str,
    views: &Settled<'_>,
) -> Result<(), sqlx::Error> {
    let head = format!("INSERT INTO stream_head{suffix} (stream, version, head, recorded_at, state)");
    let tail = "ON CONFLICT (stream) DO UPDATE SET version = excluded.version, head = excluded.head,
                recorded_at = excluded.recorded_at, state = excluded.state";
    insert(connection, &head, 5, tail, &views.streams, |query, row| {
        query
            .bind(&row.stream)
            .bind(sql_int(row.version))
            .bind(row.head.0.as_slice())
            .bind(row.recorded_at.millis())
            .bind(&row.state)
    })
    .await?;
    let head = format!(
        "INSERT INTO contract_view{suffix} (contract_id, stream, status, contract_type, created_at, document_sha256)"
    );
    let tail = "ON CONFLICT (contract_id) DO UPDATE SET stream = excluded.stream, status = excluded.status,
                contract_type = excluded.contract_type, created_at = excluded.created_at,
                document_sha256 = excluded.document_sha256";
    insert(connection, &head, 6, tail, &views.contracts, |query, row| {
        query
            .bind(&row.contract_id)
            .bind(&row.stream)
            .bind(&row.status)
            .bind(&row.contract_type)
            .bind(row.created_at.millis())
            .bind(row.document_sha256.0.as_slice())
    })
    .await
}

async fn calls_and_links(
    connection: &mut SqliteConnection,
    suffix: &str,
    views: &Settled<'_>,
) -> Result<(), sqlx::Error> {
    let head = format!("INSERT INTO call_view{suffix} (stream, provider, call_id, progress)");
    let tail = "ON CONFLICT (stream) DO UPDATE SET provider = excluded.provider, call_id = excluded.call_id,
                progress = excluded.progress";
    insert(connection, &head, 4, tail, &views.calls, |query, row| {
        query.bind(&row.stream).bind(&row.provider).bind(&row.call_id).bind(&row.progress)
    })
    .await?;
    let head = format!("INSERT INTO link{suffix} (space, key, stream)");
    insert(connection, &head, 3, "ON CONFLICT DO NOTHING", &views.links_added, |query, link| {
        query.bind(&link.space).bind(&link.key).bind(&link.stream)
    })
    .await?;
    let sql = format!("DELETE FROM link{suffix} WHERE space = $1 AND key = $2 AND stream = $3");
    for link in &views.links_removed {
        let query = query(AssertSqlSafe(sql.as_str()));
        query.bind(&link.space).bind(&link.key).bind(&link.stream).execute(&mut *connection).await?;
    }
    Ok(())
}

async fn tasks_and_counters(
    connection: &mut SqliteConnection,
    suffix: &str,
    views: &Settled<'_>,
) -> Result<(), sqlx::Error> {
    let sql = format!("DELETE FROM task{suffix} WHERE stream = $1");
    for stream in &views.task_streams {
        query(AssertSqlSafe(sql.as_str())).bind(*stream).execute(&mut *connection).await?;
    }
    let head = format!("INSERT INTO task{suffix} (stream, task, kind, attempts, not_before)");
    insert(connection, &head, 5, "", &views.tasks, |query, row| {
        query
            .bind(&row.stream)
            .bind(i64::from(row.task))
            .bind(&row.kind)
            .bind(i64::from(row.attempts))
            .bind(row.not_before.millis())
    })
    .await?;
    let head = format!("INSERT INTO counter{suffix} (name, value)");
    let tail = "ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    insert(connection, &head, 2, tail, &views.counters, |query, (name, value)| {
        query.bind(name).bind(sql_int(*value))
    })
    .await
}
