//! What is asked right behind the answer to a dialling is there: no moment in which nobody knows of it.

use it::Setup;
use it::maize::{BUYER, SELLER};
use serde_json::json;

use super::SERVERS;
use super::stage::{PROVIDERS, Stage};

#[tokio::test(flavor = "multi_thread")]
async fn a_conference_is_known_when_its_id_is() {
    for setup in [Setup::EMBEDDED, SERVERS] {
        let stage = Stage::set(setup, 1).await;
        // Nobody is told anything: whatever is known comes from the answers to the dialling.
        let silence = carrier::Faults { never_sent_percent: 100, ..carrier::Faults::default() };
        stage.set_faults(&silence);
        for provider in PROVIDERS {
            let conference = stage.confer(provider).await;
            let (status, text) = stage.world.get(&format!("/api/v1/voice/recordings/{conference}")).await;
            assert_eq!(status, 200, "{provider}: {text}");
            let wanted = json!({
                "conference_id": conference,
                "parties": [{ "phone": BUYER, "name": "A" }, { "phone": SELLER, "name": "B" }],
            });
            let (status, answer) = stage.world.post_json("/api/v1/voice/process", &wanted).await;
            // There is no recording yet; that the conference is unknown would be 404.
            assert_eq!(status, 409, "{provider}: {answer}");
            let legs = stage.legs(&conference).await;
            assert_eq!(legs.len(), 2, "{provider}: {legs:?}");
        }
        stage.sound().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_known_when_its_id_is() {
    let stage = Stage::set(Setup::EMBEDDED, 1).await;
    stage.set_faults(&carrier::Faults { never_sent_percent: 100, ..carrier::Faults::default() });
    for provider in PROVIDERS {
        let wanted = json!({ "to": BUYER, "provider": provider });
        let (status, placed) = stage.world.post_json("/v1/calls", &wanted).await;
        assert_eq!(status, 201, "{provider}: {placed}");
        let call = stage.world.json(&format!("/v1/calls/{}", placed["id"].as_str().unwrap())).await;
        for name in ["id", "direction", "from", "to", "provider"] {
            assert_eq!(call[name], placed[name], "{provider}: {name} of {call}");
        }
        let dialling = ["dialing", "in_progress"];
        assert!(dialling.contains(&call["status"].as_str().unwrap()), "{provider}: {call}");
        assert_eq!(call["disputed"], json!([]), "{provider}");
    }
    stage.sound().await;
}
