//! The invariants of the design, each under its name, on every setup on which it means something.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

#[path = "invariants/accounted.rs"]
mod accounted;
#[path = "invariants/chain.rs"]
mod chain;
#[path = "invariants/erased.rs"]
mod erased;
#[path = "invariants/heads.rs"]
mod heads;
#[path = "invariants/lag.rs"]
mod lag;
#[path = "invariants/listeners.rs"]
mod listeners;
#[path = "invariants/once.rs"]
mod once;
#[path = "invariants/personal.rs"]
mod personal;
#[path = "invariants/rights.rs"]
mod rights;
#[path = "invariants/served.rs"]
mod served;
#[path = "invariants/views.rs"]
mod views;

/// A test of this name on each of the six setups.
macro_rules! on_every_setup {
    ($($name:ident => $story:path;)*) => { $(
        mod $name {
            use it::{Setup, SourceKind, StoreKind};

            async fn on(store: StoreKind, source: SourceKind) {
                $story(Setup { store, source }).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite() {
                on(StoreKind::Sqlite, SourceKind::Journal).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite_and_nats() {
                on(StoreKind::Sqlite, SourceKind::Nats).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite_and_an_old_nats() {
                on(StoreKind::Sqlite, SourceKind::NatsFloor).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                on(StoreKind::Postgres, SourceKind::Journal).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres_and_nats() {
                on(StoreKind::Postgres, SourceKind::Nats).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres_and_an_old_nats() {
                on(StoreKind::Postgres, SourceKind::NatsFloor).await;
            }
        }
    )* };
}

on_every_setup! {
    invariant_1_a_2xx_survives_and_is_accounted_for => crate::accounted::story;
    invariant_2_one_event_gives_one_set_of_records => crate::once::story;
    invariant_3_every_record_is_in_its_place_chained_and_signed => crate::chain::story;
    invariant_4_every_checkpoint_is_consistent_with_every_other => crate::heads::story;
    invariant_5_views_equal_a_fresh_fold_of_the_log => crate::views::story;
    invariant_6_nothing_is_signed_that_cannot_be_served => crate::served::story;
    invariant_7_nothing_personal_gets_out_and_erasing_breaks_nothing => crate::personal::story;
    invariant_8_only_the_projector_can_sign => crate::rights::story;
    invariant_9_after_faults_lag_returns_to_zero => crate::lag::story;
}
