//! Conferences as the ledger knows them: which are going on, and who is in them.
//!
//! No provider but TryVox tells who is in a conference, so a member is a leg that was answered and is not over. A
//! conference is there from its first member to its last, as TryVox has it.

use std::collections::BTreeMap;

use contract::call::{Call, Progress};
use contract::conference::Conference;
use contract::entity::{Entity, conference_stream, day};
use contract::fact::ConferenceStatus;
use contract::provider::Provider;
use contract::world::space;
use ledger::time::Timestamp;
use store::Reader;
use store::rows::Needs;

use crate::problem::Problem;

/// How far back conferences that are going on are looked for, days. The longest that can be asked for is one.
const DAYS_BACK: i64 = 1;
const DAY_MILLISECONDS: i64 = 86_400_000;
/// Records of a leg that are looked at for its answer; it is one of the first.
const RECORDS_MAX: u32 = 20;

/// A conference that is going on.
pub(crate) struct Held {
    /// Name of the room; our id where none was chosen.
    pub(crate) name: String,
    /// At whom.
    pub(crate) provider: Provider,
    /// When the first member joined.
    pub(crate) created_at: Timestamp,
    /// Who is in it, in the order of joining.
    pub(crate) members: Vec<Member>,
}

/// Somebody in it.
pub(crate) struct Member {
    /// `m1` for the first party, and so on; whoever was not asked for comes behind, in the order of joining.
    pub(crate) member_id: String,
    /// The provider's id of the call.
    pub(crate) call_id: String,
    /// The number; none when erased.
    pub(crate) number: Option<String>,
    /// When it was answered: by the provider's clock, else when we heard.
    pub(crate) joined_at: Timestamp,
}

/// All conferences that are going on.
///
/// # Errors
/// When the store fails.
pub(crate) async fn going_on(reader: &Reader, now: Timestamp) -> Result<Vec<Held>, Problem> {
    let days = (0..=DAYS_BACK)
        .filter_map(|back| Timestamp::from_millis(now.millis() - back * DAY_MILLISECONDS).ok());
    let links = days.map(|at| (space::HELD.to_owned(), day(at))).collect();
    of(reader, Needs { links, ..Needs::default() }).await
}

/// The conferences of a name that are going on: one, or none, unless two providers have a room of that name.
///
/// # Errors
/// When the store fails.
pub(crate) async fn named(reader: &Reader, name: &str) -> Result<Vec<Held>, Problem> {
    let links = vec![(space::ROOM.to_owned(), name.to_owned())];
    let streams = vec![conference_stream(name)];
    let mut found = of(reader, Needs { links, streams, ..Needs::default() }).await?;
    // A conference with a room of another name is not found by its id.
    found.retain(|held| held.name == name);
    Ok(found)
}

async fn of(reader: &Reader, needs: Needs) -> Result<Vec<Held>, Problem> {
    let mut conferences = BTreeMap::new();
    for row in reader.load(&needs).await?.streams {
        let Some(id) = row.stream.strip_prefix("conference/") else { continue };
        if let Entity::Conference(state) = Entity::from_json(&row.state).map_err(Problem::internal)? {
            conferences.insert(id.to_owned(), *state);
        }
    }
    let links = conferences.keys().map(|id| (space::LEG.to_owned(), id.clone())).collect();
    let loaded = reader.load(&Needs { links, ..Needs::default() }).await?;
    let mut calls = BTreeMap::new();
    for row in loaded.streams {
        if let Entity::Call(call) = Entity::from_json(&row.state).map_err(Problem::internal)? {
            calls.insert(row.stream, *call);
        }
    }
    let mut held = Vec::new();
    for (id, conference) in conferences {
        let own = loaded.links.iter().filter(|(_, key, _)| *key == id);
        let known: Vec<(&str, &Call)> =
            own.filter_map(|(_, _, stream)| Some((stream.as_str(), calls.get(stream)?))).collect();
        let states: Vec<&Call> = known.iter().map(|(_, call)| *call).collect();
        if conference.status(&states) != ConferenceStatus::Active {
            continue;
        }
        let mut legs = Vec::new();
        for (stream, call) in known.into_iter().filter(|(_, call)| call.answered) {
            legs.push(Leg { stream, call, joined_at: joined_at(reader, stream, call).await? });
        }
        held.extend(with_members(&id, &conference, legs));
    }
    Ok(held)
}

/// A leg that was answered.
struct Leg<'a> {
    stream: &'a str,
    call: &'a Call,
    joined_at: Timestamp,
}

/// When a leg was answered: by the provider's clock, else when it was recorded. That is told by the log and not by the
/// state of the call, which does not depend on when something arrived.
async fn joined_at(reader: &Reader, stream: &str, call: &Call) -> Result<Timestamp, Problem> {
    if let Some(at) = call.answered_at {
        return Ok(at);
    }
    let records = reader.stream_records(stream, 1, RECORDS_MAX).await?;
    let answered = records.iter().find(|record| record.kind == "call.answered").or(records.first());
    Ok(answered.map_or(Timestamp::EPOCH, |record| record.recorded_at))
}

/// The conference with its members; none where nobody is in it.
fn with_members(id: &str, conference: &Conference, mut legs: Vec<Leg<'_>>) -> Option<Held> {
    legs.sort_by_key(|leg| (leg.joined_at, leg.stream));
    let created_at = legs.first()?.joined_at;
    let mut others = conference.parties.len();
    let mut members = Vec::new();
    for Leg { stream, call, joined_at } in legs {
        let party = conference.legs.iter().find(|leg| leg.call.as_deref() == Some(stream));
        let number = match party {
            Some(leg) => leg.party as usize + 1,
            None => {
                others += 1;
                others
            }
        };
        if call.progress == Progress::Ended {
            continue;
        }
        members.push(Member {
            member_id: format!("m{number}"),
            call_id: stream.split('/').next_back().unwrap_or_default().to_owned(),
            number: call.phone.clone(),
            joined_at,
        });
    }
    let provider = conference.provider.unwrap_or(Provider::AfricasTalking);
    let name = conference.room.clone().unwrap_or_else(|| id.to_owned());
    (!members.is_empty()).then_some(Held { name, provider, created_at, members })
}
