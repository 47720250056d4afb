//! Golden vectors: what these keys and inputs give, for ever. A second implementation checks itself against the file.

use ledger::disclosure::{Disclosure, Salt};
use ledger::hash::{leaf_hash, sha256};
use ledger::json::Value;
use ledger::proof::{TlogProof, inclusion};
use ledger::record::{open, record_id};
use ledger::tree::Tree;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::sample::{ORIGIN, Sample, log_key, pins, record_key, root_key, second_key, seed, tile_set};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/ledger.json");

fn key_vectors() -> Json {
    let key = |name: &str, key: &ledger::key::RecordKey| {
        let public = key.public();
        json!({
            "seed_of": name,
            "seed": sha256(name.as_bytes()),
            "jwk": serde_json::from_str::<Json>(&public.jwk()).unwrap(),
            "kid": public.kid(),
            "spki_pem": public.to_spki_pem(),
        })
    };
    json!({
        "root": key("ahadi test root key", &root_key()),
        "record": key("ahadi test record key", &record_key()),
        "second_record": key("ahadi test record key 2", &second_key()),
        "log": { "seed_of": "ahadi test log key", "seed": sha256(b"ahadi test log key"), "vkey": log_key().vkey() },
    })
}

fn derivation_vectors() -> Json {
    let salts: Vec<Json> = [0u32, 1, 65_536]
        .into_iter()
        .map(|n| json!({ "seed": sha256(b"ahadi test input"), "n": n, "salt": Salt::derive(&seed("ahadi test input"), n).base64url() }))
        .collect();
    let input = Uuid::from_u128(0x0195_6af1_7000_7000_8000_0000_0000_0001);
    let ids: Vec<Json> = [0u32, 1]
        .into_iter()
        .map(|ordinal| json!({ "origin": ORIGIN, "input": input, "ordinal": ordinal, "id": record_id(ORIGIN, input, ordinal) }))
        .collect();
    let salt = Salt::derive(&seed("ahadi test input"), 0);
    let disclosures: Vec<Json> = [
        ("phone", Value::from("+254712345678")),
        ("name", Value::from("Wanjir\u{169}")),
        ("note", Value::from("line one\r\nline \"two\"\u{1}")),
        ("count", Value::from(3i64)),
    ]
    .into_iter()
    .map(|(name, value)| {
        let made = Disclosure::new(&salt, name, &value);
        json!({ "salt": salt.base64url(), "name": name, "value": value, "encoded": made.encoded, "digest": made.digest })
    })
    .collect();
    json!({ "salts": salts, "record_ids": ids, "disclosures": disclosures })
}

/// The story's records with every hash an auditor recomputes, and a checkpoint and a proof over them.
fn log_vectors() -> Json {
    let (sample, marks) = Sample::story();
    let records: Vec<Json> = sample
        .entries
        .iter()
        .enumerate()
        .map(|(position, entry)| {
            let record = open(&entry.jws).unwrap();
            json!({
                "position": position,
                "stream": record.stream,
                "version": record.version,
                "prev": record.prev,
                "jws": entry.jws,
                "payload_sha256": record.payload_sha256,
                "leaf": leaf_hash(entry.jws.as_bytes()),
                "disclosures": entry.disclosures,
            })
        })
        .collect();
    let (mut tree, mut roots) = (Tree::empty(), vec![Tree::empty().root()]);
    for leaf in sample.leaves() {
        tree.append(leaf);
        roots.push(tree.root());
    }
    let size = tree.size();
    let material = sample.material(&[size]);
    let index = marks.confirmed as u64;
    let path = inclusion(index, size, &tile_set(&material.tiles)).unwrap();
    let proof = TlogProof { extra: None, index, path, checkpoint: material.notes[0].clone() };
    json!({
        "records": records,
        "roots": roots,
        "checkpoint": material.notes[0],
        "proof": proof.format(),
        "document": marks.document,
        "document_sha256": sha256(marks.document.as_bytes()),
        "report_exit_code": material.audit().exit_code(),
    })
}

#[test]
fn golden_vectors() {
    let now = json!({
        "origin": ORIGIN,
        "keys": key_vectors(),
        "derivations": derivation_vectors(),
        "log": log_vectors(),
    });
    let text = serde_json::to_string_pretty(&now).unwrap() + "\n";
    // Written once. To change the format of evidence is a decision; deleting the file by hand is part of making it.
    let kept = match std::fs::read_to_string(PATH) {
        Ok(kept) => kept,
        Err(_) => {
            std::fs::write(PATH, &text).unwrap();
            panic!("the vectors were missing and have been written to {PATH}: read them, and run again");
        }
    };
    let kept: Json = serde_json::from_str(&kept).unwrap();
    for section in ["origin", "keys", "derivations", "log"] {
        assert_eq!(now[section], kept[section], "{section}");
    }
    assert_eq!(kept["log"]["report_exit_code"], 0);
    assert_eq!(pins().origin.as_deref(), kept["origin"].as_str());
}
