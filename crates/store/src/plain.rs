//! Statements that read alike in both dialects. Both drivers take `$1` for the first value.

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

/// Gives a backend, with pools `readers` and `writer`, the statements that are the same for all.
macro_rules! plain_statements {
    ($backend:ty, $driver:ty) => {
        impl $backend {
            pub(crate) async fn outcome(&self, input: Uuid) -> Result<Option<String>, StoreError> {
                let sql = "SELECT outcome FROM inbox WHERE input = $1";
                Ok(query_scalar(sql).bind(input).fetch_optional(&self.readers).await?)
            }

            pub(crate) async fn quarantined(&self, offset: u64, max: u32) -> Result<Vec<InboxRow>, StoreError> {
                let sql = "SELECT input, received_at, outcome, quarantined FROM inbox
                           WHERE quarantined IS NOT NULL ORDER BY received_at, input LIMIT $1 OFFSET $2";
                let query = query_as::<_, columns::InboxColumns>(sql).bind(i64::from(max)).bind(sql_int(offset));
                columns::all(query.fetch_all(&self.readers).await?, columns::inbox)
            }

            pub(crate) async fn stream_records(
                &self, stream: String, from_version: u64, max: u32,
            ) -> Result<Vec<RecordRow>, StoreError> {
                let sql = concat!(
                    "SELECT ", record_columns!(),
                    " FROM record WHERE stream = $1 AND version >= $2 ORDER BY version LIMIT $3"
                );
                let query = query_as::<_, columns::RecordColumns>(sql);
                let query = query.bind(stream).bind(sql_int(from_version)).bind(i64::from(max));
                columns::all(query.fetch_all(&self.readers).await?, columns::record)
            }

            pub(crate) async fn record_by_id(&self, id: Uuid) -> Result<Option<RecordRow>, StoreError> {
                let sql = concat!("SELECT ", record_columns!(), " FROM record WHERE id = $1");
                let query = query_as::<_, columns::RecordColumns>(sql).bind(id);
                columns::one(query.fetch_optional(&self.readers).await?, columns::record)
            }

            pub(crate) async fn tile(&self, tile: TileId) -> Result<Option<Vec<Hash>>, StoreError> {
                let places = tile.hashes();
                let found: Vec<Vec<u8>> = if tile.level() == 0 {
                    let sql = "SELECT leaf FROM record WHERE position >= $1 AND position < $2 ORDER BY position";
                    let query = query_scalar(sql).bind(sql_int(places.start)).bind(sql_int(places.end));
                    query.fetch_all(&self.readers).await?
                } else {
                    let sql = "SELECT hash FROM tree_node WHERE level = $1 AND idx >= $2 AND idx < $3 ORDER BY idx";
                    let query = query_scalar(sql).bind(i16::from(tile.level()));
                    let query = query.bind(sql_int(places.start)).bind(sql_int(places.end));
                    query.fetch_all(&self.readers).await?
                };
                if found.len() < usize::from(tile.width()) {
                    return Ok(None);
                }
                columns::all(found, columns::hash).map(Some)
            }

            pub(crate) async fn contract(&self, id: String) -> Result<Option<(ContractRow, String)>, StoreError> {
                let sql = concat!(
                    "SELECT ", contract_columns!(), " FROM contract_view AS v
                     JOIN stream_head AS h ON h.stream = v.stream WHERE v.contract_id = $1"
                );
                let query = query_as::<_, columns::ContractStateColumns>(sql).bind(id);
                columns::one(query.fetch_optional(&self.readers).await?, columns::contract_and_state)
            }

            pub(crate) async fn contract_by_document(
                &self, document: Hash,
            ) -> Result<Option<(ContractRow, String)>, StoreError> {
                let sql = concat!(
                    "SELECT ", contract_columns!(), " FROM contract_view AS v
                     JOIN stream_head AS h ON h.stream = v.stream WHERE v.document_sha256 = $1
                     ORDER BY v.created_at, v.contract_id LIMIT 1"
                );
                let query = query_as::<_, columns::ContractStateColumns>(sql).bind(document.0.to_vec());
                columns::one(query.fetch_optional(&self.readers).await?, columns::contract_and_state)
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
                let mut count = QueryBuilder::<$driver>::new(counted);
                push_filter!(count, filter);
                let total: i64 = count.build_query_scalar().fetch_one(&self.readers).await?;
                let mut rows = QueryBuilder::<$driver>::new(concat!(
                    "SELECT ", contract_columns!(),
                    " FROM contract_view AS v JOIN stream_head AS h ON h.stream = v.stream WHERE 1 = 1"
                ));
                push_filter!(rows, filter);
                if let Some((created_at, contract_id)) = page.before {
                    rows.push(" AND (v.created_at, v.contract_id) < (").push_bind(created_at.millis());
                    rows.push(", ").push_bind(contract_id).push(")");
                }
                rows.push(" ORDER BY v.created_at DESC, v.contract_id DESC LIMIT ").push_bind(i64::from(page.limit));
                rows.push(" OFFSET ").push_bind(sql_int(page.offset));
                let query = rows.build_query_as::<columns::ContractStateColumns>();
                let rows = columns::all(query.fetch_all(&self.readers).await?, columns::contract_and_state)?;
                Ok(ContractPage { rows, total: columns::number(total)? })
            }

            pub(crate) async fn call(&self, stream: String) -> Result<Option<CallRow>, StoreError> {
                let sql = "SELECT stream, provider, call_id, progress FROM call_view WHERE stream = $1";
                let query = query_as::<_, columns::CallColumns>(sql).bind(stream);
                columns::one(query.fetch_optional(&self.readers).await?, columns::call)
            }

            pub(crate) async fn open_calls(
                &self, before: Timestamp, max: u32,
            ) -> Result<Vec<CallRow>, StoreError> {
                let sql = "SELECT c.stream, c.provider, c.call_id, c.progress FROM call_view AS c
                           JOIN stream_head AS h ON h.stream = c.stream
                           WHERE c.progress NOT IN ('ended', 'silent') AND h.recorded_at <= $1
                           ORDER BY h.recorded_at, c.stream LIMIT $2";
                let query = query_as::<_, columns::CallColumns>(sql).bind(before.millis()).bind(i64::from(max));
                columns::all(query.fetch_all(&self.readers).await?, columns::call)
            }

            pub(crate) async fn repeats(&self, stream: String, max: u32) -> Result<Vec<RepeatRow>, StoreError> {
                let sql = "SELECT input, ordinal, received_at, stream, version, kind, occurred_at,
                                  CAST(flags AS BIGINT)
                           FROM repeat WHERE stream = $1 ORDER BY received_at, input, ordinal LIMIT $2";
                let query = query_as::<_, columns::RepeatColumns>(sql).bind(stream).bind(i64::from(max));
                columns::all(query.fetch_all(&self.readers).await?, columns::repeat)
            }

            pub(crate) async fn received_at(&self, input: Uuid) -> Result<Option<Timestamp>, StoreError> {
                let sql = "SELECT received_at FROM inbox WHERE input = $1";
                let at = query_scalar::<_, i64>(sql).bind(input).fetch_optional(&self.readers).await?;
                columns::one(at, columns::time)
            }

            pub(crate) async fn links(&self, space: String, key: String) -> Result<Vec<String>, StoreError> {
                let sql = "SELECT stream FROM link WHERE space = $1 AND key = $2 ORDER BY stream";
                Ok(query_scalar(sql).bind(space).bind(key).fetch_all(&self.readers).await?)
            }

            pub(crate) async fn tasks_due(
                &self,
                kind: String,
                now: Timestamp,
                max: u32,
            ) -> Result<Vec<TaskRow>, StoreError> {
                let sql = "SELECT stream, task, kind, attempts, not_before FROM task
                           WHERE kind = $1 AND not_before <= $2 ORDER BY not_before, stream, task LIMIT $3";
                let query = query_as::<_, columns::TaskColumns>(sql).bind(kind).bind(now.millis());
                columns::all(query.bind(i64::from(max)).fetch_all(&self.readers).await?, columns::task)
            }

            pub(crate) async fn tasks(&self, max: u32) -> Result<Vec<TaskRow>, StoreError> {
                let sql = "SELECT stream, task, kind, attempts, not_before FROM task
                           ORDER BY stream, task LIMIT $1";
                let query = query_as::<_, columns::TaskColumns>(sql).bind(i64::from(max));
                columns::all(query.fetch_all(&self.readers).await?, columns::task)
            }

            pub(crate) async fn checkpoints(&self, from: u64, max: u32) -> Result<Vec<CheckpointRow>, StoreError> {
                let sql = "SELECT size, root, note, signed_at FROM checkpoint WHERE size >= $1 ORDER BY size LIMIT $2";
                let query = query_as::<_, columns::CheckpointColumns>(sql).bind(sql_int(from)).bind(i64::from(max));
                columns::all(query.fetch_all(&self.readers).await?, columns::checkpoint)
            }

            pub(crate) async fn latest_checkpoint(&self) -> Result<Option<CheckpointRow>, StoreError> {
                let sql = "SELECT size, root, note, signed_at FROM checkpoint ORDER BY size DESC LIMIT 1";
                let query = query_as::<_, columns::CheckpointColumns>(sql);
                columns::one(query.fetch_optional(&self.readers).await?, columns::checkpoint)
            }

            pub(crate) async fn cursor(&self, follower: String) -> Result<Option<u64>, StoreError> {
                let sql = "SELECT position FROM cursor WHERE follower = $1";
                let position = query_scalar::<_, i64>(sql).bind(follower).fetch_optional(&self.readers).await?;
                columns::one(position, columns::number)
            }

            pub(crate) async fn set_cursor(&self, follower: String, position: u64) -> Result<(), StoreError> {
                let sql = "INSERT INTO cursor (follower, position) VALUES ($1, $2)
                           ON CONFLICT (follower) DO UPDATE SET position = excluded.position";
                query(sql).bind(follower).bind(sql_int(position)).execute(&self.writer).await?;
                Ok(())
            }

            pub(crate) async fn api_key(&self, id: String) -> Result<Option<ApiKeyRow>, StoreError> {
                let sql = concat!("SELECT ", api_key_columns!(), " FROM api_key WHERE id = $1");
                let query = query_as::<_, columns::ApiKeyColumns>(sql).bind(id);
                columns::one(query.fetch_optional(&self.readers).await?, columns::api_key)
            }

            pub(crate) async fn api_keys(&self) -> Result<Vec<ApiKeyRow>, StoreError> {
                let sql = concat!("SELECT ", api_key_columns!(), " FROM api_key ORDER BY created_at, id");
                let query = query_as::<_, columns::ApiKeyColumns>(sql);
                columns::all(query.fetch_all(&self.readers).await?, columns::api_key)
            }

            pub(crate) async fn insert_api_key(&self, key: ApiKeyRow) -> Result<bool, StoreError> {
                let sql = concat!(
                    "INSERT INTO api_key (", api_key_columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7)
                     ON CONFLICT (id) DO NOTHING"
                );
                let query = query(sql).bind(key.id).bind(key.secret_sha256.0.to_vec()).bind(key.scopes);
                let query = query.bind(key.label).bind(key.created_at.millis());
                let query = query.bind(key.expires_at.map(Timestamp::millis));
                let query = query.bind(key.revoked_at.map(Timestamp::millis));
                Ok(query.execute(&self.writer).await?.rows_affected() == 1)
            }

            pub(crate) async fn revoke_api_key(&self, id: String, at: Timestamp) -> Result<bool, StoreError> {
                // The first revocation counts: a second one does not make the key look longer-lived.
                let sql = "UPDATE api_key SET revoked_at = coalesce(revoked_at, $2) WHERE id = $1";
                let done = query(sql).bind(id).bind(at.millis()).execute(&self.writer).await?;
                Ok(done.rows_affected() == 1)
            }

            pub(crate) async fn release_lease(&self, lease: Lease) -> Result<bool, StoreError> {
                // A new fence, so that who released it cannot write with it any more.
                let sql = "UPDATE lease SET owner = '', fence = fence + 1, expires_at = 0 WHERE fence = $1";
                Ok(query(sql).bind(lease.fence).execute(&self.writer).await?.rows_affected() == 1)
            }

            pub(crate) async fn counts(&self) -> Result<Counts, StoreError> {
                let sql = "SELECT (SELECT coalesce(max(position) + 1, 0) FROM record),
                                  (SELECT coalesce(max(size), 0) FROM checkpoint),
                                  (SELECT count(*) FROM inbox WHERE quarantined IS NOT NULL),
                                  (SELECT count(*) FROM task WHERE kind <> 'deadline'),
                                  (SELECT count(*) FROM call_view)";
                let (records, checkpointed, quarantined, tasks, calls): (i64, i64, i64, i64, i64) =
                    query_as(sql).fetch_one(&self.readers).await?;
                let sql = "SELECT status, CAST(sum(contracts) AS BIGINT) FROM contract_count
                           WHERE contracts > 0 GROUP BY status ORDER BY status";
                let contracts: Vec<(String, i64)> = query_as(sql).fetch_all(&self.readers).await?;
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

            pub(crate) async fn close(&self) {
                self.readers.close().await;
                self.writer.close().await;
            }
        }
    };
}

/// The conditions a filter adds to a statement over `contract_view AS v`.
macro_rules! push_filter {
    ($query:ident, $filter:ident) => {
        if let Some(status) = &$filter.status {
            $query.push(" AND v.status = ").push_bind(status.clone());
        }
        if let Some(contract_type) = &$filter.contract_type {
            $query.push(" AND v.contract_type = ").push_bind(contract_type.clone());
        }
        if let Some(phone) = &$filter.phone {
            $query.push(" AND v.stream IN (SELECT stream FROM link WHERE space = 'phone' AND key = ");
            $query.push_bind(phone.clone()).push(")");
        }
    };
}
pub(crate) use {plain_statements, push_filter};
