//! The calls a conference consists of, by the index: those that the provider named when it was asked to dial, and those
//! that name the conference themselves because that answer was lost or came later.

use std::collections::BTreeMap;

use contract::call::Call;
use contract::conference::Conference;
use contract::entity::{Entity, token};
use contract::world::space;
use store::Reader;
use store::rows::Needs;

use crate::problem::Problem;

/// The legs of a conference that are known, with their streams: those of its parties in the order of the parties, then the
/// others.
///
/// # Errors
/// When the store fails.
pub(crate) async fn of(
    reader: &Reader,
    id: &str,
    conference: &Conference,
) -> Result<Vec<(String, Call)>, Problem> {
    let named = (space::LEG.to_owned(), token(id));
    let placed: Vec<&String> = conference.legs.iter().filter_map(|leg| leg.call.as_ref()).collect();
    let streams = placed.iter().map(|stream| (*stream).clone()).collect();
    let loaded = reader.load(&Needs { links: vec![named], streams, ..Needs::default() }).await?;
    let mut calls = BTreeMap::new();
    for row in loaded.streams {
        if let Entity::Call(call) = Entity::from_json(&row.state).map_err(Problem::internal)? {
            calls.insert(row.stream, *call);
        }
    }
    let mut legs = Vec::with_capacity(calls.len());
    legs.extend(placed.into_iter().filter_map(|stream| calls.remove_entry(stream)));
    legs.extend(calls);
    Ok(legs)
}
