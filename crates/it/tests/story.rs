//! One agreement from the first ring to the last signature, over a carrier that has its bad days, on every setup; and
//! what comes late, again, or too early.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

#[path = "story/agreed.rs"]
mod agreed;
#[path = "story/early.rs"]
mod early;
#[path = "story/evidence.rs"]
mod evidence;
#[path = "story/recorded.rs"]
mod recorded;

use carrier::Faults;
use it::{Setup, SourceKind, StoreKind, World, maize};

/// Tells the whole story with what this seed makes go wrong.
async fn tell(setup: Setup, seed: u64) {
    let world = World::start_seeded(setup, seed).await;
    // Three legs ring at once, so that callbacks of one leg change places only over a longer distance.
    world.carrier.set_faults(Faults { reorder_window: 9, ..Faults::rough() });
    world.carrier.set_replies(maize::replies());
    let conference_id = maize::confer(&world).await;
    world.settle().await;
    recorded::assert_bad_day(&world);
    let sha256 = recorded::assert_recorded(&world, &conference_id).await;
    let drafted = maize::draft(&world, Some(&conference_id)).await;
    world.settle().await;
    let agreed = agreed::assert_agreed(&world, &conference_id, &drafted, &sha256).await;
    evidence::assert_verifiable(&world, &agreed).await;
    world.sound().await;
}

macro_rules! on_every_setup {
    ($($name:ident: $store:ident, $source:ident, $seed:expr;)*) => { $(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            tell(Setup { store: StoreKind::$store, source: SourceKind::$source }, $seed).await;
        }
    )* };
}

on_every_setup! {
    in_one_process: Sqlite, Journal, 1;
    on_sqlite_and_nats: Sqlite, Nats, 2;
    on_sqlite_and_an_old_nats: Sqlite, NatsFloor, 3;
    on_postgres: Postgres, Journal, 4;
    on_postgres_and_nats: Postgres, Nats, 5;
    on_postgres_and_an_old_nats: Postgres, NatsFloor, 10;
}

/// The same with other things going wrong.
#[tokio::test(flavor = "multi_thread")]
async fn on_other_bad_days() {
    for seed in 14..=17 {
        tell(Setup::EMBEDDED, seed).await;
    }
}
