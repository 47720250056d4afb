//! What the database refuses to whoever is connected.

use std::str::FromStr;

use ledger::hash::sha256;
use sqlx::{AssertSqlSafe, ConnectOptions, Executor};
use store::rows::CheckpointRow;

use crate::book::{Book, disclosure, time};
use crate::place::{Kind, Place};

/// A ledger with a row in every table of the log.
async fn filled(place: &Place) {
    let (store, lease) = place.open_to_write().await;
    let mut book = Book::new();
    let mut batch = book.batch(&["call/a/1"; 256]);
    batch.disclosures = vec![disclosure(0, 0)];
    store.commit(&lease, batch).await.unwrap();
    let checkpoint =
        CheckpointRow { size: 256, root: sha256(b"root"), note: "note".to_owned(), signed_at: time(1) };
    store.insert_checkpoint(&lease, checkpoint).await.unwrap();
    store.close().await;
}

pub async fn log_tables_refuse_every_change(place: Place) {
    filled(&place).await;
    let before = place.contents().await;
    let columns = [
        ("ledger_info", "origin"),
        ("record", "jws"),
        ("tree_node", "hash"),
        ("checkpoint", "note"),
        ("disclosure", "opened"),
    ];
    for (table, column) in columns {
        let mut changes = vec![format!("UPDATE {table} SET {column} = {column}")];
        if table != "disclosure" {
            changes.push(format!("DELETE FROM {table}"));
        }
        match place.kind {
            Kind::Sqlite => changes.push(format!("INSERT OR REPLACE INTO {table} SELECT * FROM {table}")),
            Kind::Postgres => {
                changes.push(format!("TRUNCATE {table} CASCADE"));
                // As a replica does, for whom ordinary triggers do not fire.
                let as_replica: Vec<String> = changes
                    .iter()
                    .map(|sql| format!("SET session_replication_role = replica; {sql}"))
                    .collect();
                changes.extend(as_replica);
            }
        }
        for sql in changes {
            let error = place.execute(&sql).await.expect_err(&sql);
            let clear = error.contains("append-only") || error.contains("is there");
            let by_key = error.contains("conflict:") || error.contains("fault:");
            assert!(clear || (by_key && sql.starts_with("INSERT")), "{sql}: {error}");
            assert_eq!(place.contents().await, before, "{sql}");
        }
    }
}

pub async fn inserts_past_the_store_are_refused(place: Place) {
    filled(&place).await;
    let before = place.contents().await;
    let bytes = |length: usize| match place.kind {
        Kind::Sqlite => format!("zeroblob({length})"),
        Kind::Postgres => format!("decode(repeat('00', {length}), 'hex')"),
    };
    let (id, hash) = match place.kind {
        Kind::Sqlite => (bytes(16), bytes(32)),
        Kind::Postgres => ("'00000000-0000-0000-0000-000000000000'::uuid".to_owned(), bytes(32)),
    };
    let record = |position: i64, stream: &str, version: i64, id: &str, prev: &str| {
        format!(
            "INSERT INTO record (position, stream, version, id, kind, recorded_at, prev, payload_sha256, leaf, jws)
             VALUES ({position}, '{stream}', {version}, {id}, 'k', 0, {prev}, {hash}, {hash}, 'x')"
        )
    };
    let mut inserts = vec![
        record(-1, "call/a/2", 1, &id, "NULL"),
        record(0, "call/a/2", 1, &id, "NULL"),
        record(256, "call/a/1", 256, &id, &hash),
        record(256, "call/a/2", 1, &id, &hash),
        record(256, "call/a/2", 1, "(SELECT id FROM record WHERE position = 3)", "NULL"),
        format!("INSERT INTO tree_node (level, idx, hash) VALUES (1, 0, {hash})"),
        format!("INSERT INTO tree_node (level, idx, hash) VALUES (0, 1, {hash})"),
        format!("INSERT INTO tree_node (level, idx, hash) VALUES (8, 0, {hash})"),
        format!("INSERT INTO checkpoint (size, root, note, signed_at) VALUES (256, {hash}, 'x', 0)"),
        "INSERT INTO ledger_info (id, origin, created_at) VALUES (2, 'other', 0)".to_owned(),
        "INSERT INTO lease (id, owner, fence, expires_at) VALUES (2, 'other', 0, 0)".to_owned(),
    ];
    if place.kind == Kind::Sqlite {
        // On Postgres the function checks these, and nobody but the owner can go past it.
        inserts.push(record(257, "call/a/2", 1, &id, "NULL"));
        inserts.push(record(256, "call/a/2", 2, &id, &hash));
        inserts.push(record(256, "call/a/1", 258, &id, &hash));
        inserts.push(record(256, "call/a/1", 257, &id, &hash));
        inserts.push(format!(
            "INSERT INTO checkpoint (size, root, note, signed_at) VALUES (257, {hash}, 'x', 0)"
        ));
        let replaced: Vec<String> =
            inserts.iter().map(|sql| sql.replacen("INSERT", "INSERT OR REPLACE", 1)).collect();
        inserts.extend(replaced.into_iter().filter(|sql| !sql.contains("lease")));
    }
    for sql in inserts {
        place.execute(&sql).await.expect_err(&sql);
        assert_eq!(place.contents().await, before, "{sql}");
    }
}

/// What whoever breaks into the service may try. Each must be refused to the role it works as.
const ATTEMPTS: [&str; 41] = [
    "INSERT INTO record SELECT 256, stream, version, id, kind, recorded_at, prev, payload_sha256, leaf, jws FROM record WHERE position = 0",
    "INSERT INTO tree_node (level, idx, hash) SELECT 1, 1, hash FROM tree_node",
    "INSERT INTO checkpoint (size, root, note, signed_at) SELECT 1, root, note, signed_at FROM checkpoint",
    "INSERT INTO ledger_info (id, origin, created_at) VALUES (1, 'other', 0)",
    "UPDATE record SET jws = 'x'",
    "DELETE FROM record",
    "TRUNCATE record CASCADE",
    "TRUNCATE disclosure",
    "UPDATE disclosure SET opened = 'x'",
    "UPDATE tree_node SET hash = hash",
    "DELETE FROM checkpoint",
    "UPDATE ledger_info SET origin = 'other'",
    "UPDATE inbox SET outcome = 'x'",
    "DELETE FROM inbox",
    "DELETE FROM seen",
    "UPDATE repeat SET kind = kind",
    "DELETE FROM repeat",
    "UPDATE source_position SET position = 0",
    "DELETE FROM api_key",
    "DELETE FROM lease",
    "DELETE FROM stream_head",
    "ALTER TABLE record DISABLE TRIGGER append_only",
    "ALTER TABLE record DISABLE TRIGGER ALL",
    "DROP TRIGGER append_only ON record",
    "DROP TABLE record CASCADE",
    "ALTER TABLE record DROP CONSTRAINT record_pkey CASCADE",
    "ALTER TABLE record OWNER TO ahadi_service",
    "CREATE TRIGGER mine BEFORE INSERT ON record EXECUTE FUNCTION refuse_change()",
    "CREATE RULE mine AS ON INSERT TO record DO INSTEAD NOTHING",
    "CREATE TABLE mine (x int)",
    "CREATE OR REPLACE FUNCTION append_log() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "DROP FUNCTION append_log",
    "ALTER FUNCTION append_checkpoint SECURITY INVOKER",
    "SELECT grant_service()",
    "SELECT grant_journey()",
    "SELECT grant_counts()",
    "SELECT grant_call_count()",
    "SELECT grant_task_count()",
    "SET session_replication_role = replica",
    "UPDATE _sqlx_migrations SET checksum = checksum",
    "SET ROLE postgres",
];

pub async fn the_service_role_can_only_append(place: Place) {
    if place.kind == Kind::Sqlite {
        // No roles there: whoever can write the file can write anything the triggers let through.
        return;
    }
    filled(&place).await;
    let before = place.contents().await;
    let options = sqlx::postgres::PgConnectOptions::from_str(&place.url).unwrap();
    let mut connection = options.connect().await.unwrap();
    // As if logged in as the role: the superuser of the test is gone for good.
    connection.execute("SET SESSION AUTHORIZATION ahadi_service").await.unwrap();
    // Without the right to grant this is a warning and does nothing, as the attempts to insert show.
    connection.execute("GRANT ALL ON record TO ahadi_service").await.unwrap();
    for sql in ATTEMPTS {
        let error = connection.execute(AssertSqlSafe(sql)).await.expect_err(sql).to_string();
        let refused = ["permission denied", "must be owner", "must be superuser"];
        assert!(refused.iter().any(|reason| error.contains(reason)), "{sql}: {error}");
    }
    // The one way to append refuses what does not follow, whoever calls it. Here the last record of a stream is not the one named,
    // and then the version was given before.
    let alone = |version: &str, prev: &str| {
        format!(
            "append_log((SELECT fence FROM lease), 256, NULL, NULL, NULL, ARRAY[(SELECT stream FROM record WHERE position = 255)],
             ARRAY[(SELECT version + {version} FROM record WHERE position = 255)],
             '{{00000000-0000-0000-0000-000000000000}}', '{{k}}', '{{0}}',
             ARRAY[(SELECT {prev} FROM record WHERE position = 255)], ARRAY[sha256('')], ARRAY[sha256('')],
             '{{x}}', '{{}}', '{{}}', '{{}}')"
        )
    };
    let (of_another, again) = (alone("1", "sha256('')"), alone("0", "payload_sha256"));
    let appends = [
        ("append_log(0, 256, NULL, NULL, NULL, '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')", "fence"),
        (
            "append_log((SELECT fence FROM lease), 256, NULL, NULL, NULL, '{x/1}', '{2}',
             '{00000000-0000-0000-0000-000000000000}', '{k}', '{0}', '{NULL}', ARRAY[sha256('')], ARRAY[sha256('')],
             '{x}', '{}', '{}', '{}')",
            "does not follow",
        ),
        (
            "append_log((SELECT fence FROM lease), 256, NULL, NULL, NULL, '{x/1,x/1}', '{1}',
             '{00000000-0000-0000-0000-000000000000}', '{k}', '{0}', '{NULL}', ARRAY[sha256('')], ARRAY[sha256('')],
             '{x}', '{}', '{}', '{}')",
            "does not follow",
        ),
        // A record alone, in an array that does not begin at 1, and in one of two dimensions.
        (
            "append_log((SELECT fence FROM lease), 256, NULL, NULL, NULL, '[2:2]={x/1}', '[2:2]={7}',
             '{00000000-0000-0000-0000-000000000000}', '{k}', '{0}', '[2:2]={aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}',
             ARRAY[sha256('')], ARRAY[sha256('')],
             '{x}', '{}', '{}', '{}')",
            "does not follow",
        ),
        (
            "append_log((SELECT fence FROM lease), 256, NULL, NULL, NULL, '{{x/1}}', '{{7}}',
             '{00000000-0000-0000-0000-000000000000}', '{k}', '{0}', '{{aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}}',
             ARRAY[sha256('')], ARRAY[sha256('')],
             '{x}', '{}', '{}', '{}')",
            "does not follow",
        ),
        // A record that follows, with a node of the tree that has a place and no hash.
        (
            "append_log((SELECT fence FROM lease), 256, NULL, NULL, NULL, '{new/1}', '{1}',
             '{00000000-0000-0000-0000-000000000000}', '{k}', '{0}', '{NULL}', ARRAY[sha256('')], ARRAY[sha256('')],
             '{x}', '{}', '{7}', '{}')",
            "violates not-null constraint",
        ),
        (of_another.as_str(), "does not follow"),
        (again.as_str(), "does not follow"),
        ("append_checkpoint((SELECT fence FROM lease), 256, sha256(''), 'x', 0)", "another root"),
    ];
    for (call, reason) in appends {
        let sql = format!("SELECT {call}");
        let error = connection.execute(AssertSqlSafe(sql)).await.expect_err(call).to_string();
        assert!(error.contains(reason), "{call}: {error}");
    }
    assert_eq!(place.contents().await, before);
}
