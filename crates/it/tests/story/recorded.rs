//! The conference: its calls, and its recording.

use std::collections::BTreeMap;

use it::World;
use ledger::hash::sha256;
use serde_json::json;

/// Fails unless the carrier's faults show: otherwise the story would be about a good day.
pub fn assert_bad_day(world: &World) {
    let plan = world.carrier.plan();
    let mut copies: BTreeMap<&str, usize> = BTreeMap::new();
    for planned in &plan {
        *copies.entry(planned.body.as_str()).or_default() += usize::from(planned.at_once);
    }
    assert!(copies.values().any(|count| *count > 1), "nothing came twice");
    let has = |body: &str, field: &str| body.contains(field);
    // Fields of every callback, but for faults.
    let usual = ["callSessionState=", "callStartTime=", "callerCarrierName=", "direction="];
    let is_whole = |body: &str| usual.iter().all(|field| has(body, field));
    assert!(plan.iter().any(|planned| !is_whole(&planned.body)), "no field was missing");
    // How far a call has come by what a callback says.
    let step = |body: &str| match (has(body, "isActive=0"), has(body, "Ringing")) {
        (true, _) => 2,
        (false, ringing) => u8::from(!ringing),
    };
    let calls = world.carrier.calls();
    let in_disorder = calls.iter().flat_map(|call| &call.legs).any(|leg| {
        let told = plan.iter().filter(|planned| planned.subject == leg.session_id);
        !told.map(|planned| step(&planned.body)).is_sorted()
    });
    assert!(in_disorder, "everything came in order");
}

/// The conference is over, each leg answered, and its recording is what the carrier recorded. Gives the hash.
pub async fn assert_recorded(world: &World, conference_id: &str) -> String {
    let calls = world.carrier.calls();
    assert_eq!(calls.len(), 1, "people were rung once");
    assert_eq!(calls[0].legs.len(), 3);
    assert_eq!(calls[0].client_request_id.as_deref(), Some(conference_id));
    for leg in &calls[0].legs {
        let call = world.json(&format!("/v1/calls/{}", leg.session_id)).await;
        assert_eq!(call["status"], "completed", "{call}");
        assert_eq!(call["direction"], "outbound", "{call}");
        assert_eq!(call["to"], leg.phone.as_str());
        assert_eq!(call["duration_s"], 45, "{call}");
        assert_eq!(call["disputed"], json!([]), "{call}");
    }
    let recordings = world.carrier.recordings();
    let [recording] = &recordings[..] else { panic!("one recording, not {}", recordings.len()) };
    assert_eq!(recording.requests, 1, "fetched once, however often it was named");
    let bytes = world.carrier.recording_bytes(&recording.id).unwrap();
    let hash = sha256(&bytes).hex();
    let view = world.json(&format!("/api/v1/voice/recordings/{conference_id}")).await;
    let short = world.json(&format!("/api/v1/recordings/{conference_id}")).await;
    assert_eq!(view, short);
    assert_eq!(view["recording_id"], conference_id);
    assert_eq!(view["status"], "completed");
    assert_eq!(view["recording_url"], recording.url.as_str());
    assert_eq!(view["duration"], 45);
    assert_eq!(view["sha256"], hash.as_str());
    assert_eq!(view["bytes"], bytes.len());
    assert_eq!(view["media_type"], "audio/wav");
    assert_eq!(view["altered"], json!(false));
    assert!(view["processed_at"].is_string(), "{view}");
    hash
}
