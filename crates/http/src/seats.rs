//! How many are in a room, and whether one more can be: those we dialled, and those who dialled in where a provider tells
//! of them. TryVox does; of the others only legs of our own conferences are known.
//!
//! Two who come in the same moment may both find the last place free. The limit keeps a conference from growing by
//! accident; it protects nothing.

use std::collections::BTreeSet;
use std::time::Duration;

use contract::call::Progress;
use contract::entity::{Entity, conference_stream};
use contract::provider::Provider;
use contract::world::space;
use effects::control::Controller;
use store::Reader;
use store::rows::Needs;

use crate::legs;
use crate::problem::Problem;

/// How long a room is asked after: somebody is on the phone meanwhile.
const ANSWER_SECONDS_MAX: u64 = 3;

/// Counts who is in a room. Cheap to clone.
#[derive(Clone)]
pub struct Seats {
    reader: Reader,
    controller: Controller,
    most: usize,
}

impl Seats {
    /// `most` can be in one room.
    pub fn new(reader: Reader, controller: Controller, most: usize) -> Seats {
        Seats { reader, controller, most }
    }

    /// How many can be in one room.
    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// How many are in a room, or are being rung for it. Whoever cannot be asked tells of nobody: the provider's own limit
    /// holds all the same.
    pub(crate) async fn taken(&self, provider: Provider, room: &str) -> usize {
        self.inside(provider, room).await.len()
    }

    /// Whether a call finds a place in a room; one that has its place there does.
    pub(crate) async fn admits(&self, provider: Provider, room: &str, call_id: &str) -> bool {
        let inside = self.inside(provider, room).await;
        inside.contains(call_id) || inside.len() < self.most
    }

    /// Ids of the calls.
    async fn inside(&self, provider: Provider, room: &str) -> BTreeSet<String> {
        let limit = Duration::from_secs(ANSWER_SECONDS_MAX);
        let mut inside = match tokio::time::timeout(limit, self.dialled(provider, room)).await {
            Ok(Ok(dialled)) => dialled,
            Ok(Err(problem)) => {
                tracing::warn!("who was rung for a room could not be looked up: {}", problem.chain());
                BTreeSet::new()
            }
            Err(_) => BTreeSet::new(),
        };
        if provider == Provider::TryVox && self.controller.accounts().has(provider) {
            match tokio::time::timeout(limit, self.controller.room(room)).await {
                Ok(Ok(told)) => {
                    let members = told.into_iter().flat_map(|told| told.members);
                    inside.extend(members.map(|member| member.call_uuid));
                }
                Ok(Err(error)) => tracing::warn!(%error, "a room could not be asked after"),
                Err(_) => tracing::warn!("a room was asked after in vain"),
            }
        }
        inside
    }

    /// Legs of our conferences in that room that are not over.
    async fn dialled(&self, provider: Provider, room: &str) -> Result<BTreeSet<String>, Problem> {
        let links = vec![(space::ROOM.to_owned(), room.to_owned())];
        let needs = Needs { links, streams: vec![conference_stream(room)], ..Needs::default() };
        let mut open = BTreeSet::new();
        for row in self.reader.load(&needs).await?.streams {
            let Some(id) = row.stream.strip_prefix("conference/") else { continue };
            let Ok(Entity::Conference(conference)) = Entity::from_json(&row.state) else { continue };
            if conference.is_over() || conference.provider != Some(provider) {
                continue;
            }
            let legs = legs::of(&self.reader, id, &conference).await?;
            let going_on = legs.into_iter().filter(|(_, call)| call.progress != Progress::Ended);
            let ids = going_on
                .filter_map(|(stream, _)| stream.rsplit('/').next().and_then(contract::entity::untoken));
            open.extend(ids);
        }
        Ok(open)
    }
}
