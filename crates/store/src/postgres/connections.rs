//! Connections that are kept open.
//!
//! The pool that comes with sqlx asks the server after each use whether the connection still stands, in case a query was cut
//! off in the middle, and once more before the next: three journeys in place of one, on both sides. Here a connection goes
//! back only from a use that came to its good end; after any other it is closed ([`Held`]).

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{Manager, Metrics, Object, Pool, PoolError, QueueMode, RecycleResult, Timeouts};
use sqlx::postgres::{PgArguments, PgConnectOptions, PgRow};
use sqlx::query::{Query, QueryAs};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, FromRow, PgConnection, Postgres};

/// Longest wait for a free connection, and for a new one: after it the caller is told to come back.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// A connection that was used within this time is taken as it is. One that lay idle longer is asked first whether it still
/// stands. No server restarts as fast as this.
const TRUSTED: Duration = Duration::from_millis(100);

/// Makes connections.
struct Opener {
    login: PgConnectOptions,
    /// What each is told first.
    session: Arc<str>,
}

impl Manager for Opener {
    type Type = PgConnection;
    type Error = sqlx::Error;

    async fn create(&self) -> Result<PgConnection, sqlx::Error> {
        let mut connection = self.login.connect().await?;
        connection.execute(AssertSqlSafe(Arc::clone(&self.session))).await?;
        Ok(connection)
    }

    async fn recycle(&self, connection: &mut PgConnection, known: &Metrics) -> RecycleResult<sqlx::Error> {
        if known.last_used() > TRUSTED {
            connection.ping().await?;
        }
        Ok(())
    }
}

/// Connections for one purpose, made when needed, at most so many at once. Cheap to clone.
#[derive(Clone)]
pub(super) struct Connections {
    pool: Pool<Opener>,
}

/// A connection in use. Dropped, it is closed: an error, or a caller that left, may have ended its use half-way.
pub(super) struct Held {
    object: Option<Object<Opener>>,
}

impl Held {
    /// Gives it back for another use.
    pub(super) fn keep(mut self) {
        drop(self.object.take());
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        drop(self.object.take().map(Object::take));
    }
}

impl Deref for Held {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        self.object.as_deref().expect("taken only by what ends it")
    }
}

impl DerefMut for Held {
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.object.as_deref_mut().expect("taken only by what ends it")
    }
}

impl Connections {
    /// Connects when first used.
    pub(super) fn new(login: &PgConnectOptions, most: u32, session: String) -> Connections {
        let opener = Opener { login: login.clone(), session: session.into() };
        let timeouts = Timeouts {
            wait: Some(ACQUIRE_TIMEOUT),
            create: Some(ACQUIRE_TIMEOUT),
            recycle: Some(ACQUIRE_TIMEOUT),
        };
        let pool = Pool::builder(opener)
            .max_size(usize::try_from(most).unwrap_or(usize::MAX))
            // The one used last: it knows the statements, and need not be asked whether it still stands.
            .queue_mode(QueueMode::Lifo)
            .timeouts(timeouts)
            .runtime(Runtime::Tokio1)
            .build()
            .expect("fails only where timeouts come without a runtime");
        Connections { pool }
    }

    /// One of them, waited for if all are in use. To be given back with [`Held::keep`].
    pub(super) async fn get(&self) -> Result<Held, sqlx::Error> {
        match self.pool.get().await {
            Ok(object) => Ok(Held { object: Some(object) }),
            Err(PoolError::Backend(error)) => Err(error),
            Err(PoolError::Closed) => Err(sqlx::Error::PoolClosed),
            Err(_) => Err(sqlx::Error::PoolTimedOut),
        }
    }

    pub(super) async fn fetch_all<T>(
        &self,
        query: QueryAs<'_, Postgres, T, PgArguments>,
    ) -> Result<Vec<T>, sqlx::Error>
    where
        T: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let mut held = self.get().await?;
        let rows = query.fetch_all(&mut *held).await?;
        held.keep();
        Ok(rows)
    }

    pub(super) async fn fetch_optional<T>(
        &self,
        query: QueryAs<'_, Postgres, T, PgArguments>,
    ) -> Result<Option<T>, sqlx::Error>
    where
        T: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let mut held = self.get().await?;
        let row = query.fetch_optional(&mut *held).await?;
        held.keep();
        Ok(row)
    }

    pub(super) async fn fetch_one<T>(
        &self,
        query: QueryAs<'_, Postgres, T, PgArguments>,
    ) -> Result<T, sqlx::Error>
    where
        T: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        self.fetch_optional(query).await?.ok_or(sqlx::Error::RowNotFound)
    }

    /// Says how many rows were touched.
    pub(super) async fn execute(&self, query: Query<'_, Postgres, PgArguments>) -> Result<u64, sqlx::Error> {
        let mut held = self.get().await?;
        let done = query.execute(&mut *held).await?;
        held.keep();
        Ok(done.rows_affected())
    }

    /// Closes what is idle; what is in use is closed when its use ends.
    pub(super) fn close(&self) {
        self.pool.close();
    }
}
