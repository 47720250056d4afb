//! Dialling: rung once, and every end of it journaled.

use std::time::Duration;

use carrier::{ApiMode, Config};
use contract::phone::Phone;
use contract::provider::Provider;
use contract::report::{DialledLeg, FailureReason, LegStatus, Report};
use effects::client::{Client, ClientLimits};
use effects::dial::{DialError, Dialer, Dialling};

use crate::canned::Canned;
use crate::stage::{OTIENO, Stage, WANJIKU, account, account_at, carrier, client, closed_port, phones};

const STREAM: &str = "conference/ATVoice_0123456789ab";

fn of(phones: Vec<Phone>) -> Dialling {
    Dialling {
        stream: STREAM.to_owned(),
        provider: Provider::AfricasTalking,
        phones,
        room: None,
        record: false,
    }
}

fn failed(reason: FailureReason) -> Vec<Report> {
    vec![Report::DialFailed { stream: STREAM.to_owned(), reason }]
}

#[tokio::test]
async fn all_parties_are_rung_under_our_own_id() {
    let (stage, carrier) = (Stage::set().await, carrier(Config::default()).await);
    let dialer = Dialer::new(stage.door.clone(), client(), Some(account(&carrier)));
    let answer = dialer.dial(of(phones(&[WANJIKU, "+0700000001", OTIENO]))).await.unwrap();

    let call = carrier.calls().pop().unwrap();
    assert_eq!(call.client_request_id.as_deref(), Some("ATVoice_0123456789ab"));
    assert_eq!(call.legs.iter().map(|leg| leg.phone.as_str()).collect::<Vec<_>>(), [WANJIKU, OTIENO]);
    let leg =
        |party, call_id: Option<&String>, status| DialledLeg { party, call_id: call_id.cloned(), status };
    let legs = vec![
        leg(0, Some(&call.legs[0].session_id), LegStatus::Queued),
        leg(1, None, LegStatus::InvalidNumber),
        leg(2, Some(&call.legs[1].session_id), LegStatus::Queued),
    ];
    assert_eq!(answer.legs, legs);
    assert_eq!(answer.entries.len(), 3);
    assert_eq!(answer.error_message, None);
    let (stream, provider) = (STREAM.to_owned(), Provider::AfricasTalking);
    let line = Some("+254700000000".to_owned());
    let expected = Report::Dialled { stream, provider, legs, line };
    assert_eq!(stage.reports().await, [expected]);
}

#[tokio::test]
async fn every_failure_is_journaled_and_never_repeated() {
    for (mode, reason, rung) in [
        (ApiMode::Unauthorized, FailureReason::Unauthorized, 0),
        (ApiMode::Refuse("Insufficient balance".to_owned()), FailureReason::InsufficientCredit, 0),
        (ApiMode::Refuse("Something new".to_owned()), FailureReason::Other, 0),
        (ApiMode::ServerError, FailureReason::ProviderError, 0),
        (ApiMode::Hang { accepted: true }, FailureReason::UnknownOutcome, 1),
        (ApiMode::Hang { accepted: false }, FailureReason::UnknownOutcome, 0),
        (ApiMode::Drop { accepted: true }, FailureReason::UnknownOutcome, 1),
        (ApiMode::Drop { accepted: false }, FailureReason::UnknownOutcome, 0),
    ] {
        let stage = Stage::set().await;
        let carrier = carrier(Config { call_mode: mode.clone(), ..Config::default() }).await;
        let dialer = Dialer::new(stage.door.clone(), client(), Some(account(&carrier)));
        let error = dialer.dial(of(phones(&[WANJIKU, OTIENO]))).await.unwrap_err();
        assert_eq!(error.reason(), Some(reason), "{mode:?}");
        assert_eq!(stage.reports().await, failed(reason), "{mode:?}");
        assert_eq!((carrier.call_requests(), carrier.calls().len()), (1, rung), "{mode:?}");
        carrier.stop().await;
    }
}

#[tokio::test]
async fn a_dialling_that_cannot_begin_is_journaled_too() {
    let port = closed_port().await;
    let plain = Canned::answering("200 OK", "text/plain", "no TLS here").await;
    for (account, reason) in [
        (None, FailureReason::NotConfigured),
        (Some(account_at(&format!("http://127.0.0.1:{port}"), "")), FailureReason::Unreachable),
        (Some(account_at("http://name.invalid", "")), FailureReason::Unreachable),
        (Some(account_at(&format!("https://{}", plain.address), "")), FailureReason::Unreachable),
        (Some(account_at("not an address", "")), FailureReason::Unreachable),
    ] {
        let stage = Stage::set().await;
        // Looking up a name that does not exist may take a while.
        let dialer = Dialer::new(stage.door.clone(), Client::new(ClientLimits::default()).unwrap(), account);
        let error = dialer.dial(of(phones(&[WANJIKU]))).await.unwrap_err();
        assert_eq!(error.reason(), Some(reason), "{error}");
        assert_eq!(stage.reports().await, failed(reason));
    }
}

#[tokio::test]
async fn a_client_that_leaves_does_not_cut_a_dialling() {
    let (stage, carrier) = (Stage::set().await, carrier(Config::default()).await);
    let dialer = Dialer::new(stage.door.clone(), client(), Some(account(&carrier)));
    tokio::select! {
        biased;
        _ = dialer.dial(of(phones(&[WANJIKU, OTIENO]))) => panic!("the answer cannot be there at once"),
        () = std::future::ready(()) => {}
    }
    dialer.finished().await;
    assert_eq!(carrier.calls().len(), 1);
    assert!(matches!(&stage.reports().await[..], [Report::Dialled { legs, .. }] if legs.len() == 2));
}

#[tokio::test]
async fn a_result_that_cannot_be_journaled_is_no_success() {
    let (stage, carrier) = (Stage::set().await, carrier(Config::default()).await);
    let dialer = Dialer::new(stage.door.clone(), client(), Some(account(&carrier)));
    tokio::time::timeout(Duration::from_secs(20), stage.journal().close()).await.unwrap();
    let error = dialer.dial(of(phones(&[WANJIKU]))).await.unwrap_err();
    assert!(matches!(error, DialError::NotRecorded(_)), "{error}");
    assert_eq!(error.reason(), None);
}

#[tokio::test]
async fn nothing_printed_names_anybody() {
    let (stage, carrier) = (Stage::set().await, carrier(Config::default()).await);
    let dialer = Dialer::new(stage.door.clone(), client(), Some(account(&carrier)));
    let answer = dialer.dial(of(phones(&[WANJIKU]))).await.unwrap();
    let printed = format!("{dialer:?} {answer:?}");
    assert!(!printed.contains("2547") && !printed.contains("carrier-key"), "{printed}");
}
