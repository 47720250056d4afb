//! 5: views equal a fresh fold of the log, at rest and wherever the service was stopped; and a view that was edited is
//! found, and mended by folding again.

use it::load::{self, Poster};
use it::{Setup, StoreKind, World, maize};
use projector::rebuild;
use sqlx::Connection;
use store::Store;

/// Webhooks of each part.
const PART: usize = 80;
const PARTS: usize = 3;

pub async fn story(setup: Setup) {
    let mut world = World::start(setup).await;
    let (_, contract_id) = maize::agree(&world).await;
    assert_equal_at_rest(&mut world).await;
    let webhooks = load::webhooks(81, PART * PARTS);
    for part in webhooks.chunks(PART) {
        let poster = Poster::to(&world);
        let part = part.to_vec();
        let posting = tokio::spawn(async move { poster.post_all(part, 8).await });
        // Somewhere in the middle.
        assert_equal_at_rest(&mut world).await;
        let (_, refused) = posting.await.unwrap();
        world.deliver(refused, 8).await;
        world.settle_folding().await;
    }
    assert_edit_is_found(&mut world, &contract_id).await;
    world.sound().await;
}

/// Stops the service first: while it runs, answers and receipts go on coming into the log that is folded.
async fn assert_equal_at_rest(world: &mut World) {
    world.halt().await;
    let store = world.open_store().await;
    assert_equal(&store).await;
    store.close().await;
    world.boot().await;
}

async fn assert_equal(store: &Store) {
    let differences = rebuild::compare(store, |_, _| {}).await.unwrap();
    assert!(differences.is_empty(), "views differ from a fresh fold: {differences:?}");
}

async fn assert_edit_is_found(world: &mut World, contract_id: &str) {
    world.halt().await;
    let store = world.open_store().await;
    assert_equal(&store).await;
    store.close().await;
    for (table, sql) in edits(contract_id) {
        let changed = execute(world, &sql).await;
        assert_eq!(changed, 1, "{sql}");
        let store = world.open_store().await;
        let differences = rebuild::compare(&store, |_, _| {}).await.unwrap();
        assert!(!differences.is_empty(), "an edit of {table} was not found");
        assert!(differences.iter().all(|found| format!("{found:?}").contains(table)), "{differences:?}");
        rebuild::replace(&store, "mending", |_, _| {}).await.unwrap();
        assert_equal(&store).await;
        store.close().await;
    }
    world.boot().await;
    let contract = world.json(&format!("/v1/contracts/{contract_id}")).await;
    assert_eq!(contract["status"], "confirmed", "folding again shows what was agreed");
}

/// Edits of each table of views that a liar would think of: a row that is other, one that is gone, one too many.
fn edits(contract_id: &str) -> [(&'static str, String); 16] {
    let stream = format!("contract/{contract_id}");
    let where_contract = format!("WHERE contract_id = '{contract_id}'");
    [
        ("contract_view", format!("UPDATE contract_view SET status = 'rejected' {where_contract}")),
        ("contract_view", format!("DELETE FROM contract_view {where_contract}")),
        (
            "contract_view",
            format!(
                "INSERT INTO contract_view SELECT 'AGRI-1', 'contract/AGRI-1', status, contract_type, created_at,
                 document_sha256 FROM contract_view {where_contract}"
            ),
        ),
        (
            "stream_head",
            format!(
                "UPDATE stream_head SET state = replace(state, '288000.00', '888000.00') WHERE stream = '{stream}'"
            ),
        ),
        ("stream_head", format!("DELETE FROM stream_head WHERE stream = '{stream}'")),
        (
            "stream_head",
            format!(
                "INSERT INTO stream_head SELECT 'call/none/1', version, head, recorded_at, state FROM stream_head
                 WHERE stream = '{stream}'"
            ),
        ),
        (
            "call_view",
            "UPDATE call_view SET progress = 'silent' WHERE stream = (SELECT min(stream) FROM call_view)"
                .to_owned(),
        ),
        ("call_view", "DELETE FROM call_view WHERE stream = (SELECT min(stream) FROM call_view)".to_owned()),
        // Rows that cannot be read.
        (
            "stream_head",
            format!("UPDATE stream_head SET recorded_at = 9000000000000000000 WHERE stream = '{stream}'"),
        ),
        ("task", format!("INSERT INTO task VALUES ('{stream}', 5000000000, 'message', 0, 0)")),
        ("call_view", format!("INSERT INTO call_view VALUES ('{stream}', 'ended')")),
        ("counter", "UPDATE counter SET value = value + 1".to_owned()),
        ("counter", "INSERT INTO counter VALUES ('contract/AGRI-1999', 1)".to_owned()),
        ("link", format!("DELETE FROM link WHERE space = 'phone' AND key = '{}'", maize::SELLER)),
        ("link", format!("INSERT INTO link VALUES ('phone', '+254700000099', '{stream}')")),
        ("task", format!("INSERT INTO task VALUES ('{stream}', 999, 'message', 0, 0)")),
    ]
}

async fn execute(world: &World, sql: &str) -> u64 {
    let url = world.config().database();
    let sql = sqlx::AssertSqlSafe(sql.to_owned());
    match world.setup.store {
        StoreKind::Sqlite => {
            let mut database = sqlx::SqliteConnection::connect(&url).await.unwrap();
            let done = sqlx::query(sql).execute(&mut database).await.unwrap();
            database.close().await.unwrap();
            done.rows_affected()
        }
        StoreKind::Postgres => {
            let mut database = sqlx::PgConnection::connect(&url).await.unwrap();
            let done = sqlx::query(sql).execute(&mut database).await.unwrap();
            database.close().await.unwrap();
            done.rows_affected()
        }
    }
}
