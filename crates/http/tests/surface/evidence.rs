//! The log as others see it: what is served verifies, and what is changed does not.

use ledger::bundle::Bundle;
use ledger::checkpoint::{Checkpoint, LogVerifier};
use ledger::hash::{Hash, leaf_hash};
use ledger::proof::TlogProof;
use ledger::tile::{EntriesId, TileSet, entries_for, tiles_for};
use ledger::tree::Tree;
use serde_json::{Value, json};

use crate::rig::{FORM, Rig, Setup, source_contract};

/// A contract, confirmed, under a checkpoint.
async fn confirmed() -> (Rig, String) {
    let rig = Rig::new(Setup { projector: true, ..Setup::default() }).await;
    let created = rig.post_json("/api/v1/contracts/create", &source_contract()).await.expect(200).json();
    let id = created["contract_id"].as_str().unwrap().to_owned();
    for (party, phone) in ["+254712345678", "+254787654321"].iter().enumerate() {
        let body = json!({ "phone_number": phone, "code": rig.code(&id, party).await });
        rig.post_json(&format!("/v1/contracts/{id}/confirm"), &body).await.expect(200);
    }
    (rig, id)
}

async fn bundle(rig: &Rig, id: &str) -> Value {
    rig.get(&format!("/v1/contracts/{id}/bundle")).await.expect(200).json()
}

#[tokio::test]
async fn a_bundle_passes_and_a_changed_one_fails() {
    let (rig, id) = confirmed().await;
    let given = bundle(&rig, &id).await;
    Bundle::from_json(given.to_string().as_bytes()).unwrap();
    let verdict = rig.post_json("/v1/verify", &given).await.expect(200).json();
    assert_eq!((&verdict["result"], &verdict["exit_code"]), (&json!("pass"), &json!(0)), "{verdict}");
    assert!(given["disclosures"].as_object().unwrap().len() >= 2, "who may see all is given all");

    let changed = |change: &dyn Fn(&mut Value)| {
        let mut bundle = given.clone();
        change(&mut bundle);
        bundle
    };
    let tampered = [
        changed(&|b| b["document"] = b["document"].as_str().unwrap().replace("25000.00", "1.00").into()),
        changed(&|b| b["origin"] = "other.example/log".into()),
        changed(&|b| b["records"][0]["position"] = json!(1)),
        changed(&|b| {
            b["records"].as_array_mut().unwrap().remove(1);
            b["proofs"].as_array_mut().unwrap().remove(1);
        }),
        changed(&|b| b["keys"]["root"]["x"] = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo".into()),
    ];
    for (n, body) in tampered.iter().enumerate() {
        let verdict = rig.post_json("/v1/verify", body).await.expect(200).json();
        assert_ne!(verdict["result"], "pass", "change {n}: {verdict}");
    }
    let cut = given.to_string();
    rig.post("/v1/verify", "application/json", cut[..cut.len() / 2].to_owned()).await.expect(400);
}

/// Asks for other terms, as the operator or agreed to by both parties; gives their hash.
async fn amended(rig: &Rig, id: &str, total: &str, agreed: bool) -> String {
    let terms = json!({ "transcript": "Buyer: other terms.", "terms": { "product": "maize", "total_amount": total },
        "operator": true });
    let path = format!("/v1/contracts/{id}");
    let proposed = rig.post_json(&format!("{path}/amend"), &terms).await.expect(200).json();
    let hash = proposed["contract"]["amendment"]["contract_hash"].as_str().unwrap().to_owned();
    let agreement = rig.agreement(id).await;
    let codes = agreement.proposal.as_ref().unwrap().codes.clone();
    for (party, code) in agreement.parties.iter().zip(codes).filter(|_| agreed) {
        let word = json!({ "phone_number": party.phone, "code": code });
        rig.post_json(&format!("{path}/confirm"), &word).await.expect(200);
    }
    hash
}

#[tokio::test]
async fn the_hash_of_terms_that_no_longer_hold_is_found() {
    let (rig, id) = confirmed().await;
    let first =
        rig.get(&format!("/v1/contracts/{id}")).await.json()["contract_hash"].as_str().unwrap().to_owned();
    let second = amended(&rig, &id, "20000", true).await;
    let replaced = amended(&rig, &id, "21000", false).await;
    let third = amended(&rig, &id, "22000", true).await;
    let proposed = amended(&rig, &id, "23000", false).await;
    for (hash, number, standing, by) in [
        (&first, 1, "superseded", Some(&second)),
        (&second, 2, "superseded", Some(&third)),
        (&replaced, 3, "replaced", None),
        (&third, 4, "in_force", None),
        (&proposed, 5, "proposed", None),
    ] {
        let verdict = rig.post_json("/v1/verify", &json!({ "hash": hash })).await.expect(200).json();
        assert_eq!((&verdict["result"], &verdict["contract_id"]), (&json!("pass"), &json!(id)), "{verdict}");
        let document = &verdict["document"];
        assert_eq!(
            (&document["number"], &document["standing"]),
            (&json!(number), &json!(standing)),
            "{document}"
        );
        assert_eq!(
            (&document["superseded_by"], &document["in_force"]),
            (&json!(by), &json!(third)),
            "{document}"
        );
        assert!(document["record_version"].as_u64().is_some_and(|version| version >= number));
    }
}

#[tokio::test]
async fn the_hash_in_a_message_is_enough_to_ask() {
    let (rig, id) = confirmed().await;
    let hash =
        rig.get(&format!("/v1/contracts/{id}")).await.json()["contract_hash"].as_str().unwrap().to_owned();
    for spelling in [hash.clone(), hash.to_uppercase()] {
        let verdict = rig.post_json("/v1/verify", &json!({ "hash": spelling })).await.expect(200).json();
        assert_eq!((&verdict["result"], &verdict["contract_id"]), (&json!("pass"), &json!(id)), "{verdict}");
        assert_eq!(verdict["status"], "confirmed");
        assert_eq!(
            (&verdict["document"]["number"], &verdict["document"]["standing"]),
            (&json!(1), &json!("in_force"))
        );
        assert!(!verdict.to_string().contains("254712345678"));
    }
    let none = rig.post_json("/v1/verify", &json!({ "hash": "0".repeat(64) })).await.expect(200).json();
    assert_eq!(none["result"], "unknown");
    for (body, expected) in [
        (json!({ "hash": "xyz" }), "hash: must be 64 hex"),
        (json!({ "hash": 1 }), "hash: must be a string"),
        (json!({}), "hash: is required"),
    ] {
        assert!(rig.post_json("/v1/verify", &body).await.expect(422).text().contains(expected));
    }
    rig.post("/v1/verify", "application/json", "not json").await.expect(400);
}

#[tokio::test]
async fn codes_are_told_to_nobody_while_they_open_something() {
    let rig = Rig::new(Setup { projector: true, ..Setup::default() }).await;
    let created = rig.post_json("/api/v1/contracts/create", &source_contract()).await.expect(200).json();
    let id = created["contract_id"].as_str().unwrap();
    let names = |bundle: &Value| -> Vec<String> {
        let all =
            bundle["disclosures"].as_object().unwrap().values().flat_map(|list| list.as_array().unwrap());
        let parsed = all.map(|d| ledger::disclosure::Disclosure::parse(d.as_str().unwrap()).unwrap().1);
        parsed.collect()
    };
    let pending = names(&bundle(&rig, id).await);
    assert!(pending.contains(&"transcript".to_owned()), "{pending:?}");
    assert!(!pending.iter().any(|name| name.starts_with("code") || name == "text"), "{pending:?}");
    let (rig, id) = confirmed().await;
    let live = names(&bundle(&rig, &id).await);
    assert!(!live.iter().any(|name| name.starts_with("code") || name == "text"), "{live:?}");
    let (buyer, seller) = (rig.code(&id, 0).await, rig.code(&id, 1).await);
    for (phone, code) in [("+254712345678", buyer), ("+254787654321", seller)] {
        let body = json!({ "phone_number": phone, "code": code });
        rig.post_json(&format!("/v1/contracts/{id}/cancel"), &body).await.expect(200);
    }
    assert!(
        names(&bundle(&rig, &id).await).iter().any(|name| name.starts_with("code")),
        "then they are evidence"
    );
}

/// Reads the whole log over its public routes, as a monitor does.
#[tokio::test]
async fn the_log_is_whole_as_served() {
    let (rig, _) = confirmed().await;
    for n in 0..300 {
        rig.post("/voice/events", FORM, format!("sessionId=ATVId_{n}&eventType=SessionStarted"))
            .await
            .expect(200);
    }
    crate::voice::folded(&rig).await;
    let size = rig.store.tip().await.unwrap().size;
    let vkey = rig.get("/log/vkey").await.expect(200);
    let verifier = LogVerifier::from_vkey(vkey.text().trim()).unwrap();
    let (note, checkpoint) = loop {
        let note = rig.get("/log/checkpoint").await;
        if let Ok(checkpoint) = Checkpoint::open(note.text(), &verifier)
            && checkpoint.size == size
        {
            break (note, checkpoint);
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    assert_eq!((note.header("cache-control"), note.header("access-control-allow-origin")), ("no-cache", "*"));

    let mut tree = Tree::empty();
    let mut leaves = Vec::new();
    for entries in entries_for(checkpoint.size) {
        let served = rig.get(&format!("/log/{}", entries.path())).await.expect(200);
        for entry in entries.decode(&served.bytes).unwrap() {
            leaves.push(leaf_hash(entry));
            tree.append(leaf_hash(entry));
        }
        check_cache(served.header("cache-control"), entries.is_full());
    }
    assert_eq!(tree.root(), checkpoint.root);
    let mut tiles = TileSet::new();
    for tile in tiles_for(checkpoint.size) {
        let served = rig.get(&format!("/log/{}", tile.path())).await.expect(200);
        assert_eq!(
            (served.header("content-type"), served.header("access-control-allow-origin")),
            ("application/octet-stream", "*")
        );
        check_cache(served.header("cache-control"), tile.is_full());
        tiles.insert_bytes(tile, &served.bytes).unwrap();
    }
    assert!(tiles.iter().any(|(tile, _)| tile.is_full()) && tiles.iter().any(|(tile, _)| tile.level() == 1));
    for index in [0, 1, 255, 256, size - 1] {
        let served = rig.get(&format!("/log/proof?index={index}")).await.expect(200);
        let proof = TlogProof::parse(served.text()).unwrap();
        let leaf: Hash = leaves[usize::try_from(index).unwrap()];
        assert_eq!(proof.verify(&leaf, &verifier).unwrap(), checkpoint);
        assert!(proof.verify(&leaf_hash(b"another"), &verifier).is_err());
    }
    rig.get(&format!("/log/proof?index={size}")).await.expect(404);
    rig.get(&format!("/log/proof?index=0&size={}", size + 1)).await.expect(404);
    rig.get(&format!("/log/proof?index=0&size={size}")).await.expect(200);
    let beyond = EntriesId::at(0, 1_000).unwrap();
    rig.get(&format!("/log/{}", beyond.path())).await.expect(200);
    rig.get("/log/tile/entries/999").await.expect(404);
    rig.get("/log/tile/0/002").await.expect(404);
}

fn check_cache(header: &str, full: bool) {
    assert_eq!(header.contains("immutable"), full, "{header}");
    assert!(header.starts_with("public"));
}

#[tokio::test]
async fn keys_are_served_as_a_set() {
    let (rig, _) = confirmed().await;
    let set = rig.get("/.well-known/jwks.json").await.expect(200).json();
    assert_eq!(
        set["keys"].as_array().unwrap().len(),
        1,
        "the record key; root and log key are no record keys"
    );
    assert_eq!((&set["keys"][0]["kty"], &set["keys"][0]["crv"]), (&json!("OKP"), &json!("Ed25519")));
}

#[tokio::test]
async fn an_empty_log_has_no_checkpoint() {
    let rig = Rig::new(Setup::default()).await;
    rig.get("/log/checkpoint").await.expect(404);
    rig.get("/log/proof?index=0").await.expect(404);
    assert_eq!(rig.get("/.well-known/jwks.json").await.expect(200).json(), json!({ "keys": [] }));
}

#[tokio::test]
async fn verification_is_rate_limited() {
    let rig = Rig::new(Setup::default()).await;
    let mut refused = 0;
    for _ in 0..60 {
        let answer = rig.post("/v1/verify", "application/json", "{}").await;
        match answer.status.as_u16() {
            429 => refused += 1,
            other => assert_eq!(other, 422),
        }
    }
    assert!(refused > 0, "60 requests at once are too many");
}

#[tokio::test]
async fn health_says_which_check_fails() {
    let rig = Rig::new(Setup::default()).await;
    let ready = rig.get("/readyz").await.expect(200).json();
    assert_eq!((&ready["ready"], &ready["checks"]["journal"]["ok"]), (&json!(true), &json!(true)));
    let metrics = rig.get("/metrics").await.expect(200);
    assert!(metrics.text().contains("\nahadi_log_records 0\n"), "{}", metrics.text());
    assert!(rig.get("/").await.expect(200).header("content-type").starts_with("text/html"));
    rig.door.journal().close().await;
    let ready = rig.get("/readyz").await.expect(503).json();
    assert_eq!((&ready["ready"], &ready["checks"]["store"]["ok"]), (&json!(false), &json!(true)));
    assert!(ready["checks"]["journal"]["reason"].is_string());
    rig.get("/livez").await.expect(200);
}
