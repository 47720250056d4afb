//! The HTTP surface: webhooks in, commands in, queries and evidence out.
//!
//! ```text
//!  webhooks ─────► read (providers) ─► journal ─► 200           no handler here can read the store
//!  commands ─────► check fields ─────► journal ─► wait for the outcome ─► answer
//!  calls ────────► journal the request ─► dial ─► journal the result ─► answer
//!  queries, log ─► read half of the store ─────────────────────► answer
//! ```
//!
//! Neither the signing key nor the write half of the store is in reach. Each resource is a file with a router and a
//! small state of its own; [`router`] puts them together. What fails becomes a [`problem::Problem`], written at the
//! edge in the form of the route's family.

pub mod auth;
pub mod body;
pub mod calls;
pub mod conferences;
pub mod contracts;
pub mod control;
pub mod directory;
pub mod evidence;
pub mod health;
pub mod inputs;
pub mod intake;
pub mod keys;
mod legs;
pub mod order;
pub mod parties;
pub mod problem;
pub mod query;
pub mod rooms;
mod seats;
pub mod server;
pub mod transcripts;
pub mod voice;
pub mod voicepact;
pub mod webhooks;

mod edge;
mod errand;
mod id;
mod once;
mod past;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use contract::person::Index;
use contract::phone::Country;
use effects::control::Controller;
use effects::dial::Dialer;
use effects::door::Door;
use ledger::checkpoint::LogVerifier;
use ledger::key::PublicKey;
use providers::africastalking::time::Zone;
use providers::minivoice::signature::SigningSecrets;
use providers::script::{Book, Dialect, Label, Rendered, Room, Say, Script, Step};
use providers::secret::PathSecrets;
use store::Reader;

use crate::auth::Gate;
use crate::directory::Directory;
use crate::evidence::bundle::{Anchors, Evidence};
use crate::health::LagOf;
use crate::intake::Intake;
use crate::problem::Problem;
use crate::rooms::Rooms;
use crate::seats::Seats;
use crate::voicepact::process::Processing;
pub use crate::voicepact::process::Tools;
use crate::webhooks::Inlet;

/// The room of MiniVoice's conference document.
const MINIVOICE_ROOM: &str = "daily_support_room";
/// The room of TryVox's conference document.
const TRYVOX_ROOM: &str = "support-room-1";

/// Settings of the surface.
#[derive(Clone, Debug)]
pub struct Config {
    /// Whether only this machine can connect: then the webhook paths without a secret are served.
    pub loopback: bool,
    /// No key is needed. Must only be set with `loopback`; [`router`] ignores it otherwise.
    pub open_api: bool,
    /// Serve the webhook paths without a secret on other addresses too.
    pub allow_unauthenticated_webhooks: bool,
    /// Secret segments of the webhook paths.
    pub secrets: PathSecrets,
    /// Reads local phone numbers.
    pub country: Country,
    /// Assumed for providers' times without a zone.
    pub zone: Zone,
    /// Whether the raw entries of the log are public.
    pub entries_public: bool,
    /// Name of the log.
    pub origin: String,
    /// The key that names the log's other keys.
    pub root: PublicKey,
    /// The key that signs its checkpoints.
    pub log_vkey: LogVerifier,
    /// Scripts for some numbers, rooms or conferences. What follows answers all others.
    pub book: Book,
    /// Answers a call.
    pub script: Script,
    /// Answers a call placed for a conference.
    pub conference_script: Script,
    /// What MiniVoice signs with; none where it was given no secret.
    pub minivoice_signing: SigningSecrets,
    /// Answers a call of MiniVoice.
    pub minivoice_answer: Rendered,
    /// Answers a call of TryVox.
    pub tryvox_answer: Rendered,
    /// The account whose conferences are served below `/v1/voice/accounts/`; none where any id names it.
    pub tryvox_auth_id: Option<String>,
    /// Most parties of one conference.
    pub conference_parties_max: usize,
    /// Whether webhooks are served here.
    pub webhooks: bool,
    /// Whether commands, queries and evidence are served here.
    pub api: bool,
    /// Finds persons; none in a process that was not given the key for it.
    pub index: Option<Index>,
    /// Tells this run from others in request ids.
    pub run: String,
}

/// What the surface works with.
#[derive(Clone)]
pub struct Parts {
    /// The way in.
    pub door: Door,
    /// The read half of the store, with the board on which outcomes are announced.
    pub reader: Reader,
    /// Dials.
    pub dialer: Dialer,
    /// Acts on calls and conferences.
    pub controller: Controller,
    /// Tells how far the projector is behind.
    pub lag: LagOf,
    /// What recordings are processed with.
    pub tools: Tools,
}

/// The script for parties of a conference where the operator sets none: they are told that they are recorded, and
/// join.
pub fn conference_script() -> Script {
    let notice =
        Say::plain("You are joining a conference that is recorded.").expect("the text is short and plain");
    Script::new(vec![Step::Say(notice), Step::Conference(Room::default())])
        .expect("two steps in a sound order")
}

/// The answer to a call of MiniVoice where the operator sets none: the conference of the source document.
pub fn minivoice_answer() -> Rendered {
    let room = Room {
        name: Some(Label::new(MINIVOICE_ROOM).expect("the name is short and plain")),
        muted: Some(false),
        end_on_exit: Some(false),
        ..Room::default()
    };
    room_answer(room, Dialect::MiniVoice)
}

/// The answer to a call of TryVox where the operator sets none: the conference of the source document, in the form
/// that is wanted.
pub fn tryvox_answer(dialect: Dialect) -> Rendered {
    let name = Some(Label::new(TRYVOX_ROOM).expect("the name is short and plain"));
    room_answer(Room { name, ..Room::default() }, dialect)
}

/// The answer to a call that joins a conference of ours: the notice that it is recorded, where the dialect can say it,
/// then the room. TryVox is told here to record it; MiniVoice was when the call was placed.
pub fn conference_answer(room: &str, dialect: Dialect) -> Option<Rendered> {
    let record = (dialect == Dialect::TryVoxJson).then_some(true);
    let room = Room { name: Some(Label::new(room).ok()?), record, ..Room::default() };
    let notice = conference_script().steps().first().cloned();
    let whole = Script::new(notice.into_iter().chain([Step::Conference(room.clone())]).collect()).ok()?;
    let bare = || Script::new(vec![Step::Conference(room)]).ok()?.render(dialect).ok();
    whole.render(dialect).ok().or_else(bare)
}

fn room_answer(room: Room, dialect: Dialect) -> Rendered {
    let script = Script::new(vec![Step::Conference(room)]).expect("one step is a sound script");
    script.render(dialect).expect("every dialect but that of Africa's Talking can name a room")
}

/// All routes.
pub fn router(config: &Config, parts: Parts) -> Router {
    let Parts { door, reader, dialer, controller, lag, tools } = parts;
    let gate = Gate::new(reader.clone(), door.clone(), config.open_api && config.loopback);
    let rooms = Rooms::default();
    let mut routes = health::router(health::Health::new(gate.clone(), door.clone(), reader.clone(), lag));
    if config.webhooks {
        let seats = Seats::new(reader.clone(), controller.clone(), config.conference_parties_max);
        routes = routes.merge(webhook_routes(config, door.clone(), &reader, (rooms.clone(), seats)));
    }
    if config.api {
        let means = Means { door, reader, dialer, controller, rooms, tools };
        routes = routes.merge(api_routes(config, gate, means));
    }
    routes
        .fallback(async || Problem::of_status(StatusCode::NOT_FOUND))
        .method_not_allowed_fallback(async || Problem::of_status(StatusCode::METHOD_NOT_ALLOWED))
        .layer(from_fn_with_state(edge::Edge::new(&config.run), edge::finish))
}

fn webhook_routes(config: &Config, door: Door, reader: &Reader, (rooms, seats): (Rooms, Seats)) -> Router {
    let bare = config.loopback || config.allow_unauthenticated_webhooks;
    let inlet = Inlet::new(door, config.country, config.zone.clone(), config.secrets.clone(), bare);
    let directory = Directory::new(reader.clone());
    let prompter = webhooks::prompter::Prompter::new(config.book.clone(), directory.clone(), rooms, seats);
    let voice = webhooks::africastalking::AfricasTalking::new(
        inlet.clone(),
        prompter.clone(),
        &config.script,
        &config.conference_script,
    );
    let minivoice = webhooks::minivoice::MiniVoice::new(
        inlet.clone(),
        prompter.clone(),
        config.minivoice_signing.clone(),
        config.minivoice_answer.clone(),
    );
    let tryvox = webhooks::tryvox::TryVox::new(inlet.clone(), prompter, config.tryvox_answer.clone());
    webhooks::africastalking::router(voice)
        .merge(webhooks::messages::router(inlet.clone()))
        .merge(webhooks::ussd::router(webhooks::ussd::Ussd::new(inlet.clone(), directory, config.loopback)))
        .merge(webhooks::voicepact::router(inlet))
        .merge(webhooks::minivoice::router(minivoice))
        .merge(webhooks::tryvox::router(tryvox))
}

/// What the routes of the interface work with.
struct Means {
    door: Door,
    reader: Reader,
    dialer: Dialer,
    controller: Controller,
    rooms: Rooms,
    tools: Tools,
}

fn api_routes(config: &Config, gate: Gate, means: Means) -> Router {
    let Means { door, reader, dialer, controller, rooms, tools } = means;
    let country = config.country;
    let intake = Intake::new(door.clone(), reader.clone());
    let anchors = Anchors {
        origin: config.origin.clone(),
        root: config.root.clone(),
        log_vkey: config.log_vkey.clone(),
    };
    let evidence = Evidence::new(reader.clone(), anchors);
    let log = evidence::log::Log::new(gate.clone(), reader.clone(), evidence.clone(), config.entries_public);
    let processing = Processing::new(gate.clone(), intake.clone(), reader.clone(), country, tools);
    let transcripts = transcripts::Transcripts::new(gate.clone(), intake.clone(), reader.clone());
    let seats = Seats::new(reader.clone(), controller.clone(), config.conference_parties_max);
    let acts = control::Means {
        gate: gate.clone(),
        intake: intake.clone(),
        reader: reader.clone(),
        dialer: dialer.clone(),
        controller: controller.clone(),
        rooms: rooms.clone(),
        seats: seats.clone(),
        country,
    };
    let conferences = conferences::Conferences::new(
        gate.clone(),
        intake.clone(),
        reader.clone(),
        controller,
        config.tryvox_auth_id.clone(),
    );
    contract_routes(config, &gate, &intake, &reader, &evidence)
        .merge(voicepact::process::router(processing))
        .merge(transcripts::router(transcripts))
        .merge(control::router(acts.into()))
        .merge(conferences::router(conferences))
        .merge(voice::router(voice::Voice::new(gate.clone(), intake.clone(), dialer.clone(), country)))
        .merge(voicepact::conference::router(voicepact::conference::Conferences::new(
            gate.clone(),
            intake.clone(),
            dialer,
            rooms,
            country,
            seats,
        )))
        .merge(voicepact::recordings::router(voicepact::recordings::Recordings::new(
            gate.clone(),
            reader.clone(),
        )))
        .merge(inputs::router(inputs::Inputs::new(gate.clone(), door, reader.clone())))
        .merge(calls::router(calls::Calls::new(gate, reader.clone())))
        .merge(evidence::log::router(log))
        .merge(evidence::verify::router(evidence::verify::Verify::new(reader, evidence)))
}

/// Contracts and keys.
fn contract_routes(
    config: &Config,
    gate: &Gate,
    intake: &Intake,
    reader: &Reader,
    evidence: &Evidence,
) -> Router {
    let country = config.country;
    Router::new()
        .merge(voicepact::contracts::router(voicepact::contracts::Contracts::new(
            gate.clone(),
            intake.clone(),
            reader.clone(),
            country,
        )))
        .merge(keys::router(keys::Keys::new(
            gate.clone(),
            intake.clone(),
            reader.clone(),
            config.origin.clone(),
            config.root.clone(),
        )))
        .merge(parties::router(parties::Parties::new(
            gate.clone(),
            intake.clone(),
            reader.clone(),
            country,
            config.index.clone(),
        )))
        .merge(contracts::router(contracts::Contracts::new(
            gate.clone(),
            intake.clone(),
            reader.clone(),
            evidence.clone(),
            country,
        )))
}
