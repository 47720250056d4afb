//! What requests say about who shall dial and which room is meant, read alike wherever they say it.

use contract::provider::Provider;
use effects::account::Accounts;
use providers::script::{ADDRESS_BYTES_MAX, Address};

use crate::body::field::Object;

/// Longest name of a room, in bytes.
pub const ROOM_BYTES_MAX: usize = 64;

/// Whether it can be the name of a room: letters, digits, hyphens and underscores, as TryVox has it. Upper and lower case
/// differ.
pub fn is_room(name: &str) -> bool {
    (1..=ROOM_BYTES_MAX).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// The member `provider`, with an account; left out, none. A fault is noted where it is none of the words.
pub fn provider(body: &Object<'_>, accounts: &Accounts) -> Option<Option<Provider>> {
    let Some(field) = body.get("provider") else { return Some(None) };
    let provider = field.word(&Provider::ALL.map(|provider| (provider.as_str(), provider)))?;
    if accounts.has(provider) { Some(Some(provider)) } else { field.fault("is not configured here") }
}

/// The member `room`; left out, none. A fault is noted where it can be no name.
pub fn room(body: &Object<'_>) -> Option<Option<String>> {
    let Some(field) = body.get("room") else { return Some(None) };
    let name = field.text_as_sent(ROOM_BYTES_MAX)?;
    if is_room(&name) { Some(Some(name)) } else { field.fault("must be letters, digits, - and _") }
}

/// A member that is an absolute `http` or `https` address; left out, none, unless it is `required`. A fault is noted where
/// it is none.
pub fn address(body: &Object<'_>, name: &str, required: bool) -> Option<Option<Address>> {
    let field = match required {
        true => Some(body.required(name)?),
        false => body.get(name),
    };
    let Some(field) = field else { return Some(None) };
    match Address::new(&field.text(ADDRESS_BYTES_MAX)?) {
        Ok(address) => Some(Some(address)),
        Err(error) => field.fault(error.to_string()),
    }
}
