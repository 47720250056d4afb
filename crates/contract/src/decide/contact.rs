//! Whether a person wants messages.

use super::Stop;
use super::webhook::{Raw, private};
use crate::contact::new_contact_stream;
use crate::entity::Entity;
use crate::event::{ContactChanged, EventData, Link};
use crate::fact::{Fact, What};
use crate::outcome::QuarantineReason;
use crate::world::{Recorder, space};

/// What a provider told of a person. Gives its stream where that was known already.
pub(super) fn told(
    fact: &Fact,
    raw: Option<Raw<'_>>,
    recorder: &mut Recorder<'_>,
) -> Result<Option<String>, Stop> {
    let wanted = match fact.what {
        What::TextsRefused {} => false,
        What::TextsWanted {} => true,
        _ => return Err(Stop::Quarantine(QuarantineReason::NoFacts)),
    };
    let Some(phone) = &fact.private.phone else {
        return Err(Stop::Quarantine(QuarantineReason::NoFacts));
    };
    let already = change(phone, wanted, Vec::new(), Some((fact, raw)), recorder)?;
    Ok(already)
}

/// Records what a person wants. Gives its stream where it wants that already. `told` is the fact it was told in, where no
/// message of the person says it.
pub(super) fn change(
    phone: &str,
    wanted: bool,
    links: Vec<Link>,
    told: Option<(&Fact, Option<Raw<'_>>)>,
    recorder: &mut Recorder<'_>,
) -> Result<Option<String>, Stop> {
    let known = recorder.world.linked(space::CONTACT, phone).next().cloned();
    let may_be_texted = match known.as_deref().and_then(|stream| recorder.world.entity(stream)) {
        Some(Entity::Contact(contact)) => contact.may_be_texted(),
        _ => true,
    };
    if may_be_texted == wanted {
        // Somebody of whom nothing is known wants messages: so do all.
        return Ok(Some(known.unwrap_or_else(|| "contact".to_owned())));
    }
    let stream = known.unwrap_or_else(|| new_contact_stream(recorder.input.id));
    let data = ContactChanged { links };
    let event = if wanted { EventData::ContactOptedIn(data) } else { EventData::ContactOptedOut(data) };
    let (occurred, values) = match told {
        Some((fact, raw)) => (fact.occurred.clone(), private(fact, raw)),
        None => (None, vec![("phone", phone)]),
    };
    recorder.record(&stream, event, occurred, &values)?;
    Ok(None)
}
