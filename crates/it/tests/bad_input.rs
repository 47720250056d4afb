//! Everything that could be sent and should not be, to every route: refused with a 4xx that names what is wrong, in
//! the form of the route's family; never a 5xx, never a word of it in the log, and the service goes on.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

#[path = "bad_input/bodies.rs"]
mod bodies;
#[path = "bad_input/crowds.rs"]
mod crowds;
#[path = "bad_input/fields.rs"]
mod fields;
#[path = "bad_input/forms.rs"]
mod forms;
#[path = "bad_input/hooks.rs"]
mod hooks;
#[path = "bad_input/judge.rs"]
mod judge;
#[path = "bad_input/keys.rs"]
mod keys;
#[path = "bad_input/largest.rs"]
mod largest;
#[path = "bad_input/named.rs"]
mod named;
#[path = "bad_input/places.rs"]
mod places;
#[path = "bad_input/random.rs"]
mod random;
#[path = "bad_input/routes.rs"]
mod routes;
#[path = "bad_input/transfer.rs"]
mod transfer;

use std::collections::BTreeMap;

use it::logs::Logs;
use it::wire::{Request, send};
use it::{Setup, SourceKind, StoreKind, World};
use routes::{CREATE, Route};
use serde_json::Value;

/// What one database takes, another may not: texts, numbers, sizes are tried on both, and through the other transport.
pub const SERVERS: Setup = Setup { store: StoreKind::Postgres, source: SourceKind::Nats };

/// A world and one of everything that routes can name.
pub struct Ground {
    pub world: World,
    ids: BTreeMap<&'static str, String>,
    logs: Logs,
}

impl Ground {
    pub async fn new() -> Ground {
        Ground::on(Setup::EMBEDDED).await
    }

    /// A contract, a conference and a call in an open world.
    pub async fn on(setup: Setup) -> Ground {
        let logs = Logs::keep();
        let world = World::start_with(setup, &["--tryvox-auth-id=your_auth_id"]).await;
        let mut ground = Ground { world, ids: BTreeMap::new(), logs };
        let contract = ground.post(&routes::of("POST", "/api/v1/contracts/create"), CREATE.text).await;
        ground.ids.insert("contract", contract["contract_id"].as_str().unwrap().to_owned());
        let route = routes::of("POST", "/api/v1/voice/conference/create");
        let conference = ground.post(&route, routes::CONFERENCE.text).await;
        ground.ids.insert("conference", conference["conference_id"].as_str().unwrap().to_owned());
        ground.world.settle().await;
        let session = ground.world.carrier.calls()[0].legs[0].session_id.clone();
        ground.ids.insert("call", session);
        ground
    }

    async fn post(&self, route: &Route, body: &str) -> Value {
        let request = Request::new("POST", &self.path(route)).body("application/json", body);
        let answer = send(self.world.address(), &request).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// The route's path with ids of what is there.
    pub fn path(&self, route: &Route) -> String {
        let id = |name| self.ids.get(name).map_or("none", String::as_str);
        let own = if route.path.contains("/calls/") { id("call") } else { id("contract") };
        route
            .path
            .replace("{secret}", it::world::SECRET)
            .replace("{conference_id}", id("conference"))
            .replace("{*path}", "0/000")
            .replace("{auth_id}", "your_auth_id")
            .replace("{name}", id("conference"))
            .replace("{member_id}", "m1")
            .replace("{id}", own)
    }

    /// Ends the world: it still works, its log says nothing it should not, and nothing broke.
    pub async fn end(self) {
        let address = self.world.address();
        for path in ["/livez", "/readyz", "/api/v1/contracts/?limit=500", "/v1/contracts?limit=500"] {
            let answer = send(address, &Request::new("GET", path)).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        }
        let create = Request::new("POST", "/api/v1/contracts/create").body("application/json", CREATE.text);
        let answer = send(address, &create).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        self.world.sound().await;
        quiet(self.logs);
    }
}

/// Nothing personal, no error, no panic.
pub fn quiet(logs: Logs) {
    assert_eq!(logs.panics(), Vec::<String>::new());
    assert_eq!(logs.holding(&[" ERROR "]), Vec::<String>::new());
    let found = logs.holding(&judge::NEEDLES);
    assert!(found.is_empty(), "the log holds what was sent: {found:#?}");
}
