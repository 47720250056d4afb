//! All records that may hold something about one person, and what of it is about that person.

use std::collections::{BTreeMap, BTreeSet};

use ledger::disclosure::Disclosure;
use ledger::hash::Hash;
use ledger::json::{self, Value};
use ledger::record::Record;
use uuid::Uuid;

use crate::entity::{Entity, call_stream};
use crate::event::{Event, EventData};
use crate::person::{Index, decoded};
use crate::phone::Phone;
use crate::refold::RefoldError;

/// Names shorter than this, in bytes, are not looked for in running text: too many words would hold them.
const NAME_BYTES_MIN: usize = 4;
/// So many letters in a row of a transcript, in a message, are a quotation and no chance.
const QUOTED_CHARS: usize = 24;

/// A record as it is held, with what is left of its private values. `Debug` shows the record alone.
#[derive(Clone)]
pub struct Held {
    /// Its place in the log.
    pub position: u64,
    /// The record.
    pub record: Record,
    /// What is left of its private values.
    pub values: Vec<HeldValue>,
}

/// One private value. `Debug` shows its digest.
#[derive(Clone, PartialEq, Eq)]
pub struct HeldValue {
    /// As it stands in the record or in the document.
    pub digest: String,
    /// The disclosure.
    pub encoded: String,
    /// Its name.
    pub name: String,
    /// The value.
    pub value: String,
    /// Whether the document commits to it, not the record.
    pub of_document: bool,
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Held({} {}, {} values)", self.position, self.record.kind, self.values.len())
    }
}

impl std::fmt::Debug for HeldValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HeldValue({})", self.digest)
    }
}

impl Held {
    /// Reads a stored record with its disclosures. What is no disclosure is left out; the audit finds it.
    ///
    /// # Errors
    /// When the record is none.
    pub fn read<'d>(
        position: u64,
        jws: &str,
        disclosures: impl IntoIterator<Item = &'d str>,
    ) -> Result<Held, ledger::record::RecordError> {
        let record = ledger::record::open(jws)?;
        let values = disclosures.into_iter().filter_map(|encoded| {
            let (_, name, value) = Disclosure::parse(encoded).ok()?;
            let digest = ledger::disclosure::digest(encoded).base64url();
            let of_document = record.commitments.binary_search(&digest).is_err();
            let value = value.as_str().unwrap_or_default().to_owned();
            Some(HeldValue { digest, encoded: encoded.to_owned(), name, value, of_document })
        });
        let values = values.collect();
        Ok(Held { position, record, values })
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.values.iter().find(|v| v.name == name && !v.of_document).map(|v| v.value.as_str())
    }

    fn data(&self) -> Option<EventData> {
        EventData::decode(&self.record.kind, &self.record.data).ok()
    }

    fn event(&self, gone: &BTreeSet<(u64, String)>) -> Result<Event, RefoldError> {
        let left = self.values.iter().filter(|v| !gone.contains(&(self.position, v.digest.clone())));
        Event::from_record(&self.record, left.map(|v| v.encoded.as_str()))
    }
}

/// What is looked through. Filled stream by stream, until nothing more is [`wanted`](Dossier::wanted).
#[derive(Clone, Debug)]
pub struct Dossier {
    index: Index,
    token: Hash,
    streams: BTreeMap<String, Option<Vec<Held>>>,
}

/// What is about the person. `Debug` shows counts only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Values, by the position of their record and their digest.
    pub values: BTreeSet<(u64, String)>,
    /// SHA-256 of the recordings the person may be heard on.
    pub recordings: BTreeSet<String>,
    /// Inputs that the records of these values came from.
    pub inputs: BTreeSet<Uuid>,
    /// Names the person was given, in lower case.
    pub names: BTreeSet<String>,
}

impl std::fmt::Debug for Selection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Selection({} values, {} recordings)", self.values.len(), self.recordings.len())
    }
}

impl Selection {
    /// Whether a text, such as a raw input, names the person.
    pub fn is_named_in(&self, text: &str) -> bool {
        let searched = decoded(text).replace('+', " ").to_lowercase();
        self.names.iter().filter(|name| name.len() >= NAME_BYTES_MIN).any(|name| searched.contains(name))
    }
}

impl Dossier {
    /// About the person of this token, beginning with the streams the index leads to.
    pub fn new(index: Index, token: Hash, streams: impl IntoIterator<Item = String>) -> Dossier {
        Dossier { index, token, streams: streams.into_iter().map(|name| (name, None)).collect() }
    }

    /// A stream to be loaded whole; none when the dossier is complete.
    pub fn wanted(&self) -> Option<&str> {
        self.streams.iter().find(|(_, held)| held.is_none()).map(|(name, _)| name.as_str())
    }

    /// Adds a loaded stream. What it was negotiated on, and the calls of a conference, are wanted next: a recording of one
    /// leg holds the voices of all.
    pub fn put(&mut self, stream: String, held: Vec<Held>) {
        let more: Vec<String> = held.iter().filter_map(Held::data).flat_map(|data| led_to(&data)).collect();
        self.streams.insert(stream, Some(held));
        for name in more {
            self.streams.entry(name).or_insert(None);
        }
    }

    /// The streams, by name.
    pub fn streams(&self) -> impl Iterator<Item = (&str, &[Held])> {
        self.streams.iter().map(|(name, held)| (name.as_str(), held.as_deref().unwrap_or_default()))
    }

    /// What is about the person.
    pub fn select(&self) -> Selection {
        let names = self.names().iter().map(|name| name.to_lowercase()).collect();
        let mut selection = Selection { names, ..Selection::default() };
        for (name, held) in self.streams() {
            let kind = name.split('/').next().unwrap_or_default();
            let own = matches!(kind, "call" | "message" | "contact" | "ussd")
                && held.iter().any(|h| h.value("phone").is_some_and(|phone| self.is_person(phone)));
            let party = held.iter().find_map(|h| self.party(h));
            let transcript = held.iter().find_map(|h| h.value("transcript")).unwrap_or_default();
            let quoted = if party.is_some() { transcript } else { "" };
            for held in held {
                self.choose(held, own, party, quoted, &mut selection);
            }
        }
        selection
    }

    /// The states of these streams without the values that go.
    ///
    /// # Errors
    /// [`RefoldError`], for a record that this program cannot read.
    pub fn refold(
        &self,
        stream: &str,
        gone: &BTreeSet<(u64, String)>,
    ) -> Result<Option<Entity>, RefoldError> {
        let Some(mut entity) = Entity::empty(stream) else { return Ok(None) };
        for held in self.streams.get(stream).and_then(Option::as_ref).into_iter().flatten() {
            entity.apply(&held.event(gone)?);
        }
        Ok(Some(entity))
    }

    /// For each record that loses a value, the tokens under which it is found by what is left.
    pub fn reindexed(&self, gone: &BTreeSet<(u64, String)>) -> BTreeMap<u64, BTreeSet<Hash>> {
        let positions: BTreeSet<u64> = gone.iter().map(|(position, _)| *position).collect();
        let held = self.streams().flat_map(|(_, held)| held).filter(|h| positions.contains(&h.position));
        let tokens = |held: &Held| {
            let left = held.values.iter().filter(|v| !gone.contains(&(held.position, v.digest.clone())));
            self.index.tokens(left.map(|v| (v.name.as_str(), v.value.as_str())))
        };
        held.map(|held| (held.position, tokens(held))).collect()
    }

    fn is_person(&self, phone: &str) -> bool {
        phone.parse::<Phone>().is_ok_and(|phone| self.index.token(&phone) == self.token)
    }

    /// Which party of the document the person is.
    fn party(&self, held: &Held) -> Option<usize> {
        let document = held.value("document").and_then(|text| json::parse(text.as_bytes()).ok())?;
        let is_person = |v: &&HeldValue| v.of_document && v.name == "phone" && self.is_person(&v.value);
        let own: Vec<&str> =
            held.values.iter().filter(is_person).map(|value| value.digest.as_str()).collect();
        parties(&document).iter().position(|digests| digests.iter().any(|d| own.contains(d)))
    }

    /// The names the person was given, as they are written.
    pub fn names(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for held in self.streams().flat_map(|(_, held)| held) {
            let Some(party) = self.party(held) else { continue };
            let own = self.of_party(held, party);
            let values = held.values.iter().filter(|v| v.name == "name" && own.contains(&v.digest));
            names.extend(values.map(|v| v.value.clone()));
        }
        names
    }

    /// Digests of the document that belong to one party.
    fn of_party(&self, held: &Held, party: usize) -> BTreeSet<String> {
        let document = held.value("document").and_then(|text| json::parse(text.as_bytes()).ok());
        let digests = document.as_ref().and_then(|d| parties(d).into_iter().nth(party)).unwrap_or_default();
        digests.into_iter().map(str::to_owned).collect()
    }

    /// Adds what goes of one record.
    fn choose(&self, held: &Held, own: bool, party: Option<usize>, quoted: &str, selection: &mut Selection) {
        let data = held.data();
        let heard = matches!(
            data,
            Some(
                EventData::RecordingAvailable(_)
                    | EventData::RecordingFetched(_)
                    | EventData::RecordingAltered(_)
                    | EventData::TranscriptRecorded(_)
                    | EventData::TermsRead(_)
            )
        );
        let to_person = held.value("to").is_some_and(|to| self.is_person(to));
        let drafted = held.value("document").is_some();
        let of_party = self.party(held).map(|party| (party, self.of_party(held, party)));
        let said_by = held.record.data.get("party").as_ref().and_then(Value::as_int).map(usize::try_from);
        let own_word = !drafted && party.is_some_and(|party| said_by == Some(Ok(party)));
        let goes = |value: &&HeldValue| {
            own || heard
                || to_person
                || own_word
                || of_party.as_ref().is_some_and(|(party, own)| drafted_goes(value, *party, own))
                || self.names_person(value, selection)
                || value.name == "text" && quotes(&value.value, quoted)
        };
        let mut gone: BTreeSet<String> = held.values.iter().filter(goes).map(|v| v.digest.clone()).collect();
        // Without the document nobody can tell what its commitments were, so what opens them goes with it.
        if held.values.iter().any(|v| v.name == "document" && !v.of_document && gone.contains(&v.digest)) {
            gone.extend(held.values.iter().filter(|v| v.of_document).map(|v| v.digest.clone()));
        }
        if gone.is_empty() {
            return;
        }
        let audio = held.values.iter().filter(|v| heard && v.name == "sha256");
        selection.recordings.extend(audio.map(|v| v.value.clone()));
        selection.inputs.insert(held.record.source.input);
        selection.values.extend(gone.into_iter().map(|digest| (held.position, digest)));
    }

    /// Whether number or name of the person stand in a value. What another party of a document is called is its own.
    fn names_person(&self, value: &HeldValue, selection: &Selection) -> bool {
        self.index.mentions(&value.value, &self.token)
            || !value.of_document && selection.is_named_in(&value.value)
    }
}

/// What goes of a draft when a party goes: its code and what opens its commitments, and what was said. The document
/// stays, for it is the other's evidence and names nobody; so do the other's code and values.
fn drafted_goes(value: &HeldValue, party: usize, own: &BTreeSet<String>) -> bool {
    if value.of_document {
        return own.contains(&value.digest);
    }
    match value.name.strip_prefix("code_") {
        Some(number) => number.parse() == Ok(party),
        None => value.name != "document",
    }
}

/// Commitments of each party of a document.
fn parties(document: &Value) -> Vec<Vec<&str>> {
    let listed = document.get("parties").and_then(Value::as_array).unwrap_or(&[]);
    listed.iter().map(|party| party_digests(party).collect()).collect()
}

fn party_digests(party: &Value) -> impl Iterator<Item = &str> {
    party.get("_sd").and_then(Value::as_array).unwrap_or(&[]).iter().filter_map(Value::as_str)
}

/// Whether a message repeats what was said: where no goods are named, it says what was said in their place.
fn quotes(text: &str, transcript: &str) -> bool {
    let plain = crate::text::gsm7(transcript);
    let letters: Vec<char> = text.chars().collect();
    if transcript.chars().count() < QUOTED_CHARS {
        return !transcript.trim().is_empty() && text.contains(plain.trim());
    }
    letters.windows(QUOTED_CHARS).any(|window| plain.contains(&window.iter().collect::<String>()))
}

/// Streams of what was negotiated on, and of the legs of a conference.
fn led_to(data: &EventData) -> Vec<String> {
    match data {
        EventData::ContractDrafted(data) => data.links.iter().map(|link| link.stream.clone()).collect(),
        EventData::DialPlaced(data) => {
            let ids = data.legs.iter().filter_map(|leg| leg.call_id.as_deref());
            ids.map(|id| call_stream(data.provider, id)).collect()
        }
        _ => Vec::new(),
    }
}
