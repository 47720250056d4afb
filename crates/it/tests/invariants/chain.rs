//! 3: positions are gapless, versions are 1 to n, every record hashes to what the next one quotes, and is signed. Written
//! once more from the page on verification, on what is served, with nothing of the ledger but its bytes.

use std::collections::{BTreeMap, HashMap};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, VerifyingKey};
use it::mirror::Mirror;
use it::world::ORIGIN;
use it::{Setup, World, load, maize};
use serde_json::Value;
use sha2::{Digest, Sha256};

const WEBHOOKS: usize = 200;

pub async fn story(setup: Setup) {
    let mut world = World::start(setup).await;
    let webhooks = load::webhooks(51, WEBHOOKS);
    let (first, second) = webhooks.split_at(WEBHOOKS / 2);
    world.deliver(first.to_vec(), 8).await;
    maize::agree(&world).await;
    world.halt().await;
    world.boot().await;
    world.deliver(second.to_vec(), 8).await;
    world.settle_folding().await;
    world.settle_signing().await;
    let mirror = Mirror::of(&world);
    let signed = mirror.checkpoint().await.unwrap();
    let entries = mirror.entries(signed.size).await;
    let keys = keys(&world).await;
    assert!(entries.len() > WEBHOOKS / 2, "too little to look at");
    check(&entries, &keys).unwrap();
    assert_checked(&entries, &keys);
    drop(mirror);
    world.sound().await;
}

async fn keys(world: &World) -> HashMap<String, VerifyingKey> {
    let set = world.json("/.well-known/jwks.json").await;
    let key = |jwk: &Value| {
        let bytes = URL_SAFE_NO_PAD.decode(jwk["x"].as_str().unwrap()).unwrap();
        let key = VerifyingKey::from_bytes(&bytes.try_into().unwrap()).unwrap();
        (jwk["kid"].as_str().unwrap().to_owned(), key)
    };
    set["keys"].as_array().unwrap().iter().map(key).collect()
}

/// A stream so far: its version, the hash of its newest payload.
type Heads = BTreeMap<String, (u64, String)>;

/// Says what is wrong, if anything is.
fn check(entries: &[Vec<u8>], keys: &HashMap<String, VerifyingKey>) -> Result<(), String> {
    let mut heads = Heads::new();
    let mut ids = std::collections::HashSet::new();
    let mut last = String::new();
    for (position, entry) in entries.iter().enumerate() {
        let at = |what: &str| format!("{what} at {position}");
        let payload = verified(entry, keys).ok_or_else(|| at("signature"))?;
        let record: Value = serde_json::from_slice(&payload).map_err(|_| at("JSON"))?;
        let text = |name: &str| record[name].as_str().map(str::to_owned).ok_or_else(|| at(name));
        if text("log")? != ORIGIN || text("v")? != "ahadi.record/1" {
            return Err(at("log"));
        }
        let (version, prev) = heads.get(&text("stream")?).cloned().unwrap_or_default();
        if record["version"] != version + 1 {
            return Err(at("version"));
        }
        if record["prev"].as_str().unwrap_or_default() != prev {
            return Err(at("prev"));
        }
        if !ids.insert(text("id")?) {
            return Err(at("id"));
        }
        let recorded_at = text("recorded_at")?;
        if recorded_at < last {
            return Err(at("recorded_at"));
        }
        last = recorded_at;
        let hash = Sha256::digest(&payload).iter().map(|byte| format!("{byte:02x}")).collect();
        heads.insert(text("stream")?, (version + 1, hash));
    }
    Ok(())
}

/// The payload of a compact JWS (RFC 7515) whose signature (RFC 8037) is good.
fn verified(entry: &[u8], keys: &HashMap<String, VerifyingKey>) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(entry).ok()?;
    let (signing_input, signature) = text.rsplit_once('.')?;
    let (header, payload) = signing_input.split_once('.')?;
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
    let key = (header["alg"] == "EdDSA").then(|| keys.get(header["kid"].as_str()?))??;
    let signature = Signature::from_slice(&URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
    key.verify_strict(signing_input.as_bytes(), &signature).ok()?;
    URL_SAFE_NO_PAD.decode(payload).ok()
}

/// The check finds what it is for.
fn assert_checked(entries: &[Vec<u8>], keys: &HashMap<String, VerifyingKey>) {
    let streams: Vec<String> = entries
        .iter()
        .map(|entry| it::mirror::opened(entry).1["stream"].as_str().unwrap().to_owned())
        .collect();
    // A record that is followed by another of its stream.
    let last_but_one = streams.iter().enumerate().rfind(|(at, s)| streams[at + 1..].contains(s)).unwrap().0;
    let mut changed = entries.to_vec();
    let middle = changed[last_but_one].len() / 2;
    changed[last_but_one][middle] ^= 1;
    assert!(check(&changed, keys).unwrap_err().starts_with("signature"), "one bit");
    let mut without = entries.to_vec();
    without.remove(last_but_one);
    assert!(check(&without, keys).unwrap_err().starts_with("version"), "one record less");
    let mut twice = entries.to_vec();
    twice.push(entries[last_but_one].clone());
    assert!(check(&twice, keys).unwrap_err().starts_with("version"), "one record again");
}
