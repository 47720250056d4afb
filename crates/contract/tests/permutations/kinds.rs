//! Every type of record once: what is written can be read.

use contract::command::{ContractType, Language};
use contract::control::Action;
use contract::event::*;
use contract::fact::{CallOutcome, Cause, ConferenceStatus, DeliveryStatus, Direction, Leg, SessionStatus};
use contract::provider::Provider;
use contract::report::{DialledLeg, FailureReason, LegStatus, Receipt};
use ledger::hash::sha256;
use ledger::time::Timestamp;

/// The closed list, as it stands in logs for ever.
pub const ALL: [&str; 52] = [
    "call.started",
    "call.queued",
    "call.ringing",
    "call.answered",
    "call.transferred",
    "call.input",
    "call.ended",
    "call.other",
    "call.asked",
    "call.consented",
    "call.consent_refused",
    "call.consent_missing",
    "call.silent",
    "webhook.repeated",
    "recording.available",
    "recording.fetched",
    "recording.altered",
    "recording.failed",
    "recording.checked",
    "recording.check_failed",
    "transcript.requested",
    "transcript.recorded",
    "transcript.failed",
    "terms.requested",
    "terms.read",
    "terms.failed",
    "conference.requested",
    "conference.reported",
    "dial.requested",
    "dial.placed",
    "dial.failed",
    "conference.found",
    "control.requested",
    "control.done",
    "control.failed",
    "contract.drafted",
    "contract.confirmed",
    "contract.rejected",
    "contract.code_refused",
    "message.requested",
    "message.attempted",
    "message.accepted",
    "message.failed",
    "message.received",
    "message.delivery",
    "contact.opted_out",
    "contact.opted_in",
    "ussd.requested",
    "ussd.ended",
    "key.added",
    "key.retired",
    "key.revoked",
];

fn link() -> Vec<Link> {
    vec![Link { stream: "call/africastalking/ATVId_1".into(), version: 3, hash: sha256(b"a record") }]
}

fn call() -> CallFact {
    let leg = Leg {
        direction: Some(Direction::Inbound),
        outcome: Some(CallOutcome::EndedWithoutTalk),
        cause: Some(Cause::NormalClearing),
        duration_s: Some(312),
        dial_duration_s: Some(0),
        cost: Some("0.8000".into()),
        currency: Some("KES".into()),
        started_at: Some(Timestamp::EPOCH),
        request: Some("ATVoice_0123456789ab".into()),
    };
    CallFact { leg, conflict: true, stale: true }
}

fn silent() -> CallSilent {
    let reason = Some(FailureReason::Unreachable);
    CallSilent { answer: SilentAnswer::Failed, reason, attempt: 3, again: true }
}

fn failed() -> TaskFailed {
    TaskFailed { task: 2, attempt: 1, reason: FailureReason::UnknownOutcome, again: true }
}

fn answered() -> ContractAnswered {
    let document_sha256 = sha256(b"contract.json");
    ContractAnswered { party: 1, document_sha256, channel: Channel::SmsCode, remaining: 0, links: link() }
}

fn fetched() -> RecordingFetched {
    RecordingFetched {
        task: 4,
        bytes: 81_920,
        media_type: "audio/mpeg".into(),
        duration_ms: Some(20_000),
        check_after_s: Some(60),
    }
}

fn placed() -> DialPlaced {
    let taken = DialledLeg { party: 0, call_id: Some("ATVId_1".into()), status: LegStatus::Queued };
    let refused = DialledLeg { party: 1, call_id: None, status: LegStatus::InvalidNumber };
    DialPlaced { provider: Provider::AfricasTalking, legs: vec![taken, refused] }
}

fn transcript() -> [EventData; 6] {
    let languages = vec!["en".into(), "sw".into()];
    let recorded = TranscriptRecorded { task: Some(5), origin: Origin::Transcribed, turns: 12, languages };
    [
        EventData::TranscriptRequested(TranscriptRequested { recording: 4 }),
        EventData::TranscriptRecorded(recorded),
        EventData::TranscriptFailed(failed()),
        EventData::TermsRequested(TermsRequested {
            transcript: 5,
            contract_type: ContractType::LoanAgreement,
            day: "2026-03-10".into(),
        }),
        EventData::TermsRead(TermsRead { task: 7, claims: 3 }),
        EventData::TermsFailed(failed()),
    ]
}

fn conference() -> [EventData; 5] {
    let (duration_s, conflict) = (Some(300), true);
    let contract_type = ContractType::ServiceAgreement;
    let provider = Some(Provider::TryVox);
    let requested = ConferenceRequested { parties: 2, contract_type, expected_duration_s: 600, provider };
    let reported = ConferenceReported { status: ConferenceStatus::Completed, duration_s, conflict };
    [
        EventData::ConferenceRequested(requested),
        EventData::ConferenceReported(reported),
        EventData::DialRequested(DialRequested { parties: 1, provider: None }),
        EventData::DialPlaced(placed()),
        EventData::DialFailed(DialFailed { reason: FailureReason::Unreachable }),
    ]
}

fn control() -> [EventData; 4] {
    let control = uuid::Uuid::from_u128(7);
    let found = ConferenceFound { provider: Provider::TryVox, begun_at: Some(Timestamp::EPOCH) };
    let requested = ControlRequested { control, action: Action::Speak, provider: Provider::TryVox };
    [
        EventData::ConferenceFound(found),
        EventData::ControlRequested(requested),
        EventData::ControlDone(ControlDone { control }),
        EventData::ControlFailed(ControlFailed { control, reason: FailureReason::UnknownOutcome }),
    ]
}

fn contract() -> [EventData; 4] {
    let drafted = ContractDrafted {
        document_sha256: sha256(b"contract.json"),
        contract_type: ContractType::LoanAgreement,
        language: Language::Sw,
        parties: 2,
        expires_at: Some(Timestamp::EPOCH),
        links: link(),
    };
    let refused = CodeRefused { party: 0, channel: Channel::ApiCode, links: link() };
    [
        EventData::ContractDrafted(drafted),
        EventData::ContractConfirmed(answered()),
        EventData::ContractRejected(answered()),
        EventData::ContractCodeRefused(refused),
    ]
}

fn receipt(code: u16) -> Option<Receipt> {
    Some(Receipt { code, cost: Some("0.8000".into()), currency: Some("KES".into()) })
}

fn message() -> [EventData; 6] {
    let requested = MessageRequested { party: Some(1), template: Template::AskAgain, links: link() };
    let accepted = MessageAccepted {
        task: 2,
        attempt: 1,
        provider: Provider::AfricasTalking,
        message: "message/africastalking/ATXid_1".into(),
        receipt: receipt(102),
    };
    let failed = MessageFailed {
        task: 2,
        attempt: 1,
        reason: FailureReason::OptedOut,
        again: false,
        receipt: receipt(406),
    };
    let delivery = MessageDelivery { status: DeliveryStatus::Delivered, conflict: true };
    [
        EventData::MessageRequested(requested),
        EventData::MessageAttempted(Attempt { task: 2, attempt: 1 }),
        EventData::MessageAccepted(accepted),
        EventData::MessageFailed(failed),
        EventData::MessageReceived(MessageReceived { reading: Reading::Ambiguous, conflict: true }),
        EventData::MessageDelivery(delivery),
    ]
}

fn person() -> [EventData; 4] {
    let ended = UssdEnded { status: SessionStatus::Incomplete, duration_s: Some(9), conflict: true };
    [
        EventData::ContactOptedOut(ContactChanged { links: link() }),
        EventData::ContactOptedIn(ContactChanged { links: link() }),
        EventData::UssdRequested(UssdRequested { conflict: true }),
        EventData::UssdEnded(ended),
    ]
}

/// One of each type, every field told.
fn full() -> Vec<EventData> {
    let statement = || serde_json::json!({ "action": "retired", "from_position": 12, "reason": null });
    let mut all = vec![
        EventData::CallStarted(call()),
        EventData::CallQueued(call()),
        EventData::CallRinging(call()),
        EventData::CallAnswered(call()),
        EventData::CallTransferred(call()),
        EventData::CallInput(call()),
        EventData::CallEnded(call()),
        EventData::CallOther(call()),
        EventData::CallAsked(call()),
        EventData::CallConsented(call()),
        EventData::CallConsentRefused(call()),
        EventData::CallConsentMissing(call()),
        EventData::CallSilent(silent()),
        EventData::WebhookRepeated(WebhookRepeated { facts: 2, recordings: vec![3] }),
        EventData::RecordingAvailable(RecordingAvailable {
            duration_s: Some(1),
            conflict: true,
            stale: true,
        }),
        EventData::RecordingFetched(fetched()),
        EventData::RecordingAltered(fetched()),
        EventData::RecordingFailed(failed()),
        EventData::RecordingChecked(RecordingChecked { task: 4, attempt: 1, same: true }),
        EventData::RecordingCheckFailed(failed()),
    ];
    all.extend(transcript());
    all.extend(conference());
    all.extend(control());
    all.extend(contract());
    all.extend(message());
    all.extend(person());
    all.push(EventData::KeyAdded(statement()));
    all.push(EventData::KeyRetired(statement()));
    all.push(EventData::KeyRevoked(statement()));
    all
}

/// The same with nothing told that may be left out.
fn bare() -> Vec<EventData> {
    let nothing = CallFact::default();
    vec![
        EventData::CallEnded(nothing),
        EventData::RecordingAvailable(RecordingAvailable { duration_s: None, conflict: false, stale: false }),
        EventData::MessageReceived(MessageReceived { reading: Reading::Nothing, conflict: false }),
    ]
}

#[test]
fn every_type_is_read_as_it_was_written() {
    let all = full();
    let kinds: Vec<String> = all.iter().map(|data| data.encode().0).collect();
    assert_eq!(kinds, ALL);
    for data in all.into_iter().chain(bare()) {
        let (kind, value) = data.encode();
        value.check().unwrap();
        let (kind_written, facts) = data.canonical().unwrap();
        assert_eq!((kind_written, facts.as_str()), (kind.clone(), value.canonical().as_str()));
        assert_eq!(EventData::decode(&kind, &facts).unwrap(), data, "{kind}");
    }
}

#[test]
fn what_this_program_does_not_know_is_an_error() {
    let (_, value) =
        EventData::DialRequested(DialRequested { parties: 1, provider: None }).canonical().unwrap();
    assert!(EventData::decode("dial.forgotten", &value).is_err());
    assert!(EventData::decode("contract.drafted", &value).is_err());
}

#[test]
fn a_number_outside_the_profile_is_refused_and_not_changed() {
    let data = EventData::RecordingFetched(RecordingFetched { bytes: u64::MAX, ..fetched() });
    assert!(data.encode().1.check().is_err() && data.canonical().is_err());
}
