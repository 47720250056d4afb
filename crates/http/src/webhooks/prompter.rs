//! Answers a call: which script, where in it the call is, and what the keys that were pressed lead to.
//!
//! The same for every provider. A question cuts a script; the address to which its keys are sent says where to go on
//! (`providers::script::book`), so nothing is remembered here and any process can answer the next request of a call. What
//! was asked and what was answered goes into the ledger with the request itself: the fold never sees a script.

mod contracts;
mod keys;
mod seated;

use std::sync::Arc;

use contract::fact::{Direction, Fact, Leg, Subject, What, Will, Wish};
use contract::input::Webhook;
use contract::provider::Via;
use providers::script::book::{ANSWER_KEYS, Ask, Book, Configured, NO_KEY, Occasion, Part, Place, YES_KEY};
use providers::script::{Dialect, Label, Record, Rendered, Room, Say, Script, Speech, Step};
use providers::voicepact::CONFERENCE_PREFIX;

use contracts::to_answer;
use effects::door::Stamp;
use keys::{answered, mark, pressed, said};

use super::Inlet;
use crate::conference_answer;
use crate::directory::Directory;
use crate::problem::Problem;
use crate::query::Query;
use crate::rooms::Rooms;
use crate::seats::Seats;

/// Answers calls. Cheap to clone.
#[derive(Clone)]
pub struct Prompter {
    inner: Arc<Inner>,
}

struct Inner {
    book: Book,
    directory: Directory,
    rooms: Rooms,
    seats: Seats,
}

/// How a request is kept.
pub struct Keeping<'a> {
    /// The way into the journal.
    pub inlet: &'a Inlet,
    /// The request as it came, without what was read in it.
    pub webhook: Webhook,
    /// By which way it came.
    pub via: Via,
    /// Whether the sender proved who it is.
    pub authenticated: bool,
}

impl Keeping<'_> {
    async fn keep(&self, facts: Vec<Fact>) -> Result<(), ()> {
        let stamp = self.inlet.stamp().map_err(|problem| lost(&problem))?;
        self.keep_stamped(stamp, facts).await
    }

    async fn keep_stamped(&self, stamp: Stamp, facts: Vec<Fact>) -> Result<(), ()> {
        // A request without a body says nothing that could be kept.
        if self.webhook.raw.is_empty() {
            return Ok(());
        }
        let webhook = Webhook { facts, ..self.webhook.clone() };
        let kept = self.inlet.journal_stamped(stamp, webhook, self.via, self.authenticated).await;
        kept.map_err(|problem| lost(&problem))
    }
}

/// A request of a provider for what to do with a call.
pub struct Question<'a> {
    /// How it is answered.
    pub dialect: Dialect,
    /// The path it was asked at, with its secret.
    pub path: &'a str,
    /// What stands behind the path.
    pub query: &'a Query,
    /// What the request says.
    pub facts: Vec<Fact>,
    /// Whether an answer is waited for: the call goes on, and was not passed on before.
    pub waits: bool,
    /// The name under which we asked for the call, where the provider sends it back.
    pub named: Option<&'a str>,
    /// The answers where no script is configured.
    pub usual: &'a Usual,
}

/// The answers of a provider where no script is configured.
#[derive(Clone, Debug)]
pub struct Usual {
    /// To any call.
    pub call: Rendered,
    /// To a leg that was placed for a conference of ours.
    pub conference: Rendered,
    /// To a call that cannot be recorded: polite, and the call ends.
    pub closing: Rendered,
    /// The room that any call joins, where it joins one.
    pub room: Option<&'static str>,
}

/// Where a call goes on.
enum Course<'b> {
    /// At a part of a script, after some words.
    At { script: &'b Configured, part: usize, attempt: u32, before: Vec<Speech> },
    /// Some words and the end.
    Close(&'b Configured, Speech),
    /// What was pressed answers a contract; the rest depends on what the ledger makes of it.
    Keyed { script: &'b Configured, ask: Ask, wish: Wish },
    /// Without a script.
    Usual(Rendered),
}

impl Prompter {
    /// `rooms` knows whom this process rings, until the ledger does.
    pub fn new(book: Book, directory: Directory, rooms: Rooms, seats: Seats) -> Prompter {
        Prompter { inner: Arc::new(Inner { book, directory, rooms, seats }) }
    }

    /// Keeps what was told and gives the answer. Never fails: somebody is on the phone. The moment itself is told again
    /// at the provider's address for events, which does refuse until it is kept.
    pub async fn answer(&self, keeping: &Keeping<'_>, mut question: Question<'_>) -> Rendered {
        if !question.waits {
            return match keeping.keep(question.facts).await {
                Ok(()) => question.dialect.nothing(),
                Err(()) => question.usual.closing.clone(),
            };
        }
        let inlet = keeping.inlet;
        let (course, after) = self.course(inlet, &mut question).await;
        let course = self.seated(inlet, &question, course).await;
        let closing = match &course {
            Course::At { script, .. } | Course::Close(script, _) | Course::Keyed { script, .. } => {
                script.closing()
            }
            Course::Usual(_) => question.usual.closing.clone(),
        };
        let (path, facts) = (question.path, std::mem::take(&mut question.facts));
        let room = match &course {
            Course::At { script, .. } | Course::Keyed { script, .. } if script.joins_its_own() => {
                let told = question.query.get("room").map(str::to_owned);
                match told {
                    Some(room) => Some(room),
                    None => self.placed_for(inlet, &facts, question.named).await,
                }
            }
            _ => None,
        };
        let Course::Keyed { script, ask, wish } = course else {
            let (rendered, asked) = self.render(inlet, path, course, &facts, room, after).await;
            let all = facts.into_iter().chain(asked).collect();
            return if keeping.keep(all).await.is_ok() { rendered } else { closing };
        };
        let Ok(course) = self.keyed(keeping, script, &ask, &wish, facts.clone()).await else {
            return closing;
        };
        // The answer itself is kept by now; what is asked next is one more thing told of the call.
        let (rendered, asked) = self.render(inlet, path, course, &facts, room, after).await;
        let Some(asked) = asked else { return rendered };
        if keeping.keep(vec![asked]).await.is_ok() { rendered } else { closing }
    }

    /// Where the call is, and what was pressed there; and, where keys are looked up in the ledger, up to which version of
    /// the call they are used up.
    async fn course(&self, inlet: &Inlet, question: &mut Question<'_>) -> (Course<'_>, Option<u64>) {
        let Inner { book, .. } = &*self.inner;
        let query = question.query;
        let ask = query.get("ask").and_then(|id| Ask::read(id, query.get("contract"), query.get("after")));
        if let Some(ask) = ask
            && let Some(script) = book.named(question.dialect, &ask.script)
            && let Some(part) = script.part(ask.part)
            && !matches!(part, Part::Steps(_))
        {
            let (pressed, after) = match question.dialect {
                Dialect::MiniVoice => self.gathered(&ask, part, &question.facts).await,
                _ => (pressed(&mut question.facts, &ask), None),
            };
            return (self.resumed(script, ask, pressed.as_deref(), &mut question.facts), after);
        }
        (self.begun(inlet, question).await, None)
    }

    /// The keys of a call whose provider tells them to its webhook.
    async fn gathered(&self, ask: &Ask, part: &Part, facts: &[Fact]) -> (Option<String>, Option<u64>) {
        let of = facts.iter().find_map(|fact| match &fact.subject {
            Subject::Call { provider, id } => Some((*provider, id)),
            _ => None,
        });
        let Some((provider, id)) = of else { return (None, ask.after) };
        let keys = if matches!(part, Part::Confirm(_)) { ANSWER_KEYS } else { 1 };
        let seconds = ask.seconds(keys, Dialect::MiniVoice);
        match self.inner.directory.gathered(provider, id, ask.after.unwrap_or(0), seconds).await {
            Ok(Some(gathered)) => (gathered.keys, Some(gathered.version)),
            Ok(None) => (None, ask.after),
            Err(error) => {
                tracing::warn!(%error, "the keys of a call could not be looked up");
                (None, ask.after)
            }
        }
    }

    /// Where a call begins.
    async fn begun(&self, inlet: &Inlet, question: &Question<'_>) -> Course<'_> {
        let Inner { book, .. } = &*self.inner;
        let placed = self.placed_for(inlet, &question.facts, question.named).await;
        let line = question.facts.iter().find_map(|fact| fact.private.line.as_deref());
        let room = question.query.get("room").filter(|room| Label::new(room).is_ok());
        let occasion = Occasion { line, room, conference: placed.is_some() };
        if let Some(script) = book.choose(question.dialect, occasion) {
            return Course::At { script, part: 0, attempt: 0, before: Vec::new() };
        }
        let usual = question.usual;
        Course::Usual(match (placed, room) {
            // One room per number, without a name.
            (Some(_), _) if question.dialect == Dialect::AfricasTalking => usual.conference.clone(),
            (Some(own), room) => conference_answer(room.unwrap_or(&own), question.dialect)
                .unwrap_or_else(|| usual.conference.clone()),
            (None, Some(room)) => joining(room, question.dialect).unwrap_or_else(|| usual.call.clone()),
            (None, None) => usual.call.clone(),
        })
    }

    /// The room of the conference of ours that the leg was placed for. Who calls us was placed for none.
    async fn placed_for(&self, inlet: &Inlet, facts: &[Fact], named: Option<&str>) -> Option<String> {
        let directory = &self.inner.directory;
        for fact in facts {
            let Subject::Call { provider, id } = &fact.subject else { continue };
            let leg = fact.what.leg();
            if leg.is_some_and(|leg| leg.direction == Some(Direction::Inbound)) {
                continue;
            }
            let phone = fact.private.phone.as_deref();
            if let Some(room) = phone.and_then(|phone| self.inner.rooms.room_of(phone)) {
                return Some(room);
            }
            match directory.placed_for(*provider, id, phone, inlet.now()).await {
                Ok(Some(placed)) => return placed.room,
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "what a call was placed for could not be looked up"),
            }
        }
        named.filter(|name| name.starts_with(CONFERENCE_PREFIX)).map(str::to_owned)
    }

    /// Goes on behind a question.
    fn resumed<'b>(
        &'b self,
        script: &'b Configured,
        ask: Ask,
        pressed: Option<&str>,
        facts: &mut Vec<Fact>,
    ) -> Course<'b> {
        let key = pressed.and_then(|keys| keys.chars().next());
        let again = |tries: u32| ask.attempt + 1 < tries;
        let at = |part, attempt| Course::At { script, part, attempt, before: Vec::new() };
        match script.part(ask.part) {
            Some(Part::Consent(consent)) => {
                let what: fn(Leg) -> What = match key {
                    Some(YES_KEY) => What::CallConsented,
                    Some(NO_KEY) => What::CallConsentRefused,
                    _ if again(consent.tries) => return at(ask.part, ask.attempt + 1),
                    _ => What::CallConsentMissing,
                };
                facts.extend(said(facts, &format!("consent:{}", ask.key()), what(Leg::default()), None));
                match key {
                    Some(YES_KEY) => at(ask.part + 1, 0),
                    _ if !consent.required => at(ask.part + 1, 0),
                    Some(NO_KEY) => Course::Close(script, script.tongue.refused()),
                    _ => Course::Close(script, script.tongue.no_answer()),
                }
            }
            Some(Part::Menu(menu)) => {
                let chosen = key.and_then(|key| menu.choices.get(&key));
                match chosen.and_then(|name| self.inner.book.named(script.dialect, name)) {
                    Some(script) => Course::At { script, part: 0, attempt: 0, before: Vec::new() },
                    None if again(menu.tries) => at(ask.part, ask.attempt + 1),
                    None if script.part(ask.part + 1).is_some() => at(ask.part + 1, 0),
                    None => Course::Close(script, script.tongue.no_answer()),
                }
            }
            Some(Part::Confirm(confirm)) => match (answered(pressed), &ask.contract) {
                (Some((answer, code)), Some(contract)) => {
                    let wish = Wish { contract_id: contract.clone(), will: Will::Answer(answer) };
                    mark(facts, &ask, &wish, &code);
                    Course::Keyed { script, wish, ask }
                }
                _ if again(confirm.tries) => at(ask.part, ask.attempt + 1),
                _ => at(ask.part + 1, 0),
            },
            _ => at(ask.part + 1, 0),
        }
    }

    /// The answer, and what is asked in it.
    async fn render(
        &self,
        inlet: &Inlet,
        path: &str,
        course: Course<'_>,
        facts: &[Fact],
        room: Option<String>,
        after: Option<u64>,
    ) -> (Rendered, Option<Fact>) {
        let (script, mut part, attempt, before) = match course {
            Course::Usual(rendered) => return (rendered, None),
            Course::Close(script, words) => return (script.close(&words), None),
            Course::Keyed { script, .. } => return (script.closing(), None),
            Course::At { script, part, attempt, before } => (script, part, attempt, before),
        };
        let answering = !before.is_empty();
        let mut steps: Vec<Step> = before.into_iter().map(say).collect();
        let name = script.name.clone();
        let mut ask = Ask { script: name, part, attempt, silent: false, contract: None, after };
        let mut asked = None;
        let place = self.inner.book.base().map(|base| Place { base, path });
        while let Some(next) = script.part(part) {
            ask.part = part;
            let (words, keys) = match next {
                Part::Steps(more) => {
                    steps.extend(more.iter().cloned());
                    (ask.attempt, part) = (0, part + 1);
                    continue;
                }
                Part::Record(record) => {
                    let callback = place.and_then(|place| ask.address(place).ok());
                    steps.push(Step::Record(Record { callback, ..record.clone() }));
                    break;
                }
                Part::Consent(consent) => (consent.notice.clone(), 1),
                Part::Menu(menu) => (menu.question.clone(), 1),
                Part::Confirm(_) => match self.waiting(inlet, facts).await {
                    Ok(Some(own)) => {
                        ask.contract = Some(own.contract_id.clone());
                        (to_answer(&own.agreement), ANSWER_KEYS)
                    }
                    nothing => {
                        let words = match nothing {
                            Ok(_) => script.tongue.nothing_waits(),
                            Err(()) => script.tongue.away(),
                        };
                        steps.extend((!answering).then(|| say(words)));
                        (ask.attempt, part) = (0, part + 1);
                        continue;
                    }
                },
            };
            let asking = place.and_then(|place| ask.asking(words, keys, place, script.dialect).ok());
            let Some(asking) = asking else { break };
            let told = match &asking.words {
                Speech::Plain(words) | Speech::Ssml(words) => words.as_str().to_owned(),
            };
            asked = said(facts, &format!("asked:{}", ask.key()), What::CallAsked(Leg::default()), Some(told));
            steps.extend(asking.steps());
            break;
        }
        match rendered(script, steps, room.as_deref()) {
            Some(rendered) => (rendered, asked),
            None => (script.closing(), None),
        }
    }
}

/// The steps as they are answered; a conference without a room is that one.
fn rendered(script: &Configured, steps: Vec<Step>, room: Option<&str>) -> Option<Rendered> {
    let steps = match room.and_then(|room| Label::new(room).ok()) {
        Some(room) => script.joining(steps, &room),
        None => steps,
    };
    let rendered = script.render(steps);
    if let Err(error) = &rendered {
        tracing::error!(script = script.name, %error, "a script cannot be answered");
    }
    rendered.ok()
}

fn lost(problem: &Problem) {
    tracing::error!("a call is closed politely: {}", problem.chain());
}

fn say(speech: Speech) -> Step {
    Step::Say(Say { speech, voice: None, play_beep: None })
}

/// The answer that joins a room.
fn joining(room: &str, dialect: Dialect) -> Option<Rendered> {
    let room = Room { name: Some(Label::new(room).ok()?), ..Room::default() };
    Script::new(vec![Step::Conference(room)]).ok()?.render(dialect).ok()
}
