//! 8: only the projector can sign; webhook handlers cannot read the store; query handlers cannot write.

use std::path::{Path, PathBuf};
use std::process::Command;

use cli::config::{Config, Role};
use cli::surface;
use cli::system::System;
use it::world::SECRET;
use it::{Setup, SourceKind, StoreKind, World, load, maize};
use serde_json::Value;
use sqlx::Connection;

pub async fn story(setup: Setup) {
    let world = World::start(setup).await;
    maize::agree(&world).await;
    world.settle_signing().await;
    match setup.source {
        SourceKind::Journal => assert_apart_is_refused(&world),
        SourceKind::Nats | SourceKind::NatsFloor => assert_apart_without_keys(&world).await,
    }
    match setup.store {
        StoreKind::Sqlite => assert_file_refuses(&world).await,
        StoreKind::Postgres => assert_role_refuses(&world).await,
    }
    world.sound().await;
}

/// Settings of a process that takes webhooks and answers clients, and does not project.
fn apart(world: &World) -> Config {
    let mut config = world.config();
    config.database_url = Some(config.database());
    config.data_dir = world.directory.path().join("apart");
    config.role = vec![Role::Ingress, Role::Api];
    config
}

/// Without a bus nobody could hand its inputs over.
fn assert_apart_is_refused(world: &World) {
    let refused = apart(world).resolve().unwrap_err().to_string();
    assert!(refused.contains("--nats-url"), "{refused}");
}

/// A process without the keys takes webhooks and commands, and the projector signs what they lead to.
async fn assert_apart_without_keys(world: &World) {
    let config = apart(world).resolve().unwrap();
    std::fs::create_dir_all(config.keys_dir()).unwrap();
    for public in ["root.pub.jwk", "log.vkey"] {
        std::fs::copy(world.config().keys_dir().join(public), config.keys_dir().join(public)).unwrap();
    }
    let mut system = System::start(config.clone()).await.unwrap();
    let listening = surface::start(&mut system).await.unwrap();
    assert!(system.keys.is_none(), "it holds keys");
    let base = format!("http://{}", listening.address);
    let webhook = &load::webhooks(111, 1)[0];
    let hook = format!("{base}/hooks/africastalking/{SECRET}/{}", load::route(webhook.path_kind));
    let form = "application/x-www-form-urlencoded";
    let request = world.http.post(hook).header("content-type", form).body(webhook.body.clone());
    assert_eq!(request.send().await.unwrap().status().as_u16(), 200);
    // The answer needs the outcome, and so the projector.
    let url = format!("{base}/api/v1/contracts/create");
    let answer = world.http.post(url).json(&maize::wanted(None)).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    let drafted: Value = answer.json().await.unwrap();
    let here = world.json(&format!("/v1/contracts/{}", drafted["contract_id"].as_str().unwrap())).await;
    assert_eq!(here["contract_hash"], drafted["contract_hash"]);
    let journal = system.door.as_ref().unwrap().journal();
    let batch = journal.read(0, 1_000, 16 * 1024 * 1024).await.unwrap();
    assert_eq!(batch.entries.len(), 2);
    for positioned in batch.entries {
        let id = positioned.entry.id;
        let mut outcome = None;
        for _ in 0..1_200 {
            outcome = world.system().store.outcome(id).await.unwrap();
            if outcome.is_some() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        assert!(outcome.is_some(), "an input of a process apart was not folded");
    }
    system.stop().await;
    let held: Vec<PathBuf> = files(&config.data_dir);
    assert!(held.iter().all(|file| file.extension().is_none_or(|e| e != "pem")), "{held:?}");
    assert!(!config.lock_file().exists(), "it signs nothing, so it keeps no checkpoint");
}

/// What whoever has the service's login may try. Each must be refused to it.
const ATTEMPTS: [&str; 7] = [
    "INSERT INTO record SELECT position + 100000, stream, version + 100000, id, kind, recorded_at, prev,
         payload_sha256, leaf, jws FROM record WHERE position = 0",
    "INSERT INTO checkpoint SELECT size + 100000, root, note, signed_at FROM checkpoint ORDER BY size DESC LIMIT 1",
    "UPDATE record SET jws = jws",
    "DELETE FROM record",
    "UPDATE checkpoint SET note = note",
    "UPDATE tree_node SET hash = hash",
    "UPDATE ledger_info SET origin = 'other'",
];

async fn assert_role_refuses(world: &World) {
    let mut database = sqlx::PgConnection::connect(&world.config().database()).await.unwrap();
    sqlx::query("SET ROLE ahadi_service").execute(&mut database).await.unwrap();
    for sql in ATTEMPTS {
        let refused = sqlx::query(sql).execute(&mut database).await.expect_err(sql);
        let code = refused.as_database_error().and_then(|e| e.code()).unwrap_or_default().into_owned();
        assert_eq!(code, "42501", "{sql}: {refused}");
    }
    // Readers of the service are read-only besides.
    sqlx::query("SELECT count(*) FROM record").execute(&mut database).await.unwrap();
    database.close().await.unwrap();
}

/// A file cannot know who writes to it; it refuses what would change the log all the same.
async fn assert_file_refuses(world: &World) {
    let mut database = sqlx::SqliteConnection::connect(&world.config().database()).await.unwrap();
    for sql in ATTEMPTS {
        // There are no nodes above the leaves of a short log, so that nothing is changed there.
        if !sql.contains("tree_node") {
            sqlx::query(sql).execute(&mut database).await.expect_err(sql);
        }
    }
    database.close().await.unwrap();
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The files below a folder that name one of these, as words of their own.
fn naming(folder: &str, words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let files = files(&crates().join(folder));
    assert!(!files.is_empty(), "{folder} is empty");
    for file in files.iter().filter(|file| file.extension().is_some_and(|e| e == "rs")) {
        let text = std::fs::read_to_string(file).unwrap();
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            let mut named = line.split(|c| !is_word(c));
            // Only the store of the ledger is meant, not any variant of this name.
            let is_meant =
                |word: &str| word != "Store" || line.split(|c| !is_word(c)).any(|word| word == "store");
            if let Some(word) = named.find(|word| words.contains(word) && is_meant(word)) {
                found.push(format!("{} names {word}", file.strip_prefix(crates()).unwrap().display()));
            }
        }
    }
    found
}

/// What signs.
const SIGNING: [&str; 5] = ["RecordKey", "LogKey", "RootKey", "Checkpointer", "from_pkcs8_pem"];
/// What writes the ledger.
const WRITING: [&str; 6] =
    ["Store", "Lease", "Commit", "insert_checkpoint", "erase_disclosures", "acquire_lease"];

#[test]
fn invariant_8_the_surface_and_the_effects_name_no_key_and_no_writer() {
    for folder in ["http/src", "effects/src", "journal/src", "providers/src", "contract/src"] {
        assert_eq!(naming(folder, &SIGNING), Vec::<String>::new());
        assert_eq!(naming(folder, &WRITING), Vec::<String>::new());
    }
    assert!(!naming("projector/src", &SIGNING).is_empty() && !naming("projector/src", &WRITING).is_empty());
}

#[test]
fn invariant_8_webhook_handlers_name_nothing_that_reads_the_store() {
    let reading = ["store", "Reader", "StoreError", "Evidence"];
    assert_eq!(naming("http/src/webhooks", &reading), Vec::<String>::new());
    assert!(!naming("http/src/contracts", &reading).is_empty());
}

#[test]
fn invariant_8_no_crate_of_the_surface_can_reach_the_projector() {
    for package in ["http-surface", "effects", "journal", "providers", "contract"] {
        let arguments =
            ["tree", "--package", package, "--edges", "normal", "--prefix", "none", "--format", "{p}"];
        let output = Command::new(env!("CARGO")).args(arguments).current_dir(crates()).output().unwrap();
        let tree = String::from_utf8(output.stdout).unwrap();
        let used: Vec<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
        assert!(used.contains(&package), "cargo tree of {package}: {tree}");
        assert!(!used.contains(&"projector"), "{package} uses the projector");
    }
}
