//! Rooms as TryVox's document describes them: opened by the first who joins, gone when the last leaves, ten members at
//! most, and what is spoken or played to all interrupts what was.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// Most members of a room, as the document has it.
const MEMBERS_MAX: usize = 10;

/// All rooms. Names are case-sensitive.
#[derive(Default)]
pub struct Rooms {
    open: BTreeMap<String, Room>,
}

/// One open room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// Its name.
    pub name: String,
    /// When the first member joined, RFC 3339.
    pub created_at: String,
    /// Who is in it.
    pub members: Vec<Member>,
    /// What all hear now.
    pub heard: Option<Heard>,
    joined: usize,
}

/// Somebody in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Unique in the room.
    pub member_id: String,
    /// The call that joined.
    pub call_uuid: String,
    /// Who it is.
    pub number: String,
    /// Whether the others cannot hear it.
    pub muted: bool,
    /// When it joined, RFC 3339.
    pub joined_at: String,
}

/// What is spoken or played to all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// `speaking` or `playing`.
    pub status: &'static str,
    /// The text, or the address of the file.
    pub what: String,
}

/// Why a call did not join.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// As many are in it as can be.
    #[error("the room is full")]
    Full,
}

impl Rooms {
    /// A call joins a room at a time (RFC 3339), which opens it if nobody is in it. Gives the member's id.
    ///
    /// # Errors
    /// [`JoinError::Full`].
    pub fn join(&mut self, name: &str, call_uuid: &str, number: &str, at: &str) -> Result<String, JoinError> {
        let room = self.open.entry(name.to_owned()).or_insert_with(|| Room {
            name: name.to_owned(),
            created_at: at.to_owned(),
            members: Vec::new(),
            heard: None,
            joined: 0,
        });
        if room.members.len() == MEMBERS_MAX {
            return Err(JoinError::Full);
        }
        room.joined += 1;
        let member_id = format!("m{}", room.joined);
        room.members.push(Member {
            member_id: member_id.clone(),
            call_uuid: call_uuid.to_owned(),
            number: number.to_owned(),
            muted: false,
            joined_at: at.to_owned(),
        });
        Ok(member_id)
    }

    /// A room that is open.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Room> {
        self.open.get(name)
    }

    /// A member leaves, by itself or because it is taken out. The last one closes the room.
    pub fn leave(&mut self, name: &str, member_id: &str) -> bool {
        let Some(room) = self.open.get_mut(name) else { return false };
        let before = room.members.len();
        room.members.retain(|member| member.member_id != member_id);
        let left = room.members.len() < before;
        if room.members.is_empty() {
            self.open.remove(name);
        }
        left
    }

    /// Mutes a member, or not.
    pub fn mute(&mut self, name: &str, member_id: &str, muted: bool) -> bool {
        let room = self.open.get_mut(name);
        let member = room.and_then(|room| room.members.iter_mut().find(|m| m.member_id == member_id));
        member.map(|member| member.muted = muted).is_some()
    }

    pub(super) fn end(&mut self, name: &str) -> bool {
        self.open.remove(name).is_some()
    }

    pub(super) fn hang_up(&mut self, call_uuid: &str) -> bool {
        let found = self.open.values().find_map(|room| {
            let member = room.members.iter().find(|member| member.call_uuid == call_uuid)?;
            Some((room.name.clone(), member.member_id.clone()))
        });
        found.is_some_and(|(name, member)| self.leave(&name, &member))
    }

    pub(super) fn hear(&mut self, name: &str, heard: Heard) -> bool {
        self.open.get_mut(name).map(|room| room.heard = Some(heard)).is_some()
    }

    pub(super) fn listed(&self) -> Value {
        let mut rooms: Vec<&Room> = self.open.values().collect();
        rooms.sort_by(|a, b| a.created_at.cmp(&b.created_at));
        let row = |room: &Room| {
            let Room { name, created_at, members, .. } = room;
            json!({
                "name": name, "status": "in-progress", "members": members.len(), "created_at": created_at,
            })
        };
        json!({ "conferences": rooms.into_iter().map(row).collect::<Vec<_>>() })
    }
}

impl Room {
    pub(super) fn shown(&self) -> Value {
        let member = |member: &Member| {
            let Member { member_id, call_uuid, number, muted, joined_at } = member;
            json!({
                "member_id": member_id, "call_uuid": call_uuid, "number": number, "muted": muted, "hold": false,
                "joined_at": joined_at,
            })
        };
        let members: Vec<Value> = self.members.iter().map(member).collect();
        let Room { name, created_at, .. } = self;
        json!({ "name": name, "status": "in-progress", "created_at": created_at, "members": members })
    }
}
