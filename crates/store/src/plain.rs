//! Statements that read alike in both dialects. Both drivers take `$1` for the first value.

use crate::rows::{ViewKey, ViewTable};
use crate::value::Statement;

macro_rules! record_columns {
    () => {
        "position, stream, version, id, kind, recorded_at, prev, payload_sha256, leaf, jws"
    };
}
macro_rules! contract_columns {
    () => {
        "v.contract_id, v.stream, v.status, v.contract_type, v.created_at, v.document_sha256, h.state"
    };
}
macro_rules! api_key_columns {
    () => {
        "id, secret_sha256, scopes, label, created_at, expires_at, revoked_at"
    };
}
pub(crate) use {api_key_columns, contract_columns, record_columns};

/// The columns that name a row of a view.
fn key_columns(table: ViewTable) -> &'static str {
    match table {
        ViewTable::StreamHead | ViewTable::CallView => "stream",
        ViewTable::ContractView => "contract_id",
        ViewTable::Link => "space, key, stream",
        ViewTable::Task => "stream, task",
        ViewTable::Counter => "name",
    }
}

/// The statement that reads a page of a view, behind that row.
pub(crate) fn view_page(table: ViewTable, after: Option<ViewKey>, max: u32) -> Statement {
    let columns = match table {
        ViewTable::StreamHead => "stream, version, head, recorded_at, state",
        ViewTable::ContractView => "contract_id, stream, status, contract_type, created_at, document_sha256",
        ViewTable::CallView => "stream, progress",
        ViewTable::Link => "space, key, stream",
        ViewTable::Task => "stream, task, kind, attempts, not_before",
        ViewTable::Counter => "name, value",
    };
    ordered(columns, table, after, max)
}

/// The statement that reads the name of one row of a view, behind that row.
pub(crate) fn view_keys(table: ViewTable, after: Option<ViewKey>) -> Statement {
    ordered(key_columns(table), table, after, 1)
}

fn ordered(columns: &str, table: ViewTable, after: Option<ViewKey>, max: u32) -> Statement {
    let key = key_columns(table);
    let mut statement = Statement::new(&format!("SELECT {columns} FROM {}", table.name()));
    if let Some(after) = after {
        statement.push(&format!(" WHERE ({key}) > (")).bind_key(after).push(")");
    }
    statement.push(&format!(" ORDER BY {key} LIMIT ")).bind(max);
    statement
}

/// The statement that deletes a row of a view.
pub(crate) fn delete_view_row(key: ViewKey) -> Statement {
    let table = key.table();
    let mut statement =
        Statement::new(&format!("DELETE FROM {} WHERE ({}) = (", table.name(), key_columns(table)));
    statement.bind_key(key).push(")");
    statement
}

/// Gives a backend, which runs a statement with `rows`, `row` and `change`, the statements that are the same for all.
macro_rules! plain_statements {
    ($backend:ty) => {
        impl $backend {
            pub(crate) async fn outcome(&self, input: Uuid) -> Result<Option<String>, StoreError> {
                let sql = "SELECT outcome FROM inbox WHERE input = $1";
                let kept = columns::one(self.row(sql, values![input]).await?, |(kept,)| Kept::read(kept))?;
                let (first, count) = match kept {
                    None => return Ok(None),
                    Some(Kept::Json(json)) => return Ok(Some(json)),
                    Some(Kept::Records { first, count }) => (first, count),
                };
                let sql = "SELECT stream, version, kind FROM record
                           WHERE position >= $1 AND position < $2 ORDER BY position";
                let records = self.rows(sql, values![first, first.saturating_add(count)]).await?;
                outcomes::recorded(&records, count).map(Some)
            }

            pub(crate) async fn quarantined(&self, offset: u64, max: u32) -> Result<Vec<InboxRow>, StoreError> {
                let sql = "SELECT input, received_at, outcome, quarantined FROM inbox
                           WHERE quarantined IS NOT NULL ORDER BY received_at, input LIMIT $1 OFFSET $2";
                columns::all(self.rows(sql, values![max, offset]).await?, columns::inbox)
            }

            pub(crate) async fn stream_records(
                &self, stream: String, from_version: u64, max: u32,
            ) -> Result<Vec<RecordRow>, StoreError> {
                let sql = concat!(
                    "SELECT ", record_columns!(),
                    " FROM record WHERE stream = $1 AND version >= $2 ORDER BY version LIMIT $3"
                );
                columns::all(self.rows(sql, values![stream, from_version, max]).await?, columns::record)
            }

            pub(crate) async fn record_by_id(&self, id: Uuid) -> Result<Option<RecordRow>, StoreError> {
                let sql = concat!("SELECT ", record_columns!(), " FROM record WHERE id = $1");
                columns::one(self.row(sql, values![id]).await?, columns::record)
            }

            pub(crate) async fn contract(&self, id: String) -> Result<Option<(ContractRow, String)>, StoreError> {
                let sql = concat!(
                    "SELECT ", contract_columns!(), " FROM contract_view AS v
                     JOIN stream_head AS h ON h.stream = v.stream WHERE v.contract_id = $1"
                );
                columns::one(self.row(sql, values![id]).await?, columns::contract_and_state)
            }

            pub(crate) async fn contract_by_document(
                &self, document: Hash,
            ) -> Result<Option<(ContractRow, String)>, StoreError> {
                let sql = concat!(
                    "SELECT ", contract_columns!(), " FROM contract_view AS v
                     JOIN stream_head AS h ON h.stream = v.stream WHERE v.document_sha256 = $1
                     ORDER BY v.created_at, v.contract_id LIMIT 1"
                );
                columns::one(self.row(sql, values![document]).await?, columns::contract_and_state)
            }

            pub(crate) async fn contracts_page(
                &self, filter: ContractFilter, page: Page,
            ) -> Result<ContractPage, StoreError> {
                // One person has few contracts, all together have many: those are counted as they come.
                let counted = if filter.phone.is_some() {
                    "SELECT count(*) FROM contract_view AS v WHERE 1 = 1"
                } else {
                    "SELECT CAST(coalesce(sum(v.contracts), 0) AS BIGINT) FROM contract_count AS v WHERE 1 = 1"
                };
                let mut count = Statement::new(counted);
                count.push_filter(&filter);
                let (total,) = columns::always(self.row(count.sql, count.values).await?)?;
                let mut rows = Statement::new(concat!(
                    "SELECT ", contract_columns!(),
                    " FROM contract_view AS v JOIN stream_head AS h ON h.stream = v.stream WHERE 1 = 1"
                ));
                rows.push_filter(&filter);
                if let Some((created_at, contract_id)) = page.before {
                    rows.push(" AND (v.created_at, v.contract_id) < (").bind(created_at);
                    rows.push(", ").bind(contract_id).push(")");
                }
                rows.push(" ORDER BY v.created_at DESC, v.contract_id DESC LIMIT ").bind(page.limit);
                rows.push(" OFFSET ").bind(page.offset);
                let rows = columns::all(self.rows(rows.sql, rows.values).await?, columns::contract_and_state)?;
                Ok(ContractPage { rows, total: columns::number(total)? })
            }

            pub(crate) async fn call(&self, stream: String) -> Result<Option<CallRow>, StoreError> {
                let sql = "SELECT stream, progress FROM call_view WHERE stream = $1";
                columns::one(self.row(sql, values![stream]).await?, columns::call)
            }

            pub(crate) async fn open_calls(
                &self, before: Timestamp, max: u32,
            ) -> Result<Vec<CallRow>, StoreError> {
                let sql = "SELECT c.stream, c.progress FROM call_view AS c
                           JOIN stream_head AS h ON h.stream = c.stream
                           WHERE c.progress NOT IN ('ended', 'silent') AND h.recorded_at <= $1
                           ORDER BY h.recorded_at, c.stream LIMIT $2";
                columns::all(self.rows(sql, values![before, max]).await?, columns::call)
            }

            pub(crate) async fn repeats(&self, stream: String, max: u32) -> Result<Vec<RepeatRow>, StoreError> {
                let sql = "SELECT input, ordinal, received_at, stream, version, kind, occurred_at,
                                  CAST(flags AS BIGINT)
                           FROM repeat WHERE stream = $1 ORDER BY received_at, input, ordinal LIMIT $2";
                columns::all(self.rows(sql, values![stream, max]).await?, columns::repeat)
            }

            pub(crate) async fn received_at(&self, input: Uuid) -> Result<Option<Timestamp>, StoreError> {
                let sql = "SELECT received_at FROM inbox WHERE input = $1";
                columns::one(self.row(sql, values![input]).await?, |(at,)| columns::time(at))
            }

            pub(crate) async fn links(&self, space: String, key: String) -> Result<Vec<String>, StoreError> {
                let sql = "SELECT stream FROM link WHERE space = $1 AND key = $2 ORDER BY stream";
                columns::all(self.rows(sql, values![space, key]).await?, |(stream,)| Ok(stream))
            }

            pub(crate) async fn tasks_due(
                &self,
                kind: String,
                now: Timestamp,
                max: u32,
            ) -> Result<Vec<TaskRow>, StoreError> {
                let sql = "SELECT stream, task, kind, attempts, not_before FROM task
                           WHERE kind = $1 AND not_before <= $2 ORDER BY not_before, stream, task LIMIT $3";
                columns::all(self.rows(sql, values![kind, now, max]).await?, columns::task)
            }

            pub(crate) async fn tasks(&self, max: u32) -> Result<Vec<TaskRow>, StoreError> {
                let sql = "SELECT stream, task, kind, attempts, not_before FROM task
                           ORDER BY stream, task LIMIT $1";
                columns::all(self.rows(sql, values![max]).await?, columns::task)
            }

            pub(crate) async fn view_page(
                &self,
                table: ViewTable,
                after: Option<ViewKey>,
                max: u32,
            ) -> Result<Vec<ViewRow>, StoreError> {
                let Statement { sql, values } = view_page(table, after, max);
                match table {
                    ViewTable::StreamHead => columns::all(self.rows(sql, values).await?, |row| {
                        columns::stream(row).map(ViewRow::StreamHead)
                    }),
                    ViewTable::ContractView => columns::all(self.rows(sql, values).await?, |row| {
                        columns::contract(row).map(ViewRow::ContractView)
                    }),
                    ViewTable::CallView => columns::all(self.rows(sql, values).await?, |row| {
                        columns::call(row).map(ViewRow::CallView)
                    }),
                    ViewTable::Link => columns::all(self.rows(sql, values).await?, |(space, key, stream)| {
                        Ok(ViewRow::Link(space, key, stream))
                    }),
                    ViewTable::Task => columns::all(self.rows(sql, values).await?, |row| {
                        columns::task(row).map(ViewRow::Task)
                    }),
                    ViewTable::Counter => columns::all(self.rows(sql, values).await?, |(name, value)| {
                        Ok(ViewRow::Counter(name, columns::number(value)?))
                    }),
                }
            }

            pub(crate) async fn view_key(
                &self,
                table: ViewTable,
                after: Option<ViewKey>,
            ) -> Result<Option<ViewKey>, StoreError> {
                let Statement { sql, values } = view_keys(table, after);
                match table {
                    ViewTable::StreamHead => {
                        columns::one(self.row(sql, values).await?, |(name,)| Ok(ViewKey::StreamHead(name)))
                    }
                    ViewTable::ContractView => {
                        columns::one(self.row(sql, values).await?, |(name,)| Ok(ViewKey::ContractView(name)))
                    }
                    ViewTable::CallView => {
                        columns::one(self.row(sql, values).await?, |(name,)| Ok(ViewKey::CallView(name)))
                    }
                    ViewTable::Link => columns::one(self.row(sql, values).await?, |(space, key, stream)| {
                        Ok(ViewKey::Link(space, key, stream))
                    }),
                    ViewTable::Task => columns::one(self.row(sql, values).await?, |(stream, task)| {
                        Ok(ViewKey::Task(stream, task))
                    }),
                    ViewTable::Counter => {
                        columns::one(self.row(sql, values).await?, |(name,)| Ok(ViewKey::Counter(name)))
                    }
                }
            }

            pub(crate) async fn checkpoints(&self, from: u64, max: u32) -> Result<Vec<CheckpointRow>, StoreError> {
                let sql = "SELECT size, root, note, signed_at FROM checkpoint WHERE size >= $1 ORDER BY size LIMIT $2";
                columns::all(self.rows(sql, values![from, max]).await?, columns::checkpoint)
            }

            pub(crate) async fn latest_checkpoint(&self) -> Result<Option<CheckpointRow>, StoreError> {
                let sql = "SELECT size, root, note, signed_at FROM checkpoint ORDER BY size DESC LIMIT 1";
                columns::one(self.row(sql, values![]).await?, columns::checkpoint)
            }

            pub(crate) async fn cursor(&self, follower: String) -> Result<Option<u64>, StoreError> {
                let sql = "SELECT position FROM cursor WHERE follower = $1";
                columns::one(self.row(sql, values![follower]).await?, |(position,)| columns::number(position))
            }

            pub(crate) async fn set_cursor(&self, follower: String, position: u64) -> Result<(), StoreError> {
                let sql = "INSERT INTO cursor (follower, position) VALUES ($1, $2)
                           ON CONFLICT (follower) DO UPDATE SET position = excluded.position";
                self.change(sql, values![follower, position]).await?;
                Ok(())
            }

            pub(crate) async fn api_key(&self, id: String) -> Result<Option<ApiKeyRow>, StoreError> {
                let sql = concat!("SELECT ", api_key_columns!(), " FROM api_key WHERE id = $1");
                columns::one(self.row(sql, values![id]).await?, columns::api_key)
            }

            pub(crate) async fn api_keys(&self) -> Result<Vec<ApiKeyRow>, StoreError> {
                let sql = concat!("SELECT ", api_key_columns!(), " FROM api_key ORDER BY created_at, id");
                columns::all(self.rows(sql, values![]).await?, columns::api_key)
            }

            pub(crate) async fn insert_api_key(&self, key: ApiKeyRow) -> Result<bool, StoreError> {
                let sql = concat!(
                    "INSERT INTO api_key (", api_key_columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7)
                     ON CONFLICT (id) DO NOTHING"
                );
                let ApiKeyRow { id, secret_sha256, scopes, label, created_at, expires_at, revoked_at } = key;
                let values = values![id, secret_sha256, scopes, label, created_at, expires_at, revoked_at];
                Ok(self.change(sql, values).await? == 1)
            }

            pub(crate) async fn revoke_api_key(&self, id: String, at: Timestamp) -> Result<bool, StoreError> {
                // The first revocation counts: a second one does not make the key look longer-lived.
                let sql = "UPDATE api_key SET revoked_at = coalesce(revoked_at, $2) WHERE id = $1";
                Ok(self.change(sql, values![id, at]).await? == 1)
            }

            pub(crate) async fn release_lease(&self, lease: Lease) -> Result<bool, StoreError> {
                // A new fence, so that who released it cannot write with it any more.
                let sql = "UPDATE lease SET owner = '', fence = fence + 1, expires_at = 0 WHERE fence = $1";
                Ok(self.change(sql, values![lease.fence]).await? == 1)
            }

            pub(crate) async fn counts(&self) -> Result<Counts, StoreError> {
                let sql = "SELECT (SELECT coalesce(max(position) + 1, 0) FROM record),
                                  (SELECT coalesce(max(size), 0) FROM checkpoint),
                                  (SELECT CAST(coalesce(sum(tasks), 0) AS BIGINT) FROM task_count
                                   WHERE kind <> 'deadline'),
                                  (SELECT calls FROM call_count)";
                let (records, checkpointed, tasks, calls) =
                    columns::always(self.row(sql, values![]).await?)?;
                let quarantined = self.quarantined_count().await?;
                let sql = "SELECT status, CAST(sum(contracts) AS BIGINT) FROM contract_count
                           WHERE contracts > 0 GROUP BY status ORDER BY status";
                let contracts: Vec<(String, i64)> = self.rows(sql, values![]).await?;
                let contracts = contracts.into_iter().map(|(status, n)| Ok((status, columns::number(n)?)));
                Ok(Counts {
                    records: columns::number(records)?,
                    checkpointed: columns::number(checkpointed)?,
                    quarantined: columns::number(quarantined)?,
                    tasks: columns::number(tasks)?,
                    calls: columns::number(calls)?,
                    contracts: contracts.collect::<Result<_, StoreError>>()?,
                })
            }
        }
    };
}
pub(crate) use plain_statements;
