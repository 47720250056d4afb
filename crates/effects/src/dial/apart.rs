//! Providers that ring one number per request. All requests go out at once, and each has an outcome of its own.

use contract::phone::Phone;
use contract::provider::Provider;
use contract::report::{DialledLeg, FailureReason, LegStatus};
use futures_util::future::join_all;
use providers::africastalking::rest::CallEntry;
use providers::minivoice::rest as minivoice;
use providers::script::Address;
use providers::tryvox::rest as tryvox;
use uuid::Uuid;

use super::{DialAnswer, DialError, Dialling, Inner};
use crate::account::{MiniVoiceAccount, TryVoxAccount};

/// Parameter of our addresses that names the request a call was placed for.
pub const REQUEST_PARAMETER: &str = "request";
/// Parameter of the address for questions that names the room a call joins.
pub const ROOM_PARAMETER: &str = "room";

/// What became of one number: the provider's id of the call, or why there is none.
type Rung = Result<String, FailureReason>;

impl Inner {
    pub(super) async fn apart(&self, dialling: &Dialling) -> Result<DialAnswer, DialError> {
        let rung: Vec<Rung> = match dialling.provider {
            Provider::TryVox => {
                let account = self.accounts.tryvox.as_ref().ok_or(DialError::NotConfigured)?;
                join_all(dialling.phones.iter().map(|phone| self.by_tryvox(account, dialling, phone))).await
            }
            Provider::MiniVoice => {
                let account = self.accounts.minivoice.as_ref().ok_or(DialError::NotConfigured)?;
                join_all(dialling.phones.iter().map(|phone| self.by_minivoice(account, dialling, phone)))
                    .await
            }
            Provider::AfricasTalking => return Err(DialError::NotConfigured),
        };
        joined(&dialling.phones, rung)
    }

    async fn by_tryvox(&self, account: &TryVoxAccount, dialling: &Dialling, phone: &Phone) -> Rung {
        let request = (REQUEST_PARAMETER, dialling.request());
        let answer = naming(&account.answer, &[request, (ROOM_PARAMETER, dialling.room.as_deref())]);
        let events = naming(&account.events, &[request]);
        let order = tryvox::CallOrder {
            from: account.line.clone(),
            to: phone.clone(),
            answer,
            ring: Some(events.clone()),
            hangup: Some(events),
            ring_timeout_s: None,
            time_limit_s: None,
        };
        let request = tryvox::make_call(&account.rest, &order);
        let answer = self.client.send_api(account.url.as_deref(), &request).await;
        let answer = answer.map_err(|error| error.reason())?;
        match tryvox::read_placed(answer.status, &answer.body) {
            Ok(placed) => Ok(placed.call_uuid),
            Err(tryvox::RestError::Refused { fields, .. }) if fields.0.iter().any(|name| name == "to") => {
                Err(FailureReason::InvalidNumber)
            }
            Err(error) => Err(error.reason()),
        }
    }

    async fn by_minivoice(&self, account: &MiniVoiceAccount, dialling: &Dialling, phone: &Phone) -> Rung {
        let pairs = [("request_id", dialling.request()), ("room", dialling.room.as_deref())];
        let metadata: Vec<(&str, &str)> =
            pairs.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        let record = dialling.record.then_some(true);
        let request = minivoice::create_call(&account.api_key, &account.line, phone, &metadata, record);
        let answer = self.client.send_api(account.url.as_deref(), &request).await;
        let answer = answer.map_err(|error| error.reason())?;
        let call = minivoice::read_call(answer.status, &answer.body);
        call.map(|call| call.id).map_err(|error| error.reason())
    }
}

/// An address of ours that names the request, so that whatever comes in there can be joined to it. Ids and names of rooms
/// are letters, digits, `-` and `_`.
fn naming(address: &Address, parameters: &[(&str, Option<&str>)]) -> Address {
    let mut named = address.as_str().to_owned();
    for (name, value) in parameters {
        if let Some(value) = value {
            let joint = if named.contains('?') { '&' } else { '?' };
            named.push_str(&format!("{joint}{name}={value}"));
        }
    }
    Address::new(&named).unwrap_or_else(|_| address.clone())
}

/// One answer of many. Where nobody is known to be rung, the whole failed: with the worst reason, which is not to know.
fn joined(phones: &[Phone], rung: Vec<Rung>) -> Result<DialAnswer, DialError> {
    let failures = || rung.iter().filter_map(|rung| rung.as_ref().err().copied());
    if failures().count() == rung.len() {
        let unknown = failures().find(|reason| status(*reason) == LegStatus::Unknown);
        return Err(DialError::Refused(unknown.or(failures().next()).unwrap_or(FailureReason::Other)));
    }
    let outcomes = rung.into_iter().map(|rung| match rung {
        Ok(id) => (Some(id), LegStatus::Queued),
        Err(reason) => (None, status(reason)),
    });
    let (entries, legs) = Default::default();
    let mut answer = DialAnswer { entries, legs, error_message: None, report: Uuid::nil() };
    for ((party, phone), (call_id, status)) in (0..).zip(phones).zip(outcomes) {
        let phone = phone.as_str().to_owned();
        answer.entries.push(CallEntry { phone, status, session_id: call_id.clone() });
        answer.legs.push(DialledLeg { party, call_id, status });
    }
    Ok(answer)
}

/// A provider that failed, or whose answer cannot be read, may have placed the call all the same.
fn status(reason: FailureReason) -> LegStatus {
    match reason {
        FailureReason::InvalidNumber => LegStatus::InvalidNumber,
        FailureReason::InsufficientCredit => LegStatus::InsufficientCredit,
        FailureReason::UnknownOutcome | FailureReason::ProviderError | FailureReason::UnreadableAnswer => {
            LegStatus::Unknown
        }
        _ => LegStatus::Refused,
    }
}
