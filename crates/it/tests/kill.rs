//! The service killed again and again under load, as real processes on real servers: what was answered with success is
//! there, once, and everything still verifies.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]
// How much was promised and checked is part of what the test says.
#![allow(clippy::print_stdout)]

#[path = "kill/account.rs"]
mod account;
#[path = "kill/contracts.rs"]
mod contracts;
#[path = "kill/load.rs"]
mod load;
#[path = "kill/site.rs"]
mod site;
#[path = "kill/stop.rs"]
mod stop;
#[path = "kill/webhooks.rs"]
mod webhooks;

use std::time::Duration;

use it::chance::Chance;
use load::Load;
use site::{Mode, Site};

/// How often each way of running it is killed.
const ROUNDS: u64 = 50;
/// Longest life of a service between its start and its death, milliseconds. Where the first contract takes long on this machine
/// it is longer, up to twice this, so that something is done in some of its lives.
const LIFE_MS_MAX: u64 = 400;
/// Every so many rounds it is killed before it has opened its door.
const EARLY_EVERY: u64 = 4;
/// Every so many rounds it lives this much longer: a checkpoint is signed once a second.
const LONG_EVERY: u64 = 6;
const LONG_LIFE_MS: u64 = 900;
/// Every so many rounds nats-server is killed as well.
const NATS_EVERY: u64 = 4;
/// In these rounds of those it loses all it stored.
const FORGET_IN_ROUNDS: [u64; 2] = [5, 17];

/// [`ROUNDS`], or fewer where `AHADI_KILL_ROUNDS` says so.
fn rounds() -> u64 {
    let wanted =
        std::env::var("AHADI_KILL_ROUNDS").ok().map(|text| text.parse().expect("a number of rounds"));
    wanted.unwrap_or(ROUNDS).clamp(1, ROUNDS)
}

#[tokio::test(flavor = "multi_thread")]
async fn embedded() {
    survive(Mode::Embedded, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_process_on_nats_and_postgres() {
    survive(Mode::OneProcess, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_on_nats_and_postgres() {
    survive(Mode::TwoProcesses, 3).await;
}

async fn survive(mode: Mode, seed: u64) {
    let mut site = Site::new(mode).await;
    let mut chance = Chance::new(seed);
    site.up().await;
    let load = Load::start(seed, &site.address());
    site.ready().await;
    let life = (2 * load.first_contract().await).clamp(LIFE_MS_MAX, 2 * LIFE_MS_MAX);
    let mut early_deaths = 0;
    for round in 0..rounds() {
        site.up().await;
        let early = round % EARLY_EVERY == EARLY_EVERY - 1;
        if !early {
            site.ready().await;
        }
        let longer = if round % LONG_EVERY == 0 { LONG_LIFE_MS } else { 0 };
        tokio::time::sleep(Duration::from_millis(longer + chance.below(life))).await;
        early_deaths += u64::from(early && !site.is_ready());
        if round % NATS_EVERY == 1 {
            site.kill_nats(FORGET_IN_ROUNDS.contains(&round), &mut chance).await;
            // Else the service starts without it, and its door opens all the same.
            if chance.below(2) == 0 {
                site.restart_nats(&mut chance).await;
            }
        } else {
            site.restart_nats(&mut chance).await;
        }
        site.kill(&mut chance).await;
    }
    site.restart_nats(&mut chance).await;
    site.up().await;
    site.ready().await;
    // Under load once more, after the last death, and until there is something of everything to check.
    tokio::time::sleep(Duration::from_millis(life)).await;
    load.something_of_everything().await;
    let mut book = load.finish().await;
    assert!(book.cut > 0, "it was killed while it had work");
    site.carrier.idle().await;
    let acknowledged = site.carrier.deliveries().into_iter().filter(carrier::Delivery::is_acknowledged);
    book.webhooks.extend(acknowledged.map(|delivery| delivery.body));
    println!("{mode:?}: {}, {early_deaths} early deaths", book.summary());
    let settled = site.settle().await;
    site.stop().await;
    account::check(site, book, settled).await;
}
