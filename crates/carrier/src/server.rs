//! The carrier's shared state and its HTTP server. The accept loop is our own because some faults end a connection
//! without an answer, which a router alone cannot do.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::convert::Infallible;
use std::io;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::Instant;
use tower::ServiceExt;

use crate::africastalking;
use crate::africastalking::instruction::Instruction;
use crate::call::Call;
use crate::config::{ApiMode, Config, Pace, RecordingMode, Targets};
use crate::courier::{Courier, Line, Manner};
use crate::faults::Faults;
use crate::message::{Report, Sms};
use crate::plan::{Draft, Planned};
use crate::random::generator;
use crate::recording::{self, Recording};
use crate::reply::Replies;
use crate::script::Script;

/// Wall-clock times of calls are drawn from the hour after the configured start.
const STORY_SECONDS: i64 = 3_600;

/// Handle on the state shared by requests and deliveries.
#[derive(Clone)]
pub(crate) struct Shared(Arc<State>);

impl Deref for Shared {
    type Target = State;

    fn deref(&self) -> &State {
        &self.0
    }
}

pub(crate) struct State {
    pub(crate) base_url: String,
    pub(crate) username: String,
    pub(crate) api_key: String,
    pub(crate) number: String,
    pub(crate) seed: u64,
    pub(crate) courier: Courier,
    clock_seconds: i64,
    started: Instant,
    behaviour: Mutex<Behaviour>,
    log: Mutex<Log>,
}

/// What can be changed while the carrier runs.
pub(crate) struct Behaviour {
    pub(crate) targets: Targets,
    pub(crate) script: Script,
    pub(crate) replies: Replies,
    pub(crate) faults: Faults,
    pub(crate) report: Report,
    pub(crate) call_mode: ApiMode,
    pub(crate) next_call_modes: VecDeque<ApiMode>,
    pub(crate) sms_mode: ApiMode,
    pub(crate) next_sms_modes: VecDeque<ApiMode>,
    pub(crate) blacklist: BTreeSet<String>,
    pub(crate) recording_mode: RecordingMode,
}

/// What happened so far.
#[derive(Default)]
pub(crate) struct Log {
    pub(crate) instructions: Vec<Instruction>,
    pub(crate) messages: Vec<Sms>,
    pub(crate) calls: Vec<Call>,
    pub(crate) recordings: BTreeMap<String, Recording>,
    /// `clientRequestId`s of calls that have their recorded leg.
    pub(crate) recorded_requests: BTreeSet<String>,
    pub(crate) call_requests: usize,
    pub(crate) sms_requests: usize,
    /// Requests about running calls and lines: the last part of the path, and the form.
    pub(crate) acts: Vec<(String, Vec<(String, String)>)>,
    /// How often each thing happened to each phone, which numbers their ids.
    counts: BTreeMap<(&'static str, String), u32>,
}

impl Log {
    /// 0 for the first `what` of `phone`, and so on.
    pub(crate) fn next_number(&mut self, what: &'static str, phone: &str) -> u32 {
        let count = self.counts.entry((what, phone.to_owned())).or_default();
        *count += 1;
        *count - 1
    }
}

impl Shared {
    pub(crate) fn new(config: Config, base_url: String, client: reqwest::Client) -> Self {
        let behaviour = Behaviour {
            targets: config.targets,
            script: config.script,
            replies: config.replies,
            faults: config.faults,
            report: config.report,
            call_mode: config.call_mode,
            next_call_modes: VecDeque::new(),
            sms_mode: config.sms_mode,
            next_sms_modes: VecDeque::new(),
            blacklist: BTreeSet::new(),
            recording_mode: config.recording_mode,
        };
        let courier = Courier::new(Manner {
            pace: config.pace,
            attempts_max: config.attempts_max,
            retry_pause: config.retry_pause,
            callback_timeout: config.callback_timeout,
            client,
        });
        Shared(Arc::new(State {
            base_url,
            username: config.username,
            api_key: config.api_key,
            number: config.number,
            seed: config.seed,
            courier,
            clock_seconds: config.clock_seconds,
            started: Instant::now(),
            behaviour: Mutex::new(behaviour),
            log: Mutex::new(Log::default()),
        }))
    }

    pub(crate) fn behaviour(&self) -> MutexGuard<'_, Behaviour> {
        // Each change is complete in itself, so a panic elsewhere leaves nothing half done.
        self.behaviour.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The provider's wall clock for `subject`. A fast story has no time of its own, so its clock is drawn.
    pub(crate) fn clock_seconds(&self, subject: &str) -> i64 {
        let elapsed = i64::try_from(self.started.elapsed().as_secs()).unwrap_or(i64::MAX);
        match self.courier.manner.pace {
            Pace::Fast => self.clock_seconds + drawn_clock(self.seed, subject),
            Pace::Real => self.clock_seconds.saturating_add(elapsed),
            Pace::Times(times) => {
                self.clock_seconds.saturating_add(elapsed.saturating_mul(i64::from(times.max(1))))
            }
        }
    }

    /// Sends what is due for `subject`, with faults. Returns when everything is planned; the receiver hears of the
    /// first callback sent.
    pub(crate) fn schedule(&self, subject: &str, drafts: Vec<Draft>) -> oneshot::Receiver<()> {
        let faults = self.behaviour().faults.clone();
        let plan = self.courier.planned(&faults, self.seed, subject, drafts);
        self.courier.send(self, plan)
    }
}

impl Line for Shared {
    fn url(&self, planned: &Planned) -> Option<String> {
        let behaviour = self.behaviour();
        behaviour.targets.url(planned.url_kind).map(str::to_owned)
    }

    async fn answered(&self, planned: &Planned, status: u16, body: String) {
        if planned.wants_instructions {
            let told = Instruction::read(&planned.subject, status, body);
            self.log().instructions.push(told.clone());
            africastalking::script::follow(self, planned, &told).await;
        }
    }
}

pub(crate) fn drawn_clock(seed: u64, subject: &str) -> i64 {
    rand::RngExt::random_range(&mut generator(seed, "clock", subject, 0), 0..STORY_SECONDS)
}

/// Marks a response that must not be sent: the connection is closed instead.
#[derive(Clone)]
pub(crate) struct DropConnection;

impl DropConnection {
    pub(crate) fn response() -> Response {
        (axum::Extension(DropConnection), "").into_response()
    }
}

/// Serves until the carrier is stopped. Open connections end with it, answered or not.
pub(crate) async fn serve(shared: Shared, listener: TcpListener) {
    let router = africastalking::router().merge(recording::router()).with_state(shared.clone());
    loop {
        let accepted = tokio::select! {
            () = shared.courier.stopped.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let connection = serve_connection(router.clone(), stream);
                let stopped = shared.courier.stopped.clone();
                shared.courier.tasks.spawn(async move { stopped.run_until_cancelled(connection).await });
            }
            Err(error) => {
                tracing::warn!(%error, "connection not accepted");
                // Most likely out of file descriptors: trying again at once would spin.
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

pub(crate) async fn serve_connection(router: Router, stream: TcpStream) {
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let router = router.clone();
        async move {
            let response = router
                .oneshot(request.map(Body::new))
                .await
                .unwrap_or_else(|never: Infallible| match never {});
            match response.extensions().get::<DropConnection>() {
                Some(_) => Err(io::Error::from(io::ErrorKind::ConnectionAborted)),
                None => Ok(response),
            }
        }
    });
    let served = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(error, "connection ended early");
    }
}
