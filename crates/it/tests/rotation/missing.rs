//! The log names a key that the projector has not.

use std::fs;
use std::time::Duration;

use cli::system::System;
use it::load::webhooks;
use it::{Setup, World};
use serde_json::json;

use crate::{begin, draft, log, rotate, signed, statements};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_signed_by_another_key_meanwhile() {
    let mut world = World::start(Setup::EMBEDDED).await;
    draft(&world).await;
    let rotation = begin(&world, false).await;
    let away = world.directory.path().join("away.pem");
    fs::rename(&rotation.key_file, &away).unwrap();
    // Only the first: the second would wait for the key, like everything else.
    let added = json!({ "statements": [statements(&rotation)["statements"][0]] });
    let (status, answer) = world.post_json("/v1/keys/statements", &added).await;
    assert_eq!(status, 200, "{answer}");
    let before = log(&world).await;
    world.deliver(webhooks(3, 5), 1).await;
    let mut active = world.system().active.clone();
    let stopped = active.wait_for(Option::is_none);
    tokio::time::timeout(Duration::from_secs(30), stopped).await.expect("it goes on writing").unwrap();
    assert_eq!(log(&world).await, before);
    world.halt().await;

    // A start says at once which file is missing.
    let error = System::start(world.config()).await.err().expect("a projector without its key");
    let told = format!("{error:#}");
    let file = rotation.key_file.file_name().unwrap().to_string_lossy().into_owned();
    assert!(told.contains(&file) && told.contains(&rotation.kid), "{told}");
    fs::rename(&away, &rotation.key_file).unwrap();
    world.boot().await;
    world.settle_folding().await;
    let after = signed(&log(&world).await);
    assert!(after.len() > before.len());
    assert!(after[before.len()..].iter().all(|(kid, _)| *kid == rotation.kid));
    world.sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_comes_later_is_found_without_a_restart() {
    let world = World::start(Setup::EMBEDDED).await;
    draft(&world).await;
    let rotation = begin(&world, true).await;
    let away = world.directory.path().join("away.pem");
    fs::rename(&rotation.key_file, &away).unwrap();
    let added = json!({ "statements": [statements(&rotation)["statements"][0]] });
    assert_eq!(world.post_json("/v1/keys/statements", &added).await.0, 200);
    world.deliver(webhooks(4, 5), 1).await;
    let mut active = world.system().active.clone();
    let stopped = active.wait_for(Option::is_none);
    tokio::time::timeout(Duration::from_secs(30), stopped).await.expect("it goes on writing").unwrap();
    fs::rename(&away, &rotation.key_file).unwrap();
    world.settle_folding().await;
    // The whole request again: what stands on the log already is said to.
    let (status, answer) = world.post_json("/v1/keys/statements", &statements(&rotation)).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(
        (&answer["statements"][0]["already"], &answer["statements"][1]["already"]),
        (&json!(true), &json!(false))
    );
    let newest = signed(&log(&world).await).pop().unwrap();
    assert_eq!(newest, (rotation.kid, "key.revoked".to_owned()));
    world.sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_was_begun_is_ended_first() {
    let world = World::start(Setup::EMBEDDED).await;
    draft(&world).await;
    let rotation = begin(&world, false).await;
    let directory = crate::keys(&world);
    let root = cli::keyfiles::root(&directory).unwrap();
    let ring = projector::signer::ring(&world.system().store, it::world::ORIGIN, Some(root)).await.unwrap();
    let begun = |root: &std::path::Path| {
        cli::rotation::begin(&directory, &ring, root, false, cli::system::now()).unwrap_err().to_string()
    };
    let refusal = begun(&directory.join("root.pem"));
    assert!(refusal.contains(rotation.statements_file.file_name().unwrap().to_str().unwrap()), "{refusal}");
    let refusal = begun(&directory.join("record.pem"));
    assert!(refusal.contains("not the root key"), "{refusal}");
    assert_eq!(world.post_json("/v1/keys/statements", &statements(&rotation)).await.0, 200);
    rotate(&world, false).await;
    world.sound().await;
}
