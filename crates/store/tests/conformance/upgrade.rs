//! A ledger that was written under the first schema, opened by this program.

use std::path::Path;
use std::str::FromStr;

use ledger::hash::{Hash, sha256};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqlSafeStr};
use store::rows::{CallRow, Commit, Needs, PersonRow, RecordRow, Scope, SeenRow};
use store::{ContractFilter, Page};
use uuid::Uuid;

use crate::book::{Book, contract_row, inbox, stream_row, time};
use crate::place::{Kind, ORIGIN, Place};

const CALL: &str = "call/africastalking/ATVId_1";
/// `["AAAAAAAAAAAAAAAAAAAAAA","phone","+254700000001"]`
const PHONE: &str = "WyJBQUFBQUFBQUFBQUFBQUFBQUFBQUFBIiwicGhvbmUiLCIrMjU0NzAwMDAwMDAxIl0";
/// `["AAAAAAAAAAAAAAAAAAAAAA","name","Zawadi Müller"]`
const NAME: &str = "WyJBQUFBQUFBQUFBQUFBQUFBQUFBQUFBIiwibmFtZSIsIlphd2FkaSBNw7xsbGVyIl0";
/// `["AAAAAAAAAAAAAAAAAAAAAA","body",{"a":1}]`
const BODY: &str = "WyJBQUFBQUFBQUFBQUFBQUFBQUFBQUFBIiwiYm9keSIseyJhIjoxfV0";

/// Makes the tables as the migrations up to this number made them, and nothing since.
async fn make_schema(place: &Place, newest: i64) {
    let dialect = if place.kind == Kind::Sqlite { "sqlite" } else { "postgres" };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations").join(dialect);
    let mut steps = Vec::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        let (number, name) = file.trim_end_matches(".sql").split_once('_').unwrap();
        let number: i64 = number.parse().unwrap();
        if number <= newest {
            let sql = AssertSqlSafe(std::fs::read_to_string(folder.join(&file)).unwrap()).into_sql_str();
            steps.push(Migration::new(number, name.to_owned().into(), MigrationType::Simple, sql, false));
        }
    }
    steps.sort_by_key(|step| step.version);
    let migrator = Migrator::with_migrations(steps);
    match place.kind {
        Kind::Sqlite => {
            let options = SqliteConnectOptions::from_str(&place.url).unwrap().create_if_missing(true);
            let mut connection = options.connect().await.unwrap();
            migrator.run_direct(None, &mut connection, false).await.unwrap();
            connection.close().await.unwrap();
        }
        Kind::Postgres => {
            let mut connection = PgConnectOptions::from_str(&place.url).unwrap().connect().await.unwrap();
            migrator.run_direct(None, &mut connection, false).await.unwrap();
            connection.close().await.unwrap();
        }
    }
}

/// How values are written in statements of this database.
struct Dialect(Kind);

impl Dialect {
    fn hash(&self, hash: &Hash) -> String {
        match self.0 {
            Kind::Sqlite => format!("x'{hash}'"),
            Kind::Postgres => format!("'\\x{hash}'"),
        }
    }

    fn id(&self, id: Uuid) -> String {
        let quote = if self.0 == Kind::Sqlite { "x'" } else { "'" };
        format!("{quote}{}'", id.simple())
    }

    fn record(&self, row: &RecordRow) -> String {
        let prev = row.prev.as_ref().map_or("NULL".to_owned(), |prev| self.hash(prev));
        format!(
            "INSERT INTO record VALUES ({}, '{}', {}, {}, '{}', {}, {prev}, {}, {}, '{}');\n",
            row.position,
            row.stream,
            row.version,
            self.id(row.id),
            row.kind,
            row.recorded_at.millis(),
            self.hash(&row.payload_sha256),
            self.hash(&row.leaf),
            row.jws,
        )
    }
}

pub async fn a_ledger_of_the_first_schema_is_brought_up(place: Place) {
    make_schema(&place, 1).await;
    let (mut book, sql) = (Book::new(), Dialect(place.kind));
    let written = book.batch(&[CALL, "contract/A", CALL]);
    let (input, digest) = (Uuid::from_u128(77), sha256(b"digest"));
    let mut rows = format!("INSERT INTO ledger_info (origin, created_at) VALUES ('{ORIGIN}', 1);\n");
    rows.extend(written.records.iter().map(|row| sql.record(row)));
    // The text of a disclosure and its digest were stored both.
    let disclosures = [(0, 0, PHONE), (0, 1, NAME), (2, 0, BODY)];
    for (position, scope, encoded) in disclosures {
        let digest = sha256(encoded.as_bytes()).base64url();
        rows += &format!(
            "INSERT INTO disclosure VALUES ({position}, {scope}, {scope}, '{digest}', '{encoded}');\n"
        );
    }
    let head = sql.hash(&sha256(b"contract/A"));
    rows += &format!(
        "INSERT INTO inbox VALUES ({}, 1000, '{}', NULL);
         INSERT INTO seen VALUES ('africastalking:ATVId_ü:ended', {});
         INSERT INTO stream_head VALUES ('contract/A', 1, {head}, 5, '{}');
         INSERT INTO contract_view VALUES ('A', 'contract/A', 'pending', 'service', 7, {});
         INSERT INTO call_view VALUES ('{CALL}', 'africastalking', 'ATVId_1', 'ended');
         INSERT INTO link VALUES ('phone', '+254700000001', 'contract/A');
         INSERT INTO task VALUES ('contract/A', 1, 'message', 2, 30), ('contract/A', 2, 'recording', 0, 40);
         INSERT INTO source_position VALUES ('journal/1', 12);",
        sql.id(input),
        inbox(input).outcome,
        sql.hash(&digest),
        stream_row("contract/A", 1).state,
        sql.hash(&sha256(b"A")),
    );
    place.execute(&rows).await.unwrap();

    let (store, lease) = place.open_to_write().await;
    assert_eq!(store.records(0, 10).await.unwrap(), written.records);
    let told = store.disclosures_of(&[0, 1, 2]).await.unwrap();
    let told: Vec<_> = told.iter().map(|row| (row.position, row.ordinal, row.scope, &*row.encoded)).collect();
    let expected = [(0, 0, Scope::Record, PHONE), (0, 1, Scope::Document, NAME), (2, 0, Scope::Record, BODY)];
    assert_eq!(told, expected);
    assert_eq!(store.outcome(input).await.unwrap(), Some(inbox(input).outcome));
    let key = "africastalking:ATVId_ü:ended".to_owned();
    let loaded = store.load(&Needs { seen: vec![key.clone()], ..Needs::default() }).await.unwrap();
    assert_eq!(loaded.seen, [SeenRow { key, digest }]);
    assert_eq!(store.stream("contract/A").await.unwrap(), Some(stream_row("contract/A", 1)));
    let call = CallRow { stream: CALL.to_owned(), progress: "ended".to_owned() };
    assert_eq!((call.provider(), call.call_id()), ("africastalking", "ATVId_1"));
    assert_eq!(store.call(CALL).await.unwrap(), Some(call));
    let page = Page { limit: 10, ..Page::default() };
    let contracts = store.contracts_page(&ContractFilter::default(), &page).await.unwrap();
    let contract = (contract_row("A", "pending", "service", 7), stream_row("contract/A", 1).state);
    assert_eq!((contracts.rows, contracts.total), (vec![contract], 1));
    assert_eq!(store.links("phone", "+254700000001").await.unwrap(), ["contract/A"]);
    assert_eq!(store.tasks_due("message", time(100), 10).await.unwrap().len(), 1);
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.calls, counts.tasks), (1, 2));
    assert_eq!(counts.contracts, [("pending".to_owned(), 1)]);
    assert_eq!(store.tip().await.unwrap().read_to[0].position, 12);

    // And it goes on.
    store.commit(&lease, book.batch(&[CALL, "contract/A"])).await.unwrap();
    assert_eq!(store.tip().await.unwrap().size, 5);
    store.close().await;
}

pub async fn persons_indexed_by_whole_hashes_are_found(place: Place) {
    make_schema(&place, 19).await;
    let (mut book, sql) = (Book::new(), Dialect(place.kind));
    let written = book.batch(&[CALL, "contract/A"]);
    let mut rows = format!("INSERT INTO ledger_info (origin, created_at) VALUES ('{ORIGIN}', 1);\n");
    rows.extend(written.records.iter().map(|row| sql.record(row)));
    let (amina, baraka) = (sha256(b"amina"), sha256(b"baraka"));
    for (token, position) in [(&amina, 0), (&baraka, 0), (&amina, 1)] {
        rows += &format!("INSERT INTO person VALUES ({}, {position});\n", sql.hash(token));
    }
    place.execute(&rows).await.unwrap();

    let (store, lease) = place.open_to_write().await;
    assert_eq!(store.person(amina).await.unwrap(), [0, 1]);
    assert_eq!(store.person(baraka).await.unwrap(), [0]);
    let person = PersonRow { token: baraka.into(), position: 2 };
    store.commit(&lease, Commit { persons: vec![person], ..book.batch(&[CALL]) }).await.unwrap();
    assert_eq!(store.person(baraka).await.unwrap(), [0, 2]);
    store.close().await;
}

pub async fn what_lay_beside_the_views_goes(place: Place) {
    make_schema(&place, 20).await;
    let mut rows = format!("INSERT INTO ledger_info (origin, created_at) VALUES ('{ORIGIN}', 1);\n");
    rows += "CREATE TABLE mark_shadow AS SELECT 'mark' AS mark;\n";
    for view in ["stream_head", "contract_view", "call_view", "link", "task", "counter"] {
        rows += &format!("CREATE TABLE {view}_shadow AS SELECT * FROM {view};\n");
    }
    place.execute(&rows).await.unwrap();
    let left = match place.kind {
        Kind::Sqlite => "SELECT name FROM sqlite_schema WHERE name LIKE '%shadow%'",
        Kind::Postgres => "SELECT tablename::text FROM pg_tables WHERE tablename LIKE '%shadow%'",
    };
    assert_eq!(place.texts(left).await.len(), 7);
    let (store, _) = place.open_to_write().await;
    store.close().await;
    assert!(place.texts(left).await.is_empty());
}
