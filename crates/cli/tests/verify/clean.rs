//! Ledgers that nobody touched, in every state they can be met in.

use std::time::Duration;

use cli::command::verify::{self, VerifyArguments};
use contract::provider::Via;
use ledger::verify::Status;

use crate::place::{Place, audit, step};
use crate::story::{CONTRACTS, Story, draft};

#[tokio::test]
async fn a_whole_ledger_passes() {
    let place = Place::written().await;
    let mut arguments = VerifyArguments::all(&place.target());
    arguments.views = true;
    let report = audit(&arguments).await;
    assert_eq!(report.exit_code(), 0, "{report}");
    let size = place.number("SELECT count(*) FROM record").await;
    assert!(size > 256, "the log has a tile of a higher level");
    let lines = "SELECT sum(1 + length(opened) - length(replace(opened, char(10), ''))) FROM disclosure";
    let disclosures = place.number(lines).await;
    for (name, checked) in [
        ("record", size),
        ("signature", size),
        // Each record its predecessor, and what is drafted on a conference the three streams it came from.
        ("links", size + 3),
        ("entries", size),
        ("inclusion", size),
        ("stored columns", size),
        // The last checkpoint is in the file and in the database, the two before it are kept.
        ("checkpoint", 4),
        ("checkpoints kept", 3),
        ("stored nodes", 1),
        ("disclosures", disclosures),
        ("lookup columns", size + disclosures + 3),
        ("views", size),
        // Once where it is drafted.
        ("document", CONTRACTS as u64 + 1),
    ] {
        let step = step(&report, name);
        assert_eq!((step.status, step.checked), (Status::Pass, checked), "{name}\n{report}");
    }
}

#[tokio::test]
async fn the_database_alone_passes_with_pins_from_elsewhere() {
    let place = Place::written().await;
    let mut arguments = VerifyArguments::all(&place.database());
    assert_eq!(audit(&arguments).await.exit_code(), 2, "without pins it agrees only with itself");
    arguments.pins.root = Some(place.path("keys/root.pub.jwk").display().to_string());
    assert_eq!(audit(&arguments).await.exit_code(), 2, "nobody knows which key signs checkpoints");
    arguments.pins.log_vkey = Some(std::fs::read_to_string(place.path("keys/log.vkey")).unwrap());
    let report = audit(&arguments).await;
    assert_eq!(report.exit_code(), 0, "{report}");
    // A SQLite file named as a file is a database too.
    arguments.target = place.path("ledger.db").display().to_string();
    assert_eq!(audit(&arguments).await.exit_code(), 0);
}

#[tokio::test]
async fn nothing_is_written_to_what_is_audited() {
    let place = Place::written().await;
    let before = std::fs::read(place.path("ledger.db")).unwrap();
    assert_eq!(place.audit().await.exit_code(), 0);
    assert!(std::fs::read(place.path("ledger.db")).unwrap() == before);
}

#[tokio::test]
async fn a_ledger_in_use_is_audited_up_to_a_checkpoint_over_all_that_was_read() {
    let place = Place::empty();
    let mut story = Story::whole(&place.0, "in use").await;
    story.happen(Via::Api, vec![draft(90, None)]).await;
    let target = VerifyArguments::all(&place.target());
    let checking = tokio::spawn(async move { audit(&target).await });
    // The audit has to wait for it: what it read is not covered yet.
    tokio::time::sleep(Duration::from_millis(300)).await;
    story.happen(Via::Api, vec![draft(91, None)]).await;
    story.checkpoint().await;
    let report = checking.await.unwrap();
    assert_eq!(report.exit_code(), 0, "{report}");
    assert_eq!(step(&report, "entries").checked, story.store.tip().await.unwrap().size);
    story.end().await;
}

/// An audit keeps the last leaves only, so each checkpoint has to be compared when the log comes to its size.
#[tokio::test]
async fn every_checkpoint_of_a_longer_log_is_compared() {
    let place = Place::empty();
    let mut story = Story::whole(&place.0, "longer").await;
    for first in [1_000, 2_000, 3_000, 4_000] {
        story.happen(Via::Api, (first..first + 400).map(|n| draft(n, None)).collect()).await;
        story.checkpoint().await;
    }
    let size = story.store.tip().await.unwrap().size;
    let signed = story.store.checkpoints(0, 100).await.unwrap().len() as u64;
    story.end().await;
    assert!(size > 3 * 512 && signed > 4, "{size} records, {signed} checkpoints");
    std::fs::remove_file(place.path("checkpoint")).unwrap();
    let report = place.audit().await;
    assert_eq!(report.exit_code(), 0, "{report}");
    let kept = step(&report, "checkpoints kept");
    assert_eq!((kept.status, kept.checked), (Status::Pass, signed - 1), "{report}");
}

#[tokio::test]
async fn a_log_shorter_than_its_last_checkpoint_fails() {
    let place = Place::written().await;
    std::fs::remove_file(place.path("checkpoint")).unwrap();
    place.edit("DELETE FROM record WHERE position >= 3").await;
    let report = place.audit().await;
    assert_eq!(report.exit_code(), 1, "{report}");
    let finding = step(&report, "inclusion").finding.clone().unwrap();
    assert_eq!((finding.position, finding.field.as_str()), (Some(3), "size"), "{report}");
}

#[tokio::test]
async fn records_that_no_checkpoint_covers_are_not_passed() {
    let place = Place::empty();
    let mut story = Story::whole(&place.0, "stopped").await;
    story.happen(Via::Api, vec![draft(90, None)]).await;
    story.end().await;
    let report = place.audit().await;
    assert_eq!(report.exit_code(), 2, "{report}");
    assert_eq!(step(&report, "inclusion").status, Status::NotChecked, "{report}");
}

#[tokio::test]
async fn what_is_missing_is_never_passed() {
    let place = Place::written().await;
    std::fs::remove_file(place.path("keys/root.pub.jwk")).unwrap();
    let report = place.audit().await;
    assert_eq!((report.exit_code(), step(&report, "root key pinned").status), (2, Status::NotChecked));

    let place = Place::written().await;
    std::fs::remove_file(place.path("checkpoint")).unwrap();
    place.edit("DELETE FROM checkpoint").await;
    let report = place.audit().await;
    assert_eq!((report.exit_code(), step(&report, "checkpoint").status), (2, Status::NotChecked), "{report}");

    let place = Place::written().await;
    place
        .edit("DELETE FROM record; DELETE FROM disclosure; DELETE FROM tree_node; DELETE FROM checkpoint")
        .await;
    std::fs::remove_file(place.path("checkpoint")).unwrap();
    assert_eq!(place.audit().await.exit_code(), 2, "an emptied ledger");

    std::fs::remove_file(place.path("ledger.db")).unwrap();
    assert!(verify::check(&VerifyArguments::all(&place.target())).await.is_err());
    assert!(verify::check(&VerifyArguments::all("/nowhere/at/all")).await.is_err());
}

#[tokio::test]
async fn pins_of_another_log_fail() {
    let (place, other) = (Place::written().await, Place::empty());
    Story::begin(&other.0, "other").await.end().await;
    for (name, field) in [("root.pub.jwk", "root"), ("log.vkey", "log_vkey")] {
        let mut arguments = VerifyArguments::all(&place.target());
        let pin = Some(other.path("keys").join(name).display().to_string());
        if field == "root" {
            arguments.pins.root = pin;
        } else {
            arguments.pins.log_vkey = pin;
        }
        let report = audit(&arguments).await;
        assert_eq!(report.exit_code(), 1, "{field}\n{report}");
    }
    let mut arguments = VerifyArguments::all(&place.target());
    arguments.pins.origin = Some("ledger.example/two".to_owned());
    let report = audit(&arguments).await;
    assert_eq!((report.exit_code(), step(&report, "origin").status), (1, Status::Fail), "{report}");
}
