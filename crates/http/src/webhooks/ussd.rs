//! USSD: each step is read, answered from the menu, and journaled with what was shown.
//!
//! A step sends everything typed so far, so no process remembers a session. A screen that only shows something is made
//! before the step is journaled, and recorded with it. A step that does something is journaled first, and its screen says
//! what the ledger made of it.

use axum::Router;
use axum::extract::{FromRef, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use contract::menu::{Deed, Known, Menu, Screen, Step};
use contract::provider::Via;
use providers::africastalking::ussd::{self, Read, Reply, Request};

use super::{Inlet, Sender, unreadable, webhook};
use crate::body::{Raw, WEBHOOK_BODY_BYTES_MAX};
use crate::directory::{Directory, Own, language};
use crate::problem::Problem;

type Form = Raw<WEBHOOK_BODY_BYTES_MAX>;

const ROUTE: &str = "ussd";
/// Acknowledges the end of a session.
const ACKNOWLEDGED: &str = "OK";
/// What is shown where the ledger cannot be asked.
const AWAY: &str =
    "We cannot look up your contracts now. Please try again later, or reply to our SMS. Jaribu tena baadaye.";

/// State of these routes.
#[derive(Clone)]
pub struct Ussd {
    inlet: Inlet,
    directory: Directory,
    loopback: bool,
}

impl Ussd {
    /// On `loopback` whoever asks is believed; elsewhere what was agreed is shown only to an authenticated sender.
    pub fn new(inlet: Inlet, directory: Directory, loopback: bool) -> Ussd {
        Ussd { inlet, directory, loopback }
    }
}

impl FromRef<Ussd> for Inlet {
    fn from_ref(state: &Ussd) -> Inlet {
        state.inlet.clone()
    }
}

/// All routes: bare, and with a secret.
pub fn router(state: Ussd) -> Router {
    Router::new()
        .route("/ussd", post(step))
        .route("/hooks/africastalking/{secret}/ussd", post(step))
        .route("/api/v1/ussd", post(step))
        .route("/api/v1/ussd/", post(step))
        .route("/hooks/voicepact/{secret}/ussd", post(step))
        .with_state(state)
}

async fn step(State(state): State<Ussd>, sender: Sender, form: Form) -> Result<Response, Problem> {
    let inlet = &state.inlet;
    let read = ussd::read(&form.bytes, &form.content_type, inlet.country(), inlet.zone());
    match read.map_err(|e| unreadable(&e))? {
        Read::Over(over) => {
            inlet.journal(&form, ROUTE, Via::Ussd, sender.authenticated, vec![*over]).await?;
            Ok(ACKNOWLEDGED.into_response())
        }
        Read::Step(request) => {
            let screen = state.answer(&sender, &form, &request).await?;
            let reply = if screen.ends { Reply::end(&screen.text) } else { Reply::ask(&screen.text) };
            let reply = reply.map_err(Problem::internal)?;
            Ok(([(CONTENT_TYPE, "text/plain; charset=utf-8")], reply.to_string()).into_response())
        }
    }
}

impl Ussd {
    async fn answer(&self, sender: &Sender, form: &Form, request: &Request) -> Result<Screen, Problem> {
        let contracts = match &request.phone {
            Some(phone) => self.directory.contracts_of(phone).await,
            None => Ok(Vec::new()),
        };
        let step = match &contracts {
            Ok(contracts) => {
                let known: Vec<Known<'_>> = contracts.iter().map(Own::known).collect();
                let menu = Menu {
                    contracts: &known,
                    language: language(contracts),
                    now: self.inlet.now(),
                    shows_terms: sender.authenticated || self.loopback,
                };
                menu.step(&request.text)
            }
            Err(error) => {
                tracing::error!(session = request.session_id, %error, "a menu cannot be shown");
                Step::Show(Screen { text: AWAY.to_owned(), ends: true })
            }
        };
        match step {
            Step::Show(screen) => {
                let fact = request.fact(None, Some(screen.text.clone()), None);
                self.inlet.journal(form, ROUTE, Via::Ussd, sender.authenticated, vec![fact]).await?;
                Ok(screen)
            }
            Step::Do(deed) => self.act(sender, form, request, &deed).await,
        }
    }

    /// Journals what is to be done, waits until the ledger has done it or not, and shows how the contract stands then.
    async fn act(
        &self,
        sender: &Sender,
        form: &Form,
        request: &Request,
        deed: &Deed,
    ) -> Result<Screen, Problem> {
        let mut fact = request.fact(Some(deed.wish.clone()), None, Some(deed.code.clone()));
        fact.private.reason = deed.reason.clone();
        let stamp = self.inlet.stamp()?;
        let input = stamp.id;
        let announced = self.directory.announced(input);
        let webhook = webhook(form, ROUTE, Via::Ussd, vec![fact]);
        self.inlet.journal_stamped(stamp, webhook, Via::Ussd, sender.authenticated).await?;
        let own = match (self.directory.settled(input, announced).await, &request.phone) {
            (true, Some(phone)) => self.directory.contract_of(phone, &deed.wish.contract_id).await,
            _ => Ok(None),
        };
        let own = own.unwrap_or_else(|error| {
            tracing::warn!(session = request.session_id, %error, "what became of an answer cannot be shown");
            None
        });
        Ok(Menu::done(deed, own.as_ref().map(Own::known)))
    }
}
