//! Goods that no list knows, by what is counted.

use super::{CONDITIONS, Naming, namings, singular};
use crate::terms::lexicon;
use crate::terms::reading::Reading;
use crate::terms::talk::Gap;

/// Goods no list knows: what the counted unit is of, "40 bags of X", "magunia mia ya X".
pub(super) fn counted_thing(reading: &Reading) -> Option<Naming> {
    let talk = &reading.talk;
    for number in &reading.numbers {
        let unit = |i: usize| lexicon::unit(talk.text(i)).is_some();
        let after = number.words.end;
        let end = if unit(after) { after + 1 } else { after };
        let of = matches!(talk.text(end), "of" | "za" | "ya" | "cha" | "la" | "vya" | "wa");
        let counted = unit(after) || (number.words.start > 0 && unit(number.words.start - 1));
        if !(of && counted) {
            continue;
        }
        let stop = phrases! {
            "which", "at", "for", "from", "to", "and", "na", "kwa", "in", "i", "we", "you", "by", "kutoka",
            "that", "is", "ni", "please", "each", "per"
        };
        let limit = talk.clause(after.min(talk.words.len() - 1)).end.min(end + 4);
        let open = |i: &usize| {
            talk.words[*i].gap < Gap::Comma && !stop.contains(&talk.text(*i)) && !reading.is_number(*i)
        };
        let last = (end + 1..limit).take_while(open).count();
        let names: Vec<&str> =
            (end + 1..end + 1 + last).map(|i| talk.text(i)).filter(|w| !CONDITIONS.contains(w)).collect();
        if !names.is_empty() {
            let head = singular(names[names.len() - 1]);
            return Some(Naming { words: end + 1..end + 1 + last, name: names.join(" "), head, weight: 1 });
        }
    }
    None
}

/// The unit where containers themselves are sold.
pub(crate) fn container_unit(reading: &Reading) -> Option<&'static str> {
    let naming = if namings(reading).is_empty() && counted_thing(reading).is_none() {
        container(reading)
    } else {
        None
    };
    lexicon::unit(&naming?.head)
}

/// Where nothing else is named, the containers are what is sold: "jerrycans, mpya".
pub(super) fn container(reading: &Reading) -> Option<Naming> {
    let talk = &reading.talk;
    let sold = phrases! {
        "jerrycan", "drum", "crate", "bucket", "bag", "container", "bale", "carton", "tin", "tray"
    };
    let named = |at: &usize| lexicon::unit(talk.text(*at)).filter(|u| sold.contains(u));
    let at = reading.all().find(|at| named(at).is_some())?;
    let name = format!("{}s", named(&at)?);
    Some(Naming { words: at..at + 1, head: singular(&name), name, weight: 1 })
}
