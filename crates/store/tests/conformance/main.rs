//! One list of promises, kept by both databases: each case runs on SQLite and on Postgres, in a database of its own.
//!
//! Postgres is found through `AHADI_TEST_POSTGRES_URL` (a superuser of a scratch server). Without it the suite fails:
//! half a run would look like a whole one.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::too_many_lines)]

mod board;
mod book;
mod guards;
mod journey;
mod keys;
mod lease;
mod log;
mod mend;
mod needs;
mod opening;
mod persons;
mod place;
mod upgrade;
mod views;

use std::future::Future;
use std::pin::Pin;

use place::{Kind, Place};

type Case = (&'static str, fn(Place) -> Pin<Box<dyn Future<Output = ()> + Send>>);

macro_rules! cases {
    ($($module:ident::$case:ident),* $(,)?) => {
        [$((concat!(stringify!($module), "::", stringify!($case)), |place| Box::pin($module::$case(place)))),*]
    };
}

const CASES: &[Case] = &cases![
    opening::a_ledger_is_there_again_when_opened_again,
    opening::another_ledger_is_refused,
    opening::a_newer_schema_is_refused,
    opening::an_edited_migration_is_refused,
    opening::nothing_is_made_without_leave,
    opening::a_forgetful_database_is_refused,
    opening::many_may_open_a_new_database_at_once,
    opening::who_opens_waits_for_who_makes_the_database,
    opening::logins_need_the_role_and_no_more,
    opening::every_column_is_explained,
    upgrade::a_ledger_of_the_first_schema_is_brought_up,
    upgrade::persons_indexed_by_whole_hashes_are_found,
    upgrade::what_lay_beside_the_views_goes,
    log::what_is_committed_reads_back,
    log::a_batch_out_of_place_changes_nothing,
    log::a_batch_against_the_rules_changes_nothing,
    log::an_empty_batch_moves_the_source_only,
    log::tiles_are_those_of_the_tree,
    log::checkpoints_only_grow,
    log::disclosures_can_be_erased_and_the_rest_stays,
    log::a_scan_ends_where_the_log_ended,
    log::quarantine_keeps_the_input,
    log::quarantine_expires,
    journey::what_comes_again_is_kept_and_calls_without_an_end_are_found,
    persons::persons_are_found_as_long_as_records_name_them,
    lease::one_owner_writes_at_a_time,
    lease::of_many_who_ask_one_gets_it,
    lease::a_released_lease_writes_nothing,
    lease::time_is_that_of_the_database,
    guards::log_tables_refuse_every_change,
    guards::inserts_past_the_store_are_refused,
    guards::the_service_role_can_only_append,
    views::links_come_and_go_once,
    views::streams_are_found_by_the_keys_that_lead_to_them,
    views::questions_of_many_are_answered_apart,
    views::needs_are_answered_and_links_followed,
    needs::each_need_is_answered_alone_and_among_many_inputs,
    views::tasks_of_a_stream_are_replaced,
    views::contracts_are_listed_by_page_and_filter,
    views::the_last_change_of_a_row_counts,
    views::calls_are_counted_however_they_come_and_go,
    views::tasks_are_counted_however_they_come_and_go,
    views::keys_seen_before_are_those_the_migration_made,
    views::links_are_looked_up_by_key_where_many_have_one,
    views::rows_are_found_by_index_however_few_there_are,
    mend::they_are_read_page_by_page,
    mend::they_are_mended_row_by_row,
    mend::a_row_that_cannot_be_read_is_named,
    mend::they_are_not_mended_behind_a_growing_log,
    keys::cursors_and_keys_are_kept,
    board::waiters_are_woken_by_the_commit,
    board::callers_who_leave_do_not_break_commits,
];

async fn run(kind: Kind) {
    let mut failed = Vec::new();
    for (name, case) in CASES {
        let place = Place::new(kind).await;
        let keep = place.clone();
        match tokio::spawn(case(place)).await {
            Ok(()) => keep.remove().await,
            // The database of a failed case is left for a look.
            Err(_) => failed.push(*name),
        }
    }
    println!("conformance on {kind:?}: {} cases, failed: {failed:?}", CASES.len());
    assert!(failed.is_empty(), "on {kind:?}: {failed:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    run(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    run(Kind::Postgres).await;
}
