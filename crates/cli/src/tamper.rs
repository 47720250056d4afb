//! Editing the ledger's database behind the service's back, as somebody with access to the file could: to show what an
//! audit makes of it. Whoever can write the file can drop the triggers that guard it; what nobody can do without the
//! signing keys is to make the log agree with itself again.

use std::time::Duration;

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::ValueEnum;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection, query, query_as, query_scalar};

use crate::config::Config;

/// Longest wait for the service's own writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// The member of a payload whose value is changed.
const DOCUMENT_HASH: &[u8] = b"\"document_sha256\":\"";

/// What is edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Column {
    /// One character in the payload of a contract's record.
    Record,
    /// The status of a contract in the view.
    View,
    /// One character of a private value.
    Disclosure,
    /// The stored hash of the version before, of a contract's record.
    Prev,
}

/// Changes one character in the signed payload of a contract's newest confirmation, so that another document stands
/// there as confirmed. Says what was changed.
///
/// # Errors
/// As [`edit`].
pub async fn edit_one_row(config: &Config) -> anyhow::Result<String> {
    edit(config, Column::Record).await
}

/// Makes an edit in the ledger's database. Says what was changed; holds no personal value.
///
/// # Errors
/// When the ledger is not in a SQLite file, or has no row to edit.
pub async fn edit(config: &Config, column: Column) -> anyhow::Result<String> {
    edit_database(&config.database(), column).await
}

/// Makes an edit in the SQLite database at `url`, in one transaction, past the triggers.
///
/// # Errors
/// As [`edit`].
pub async fn edit_database(url: &str, column: Column) -> anyhow::Result<String> {
    if !url.starts_with("sqlite:") {
        bail!("only a ledger in a SQLite file can be edited for show");
    }
    let options: SqliteConnectOptions = url.parse().context("the address of the database")?;
    let options = options.create_if_missing(false).foreign_keys(true).busy_timeout(BUSY_TIMEOUT);
    let mut connection = options.connect().await.context("the database cannot be opened")?;
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let done = match column {
        Column::Record => record(&mut transaction).await?,
        Column::View => view(&mut transaction).await?,
        Column::Disclosure => disclosure(&mut transaction).await?,
        Column::Prev => prev(&mut transaction).await?,
    };
    transaction.commit().await?;
    connection.close().await?;
    Ok(done)
}

/// Takes a trigger away and gives the statement that puts it back.
async fn without_trigger(connection: &mut SqliteConnection, name: &'static str) -> anyhow::Result<String> {
    let sql = "SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND name = $1";
    let trigger: Option<String> = query_scalar(sql).bind(name).fetch_optional(&mut *connection).await?;
    let trigger = trigger.with_context(|| format!("the trigger {name} is not there"))?;
    query(AssertSqlSafe(format!("DROP TRIGGER {name}"))).execute(connection).await?;
    Ok(trigger)
}

async fn restore(connection: &mut SqliteConnection, trigger: String) -> anyhow::Result<()> {
    query(AssertSqlSafe(trigger)).execute(connection).await?;
    Ok(())
}

async fn record(connection: &mut SqliteConnection) -> anyhow::Result<String> {
    let sql = "SELECT position, stream, version, kind, jws FROM record
               WHERE kind IN ('contract.confirmed', 'contract.rejected', 'contract.drafted')
               ORDER BY kind = 'contract.confirmed' DESC, position DESC LIMIT 1";
    let row: Option<(i64, String, i64, String, String)> =
        query_as(sql).fetch_optional(&mut *connection).await?;
    let (position, stream, version, kind, jws) = row.context("the ledger has no contract to edit")?;
    let edited = other_document(&jws).context("the record quotes no document")?;
    let trigger = without_trigger(connection, "record_no_update").await?;
    let sql = "UPDATE record SET jws = $2 WHERE position = $1";
    query(sql).bind(position).bind(edited).execute(&mut *connection).await?;
    restore(connection, trigger).await?;
    Ok(format!(
        "record {position} ({stream} version {version}, {kind}): one digit of document_sha256 in the signed payload is \
         another now; the signature and all other columns are as they were"
    ))
}

/// The record with one hex digit of the document's hash changed, inside the signed part.
fn other_document(jws: &str) -> Option<String> {
    let mut parts = jws.split('.');
    let (header, payload, signature) = (parts.next()?, parts.next()?, parts.next()?);
    let mut payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
    let at = payload.windows(DOCUMENT_HASH.len()).position(|window| window == DOCUMENT_HASH)?;
    let digit = payload.get_mut(at + DOCUMENT_HASH.len())?;
    *digit = if *digit == b'0' { b'1' } else { b'0' };
    Some(format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(payload)))
}

async fn view(connection: &mut SqliteConnection) -> anyhow::Result<String> {
    let sql =
        "SELECT contract_id, status FROM contract_view ORDER BY created_at DESC, contract_id DESC LIMIT 1";
    let row: Option<(String, String)> = query_as(sql).fetch_optional(&mut *connection).await?;
    let (contract_id, before) = row.context("the ledger has no contract to edit")?;
    let after = if before == "confirmed" { "rejected" } else { "confirmed" };
    let sql = "UPDATE contract_view SET status = $2 WHERE contract_id = $1";
    query(sql).bind(&contract_id).bind(after).execute(connection).await?;
    Ok(format!("view of {contract_id}: the status says {after} now, not {before}; the log is as it was"))
}

async fn disclosure(connection: &mut SqliteConnection) -> anyhow::Result<String> {
    let sql = "SELECT d.position, d.opened, r.stream, r.version
               FROM disclosure AS d JOIN record AS r ON r.position = d.position
               WHERE r.kind = 'contract.drafted' ORDER BY d.position DESC LIMIT 1";
    let row: Option<(i64, String, String, i64)> = query_as(sql).fetch_optional(&mut *connection).await?;
    let (position, opened, stream, version) = row.context("the ledger has no contract to edit")?;
    let edited = other_value(&opened).context("the disclosure has no letter or digit to change")?;
    let trigger = without_trigger(connection, "disclosure_no_update").await?;
    let sql = "UPDATE disclosure SET opened = $2 WHERE position = $1";
    query(sql).bind(position).bind(edited).execute(&mut *connection).await?;
    restore(connection, trigger).await?;
    Ok(format!(
        "disclosures of record {position} ({stream} version {version}): one character of the first is another now; the \
         record that commits to it is as it was"
    ))
}

/// The lines with the last letter or digit of the first one changed: it stands in the value.
fn other_value(opened: &str) -> Option<String> {
    let end = opened.find('\n').unwrap_or(opened.len());
    let at = opened[..end].rfind(|letter: char| letter.is_ascii_alphanumeric())?;
    flipped(opened, at)
}

async fn prev(connection: &mut SqliteConnection) -> anyhow::Result<String> {
    let sql = "SELECT position, stream, version, prev FROM record
               WHERE prev IS NOT NULL AND kind LIKE 'contract.%' ORDER BY position DESC LIMIT 1";
    let row: Option<(i64, String, i64, Vec<u8>)> = query_as(sql).fetch_optional(&mut *connection).await?;
    let (position, stream, version, mut hash) = row.context("the ledger has no answered contract to edit")?;
    if let Some(first) = hash.first_mut() {
        *first ^= 1;
    }
    let trigger = without_trigger(connection, "record_no_update").await?;
    let sql = "UPDATE record SET prev = $2 WHERE position = $1";
    query(sql).bind(position).bind(hash).execute(&mut *connection).await?;
    restore(connection, trigger).await?;
    Ok(format!("record {position} ({stream} version {version}): one bit of the stored prev is another now"))
}

/// The text with another character of base64url at a place.
fn flipped(text: &str, at: usize) -> Option<String> {
    let mut bytes = text.as_bytes().to_vec();
    let byte = bytes.get_mut(at)?;
    *byte = if *byte == b'A' { b'B' } else { b'A' };
    String::from_utf8(bytes).ok()
}
