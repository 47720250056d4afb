//! Statements about the index of persons and about erasures that read alike in both dialects.

/// Gives a backend, with pools `readers` and `writer`, these statements.
macro_rules! person_statements {
    ($backend:ty) => {
        impl $backend {
            pub(crate) async fn person(&self, token: Hash) -> Result<Vec<u64>, StoreError> {
                let sql = "SELECT position FROM person WHERE token = $1 ORDER BY position";
                let found: Vec<i64> = query_scalar(sql).bind(token.0.to_vec()).fetch_all(&self.readers).await?;
                columns::all(found, columns::number)
            }

            pub(crate) async fn person_key(&self) -> Result<Option<Hash>, StoreError> {
                let sql = "SELECT digest FROM person_key";
                columns::one(query_scalar(sql).fetch_optional(&self.readers).await?, columns::hash)
            }

            pub(crate) async fn person_rows(&self, from: u64, max: u32) -> Result<Vec<PersonRow>, StoreError> {
                let sql = "SELECT token, position FROM person WHERE position >= $1 AND position < $2
                           ORDER BY position, token";
                let end = from.saturating_add(u64::from(max));
                let query = query_as::<_, (Vec<u8>, i64)>(sql).bind(sql_int(from)).bind(sql_int(end));
                columns::all(query.fetch_all(&self.readers).await?, columns::person)
            }

            pub(crate) async fn erasure_work(&self, erasure: String) -> Result<Vec<WorkRow>, StoreError> {
                let sql = "SELECT erasure, kind, what, source, position, erased_at FROM erasure_work
                           WHERE erasure = $1 ORDER BY kind, what";
                let query = query_as::<_, columns::WorkColumns>(sql).bind(erasure);
                columns::all(query.fetch_all(&self.readers).await?, columns::work)
            }

            pub(crate) async fn erased_inputs(&self, from: Timestamp) -> Result<Vec<WorkRow>, StoreError> {
                let sql = "SELECT erasure, kind, what, source, position, erased_at FROM erasure_work
                           WHERE erased_at >= $1 AND kind = 'input' ORDER BY erased_at, erasure, what";
                let query = query_as::<_, columns::WorkColumns>(sql).bind(from.millis());
                columns::all(query.fetch_all(&self.readers).await?, columns::work)
            }

            /// Forgets which inputs were erased, and the raw bytes of quarantined ones, before this time.
            pub(crate) async fn expire(&self, before: Timestamp) -> Result<Expired, StoreError> {
                let sql = "DELETE FROM erasure_work WHERE erased_at < $1 AND kind = 'input'";
                let work = query(sql).bind(before.millis()).execute(&self.writer).await?.rows_affected();
                let sql = "UPDATE inbox SET quarantined = NULL WHERE received_at < $1 AND quarantined IS NOT NULL";
                let raw = query(sql).bind(before.millis()).execute(&self.writer).await?.rows_affected();
                Ok(Expired { quarantined: raw, work })
            }
        }
    };
}
pub(crate) use person_statements;
