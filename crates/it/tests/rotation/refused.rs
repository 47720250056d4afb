//! Statements that must not come to the log are refused at the door, and nothing of them is journaled.

use it::world::ORIGIN;
use it::{Setup, World};
use ledger::key::{Action, KeyStatement, Reason, RecordKey, Role};
use serde_json::{Value, json};

use crate::{begin, draft, keys, log, statements};

fn statement(world: &World, action: Action, key: &RecordKey, origin: &str, by: &str) -> Value {
    let pem = std::fs::read_to_string(keys(world).join(by)).unwrap();
    let root = RecordKey::from_pkcs8_pem(&pem).unwrap();
    let statement = KeyStatement {
        action,
        role: Role::Record,
        origin: origin.to_owned(),
        public_key: key.public().clone(),
        issued_at: cli::system::now(),
        from_position: None,
        reason: Some(Reason::Rotation),
    };
    let signed = statement.sign(&root, (action == Action::Added).then_some(key));
    serde_json::from_str(&signed.data().canonical()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_door() {
    let world = World::start(Setup::EMBEDDED).await;
    draft(&world).await;
    world.settle().await;
    let new = RecordKey::from_seed(&[5; 32]);
    let old = RecordKey::from_pkcs8_pem(&std::fs::read_to_string(keys(&world).join("record.pem")).unwrap());
    let old = old.unwrap();
    let said = |action, key, origin, by| statement(&world, action, key, origin, by);
    let cases = [
        ("not signed by the root key", vec![said(Action::Added, &new, ORIGIN, "record.pem")]),
        ("another log", vec![said(Action::Added, &new, "ledger.example/other", "root.pem")]),
        ("has or had a role", vec![said(Action::Added, &old, ORIGIN, "root.pem")]),
        ("key is unknown", vec![said(Action::Retired, &new, ORIGIN, "root.pem")]),
        ("no key would be left", vec![said(Action::Retired, &old, ORIGIN, "root.pem")]),
        (
            "no key would be left",
            vec![
                said(Action::Revoked, &old, ORIGIN, "root.pem"),
                said(Action::Added, &new, ORIGIN, "root.pem"),
            ],
        ),
        ("not a key statement: action", vec![json!({ "action": "forgotten" })]),
        ("1 to 16", Vec::new()),
    ];
    let (size, journaled) = (log(&world).await.len(), journaled(&world));
    for (why, statements) in cases {
        let (status, answer) =
            world.post_json("/v1/keys/statements", &json!({ "statements": statements })).await;
        assert_eq!(status, 422, "{why}: {answer}");
        let told = answer["detail"].as_str().unwrap();
        assert!(told.contains(why) && told.contains("statements"), "{why}: {answer}");
    }
    assert_eq!((log(&world).await.len(), self::journaled(&world)), (size, journaled));
    world.sound().await;
}

/// What was taken before changes nothing: it is said to be there already, and no record is added.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_again() {
    let world = World::start(Setup::EMBEDDED).await;
    draft(&world).await;
    let request = statements(&begin(&world, false).await);
    assert_eq!(world.post_json("/v1/keys/statements", &request).await.0, 200);
    world.settle().await;
    let size = log(&world).await.len();
    let (status, answer) = world.post_json("/v1/keys/statements", &request).await;
    assert_eq!(status, 200, "{answer}");
    assert!(answer["statements"].as_array().unwrap().iter().all(|one| one["already"] == json!(true)));
    assert_eq!(log(&world).await.len(), size);
    world.sound().await;
}

fn journaled(world: &World) -> u64 {
    world.system().door.as_ref().unwrap().journal().last_position()
}
