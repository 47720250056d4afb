//! Applying view changes in SQLite.

use rusqlite::{Connection, params};

use super::commit::each;
use crate::columns::sql_int;
use crate::rows::Views;
use crate::views::Settled;

/// Applies view changes.
pub(super) fn apply(connection: &Connection, views: &Views) -> Result<(), rusqlite::Error> {
    let views = Settled::of(views);
    streams_and_contracts(connection, &views)?;
    calls_and_links(connection, &views)?;
    tasks_and_counters(connection, &views)
}

fn streams_and_contracts(connection: &Connection, views: &Settled<'_>) -> Result<(), rusqlite::Error> {
    let sql =
        "INSERT INTO stream_head (stream, version, head, recorded_at, state) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (stream) DO UPDATE SET version = excluded.version, head = excluded.head,
         recorded_at = excluded.recorded_at, state = excluded.state";
    each(connection, sql, &views.streams, |statement, row| {
        let (version, recorded_at) = (sql_int(row.version), row.recorded_at.millis());
        statement.execute(params![row.stream, version, row.head.0, recorded_at, row.state])
    })?;
    let sql = "INSERT INTO contract_view
         (contract_id, stream, status, contract_type, created_at, document_sha256)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (contract_id) DO UPDATE SET stream = excluded.stream, status = excluded.status,
         contract_type = excluded.contract_type, created_at = excluded.created_at,
         document_sha256 = excluded.document_sha256";
    each(connection, sql, &views.contracts, |statement, row| {
        statement.execute(params![
            row.contract_id,
            row.stream,
            row.status,
            row.contract_type,
            row.created_at.millis(),
            row.document_sha256.0,
        ])
    })?;
    Ok(())
}

fn calls_and_links(connection: &Connection, views: &Settled<'_>) -> Result<(), rusqlite::Error> {
    let sql = "INSERT INTO call_view (stream, progress) VALUES (?1, ?2)
         ON CONFLICT (stream) DO UPDATE SET progress = excluded.progress";
    each(connection, sql, &views.calls, |statement, row| statement.execute([&row.stream, &row.progress]))?;
    let sql = "INSERT INTO link (space, key, stream) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
    each(connection, sql, &views.links_added, |statement, link| {
        statement.execute([&link.space, &link.key, &link.stream])
    })?;
    let sql = "DELETE FROM link WHERE space = ?1 AND key = ?2 AND stream = ?3";
    each(connection, sql, &views.links_removed, |statement, link| {
        statement.execute([&link.space, &link.key, &link.stream])
    })?;
    Ok(())
}

fn tasks_and_counters(connection: &Connection, views: &Settled<'_>) -> Result<(), rusqlite::Error> {
    let sql = "DELETE FROM task WHERE stream = ?1";
    each(connection, sql, &views.task_streams, |statement, stream| statement.execute([stream]))?;
    let sql = "INSERT INTO task (stream, task, kind, attempts, not_before) VALUES (?1, ?2, ?3, ?4, ?5)";
    each(connection, sql, &views.tasks, |statement, row| {
        statement.execute(params![row.stream, row.task, row.kind, row.attempts, row.not_before.millis()])
    })?;
    let sql = "INSERT INTO counter (name, value) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    each(connection, sql, &views.counters, |statement, (name, value)| {
        statement.execute(params![name, sql_int(*value)])
    })?;
    Ok(())
}
