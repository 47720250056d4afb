//! VoxML as XML, as the conference document shows it; no other verb's XML is documented anywhere.
//!
//! ```text
//!  <Response>                               <Response>
//!  <Conference>support-room-1</Conference>  <Conference
//!  </Response>                              muted="false"
//!                                           startConferenceOnEnter="true"
//!                                           endConferenceOnExit="false">
//!                                           support-room-1
//!                                           </Conference>
//!                                           </Response>
//! ```

use crate::script::{Inexpressible, Room, Script, Step};

use super::voxml_json::room_name;

/// The content type it is answered with.
pub const CONTENT_TYPE: &str = "application/xml";
/// An answer with nothing to do.
pub const NOTHING: &str = "<Response>\n</Response>";

/// Writes a script, byte for byte like the document: in its short form, or, where the room has settings, in its long
/// form with those settings. A name needs no escaping: it holds letters, digits, `_` and `-`.
///
/// # Errors
/// [`Inexpressible`] for every step but joining a named room, and for settings the document does not have.
pub fn render(script: &Script) -> Result<String, Inexpressible> {
    let elements = script.each(|step| match step {
        Step::Conference(room) => conference(room),
        _ => Err("TryVox documents no verb but Conference as XML; answer it with JSON"),
    })?;
    Ok(format!("<Response>\n{}</Response>", elements.concat()))
}

fn conference(room: &Room) -> Result<String, &'static str> {
    let name = room_name(room)?;
    if room.record.is_some() || room.wait.is_some() {
        return Err(
            "TryVox documents no recording and no waiting of conferences as XML; answer it with JSON",
        );
    }
    let settings: String = [
        ("muted", room.muted),
        ("startConferenceOnEnter", room.start_on_enter),
        ("endConferenceOnExit", room.end_on_exit),
    ]
    .into_iter()
    .filter_map(|(attribute, set)| Some(format!("\n{attribute}=\"{}\"", set?)))
    .collect();
    Ok(if settings.is_empty() {
        format!("<Conference>{name}</Conference>\n")
    } else {
        format!("<Conference{settings}>\n{name}\n</Conference>\n")
    })
}
