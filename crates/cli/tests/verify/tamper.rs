//! Edits of the database behind the service's back: each is found, at its record and field.

use cli::command::verify::VerifyArguments;
use cli::tamper::{self, Column};
use ledger::disclosure::{Disclosure, Salt};
use ledger::key::RecordKey;
use ledger::verify::Status;
use sqlx::{Connection, query, query_as};

use crate::place::{Place, audit, step};
use crate::story::Story;

/// A confirmation in the middle of the log.
const SOME: &str = "(SELECT position FROM record WHERE kind = 'contract.confirmed' LIMIT 1 OFFSET 30)";
/// A draft in the middle of the log.
const DRAFT: &str = "(SELECT position FROM record WHERE kind = 'contract.drafted' LIMIT 1 OFFSET 20)";

/// Where a fault is to be found.
struct Fault {
    step: &'static str,
    /// A number in SQL, as the ledger has it before the edit; none for faults that are nowhere in particular.
    at: Option<String>,
    field: &'static str,
}

fn fault(step: &'static str, at: Option<&str>, field: &'static str) -> Fault {
    Fault { step, at: at.map(|at| format!("SELECT {at}")), field }
}

/// Edits a ledger and expects its audit to fail at this step, record and field.
async fn check(name: &str, sql: &str, expected: Fault) {
    let place = Place::written().await;
    let position = match &expected.at {
        Some(sql) => Some(place.number(sql).await),
        None => None,
    };
    place.edit(sql).await;
    found(name, &place, &expected, position).await;
}

async fn found(name: &str, place: &Place, expected: &Fault, position: Option<u64>) {
    let report = place.audit().await;
    assert_eq!(report.exit_code(), 1, "{name}:\n{report}");
    let step = step(&report, expected.step);
    assert_eq!(step.status, Status::Fail, "{name}:\n{report}");
    let finding = step.finding.as_ref().unwrap();
    assert_eq!(finding.position, position, "{name}:\n{report}");
    assert_eq!(finding.field, expected.field, "{name}:\n{report}");
}

#[tokio::test]
async fn columns_of_records() {
    let hash = format!("randomblob(32) WHERE position = {SOME}");
    for (column, step, value) in [
        ("stream", "stored columns", format!("'contract/AGRI-2026-999999' WHERE position = {SOME}")),
        ("version", "stored columns", format!("99 WHERE position = {SOME}")),
        ("payload_sha256", "stored columns", hash.clone()),
        ("leaf", "stored columns", hash.clone()),
        ("prev", "stored columns", hash),
        ("id", "lookup columns", format!("randomblob(16) WHERE position = {SOME}")),
        ("kind", "lookup columns", format!("'contract.rejected' WHERE position = {SOME}")),
        ("recorded_at", "lookup columns", format!("recorded_at + 1 WHERE position = {SOME}")),
    ] {
        check(column, &format!("UPDATE record SET {column} = {value}"), fault(step, Some(SOME), column))
            .await;
    }
}

#[tokio::test]
async fn rows_that_cannot_be_read() {
    for (name, edit) in
        [("a time that is none", "recorded_at = -1"), ("bytes that are no text", "jws = CAST(x'ff' AS TEXT)")]
    {
        let sql = format!("UPDATE record SET {edit} WHERE position = {SOME}");
        check(name, &sql, fault("lookup columns", Some(SOME), "row")).await;
    }
}

#[tokio::test]
async fn one_character_inside_a_signed_payload() {
    let place = Place::written().await;
    let newest = "SELECT max(position) FROM record WHERE kind = 'contract.confirmed'";
    let position = place.number(newest).await;
    let told = tamper::edit_database(&place.database(), Column::Record).await.unwrap();
    assert!(told.contains(&format!("record {position} ")), "{told}");
    found("signature", &place, &fault("signature", None, "signature"), Some(position)).await;
    found("columns", &place, &fault("stored columns", None, "payload_sha256"), Some(position)).await;
    let report = place.audit().await;
    assert_eq!(report.first_fault().unwrap().1.position, Some(position), "{report}");
    let finding = step(&report, "stored columns").finding.as_ref().unwrap();
    assert_eq!((finding.expected.len(), finding.actual.len()), (64, 64), "both hashes are told");
    assert!(finding.stream.is_some() || report.first_fault().unwrap().1.stream.is_some(), "{report}");
}

#[tokio::test]
async fn the_edits_for_show_are_all_found() {
    for (column, step_name) in
        [(Column::Prev, "stored columns"), (Column::Disclosure, "disclosures"), (Column::View, "views")]
    {
        let place = Place::written().await;
        tamper::edit_database(&place.database(), column).await.unwrap();
        let mut arguments = VerifyArguments::all(&place.target());
        arguments.views = true;
        let report = audit(&arguments).await;
        assert_eq!(report.exit_code(), 1, "{column:?}\n{report}");
        assert_eq!(step(&report, step_name).status, Status::Fail, "{column:?}\n{report}");
    }
}

#[tokio::test]
async fn the_guards_are_back_after_an_edit_for_show() {
    let place = Place::written().await;
    let count = "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'";
    let before = place.number(count).await;
    for column in [Column::Record, Column::Prev, Column::Disclosure, Column::View] {
        tamper::edit_database(&place.database(), column).await.unwrap();
    }
    assert_eq!(place.number(count).await, before);
}

#[tokio::test]
async fn records_signed_by_others() {
    let place = Place::written().await;
    let position = place.number(&format!("SELECT {SOME}")).await;
    let mut connection = place.unguarded().await;
    let sql = format!("SELECT jws FROM record WHERE position = {position}");
    let (jws,): (String,) = query_as(sqlx::AssertSqlSafe(sql)).fetch_one(&mut connection).await.unwrap();
    let other = RecordKey::from_seed(&[7; 32]);
    let forged = signed_by(&jws, &other);
    let leaf = ledger::hash::leaf_hash(forged.as_bytes()).0.to_vec();
    let sql = "UPDATE record SET jws = $1, leaf = $2 WHERE position = $3";
    let position_sql = i64::try_from(position).unwrap();
    query(sql).bind(forged).bind(leaf).bind(position_sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    found("another key", &place, &fault("key", None, "kid"), Some(position)).await;
}

/// The same payload, as another key would sign it.
fn signed_by(jws: &str, key: &RecordKey) -> String {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let payload = jws.split('.').nth(1).unwrap();
    let header = format!(r#"{{"alg":"EdDSA","kid":"{}","typ":"ahadi-record+sd-jwt"}}"#, key.kid());
    let signed = format!("{}.{payload}", URL_SAFE_NO_PAD.encode(header));
    let signature = key.sign(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[tokio::test]
async fn records_lost_moved_and_added() {
    let at = fault("entries", Some(SOME), "position");
    check("in the middle", &format!("DELETE FROM record WHERE position = {SOME}"), at).await;
    let last = "(SELECT max(position) FROM record)";
    check(
        "the last",
        &format!("DELETE FROM record WHERE position = {last}"),
        fault("entries", Some(last), "size"),
    )
    .await;
    let sql = "DELETE FROM record WHERE position > 100; DELETE FROM disclosure WHERE position > 100;
               DELETE FROM tree_node; DELETE FROM checkpoint WHERE size > 100";
    check("cut off, with what is about it", sql, fault("entries", Some("101"), "size")).await;

    // Two records in the place of each other, with all their columns.
    let two = format!("{SOME}, {SOME} + 1");
    let swap = format!(
        "CREATE TEMP TABLE two AS SELECT * FROM record WHERE position IN ({two});
         DELETE FROM record WHERE position IN (SELECT position FROM two);
         UPDATE two SET position = (SELECT sum(position) FROM two AS other) - position;
         INSERT INTO record SELECT * FROM two"
    );
    let place = Place::written().await;
    place.edit(&swap).await;
    let report = place.audit().await;
    assert_eq!(report.exit_code(), 1, "{report}");
    assert_eq!(step(&report, "inclusion").status, Status::Fail, "the root is another\n{report}");

    let swap = format!(
        "UPDATE record SET jws = (SELECT jws FROM record AS other WHERE other.position = {SOME} + 1)
         WHERE position = {SOME}"
    );
    check("a record twice", &swap, fault("stored columns", Some(SOME), "stream")).await;
    let sql = format!("UPDATE record SET jws = '' WHERE position = {SOME}");
    check("no record at all", &sql, fault("record", Some(SOME), "jws")).await;
    let sql = format!(
        "INSERT INTO record SELECT position + 1000, stream, version + 1000, randomblob(16), kind, recorded_at, prev,
         payload_sha256, leaf, jws FROM record WHERE position = {SOME}"
    );
    let size = "(SELECT count(*) FROM record)";
    check("one behind a gap", &sql, fault("entries", Some(size), "position")).await;
}

#[tokio::test]
async fn the_tree() {
    let sql = "UPDATE tree_node SET hash = randomblob(32)";
    check("another hash", sql, fault("stored nodes", Some("0"), "node 1/0")).await;
    let sql = "INSERT INTO tree_node VALUES (1, 1, randomblob(32))";
    check("one too many", sql, fault("stored nodes", Some("256"), "node 1/1")).await;
    // The size of the log says which hashes there have to be.
    check("none left", "DELETE FROM tree_node", fault("stored nodes", Some("0"), "node 1/0")).await;
}

/// Edits the lines of a draft's disclosures; expects the audit to fail at that record.
async fn check_lines(
    name: &str,
    edit: impl FnOnce(&mut Vec<String>),
    step: &'static str,
    field: &'static str,
) {
    let place = Place::written().await;
    let position = place.number(&format!("SELECT {DRAFT}")).await;
    edit_lines(&place, edit).await;
    found(name, &place, &fault(step, None, field), Some(position)).await;
}

async fn edit_lines(place: &Place, edit: impl FnOnce(&mut Vec<String>)) {
    let mut connection = place.unguarded().await;
    let sql = format!("SELECT opened FROM disclosure WHERE position = {DRAFT}");
    let (opened,): (String,) = query_as(sqlx::AssertSqlSafe(sql)).fetch_one(&mut connection).await.unwrap();
    let mut lines = opened.split('\n').map(str::to_owned).collect();
    edit(&mut lines);
    let sql = format!("UPDATE disclosure SET opened = $1 WHERE position = {DRAFT}");
    query(sqlx::AssertSqlSafe(sql)).bind(lines.join("\n")).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn disclosures() {
    let other = Disclosure::new(&Salt([7; 16]), "phone", &"+254700000003".into()).encoded;
    let step = "disclosures";
    check_lines("another value", |lines| lines[1] = format!("1r={other}"), step, step).await;
    check_lines("no disclosure", |lines| lines[1] = "1r=no disclosure".to_owned(), step, step).await;
    check_lines("one more", |lines| lines.push(format!("99r={other}")), step, step).await;
    let again = |lines: &mut Vec<String>| lines.push(format!("99{}", &lines[1][1..]));
    check_lines("the same again", again, step, step).await;
    let other_scope = |lines: &mut Vec<String>| {
        let scope = if lines[1].starts_with("1r") { 'd' } else { 'r' };
        lines[1] = format!("1{scope}{}", &lines[1][2..]);
    };
    check_lines("another scope", other_scope, "lookup columns", "disclosure.scope").await;
    check_lines("a line that cannot be read", |lines| lines[1] = "x".to_owned(), "lookup columns", "row")
        .await;
    let sql = format!("INSERT INTO disclosure VALUES (100000, '0r={other}')");
    check("of no record", &sql, fault("lookup columns", Some("100000"), "disclosure.position")).await;

    let place = Place::written().await;
    let position = place.number(&format!("SELECT {DRAFT}")).await;
    edit_lines(&place, |lines| drop(lines.remove(1))).await;
    let report = place.audit().await;
    let step = self::step(&report, "erasure");
    assert_eq!((report.exit_code(), step.status), (1, Status::Fail), "deleted without a record\n{report}");
    assert_eq!(step.finding.as_ref().unwrap().position, Some(position), "{report}");
}

#[tokio::test]
async fn checkpoints() {
    let newest = "WHERE size = (SELECT max(size) FROM checkpoint)";
    let oldest = "WHERE size = (SELECT min(size) FROM checkpoint)";
    for at in [newest, oldest] {
        // The first character of the root, in the third line.
        let sql = format!(
            "UPDATE checkpoint SET note = replace(note, char(10) || size || char(10), char(10) || (size - 1) || char(10)) {at}"
        );
        check("a signed size", &sql, fault("checkpoint", None, "checkpoint")).await;
        let sql = format!("UPDATE checkpoint SET note = '' {at}");
        check("no note", &sql, fault("checkpoint", None, "checkpoint")).await;
        let sql = format!("UPDATE checkpoint SET root = randomblob(32) {at}");
        check("a root column", &sql, fault("lookup columns", None, "checkpoint.root")).await;
        let sql = format!("UPDATE checkpoint SET size = size - 1 {at}");
        check("a size column", &sql, fault("lookup columns", None, "checkpoint.size")).await;
    }
}

#[tokio::test]
async fn views() {
    for (name, sql, field) in [
        (
            "status",
            "UPDATE contract_view SET status = 'rejected' WHERE contract_id = 'AGRI-2026-000007'",
            "contract_view AGRI-2026-000007",
        ),
        (
            "lost",
            "DELETE FROM contract_view WHERE contract_id = 'AGRI-2026-000007'",
            "contract_view AGRI-2026-000007",
        ),
        (
            "head",
            "UPDATE stream_head SET head = randomblob(32) WHERE stream = 'contract/AGRI-2026-000007'",
            "stream_head contract/AGRI-2026-000007",
        ),
        (
            "state",
            "UPDATE stream_head SET state = replace(state, 'confirmed', 'rejected') WHERE stream = 'contract/AGRI-2026-000007'",
            "stream_head contract/AGRI-2026-000007",
        ),
        (
            "link",
            "INSERT INTO link VALUES ('phone', '+254700000009', 'contract/AGRI-2026-000007')",
            "link phone … contract/AGRI-2026-000007",
        ),
        ("counter", "UPDATE counter SET value = value + 1", "counter AGRI-2026"),
    ] {
        let place = Place::written().await;
        place.edit(sql).await;
        assert_eq!(place.audit().await.exit_code(), 0, "{name}: the log itself is as it was");
        let mut arguments = VerifyArguments::all(&place.target());
        arguments.views = true;
        let report = audit(&arguments).await;
        let step = step(&report, "views");
        assert_eq!((report.exit_code(), step.status), (1, Status::Fail), "{name}\n{report}");
        assert_eq!(step.finding.as_ref().unwrap().field, field, "{name}");
    }
}

/// Whoever has all the keys can write another history. Only what somebody kept tells.
#[tokio::test]
async fn another_history_under_the_same_keys() {
    let place = Place::written().await;
    let kept = place.path("kept");
    std::fs::rename(place.path("checkpoint"), &kept).unwrap();
    for file in ["ledger.db", "ledger.db-wal", "ledger.db-shm"] {
        let _ = std::fs::remove_file(place.path(file));
    }
    Story::whole(&place.0, "second").await.end().await;
    assert_eq!(place.audit().await.exit_code(), 0, "it agrees with itself");
    let mut arguments = VerifyArguments::all(&place.target());
    arguments.checkpoint.push(kept.clone());
    let report = audit(&arguments).await;
    assert_eq!(report.exit_code(), 1, "{report}");
    let fails = |name| step(&report, name).status == Status::Fail;
    assert!(fails("checkpoints kept") || fails("inclusion"), "{report}");
    // The file beside the database is such a thing kept too.
    std::fs::copy(&kept, place.path("checkpoint")).unwrap();
    assert_eq!(place.audit().await.exit_code(), 1);
}
