//! A projector whose keys are not the ledger's starts with nothing and writes nothing: a record signed with another key
//! could never be taken out of the log again.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

use std::fs;
use std::path::Path;

use cli::system::System;
use it::{Setup, World};
use serde_json::json;

async fn draft(world: &World) {
    let body = json!({
        "transcript": "Agreement to supply 500 kg of maize",
        "parties": [{"phone": "+254700000011", "role": "buyer"}, {"phone": "+254700000012", "role": "seller"}],
    });
    assert_eq!(world.post_json("/api/v1/contracts/create", &body).await.0, 200);
}

/// A directory of keys that fit together, of another ledger.
fn others(directory: &Path) {
    let now = "2026-03-06T10:30:00.000Z".parse().unwrap();
    cli::keyfiles::open(directory, it::world::ORIGIN, now).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn other_keys_are_refused_before_anything_is_written() {
    let mut world = World::start(Setup::EMBEDDED).await;
    draft(&world).await;
    world.settle().await;
    world.halt().await;
    let data = world.directory.path().join("data");
    let (keys, kept, other) = (data.join("keys"), data.join("kept"), world.directory.path().join("other"));
    others(&other);
    let store = world.open_store().await;
    let size = store.tip().await.unwrap().size;
    fs::rename(&keys, &kept).unwrap();

    // Which files of the other ledger stand in the place of our own; none at all are made anew by the start.
    let all = ["root.pem", "root.pub.jwk", "record.pem", "log.pem", "log.vkey", "statements.jsonl"];
    let cases: [(&[&str], &str); 5] = [
        (&[], "made just now"),
        (&all, "key record 0"),
        (&["record.pem"], "no record*.pem"),
        (&["log.pem"], "log.pem holds a key"),
        (&["root.pub.jwk"], "key record 0"),
    ];
    for (exchanged, why) in cases {
        if !exchanged.is_empty() {
            fs::create_dir(&keys).unwrap();
            for file in all {
                let from = if exchanged.contains(&file) { &other } else { &kept };
                fs::copy(from.join(file), keys.join(file)).unwrap();
            }
        }
        let error = System::start(world.config()).await.err().expect("these keys must be refused");
        let told = format!("{error:#}");
        assert!(told.contains("put the keys directory back") && told.contains(why), "{told}");
        assert_eq!(store.tip().await.unwrap().size, size);
        fs::remove_dir_all(&keys).unwrap();
    }
    store.close().await;

    fs::rename(&kept, &keys).unwrap();
    world.boot().await;
    draft(&world).await;
    world.sound().await;
}
