//! How a call ended, from the several contradicting fields of a final callback.

use contract::fact::{CallOutcome, Cause};

use crate::word::plain;

/// The causes by their plain words. The provider's gateway names them as FreeSWITCH does, so the list is open;
/// `INVALID_NUMBER` and `NETWORK_ERROR` stand only in the source document.
const CAUSES: &[(&str, Cause)] = &[
    ("normalclearing", Cause::NormalClearing),
    ("callrejected", Cause::CallRejected),
    ("normaltemporaryfailure", Cause::NormalTemporaryFailure),
    ("recoveryontimerexpire", Cause::RecoveryOnTimerExpire),
    ("originatorcancel", Cause::OriginatorCancel),
    ("loserace", Cause::LoseRace),
    ("userbusy", Cause::UserBusy),
    ("noanswer", Cause::NoAnswer),
    ("nouserresponse", Cause::NoUserResponse),
    ("subscriberabsent", Cause::SubscriberAbsent),
    ("serviceunavailable", Cause::ServiceUnavailable),
    ("usernotregistered", Cause::UserNotRegistered),
    ("unallocatednumber", Cause::UnallocatedNumber),
    ("unspecified", Cause::Unspecified),
    ("invalidnumber", Cause::InvalidNumber),
    ("networkerror", Cause::NetworkError),
];

/// Applied in order; the first that has one of the causes or words decides.
const RULES: &[Rule] = &[
    Rule { causes: &[Cause::UserBusy], words: &["busy"], outcome: CallOutcome::Busy },
    Rule {
        causes: &[Cause::NoAnswer, Cause::NoUserResponse, Cause::SubscriberAbsent],
        words: &["notanswered", "noanswer"],
        outcome: CallOutcome::NoAnswer,
    },
    Rule { causes: &[Cause::CallRejected], words: &["rejected"], outcome: CallOutcome::Rejected },
    Rule {
        causes: &[Cause::OriginatorCancel, Cause::LoseRace],
        words: &["cancelled", "canceled"],
        outcome: CallOutcome::Cancelled,
    },
    Rule {
        causes: &[
            Cause::UnallocatedNumber,
            Cause::InvalidNumber,
            Cause::ServiceUnavailable,
            Cause::NetworkError,
            Cause::UserNotRegistered,
            Cause::NormalTemporaryFailure,
            Cause::RecoveryOnTimerExpire,
        ],
        words: &["aborted", "failed", "expired", "sessionfailed"],
        outcome: CallOutcome::Failed,
    },
];

/// Words that say a call went well. They decide last: `Success` also stands on calls of 0 seconds.
const WELL: &[&str] = &["success", "completed", "sessionended"];

struct Rule {
    causes: &'static [Cause],
    words: &'static [&'static str],
    outcome: CallOutcome,
}

/// What a final callback tells about the end.
#[derive(Clone, Debug, Default)]
pub struct End<'a> {
    /// `hangupCause` and `lastBridgeHangupCause`.
    pub causes: [Option<Cause>; 2],
    /// `status`, `callSessionState` and `eventType`, in any spelling.
    pub words: [Option<&'a str>; 3],
    /// `durationInSeconds`.
    pub duration_s: Option<u32>,
}

impl End<'_> {
    /// The outcome by the table.
    pub fn outcome(&self) -> CallOutcome {
        let words: Vec<String> = self.words.iter().flatten().map(|word| plain(word)).collect();
        let said = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
        let caused = |list: &[Cause]| self.causes.iter().flatten().any(|cause| list.contains(cause));
        if let Some(rule) = RULES.iter().find(|rule| caused(rule.causes) || said(rule.words)) {
            return rule.outcome;
        }
        match self.duration_s {
            Some(0) => CallOutcome::EndedWithoutTalk,
            Some(_) => CallOutcome::Completed,
            None if said(WELL) => CallOutcome::Completed,
            None => CallOutcome::Ended,
        }
    }
}

/// Reads the provider's word for a cause; one we do not know is [`Cause::Other`].
pub fn cause(text: &str) -> Cause {
    let word = plain(text);
    CAUSES.iter().find(|(name, _)| *name == word).map_or(Cause::Other, |(_, cause)| *cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(causes: [&str; 2], words: [&str; 3], duration_s: Option<u32>, expected: CallOutcome) {
        let end = End {
            causes: causes.map(|text| (!text.is_empty()).then(|| cause(text))),
            words: words.map(|text| (!text.is_empty()).then_some(text)),
            duration_s,
        };
        assert_eq!(end.outcome(), expected, "{causes:?} {words:?} {duration_s:?}");
    }

    #[test]
    fn every_row_of_the_table() {
        use CallOutcome::*;
        check(["USER_BUSY", ""], ["", "", ""], Some(0), Busy);
        check(["NORMAL_CLEARING", "USER_BUSY"], ["Success", "Completed", ""], Some(39), Busy);
        for no_answer in ["NO_ANSWER", "NO_USER_RESPONSE", "SUBSCRIBER_ABSENT", "subscriber_absent"] {
            check([no_answer, ""], ["", "", ""], None, NoAnswer);
        }
        check(["", ""], ["NotAnswered", "", ""], Some(0), NoAnswer);
        check(["", ""], ["", "NotAnswered", ""], Some(0), NoAnswer);
        check(["", ""], ["no-answer", "", ""], None, NoAnswer);
        check(["CALL_REJECTED", ""], ["Aborted", "", ""], Some(0), Rejected);
        check(["ORIGINATOR_CANCEL", ""], ["", "", ""], Some(0), Cancelled);
        check(["", "LOSE_RACE"], ["", "", ""], Some(0), Cancelled);
        for failed in [
            "UNALLOCATED_NUMBER",
            "INVALID_NUMBER",
            "SERVICE_UNAVAILABLE",
            "NETWORK_ERROR",
            "USER_NOT_REGISTERED",
            "NORMAL_TEMPORARY_FAILURE",
            "RECOVERY_ON_TIMER_EXPIRE",
        ] {
            check([failed, ""], ["", "", ""], Some(0), Failed);
        }
        check(["", ""], ["Aborted", "", ""], Some(0), Failed);
        check(["", ""], ["Failed", "", ""], Some(12), Failed);
        check(["", ""], ["", "", "SessionFailed"], None, Failed);
        check(["NORMAL_CLEARING", ""], ["Success", "Completed", ""], Some(0), EndedWithoutTalk);
        check(["NORMAL_CLEARING", ""], ["Success", "Completed", ""], Some(45), Completed);
        check(["UNSPECIFIED", ""], ["", "", ""], Some(1), Completed);
        check(["SOMETHING_NEW", ""], ["", "", ""], Some(1), Completed);
        check(["", ""], ["Success", "", ""], None, Completed);
        check(["", ""], ["", "", "SessionEnded"], None, Completed);
        check(["", ""], ["", "", ""], None, Ended);
    }

    #[test]
    fn the_first_matching_row_decides() {
        use CallOutcome::*;
        check(["USER_BUSY", "NO_ANSWER"], ["Failed", "NotAnswered", ""], Some(0), Busy);
        check(["NO_ANSWER", "CALL_REJECTED"], ["", "", ""], Some(0), NoAnswer);
        check(["CALL_REJECTED", "LOSE_RACE"], ["", "", ""], Some(0), Rejected);
    }

    #[test]
    fn unknown_causes_stay_open() {
        assert_eq!(cause("Normal-Clearing"), Cause::NormalClearing);
        assert_eq!(cause("MEDIA_TIMEOUT"), Cause::Other);
    }
}
