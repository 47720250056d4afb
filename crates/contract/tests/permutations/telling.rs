//! Arbitrary things providers tell us about three calls and one conference.

use contract::fact::{
    CallOutcome, Cause, ConferenceStatus, Direction, Fact, Leg, Occurred, Private, Subject, What,
};
use contract::provider::Provider;
use ledger::time::Timestamp;
use proptest::prelude::*;

/// The conference that two of the calls belong to.
pub const CONFERENCE: &str = "ATVoice_a1b2c3d4e5f6";
/// The calls.
pub const CALLS: [&str; 3] = ["ATVId_1", "ATVId_2", "ATVId_3"];
/// The numbers that occur.
pub const PHONES: [&str; 4] = ["+254700000001", "+254700000002", "+254700000003", "+254700000004"];

/// A webhook: one to three facts.
pub fn webhook() -> impl Strategy<Value = Vec<Fact>> {
    proptest::collection::vec(fact(), 1..4)
}

fn fact() -> impl Strategy<Value = Fact> {
    prop_oneof![6 => of_call(), 1 => of_conference()]
}

fn of_call() -> impl Strategy<Value = Fact> {
    (0..CALLS.len(), 0..13usize, leg(), occurred(), private(), 0..3usize).prop_map(
        |(call, kind, leg, occurred, mut private, recording)| {
            let (word, what) = match kind {
                0 => ("started", What::CallStarted(leg)),
                1 => ("queued", What::CallQueued(leg)),
                2 => ("ringing", What::CallRinging(leg)),
                3 => ("answered", What::CallAnswered(leg)),
                4 => ("transferred", What::CallTransferred(leg)),
                5 => ("input", What::CallInput(leg)),
                6 => ("other", What::CallOther(leg)),
                7 => ("recording", What::RecordingAvailable { duration_s: leg.duration_s }),
                8 => ("asked", What::CallAsked(leg)),
                9 => ("consent:1", What::CallConsented(leg)),
                10 => ("consent:2", What::CallConsentRefused(leg)),
                11 => ("consent:3", What::CallConsentMissing(leg)),
                _ => ("ended", What::CallEnded(leg)),
            };
            // Half of the recordings share a key though their address differs: a contradiction.
            let key = match kind {
                7 => {
                    private.url = Some(format!("https://recordings.example/secret-{call}-{recording}.mp3"));
                    format!("{}:recording:{}", CALLS[call], recording / 2)
                }
                _ => format!("{}:{word}", CALLS[call]),
            };
            let subject = Subject::Call { provider: Provider::AfricasTalking, id: CALLS[call].to_owned() };
            Fact { subject, key, occurred, what, private }
        },
    )
}

fn of_conference() -> impl Strategy<Value = Fact> {
    use ConferenceStatus::{Active, Completed, Failed};
    let status = prop::sample::select(vec![Active, Completed, Failed]);
    (status, proptest::option::of(0..3_u32), any::<bool>()).prop_map(|(status, duration_s, recording)| {
        let subject = Subject::Conference { id: CONFERENCE.to_owned() };
        let mut private = Private::default();
        let (word, what) = if recording {
            private.url =
                Some(format!("https://recordings.example/secret-room-{}.mp3", duration_s.is_some()));
            ("recording".to_owned(), What::RecordingAvailable { duration_s })
        } else {
            (format!("{status:?}"), What::ConferenceReported { status, duration_s })
        };
        Fact { subject, key: format!("{CONFERENCE}:{word}"), occurred: None, what, private }
    })
}

fn leg() -> impl Strategy<Value = Leg> {
    use CallOutcome::{Busy, Completed, Ended, NoAnswer};
    let outcome = prop::sample::select(vec![Ended, NoAnswer, Busy, Completed]);
    let cause = prop::sample::select(vec![Cause::NormalClearing, Cause::UserBusy, Cause::Other]);
    let direction = prop::sample::select(vec![Direction::Inbound, Direction::Outbound]);
    let cost = prop::sample::select(vec!["0.8000", "12.5"]);
    let option = proptest::option::of::<std::ops::Range<u32>>;
    let times = proptest::option::of(instant());
    (
        proptest::option::of(outcome),
        proptest::option::of(cause),
        proptest::option::of(direction),
        option(0..3),
        option(0..3),
        proptest::option::of(cost),
        times,
        proptest::option::of(prop::sample::select(vec![CONFERENCE, "ATVoice_ffffffffffff", "not ours"])),
    )
        .prop_map(
            |(outcome, cause, direction, duration_s, dial_duration_s, cost, started_at, request)| Leg {
                direction,
                outcome,
                cause,
                duration_s,
                dial_duration_s,
                cost: cost.map(str::to_owned),
                currency: duration_s.map(|_| "KES".to_owned()),
                started_at,
                request: request.map(str::to_owned),
            },
        )
}

fn instant() -> impl Strategy<Value = Timestamp> {
    (0..5_i64).prop_map(|n| Timestamp::from_millis(1_772_000_000_000 + n * 1_000).unwrap())
}

fn occurred() -> impl Strategy<Value = Option<Occurred>> {
    proptest::option::of((instant(), any::<bool>()).prop_map(|(at, assumed)| Occurred {
        at,
        assumed_zone: assumed.then(|| "Africa/Nairobi".to_owned()),
    }))
}

fn private() -> impl Strategy<Value = Private> {
    let number = || proptest::option::of(prop::sample::select(PHONES.to_vec()));
    (number(), number(), number(), any::<bool>()).prop_map(|(phone, line, dialled, pressed)| Private {
        phone: phone.map(str::to_owned),
        line: line.map(str::to_owned),
        dialled: dialled.map(str::to_owned),
        digits: pressed.then(|| "98765#".to_owned()),
        ..Private::default()
    })
}
