//! What words, amounts and statuses mean.

use contract::fact::{CallOutcome, Cause, Leg};
use contract::report::{FailureReason, Receipt};
use providers::africastalking::rest::{read_call, read_sms};
use providers::minivoice::signature::{SigningSecrets, Verdict, sign};
use providers::secret::PathSecrets;

use crate::desk::{Desk, fact, fixture, try_read};

fn leg(name: &str) -> Leg {
    fact(&format!("africastalking/voice_{name}.form")).what.leg().unwrap().clone()
}

/// 11: `Success` with 0 seconds.
#[test]
fn oddity_11_success_without_a_second_is_no_talk() {
    assert_eq!(leg("success_zero_seconds").outcome, Some(CallOutcome::EndedWithoutTalk));
    assert_eq!(leg("ended").outcome, Some(CallOutcome::Completed));
    let tryvox = fact("tryvox/webhook_status_zero_seconds.json");
    assert_eq!(tryvox.what.leg().unwrap().outcome, Some(CallOutcome::EndedWithoutTalk));
}

/// 12: no cause on the final, or one nobody knows.
#[test]
fn oddity_12_the_cause_is_optional_and_open() {
    assert_eq!(leg("cause_absent").cause, None);
    assert_eq!(leg("cause_unknown").cause, Some(Cause::Other));
    assert_eq!(leg("cause_unknown").outcome, Some(CallOutcome::Completed), "the rest is read");
}

/// 17: amounts as text, with any number of decimals, the currency inside or beside.
#[test]
fn oddity_17_money_stays_the_text_it_was() {
    let cost = |name: &str| {
        let leg = leg(name);
        (leg.cost, leg.currency)
    };
    let told = |cost: &str, currency: &str| (Some(cost.to_owned()), Some(currency.to_owned()));
    assert_eq!(cost("cost_many_decimals"), told("147.440", "UGX"));
    assert_eq!(cost("cost_currency_inside"), told("0.8000", "KES"));
    assert_eq!(cost("cost_unreadable"), (None, Some("KES".to_owned())));
}

/// 18: the status of an answer lies: 201 with nobody taken, 200 for 201, 401 as text.
#[test]
fn oddity_18_an_answer_is_judged_by_its_body() {
    let refused = read_sms(201, &fixture("answers/sms_201_invalid_sender.json")).unwrap_err();
    assert_eq!(refused.reason(), FailureReason::InvalidSender);
    let unauthorized = read_sms(401, &fixture("answers/unauthorized.txt")).unwrap_err();
    assert_eq!(unauthorized.reason(), FailureReason::Unauthorized);
    for status in [200, 201] {
        assert_eq!(read_call(status, &fixture("answers/call_queued.json")).unwrap().entries.len(), 1);
    }
    // One of two: each receiver has a result of its own.
    let both = read_sms(201, &fixture("answers/sms_201_one_of_two.json")).unwrap();
    let results: Vec<_> = both.iter().map(|one| (one.outcome().err(), one.receipt())).collect();
    let receipt = |code, cost: &str, currency: Option<&str>| Receipt {
        code,
        cost: Some(cost.to_owned()),
        currency: currency.map(str::to_owned),
    };
    let refused = (Some(FailureReason::OptedOut), receipt(406, "0", None));
    assert_eq!(results, [refused, (None, receipt(101, "0.8000", Some("KES")))]);
}

/// 21: no signature at all, or one that may be absent: the secret in the path is the proof, and where something is to be
/// signed, nothing unsigned counts.
#[test]
fn oddity_21_without_a_signature_the_path_proves_and_with_a_secret_it_does_not() {
    let path = PathSecrets::new(&["a-secret-of-22-characters-or-more"]).unwrap();
    assert!(path.matches("a-secret-of-22-characters-or-more"));
    assert!(!path.matches("another-secret-of-22-characters!!") && !path.matches(""));
    let secrets = SigningSecrets::new(&["a-signing-secret-of-ours"]).unwrap();
    let body = fixture("minivoice/webhook_source_document.json");
    let now = ledger::time::Timestamp::from_millis(1_780_056_600_000).unwrap();
    let signature = sign(b"a-signing-secret-of-ours", "1780056600", &body);
    let check = |signatures: &[&[u8]]| secrets.check(signatures, &[b"1780056600"], &body, now, 300);
    assert_eq!(check(&[signature.as_bytes()]), Verdict::Fresh);
    assert_eq!(check(&[]), Verdict::Wrong, "absent is wrong");
    assert!(SigningSecrets::new(&[]).unwrap().is_empty(), "without a secret nothing is checked");
}

/// 25: acknowledged and not processed. A body that cannot be read is an error and not an empty reading, so that it is
/// refused; that an answer 2xx means that it is on disk is held by `it` (invariants, faults) and `http` (webhooks).
#[test]
fn oddity_25_what_is_not_understood_is_never_acknowledged_as_nothing() {
    for (folder, body) in [
        ("africastalking", &b""[..]),
        ("africastalking", b"isActive=0"),
        ("voicepact", b"{}"),
        ("minivoice", b"{}"),
        ("minivoice", b""),
        ("tryvox", b"{}"),
        ("tryvox", b"[]"),
    ] {
        for content_type in ["application/json", "application/x-www-form-urlencoded"] {
            assert!(try_read(folder, body, content_type).is_err(), "{folder} {content_type} {body:?}");
        }
    }
    // A kind nobody knows is authentic all the same: it is kept.
    let mut desk = Desk::new();
    assert_eq!(desk.take("africastalking/voice_event_unknown.form"), ["call.other"]);
    assert_eq!(desk.take("minivoice/webhook_unknown_event.json"), ["call.other"]);
    assert_eq!(desk.take("tryvox/webhook_event_unknown.json"), ["call.other"]);
}
