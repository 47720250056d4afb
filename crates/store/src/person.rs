//! Statements about the index of persons and about erasures that read alike in both dialects.

/// Gives a backend, which runs a statement with `rows`, `row` and `change`, these statements.
macro_rules! person_statements {
    ($backend:ty) => {
        impl $backend {
            pub(crate) async fn person(&self, token: PersonToken) -> Result<Vec<u64>, StoreError> {
                let sql = "SELECT position FROM person WHERE token = $1 ORDER BY position";
                columns::all(self.rows(sql, values![token.0]).await?, |(position,)| columns::number(position))
            }

            pub(crate) async fn person_key(&self) -> Result<Option<Hash>, StoreError> {
                let sql = "SELECT digest FROM person_key";
                columns::one(self.row(sql, values![]).await?, |(digest,)| columns::hash(digest))
            }

            pub(crate) async fn person_rows(&self, from: u64, max: u32) -> Result<Vec<PersonRow>, StoreError> {
                let sql = "SELECT token, position FROM person WHERE position >= $1 AND position < $2
                           ORDER BY position, token";
                let end = from.saturating_add(u64::from(max));
                columns::all(self.rows(sql, values![from, end]).await?, columns::person)
            }

            pub(crate) async fn erasure_work(&self, erasure: String) -> Result<Vec<WorkRow>, StoreError> {
                let sql = "SELECT erasure, kind, what, source, position, erased_at FROM erasure_work
                           WHERE erasure = $1 ORDER BY kind, what";
                columns::all(self.rows(sql, values![erasure]).await?, columns::work)
            }

            pub(crate) async fn erased_inputs(&self, from: Timestamp) -> Result<Vec<WorkRow>, StoreError> {
                let sql = "SELECT erasure, kind, what, source, position, erased_at FROM erasure_work
                           WHERE erased_at >= $1 AND kind = 'input' ORDER BY erased_at, erasure, what";
                columns::all(self.rows(sql, values![from]).await?, columns::work)
            }

            /// Forgets which inputs were erased, and the raw bytes of quarantined ones, before this time.
            pub(crate) async fn expire(&self, before: Timestamp) -> Result<Expired, StoreError> {
                let sql = "DELETE FROM erasure_work WHERE erased_at < $1 AND kind = 'input'";
                let work = self.change(sql, values![before]).await?;
                let sql = "UPDATE inbox SET quarantined = NULL WHERE received_at < $1 AND quarantined IS NOT NULL";
                let quarantined = self.change(sql, values![before]).await?;
                Ok(Expired { quarantined, work })
            }
        }
    };
}
pub(crate) use person_statements;
