//! What those who wait for an answer may be told from the ledger: a caller, and a person before a menu.
//!
//! Webhook handlers cannot read the store. The few that somebody waits for get this, which answers a few questions about
//! the person who asks and nothing else, within a time that fits on a phone.

use std::iter;
use std::time::Duration;

use contract::agreement::Agreement;
use contract::arrival::RAW_NAMES;
use contract::command::Language;
use contract::conference::rung_key;
use contract::entity::{Entity, call_stream};
use contract::menu::Known;
use contract::provider::Provider;
use contract::world::space;
use ledger::disclosure::Disclosure;
use ledger::time::Timestamp;
use providers::minivoice;
use store::{ContractFilter, Page, Reader, StoreError};
use tokio::sync::oneshot;
use uuid::Uuid;

/// Longest time one question may take. A provider waits 15 seconds for a screen, a caller not half as long.
const ANSWER_SECONDS_MAX: u64 = 3;
/// Longest wait for what somebody typed to be recorded.
const OUTCOME_SECONDS_MAX: u64 = 6;
/// Most contracts of one person that are looked at, the newest ones.
const CONTRACTS_MAX: u32 = 200;
/// How long after it was asked for a dialling still rings: providers stop after about a minute.
const RINGING_MS_MAX: i64 = 180_000;
/// One key of the index of numbers that are rung covers so much.
const HOUR_MS: i64 = 3_600_000;

/// How often the ledger is looked at for keys that its provider tells by webhook.
const GATHERED_EVERY: Duration = Duration::from_millis(50);
/// Most records of a call that are looked at for them, the newest ones.
const GATHERED_RECORDS_MAX: u32 = 50;

/// Answers questions about one person. Cheap to clone.
#[derive(Clone)]
pub struct Directory {
    reader: Reader,
}

/// Why a question stays unanswered.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store took longer than a person on the phone can wait.
    #[error("the store did not answer within {ANSWER_SECONDS_MAX} s")]
    TooSlow,
}

/// A contract of the person who asks.
pub struct Own {
    /// Its place among all contracts of the person, from 1.
    pub number: usize,
    /// `AGRI-2026-000001`.
    pub contract_id: String,
    /// Its state.
    pub agreement: Box<Agreement>,
    /// Which of its parties the person is.
    pub party: usize,
}

/// What a leg was placed for.
pub struct Placed {
    /// The room of the conference, which has the conference's id where nobody chose another name; none where it was placed
    /// for no conference.
    pub room: Option<String>,
}

/// What MiniVoice told of a question. `Debug` hides the keys.
pub struct Gathered {
    /// The keys pressed; none where the time was over.
    pub keys: Option<String>,
    /// The version of the call's stream that tells so.
    pub version: u64,
}

impl Own {
    /// As the menu knows it.
    pub fn known(&self) -> Known<'_> {
        let Own { number, contract_id, agreement, party } = self;
        Known { number: *number, contract_id, agreement, party: *party }
    }
}

impl Placed {
    fn on(stream: &str, entity: Option<Entity>) -> Placed {
        let chosen = match entity {
            Some(Entity::Conference(conference)) => conference.room,
            _ => None,
        };
        let room = stream.strip_prefix("conference/").map(|id| chosen.unwrap_or_else(|| id.to_owned()));
        Placed { room }
    }
}

impl Directory {
    /// Answers from this store.
    pub fn new(reader: Reader) -> Directory {
        Directory { reader }
    }

    /// The contracts of a number, newest first.
    ///
    /// # Errors
    /// [`DirectoryError`].
    pub async fn contracts_of(&self, phone: &str) -> Result<Vec<Own>, DirectoryError> {
        let filter = ContractFilter { phone: Some(phone.to_owned()), ..ContractFilter::default() };
        let page = Page { limit: CONTRACTS_MAX, ..Page::default() };
        let page = in_time(self.reader.contracts_page(&filter, &page)).await?;
        let total = usize::try_from(page.total).unwrap_or(usize::MAX);
        let own =
            page.rows.into_iter().enumerate().filter_map(|(at, (row, state))| {
                own(total.saturating_sub(at), row.contract_id, &state, phone)
            });
        Ok(own.collect())
    }

    /// One contract of a number; none where it is not of that number.
    ///
    /// # Errors
    /// [`DirectoryError`].
    pub async fn contract_of(&self, phone: &str, contract_id: &str) -> Result<Option<Own>, DirectoryError> {
        let found = in_time(self.reader.contract(contract_id)).await?;
        Ok(found.and_then(|(row, state)| own(1, row.contract_id, &state, phone)))
    }

    /// What a leg was placed for: by the leg, where the provider's answer is recorded already, else by the number that was
    /// to be rung. None where we placed it for nothing that is known.
    ///
    /// # Errors
    /// [`DirectoryError`].
    pub async fn placed_for(
        &self,
        provider: Provider,
        call_id: &str,
        phone: Option<&str>,
        now: Timestamp,
    ) -> Result<Option<Placed>, DirectoryError> {
        let leg = call_stream(provider, call_id);
        let hour_ago = Timestamp::from_millis(now.millis() - HOUR_MS).unwrap_or(now);
        let rung = phone.map(|phone| [now, hour_ago].map(|hour| rung_key(phone, hour)));
        let rung = rung.iter().flatten().map(|key| (space::RUNG, key.as_str()));
        let keys: Vec<(&str, &str)> = iter::once((space::CALL, leg.as_str())).chain(rung).collect();
        let mut led = in_time(self.reader.linked(&keys)).await?.into_iter();
        if let Some(row) = led.next().unwrap_or_default().pop() {
            return Ok(Some(Placed::on(&row.stream, Entity::from_json(&row.state).ok())));
        }
        let ringing = led.flatten().filter_map(|row| {
            let Ok(Entity::Conference(conference)) = Entity::from_json(&row.state) else { return None };
            let at = conference.requested_at?;
            let rings = now.millis() - at.millis() <= RINGING_MS_MAX && conference.failure.is_none();
            rings.then_some((at, row.stream, conference))
        });
        let newest = ringing.reduce(|newest, next| if next.0 > newest.0 { next } else { newest });
        Ok(newest.map(|(_, stream, conference)| Placed::on(&stream, Some(Entity::Conference(conference)))))
    }

    /// What was pressed on a call in answer to a question that was waited for so many seconds, recorded behind `after`.
    /// Waits until it is told, for as long as somebody on the phone can be kept waiting; none where it is not.
    ///
    /// # Errors
    /// [`DirectoryError`].
    pub async fn gathered(
        &self,
        provider: Provider,
        call_id: &str,
        after: u64,
        seconds: u16,
    ) -> Result<Option<Gathered>, DirectoryError> {
        let stream = call_stream(provider, call_id);
        let looking = async {
            loop {
                if let Some(found) = self.gathered_now(&stream, after, seconds).await? {
                    return Ok(found);
                }
                tokio::time::sleep(GATHERED_EVERY).await;
            }
        };
        match tokio::time::timeout(Duration::from_secs(ANSWER_SECONDS_MAX), looking).await {
            Ok(found) => found.map(Some).map_err(DirectoryError::Store),
            Err(_) => Ok(None),
        }
    }

    async fn gathered_now(
        &self,
        stream: &str,
        after: u64,
        seconds: u16,
    ) -> Result<Option<Gathered>, StoreError> {
        let Some(head) = self.reader.stream(stream).await? else { return Ok(None) };
        let from = head.version.saturating_sub(u64::from(GATHERED_RECORDS_MAX)).max(after) + 1;
        for row in self.reader.stream_records(stream, from, GATHERED_RECORDS_MAX).await? {
            if !matches!(row.kind.as_str(), "call.input" | "call.other") {
                continue;
            }
            let told = ledger::record::open(&row.jws).is_ok_and(|record| record.source.authenticated);
            let disclosed = self.reader.disclosures_of(&[row.position]).await?;
            let raw = disclosed.iter().filter_map(|one| Disclosure::parse(&one.encoded).ok());
            let raw = raw
                .filter(|(_, name, _)| name == RAW_NAMES[0])
                .find_map(|(.., value)| value.as_str().map(str::to_owned));
            let keys = raw.filter(|_| told).and_then(|raw| minivoice::webhook::gathered(&raw, seconds));
            if let Some(keys) = keys {
                return Ok(Some(Gathered { keys, version: row.version }));
            }
        }
        Ok(None)
    }

    /// To be asked for before an input is handed in.
    pub fn announced(&self, input: Uuid) -> oneshot::Receiver<String> {
        self.reader.board().wait(input)
    }

    /// Waits until an input is recorded, or for as long as somebody can be kept waiting. Says whether it is.
    pub async fn settled(&self, input: Uuid, announced: oneshot::Receiver<String>) -> bool {
        let limit = Duration::from_secs(OUTCOME_SECONDS_MAX);
        let watching = crate::intake::watch(&self.reader, input, announced);
        matches!(tokio::time::timeout(limit, watching).await, Ok(Ok(_)))
    }
}

/// The language a person was last written in.
pub fn language(contracts: &[Own]) -> Language {
    contracts.first().map_or_else(Language::default, |own| own.agreement.language)
}

fn own(number: usize, contract_id: String, state: &str, phone: &str) -> Option<Own> {
    let Ok(Entity::Contract(agreement)) = Entity::from_json(state) else { return None };
    let party = agreement.party_of(phone)?;
    Some(Own { number, contract_id, agreement, party })
}

async fn in_time<T>(asked: impl Future<Output = Result<T, StoreError>>) -> Result<T, DirectoryError> {
    match tokio::time::timeout(Duration::from_secs(ANSWER_SECONDS_MAX), asked).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(DirectoryError::TooSlow),
    }
}
