//! Clean logs, of every size and many shapes, on which no step may fail.

use ledger::hash::leaf_hash;
use ledger::key::{Action, Reason, Role};
use ledger::object;
use ledger::tree::Tree;
use ledger::verify::{Auditor, CheckedRecord, KnownKeys, Pins, Report, Status, check_record};
use proptest::prelude::*;

use crate::sample::{Sample, columns_of, log_key, pins, record_key, second_key, tiles_of};

fn require_clean(report: &Report, name: &str) {
    assert_eq!(report.exit_code(), 0, "{name}:\n{report}");
}

#[test]
fn the_story_passes_at_every_required_step() {
    let (sample, landmarks) = Sample::story();
    let mut material = sample.material(&[1, 2, 14, 30, 47, sample.entries.len() as u64]);
    material.erased.push((landmarks.forgotten as u64, landmarks.erased_digest.clone()));
    let report = material.audit();
    require_clean(&report, "story");
    for step in &report.steps {
        let expected = if ["witnesses", "stored nodes"].contains(&step.name) {
            Status::NotChecked
        } else {
            Status::Pass
        };
        assert_eq!(step.status, expected, "{}:\n{report}", step.name);
    }
    assert_eq!(report.step("record").unwrap().checked, sample.entries.len() as u64);
}

#[test]
fn what_is_not_given_is_not_passed() {
    let (sample, _) = Sample::story();
    let size = sample.entries.len() as u64;
    let whole = sample.material(&[10, size]);
    let check = |name: &str, step: &str, strip: fn(&mut crate::sample::Material)| {
        let mut material = whole.clone();
        strip(&mut material);
        let report = material.audit();
        assert_eq!(report.exit_code(), 2, "{name}:\n{report}");
        assert_eq!(report.step(step).unwrap().status, Status::NotChecked, "{name}:\n{report}");
    };
    check("no checkpoint", "checkpoint", |material| material.notes.clear());
    check("no checkpoint of all", "inclusion", |material| drop(material.notes.pop()));
    check("no tiles nor columns", "tiles", |material| {
        material.tiles.clear();
        material.columns.clear();
    });
    check("columns for some", "stored columns", |material| drop(material.columns.pop()));
    check("no length", "entries", |material| {
        material.expected = None;
        material.notes.clear();
    });
    let unpinned = |name: &str, step: &str, pins: Pins| {
        let report = whole.audit_with(Auditor::new(pins).assuming(crate::sample::pins()));
        assert_eq!(report.exit_code(), 2, "{name}:\n{report}");
        assert_eq!(report.step(step).unwrap().status, Status::NotChecked, "{name}:\n{report}");
    };
    unpinned("origin", "origin pinned", Pins { origin: None, ..pins() });
    unpinned("root", "root key pinned", Pins { root: None, ..pins() });
    unpinned("log key", "log key pinned", Pins { log_vkey: None, root: None, ..pins() });
    let nothing = whole.audit_with(Auditor::new(Pins::default()));
    assert_eq!(nothing.exit_code(), 2, "{nothing}");
    assert_eq!(nothing.step("key statements").unwrap().status, Status::NotChecked, "{nothing}");
    // A pinned root names the log key, so that needs no pin of its own.
    let report = whole.audit_with(Auditor::new(Pins { log_vkey: None, ..pins() }).assuming(pins()));
    require_clean(&report, "log key named by the root");
}

#[test]
fn nothing_at_all_decides_nothing() {
    let report = Auditor::new(Pins::default()).finish(None);
    assert_eq!(report.exit_code(), 2, "{report}");
    assert!(report.steps.iter().all(|step| step.status == Status::NotChecked), "{report}");
}

#[test]
fn logs_of_every_size_are_clean() {
    let mut sample = Sample::started();
    sample.add_calls(298);
    let known = KnownKeys::from([(record_key().kid().to_owned(), record_key().public().clone())]);
    let checked: Vec<CheckedRecord> = sample
        .entries
        .iter()
        .map(|entry| {
            let disclosures: Vec<&str> = entry.disclosures.iter().map(String::as_str).collect();
            check_record(&entry.jws, &disclosures, &known)
        })
        .collect();
    let leaves = sample.leaves();
    let columns: Vec<_> = sample.entries.iter().map(|entry| columns_of(&entry.jws).unwrap()).collect();
    let (mut tree, mut nodes, mut notes) =
        (Tree::empty(), Vec::new(), vec![log_key().sign(0, &Tree::empty().root())]);
    for size in 0..=leaves.len() {
        if size > 0 {
            nodes.extend(tree.append(leaves[size - 1]));
            notes.push(log_key().sign(size as u64, &tree.root()));
        }
        let mut auditor = Auditor::new(pins()).expecting_all_disclosures();
        // The checkpoint of this size, the one before it, and one from long ago.
        for at in [size, size.saturating_sub(1), size / 2] {
            auditor.checkpoint(&notes[at]);
        }
        for (position, (checked, columns)) in checked.iter().zip(&columns).take(size).enumerate() {
            auditor.push_checked(position as u64, checked.clone());
            auditor.stored(position as u64, columns.clone());
        }
        tiles_of(&leaves[..size], &nodes).iter().for_each(|(tile, hashes)| auditor.tile(*tile, hashes));
        nodes.iter().for_each(|node| auditor.node(node.level, node.index, node.hash));
        require_clean(&auditor.finish(Some(size as u64)), &format!("size {size}"));
    }
}

/// One step in the life of a random log.
#[derive(Debug, Clone)]
enum Turn {
    Record { stream: u8, private: u8 },
    Rotate,
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let record = (0u8..6, 0u8..4).prop_map(|(stream, private)| Turn::Record { stream, private });
    prop::collection::vec(prop_oneof![12 => record, 1 => Just(Turn::Rotate)], 0..40)
}

fn grow(turns: &[Turn]) -> Sample {
    let mut sample = Sample::started();
    let mut rotated = false;
    for turn in turns {
        match turn {
            Turn::Record { stream, private } => {
                let names = ["phone", "name", "note"];
                let values: Vec<_> = (0..*private)
                    .map(|n| sample.private(n.into(), names[usize::from(n)], "Wanjirũ\u{301}"))
                    .collect();
                sample.add(&format!("call/tryvox/{stream}"), "call.ringing", object! {}, &values);
            }
            Turn::Rotate if !rotated => {
                rotated = true;
                sample.add_key(Action::Added, Role::Record, &second_key(), Reason::Rotation);
                sample.sign_with(second_key());
                sample.add_key(Action::Revoked, Role::Record, &record_key(), Reason::Compromise);
            }
            Turn::Rotate => {}
        }
    }
    sample
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn logs_of_any_shape_are_clean(turns in turns(), first in 0u64..40, second in 0u64..40) {
        let sample = grow(&turns);
        let size = sample.entries.len() as u64;
        let report = sample.material(&[first.min(size), second.min(size), size]).audit();
        prop_assert_eq!(report.exit_code(), 0, "{}", report);
    }

    /// Checked ahead or not, with or without the keys known: the report is the same.
    #[test]
    fn records_may_be_checked_ahead(turns in turns()) {
        let sample = grow(&turns);
        let known = KnownKeys::from([(second_key().kid().to_owned(), second_key().public().clone())]);
        let (mut direct, mut ahead) = (Auditor::new(pins()), Auditor::new(pins()));
        for (position, entry) in sample.entries.iter().enumerate() {
            let disclosures: Vec<&str> = entry.disclosures.iter().map(String::as_str).collect();
            direct.push(position as u64, &entry.jws, &disclosures);
            ahead.push_checked(position as u64, check_record(&entry.jws, &disclosures, &known));
        }
        prop_assert!(direct.known_keys().contains_key(record_key().kid()));
        prop_assert_eq!(direct.next_position(), sample.entries.len() as u64);
        prop_assert_eq!(direct.finish(None), ahead.finish(None));
    }
}

#[test]
fn the_report_reads_well() {
    let (sample, _) = Sample::story();
    let mut material = sample.material(&[sample.entries.len() as u64]);
    material.tiles[0].1[7] = leaf_hash(b"other");
    let report = material.audit();
    let text = report.to_string();
    assert!(text.contains("tile/0/000.p/61") || text.contains("tile/0/000.p/"), "{text}");
    assert!(text.contains("position 7, "), "{text}");
    assert!(text.ends_with("RESULT: FAIL\n"), "{text}");
    let json = serde_json::to_value(&report).unwrap();
    let tiles = json["steps"].as_array().unwrap().iter().find(|step| step["name"] == "tiles").unwrap();
    assert_eq!((tiles["level"].as_str(), tiles["status"].as_str()), (Some("L5"), Some("fail")));
    assert_eq!(tiles["finding"]["position"], 7);
}
