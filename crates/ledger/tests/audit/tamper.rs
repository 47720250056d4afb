//! The tamper table: what was done to a log, and the step, position and field at which the audit says so.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ledger::checkpoint::LogKey;
use ledger::hash::{leaf_hash, sha256};
use ledger::json::Value;
use ledger::key::{Reason, RecordKey};
use ledger::object;
use ledger::record::Draft;
use ledger::tile::TileId;
use ledger::time::Timestamp;
use ledger::verify::{Report, Status};

use crate::sample::{
    CONTRACT, Landmarks, Material, ORIGIN, START_MILLIS, Sample, columns_of, log_key, record_key, root_key, second_key,
    seed, statement,
};

struct Case {
    sample: Sample,
    marks: Landmarks,
    material: Material,
    size: u64,
}

impl Case {
    fn new() -> Case {
        let (sample, marks) = Sample::story();
        let size = sample.entries.len() as u64;
        let mut material = sample.material(&[size, 10, 30]);
        material.erased.push((marks.forgotten as u64, marks.erased_digest.clone()));
        Case { sample, marks, material, size }
    }

    /// Puts the sample's present records before the auditor; what is stored beside them stays.
    fn show(&mut self) {
        for (entry, shown) in self.sample.entries.iter().zip(&mut self.material.entries) {
            shown.1.clone_from(&entry.jws);
        }
    }

    /// As [`Case::show`], with columns, nodes and tiles recomputed.
    fn store(&mut self) {
        self.show();
        self.material.derive_storage();
    }

    /// Changes one draft, signs it with the key that signed it before, and shows it.
    fn change(&mut self, position: usize, change: impl FnOnce(&mut Draft)) {
        let key = self.sample.entries[position].key.clone();
        self.sample.resign(position, &key, change);
        self.show();
    }

    fn jws(&mut self, position: usize) -> &mut String {
        &mut self.material.entries[position].1
    }

    /// Replaces the payload by other bytes under the old signature.
    fn payload(&mut self, position: usize, edit: impl FnOnce(String) -> String) {
        let parts: Vec<String> = self.jws(position).split('.').map(str::to_owned).collect();
        let payload = String::from_utf8(URL_SAFE_NO_PAD.decode(&parts[1]).unwrap()).unwrap();
        let edited = edit(payload.clone());
        assert_ne!(edited, payload);
        *self.jws(position) = format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(edited), parts[2]);
    }
}

/// Runs one row; `position` none means a fault that has none.
fn check(name: &str, step: &str, position: Option<u64>, field: &str, tamper: impl FnOnce(&mut Case)) -> Report {
    let mut case = Case::new();
    tamper(&mut case);
    let report = case.material.audit();
    assert_eq!(report.exit_code(), 1, "{name}:\n{report}");
    let found = report.step(step).unwrap();
    assert_eq!(found.status, Status::Fail, "{name}: {step}\n{report}");
    let finding = found.finding.as_ref().unwrap();
    assert_eq!((finding.position, finding.field.as_str()), (position, field), "{name}: {step}\n{report}");
    let (_, first) = report.first_fault().unwrap();
    assert_eq!(first.position, position, "{name}: first fault\n{report}");
    report
}

/// A call record, of a stream that goes on behind it, before and after the change of keys.
const EARLY: usize = 17;
const LATE: usize = 45;

#[test]
fn the_untouched_case_passes() {
    let case = Case::new();
    assert!(case.size > 55 && case.marks.retired < LATE && EARLY < 30);
    assert_eq!(case.material.audit().exit_code(), 0, "{}", case.material.audit());
}

#[test]
fn edited_entries() {
    let at = Some(EARLY as u64);
    check("signature flipped", "signature", at, "signature", |case| {
        let jws = case.jws(EARLY);
        let last = jws.len() - 10;
        let other = if jws.as_bytes()[last] == b'A' { "B" } else { "A" };
        jws.replace_range(last..=last, other);
    });
    let report = check("payload edited", "signature", at, "signature", |case| {
        case.payload(EARLY, |text| text.replace("\"duration_s\":17", "\"duration_s\":71"));
    });
    assert_eq!(report.step("stored columns").unwrap().finding.as_ref().unwrap().field, "payload_sha256");
    assert_eq!(report.step("tiles").unwrap().finding.as_ref().unwrap().position, at);
    check("payload not canonical", "record", at, "payload", |case| {
        case.payload(EARLY, |text| text.replace("\"duration_s\":17", "\"duration_s\": 17"));
    });
    check("payload with a further field", "record", at, "payload", |case| {
        case.payload(EARLY, |text| text.replace("\"log\":", "\"kind\":1,\"log\":"));
    });
    check("payload with a key twice", "record", at, "payload", |case| {
        case.payload(EARLY, |text| text.replace("\"duration_s\":17", "\"duration_s\":17,\"duration_s\":17"));
    });
    check("time spelled otherwise", "record", at, "recorded_at", |case| {
        case.payload(EARLY, |text| text.replace(".000Z\",\"source\"", "Z\",\"source\""));
    });
    check("header of no algorithm", "record", at, "header", |case| {
        let jws = case.jws(EARLY);
        let rest = jws.split_once('.').unwrap().1.to_owned();
        *jws = format!("{}.{rest}", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#));
    });
    check("header with a second key", "record", at, "header", |case| {
        let jws = case.jws(EARLY);
        let (header, rest) = jws.split_once('.').unwrap();
        let header = String::from_utf8(URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
        let header = header.replace("\"kid\"", "\"jku\":\"https://example.com\",\"kid\"");
        *jws = format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header));
    });
    check("padding", "record", at, "signature", |case| case.jws(EARLY).push_str("=="));
    check("cut short", "record", at, "jws", |case| {
        let dot = case.jws(EARLY).rfind('.').unwrap();
        case.jws(EARLY).truncate(dot);
    });
    check("nothing left", "record", at, "jws", |case| case.jws(EARLY).clear());
}

/// An edit that keeps the record well signed, ever more thoroughly covered up by whoever holds the keys.
#[test]
fn edits_by_the_key_holder() {
    let edit = |draft: &mut Draft| draft.data = object! {"duration_s": 4_000i64};
    let at = Some(EARLY as u64);
    let report = check("signed again", "stored columns", at, "payload_sha256", |case| case.change(EARLY, edit));
    let link = report.step("links").unwrap().finding.as_ref().unwrap();
    assert_eq!((link.position, link.field.as_str()), (Some(EARLY as u64 + 7), "prev"), "{report}");

    let report = check("and stored", "links", Some(EARLY as u64 + 7), "prev", |case| {
        case.change(EARLY, edit);
        case.store();
    });
    assert_eq!(report.step("inclusion").unwrap().status, Status::Fail);

    let size = Case::new().size;
    let report = check("and chained", "inclusion", None, &format!("root at size {size}"), |case| {
        case.change(EARLY, edit);
        case.sample.reseal_from(EARLY + 1);
        case.store();
    });
    let failed: Vec<_> = report.steps.iter().filter(|step| step.status == Status::Fail).map(|step| step.name).collect();
    assert_eq!(failed, ["inclusion", "checkpoints kept"], "only what was signed before tells\n{report}");

    let report = check("and under a new checkpoint", "checkpoints kept", None, "root at size 30", |case| {
        case.change(EARLY, edit);
        case.sample.reseal_from(EARLY + 1);
        case.store();
        case.material.notes[0] = case.material.note(case.size);
    });
    let message = &report.step("checkpoints kept").unwrap().finding.as_ref().unwrap().message;
    assert!(message.contains("up to size 10 they agree"), "{message}");
    assert_eq!(report.step("inclusion").unwrap().status, Status::Pass);
}

#[test]
fn entries_missing_moved_or_repeated() {
    let (at, size) = (Some(20), Case::new().size);
    let tile = format!("tile/0/000.p/{size}");
    let report = check("dropped", "entries", at, "position", |case| drop(case.material.entries.remove(20)));
    assert_eq!(report.step("versions").unwrap().status, Status::Pass, "one fault, told once\n{report}");
    let tiles = report.step("tiles").unwrap();
    let rest = (Status::NotChecked, Case::new().size - 1);
    assert_eq!((tiles.status, tiles.checked), rest, "the others still stand at their place\n{report}");
    check("dropped and closed up", "tiles", at, &tile, |case| {
        case.material.entries.remove(20);
        case.material.entries.iter_mut().enumerate().for_each(|(position, entry)| entry.0 = position as u64);
        case.material.columns.clear();
    });
    let report = check("dropped, closed up and stored", "versions", Some(33), "version", |case| {
        case.material.entries.remove(20);
        case.material.entries.iter_mut().enumerate().for_each(|(position, entry)| entry.0 = position as u64);
        case.material.derive_storage();
    });
    assert_eq!(report.step("entries").unwrap().finding.as_ref().unwrap().position, Some(size - 1), "{report}");
    check("swapped", "tiles", at, &tile, |case| {
        let (left, right) = case.material.entries.split_at_mut(21);
        std::mem::swap(&mut left[20].1, &mut right[0].1);
        std::mem::swap(&mut left[20].2, &mut right[0].2);
    });
    check("swapped within a stream", "versions", Some(17), "version", |case| {
        let (left, right) = case.material.entries.split_at_mut(24);
        std::mem::swap(&mut left[17].1, &mut right[0].1);
        std::mem::swap(&mut left[17].2, &mut right[0].2);
    });
    check("twice at one position", "entries", at, "position", |case| {
        let entry = case.material.entries[20].clone();
        case.material.entries.insert(21, entry);
    });
    let end = size;
    check("an old one again at the end", "ids", Some(end), "id", |case| {
        let mut entry = case.material.entries[20].clone();
        entry.0 = case.size;
        case.material.entries.push(entry);
        case.material.derive_storage();
        case.material.expected = None;
    });
    check("last one cut off", "entries", Some(end - 1), "size", |case| {
        case.material.entries.pop();
        case.material.columns.pop();
    });
    check("last one cut off, by the checkpoint", "entries", Some(end - 1), "size", |case| {
        case.material.entries.pop();
        case.material.columns.pop();
        case.material.expected = None;
    });
    check("one too many", "entries", Some(end), "size", |case| {
        case.sample.add_calls(1);
        let entry = case.sample.entries.last().unwrap();
        case.material.entries.push((case.size, entry.jws.clone(), entry.disclosures.clone()));
        case.material.derive_storage();
    });
    check("a position far away", "entries", at, "position", |case| case.material.entries[20].0 = u64::MAX / 2);
}

#[test]
fn signatures_by_the_wrong_key() {
    let stranger = RecordKey::from_seed(&seed("somebody else"));
    check("unknown key", "key", Some(EARLY as u64), "kid", |case| {
        case.sample.resign(EARLY, &stranger, |_| {});
        case.show();
    });
    let report = check("retired key", "key", Some(LATE as u64), "kid", |case| {
        case.sample.resign(LATE, &record_key(), |_| {});
        case.show();
    });
    assert_eq!(report.step("signature").unwrap().status, Status::Pass, "well signed, but not entitled\n{report}");
    let retired = Case::new().marks.retired as u64;
    let finding = report.step("key").unwrap().finding.clone().unwrap();
    assert!(finding.message.contains(&format!("before position {}", retired + 1)), "{report}");
    check("key not added yet", "key", Some(EARLY as u64), "kid", |case| {
        case.sample.resign(EARLY, &second_key(), |_| {});
        case.show();
    });
    check("root key", "key", Some(EARLY as u64), "kid", |case| {
        case.sample.resign(EARLY, &root_key(), |_| {});
        case.show();
    });
    check("the first record", "key", Some(0), "kid", |case| {
        case.sample.resign(0, &stranger, |_| {});
        case.show();
    });
    check("signature of another record", "signature", Some(EARLY as u64), "signature", |case| {
        let other = case.jws(20).rsplit_once('.').unwrap().1.to_owned();
        let jws = case.jws(EARLY);
        *jws = format!("{}.{other}", jws.rsplit_once('.').unwrap().0);
    });
}

#[test]
fn well_signed_records_that_break_a_rule() {
    let at = Some(EARLY as u64);
    let broken = |name: &str, step: &str, field: &str, change: fn(&mut Draft)| {
        check(name, step, at, field, |case| {
            case.change(EARLY, change);
            case.sample.reseal_from(EARLY + 1);
            case.store();
        });
    };
    broken("time runs back", "times", "recorded_at", |draft| {
        draft.recorded_at = Timestamp::from_millis(START_MILLIS).unwrap();
    });
    check("version left out", "versions", at, "version", |case| {
        case.change(EARLY, |draft| draft.version += 1);
        case.store();
    });
    broken("chained elsewhere", "links", "prev", |draft| draft.prev = Some(sha256(b"elsewhere")));
    check("another log", "origin", at, "log", |case| {
        let entry = &case.sample.entries[EARLY];
        let sealed = ledger::record::seal("ledger.test/other", &entry.draft, &entry.key).unwrap();
        *case.jws(EARLY) = sealed.jws;
    });
    check("id of another record", "ids", at, "id", |case| {
        let id = case.sample.entries[3].draft.id;
        case.change(EARLY, |draft| draft.id = id);
        case.sample.reseal_from(EARLY + 1);
        case.store();
    });
    let drafted = Case::new().marks.drafted;
    check("hash of another document", "document", Some(drafted as u64), "document_sha256", |case| {
        case.change(drafted, |draft| draft.data = object! {"document_sha256": sha256(b"{}")});
        case.sample.reseal_from(drafted + 1);
        case.store();
    });
}

#[test]
fn disclosures() {
    let at = Some(EARLY as u64);
    let row = |name: &str, tamper: fn(&mut Case)| check(name, "disclosures", at, "disclosures", tamper);
    row("another value under its salt", |case| {
        case.material.entries[EARLY].2[0] = case.sample.private(0, "phone", "+254700000099").encoded;
    });
    row("twice", |case| {
        let one = case.material.entries[EARLY].2[0].clone();
        case.material.entries[EARLY].2.push(one);
    });
    row("one of another record", |case| {
        let other = case.material.entries[18].2[0].clone();
        case.material.entries[EARLY].2[0] = other;
    });
    row("not a disclosure", |case| case.material.entries[EARLY].2[0] = "not base64url!".to_owned());
    row("committed, but not of the form", |case| {
        let encoded = URL_SAFE_NO_PAD.encode(r#"["short","phone","+254700000001"]"#);
        let digest = ledger::disclosure::digest(&encoded).base64url();
        case.change(EARLY, |draft| draft.disclosures = vec![digest]);
        case.material.entries[EARLY].2 = vec![encoded];
        case.sample.reseal_from(EARLY + 1);
        case.store();
    });
    row("a name the record has already", |case| {
        let hidden = case.sample.private(0, "type", "call.ended");
        case.change(EARLY, |draft| draft.disclosures = vec![hidden.digest.clone()]);
        case.material.entries[EARLY].2 = vec![hidden.encoded];
        case.sample.reseal_from(EARLY + 1);
        case.store();
    });
    let drafted = Case::new().marks.drafted;
    check("a document that is another", "disclosures", Some(drafted as u64), "disclosures", |case| {
        let other = case.marks.document.replace("500 kg", "900 kg");
        case.material.entries[drafted].2[0] = case.sample.private(0, "document", other.as_str()).encoded;
    });
}

#[test]
fn stored_columns() {
    let at = Some(EARLY as u64);
    let row = |field: &str, tamper: fn(&mut Case)| check(field, "stored columns", at, field, tamper);
    row("stream", |case| case.material.columns[EARLY].1.stream = CONTRACT.to_owned());
    row("version", |case| case.material.columns[EARLY].1.version += 1);
    row("payload_sha256", |case| case.material.columns[EARLY].1.payload_sha256 = sha256(b"other"));
    row("leaf", |case| case.material.columns[EARLY].1.leaf = sha256(b"other"));
    row("prev", |case| case.material.columns[EARLY].1.prev = None);
    check("even rows too", "stored columns", Some(18), "leaf", |case| {
        case.material.columns[18].1.leaf = sha256(b"other");
    });
    check("leaf of an entry that is no record", "record", at, "jws", |case| case.jws(EARLY).clear());
    check("an even one too", "stored columns", Some(18), "leaf", |case| case.jws(18).clear());
    let size = Case::new().size;
    let beyond = size + size % 2;
    check("row without an entry", "stored columns", Some(beyond), "position", |case| {
        let columns = columns_of(&case.material.entries[EARLY].1).unwrap();
        case.material.columns.push((beyond, columns));
    });
}

#[test]
fn tiles() {
    let size = Case::new().size;
    let path = format!("tile/0/000.p/{size}");
    let row = |name: &str, position: u64, tamper: fn(&mut Case)| {
        check(name, "tiles", Some(position), &path, tamper);
    };
    row("hash changed", 17, |case| case.material.tiles[0].1[17] = leaf_hash(b"other"));
    row("hashes swapped", 17, |case| case.material.tiles[0].1.swap(17, 18));
    row("hash missing", 0, |case| case.material.tiles[0].1.truncate(30));
    row("tile for a shorter log", size - 5, |case| {
        let shorter = TileId::at(0, 0, case.size - 5).unwrap();
        let hashes = case.material.tiles[0].1[..shorter.width().into()].to_vec();
        case.material.tiles = vec![(shorter, hashes)];
    });
    check("tile behind the end", "tiles", Some(512), "tile/0/002.p/1", |case| {
        case.material.tiles.push((TileId::new(0, 2, 1).unwrap(), vec![leaf_hash(b"other")]));
    });
    check("level that is not there", "tiles", Some(0), "tile/1/000.p/1", |case| {
        case.material.tiles.push((TileId::new(1, 0, 1).unwrap(), vec![leaf_hash(b"other")]));
    });
}

#[test]
fn nodes_and_tiles_of_a_longer_log() {
    let mut sample = Sample::started();
    sample.add_calls(530);
    let clean = sample.material(&[532, 256, 300]);
    assert_eq!(clean.nodes.len(), 2);
    assert_eq!(clean.audit().exit_code(), 0, "{}", clean.audit());
    let check = |name: &str, step: &str, position: u64, field: &str, tamper: fn(&mut Material)| {
        let mut material = clean.clone();
        tamper(&mut material);
        let report = material.audit();
        let (failed, finding) = report.first_fault().unwrap_or_else(|| panic!("{name}:\n{report}"));
        assert_eq!((failed.name, finding.position, finding.field.as_str()), (step, Some(position), field), "{name}:\n{report}");
    };
    check("node changed", "stored nodes", 256, "node 1/1", |material| material.nodes[1].hash = sha256(b"other"));
    check("node missing", "stored nodes", 256, "node 1/1", |material| material.nodes.truncate(1));
    check("node twice", "stored nodes", 0, "node 1/0", |material| material.nodes.push(material.nodes[0]));
    check("node behind the end", "stored nodes", 512, "node 1/2", |material| {
        material.nodes.push(ledger::tree::Node { level: 1, index: 2, hash: sha256(b"other") });
    });
    check("tile of level 1", "tiles", 256, "tile/1/000.p/2", |material| {
        material.tiles.last_mut().unwrap().1[1] = sha256(b"other");
    });
    check("full tile missing", "tiles", 256, "tile/0/001", |material| drop(material.tiles.remove(1)));
    check("partial tile missing", "tiles", 512, "tile/0/002.p/20", |material| drop(material.tiles.remove(2)));
    let mut without_nodes = clean.clone();
    without_nodes.nodes.clear();
    without_nodes.tiles.clear();
    let report = without_nodes.audit();
    assert_eq!((report.exit_code(), report.step("stored nodes").unwrap().required), (2, true), "{report}");
}

#[test]
fn checkpoints() {
    let size = Case::new().size;
    let note = |name: &str, step: &str, position: Option<u64>, field: &str, tamper: fn(&mut Case)| {
        check(name, step, position, field, tamper)
    };
    note("signature changed", "checkpoint", None, "checkpoint", |case| {
        let note = &mut case.material.notes[0];
        let at = note.len() - 20;
        let other = if note.as_bytes()[at] == b'A' { "B" } else { "A" };
        note.replace_range(at..=at, other);
    });
    note("size changed", "checkpoint", None, "checkpoint", |case| {
        case.material.notes[0] = case.material.notes[0].replacen(&format!("\n{}\n", case.size), "\n50\n", 1);
    });
    note("another key", "checkpoint", None, "checkpoint", |case| {
        let other = LogKey::from_seed(ORIGIN, &seed("somebody else")).unwrap();
        case.material.notes[0] = other.sign(case.size, &sha256(b"any"));
    });
    note("another log's", "checkpoint", None, "checkpoint", |case| {
        let other = LogKey::from_seed("ledger.test/other", &seed("ahadi test log key")).unwrap();
        case.material.notes[0] = other.sign(case.size, &sha256(b"any"));
    });
    note("root of another log", "inclusion", None, &format!("root at size {size}"), |case| {
        case.material.notes[0] = log_key().sign(case.size, &sha256(b"any"));
    });
    note("two roots for one size", "checkpoints kept", None, "root at size 30", |case| {
        case.material.notes.push(log_key().sign(30, &sha256(b"any")));
    });
    let report = note("signed for more entries than there are", "inclusion", Some(size), "size", |case| {
        case.material.expected = None;
        case.material.notes.push(log_key().sign(case.size + 9, &sha256(b"any")));
    });
    assert_eq!(report.step("entries").unwrap().finding.as_ref().unwrap().field, "size");
}

#[test]
fn erasure() {
    let marks = Case::new().marks;
    let forgotten = Some(marks.forgotten as u64);
    let digest = marks.erased_digest;
    check("erased, yet still there", "erasure", forgotten, &digest, |case| {
        let (whole, _) = Sample::story();
        let salt = ledger::disclosure::Salt::derive(&seed(&format!("ahadi test input {}", case.marks.forgotten)), 0);
        let value = Value::from("+254700000001");
        let kept = ledger::disclosure::Disclosure::new(&salt, "phone", &value);
        assert_eq!(whole.entries[case.marks.forgotten].draft.disclosures[0], kept.digest);
        case.material.entries[case.marks.forgotten].2.push(kept.encoded);
    });
    let first = Case::new().sample.entries[EARLY].draft.disclosures[0].clone();
    check("gone without a record", "erasure", Some(EARLY as u64), &first, |case| {
        let first = case.sample.entries[EARLY].draft.disclosures[0].clone();
        case.material.entries[EARLY].2.retain(|one| ledger::disclosure::digest(one).base64url() != first);
    });
    check("said to be erased without a record", "erasure", Some(EARLY as u64), &first, |case| {
        case.material.erased.push((EARLY as u64, case.sample.entries[EARLY].draft.disclosures[0].clone()));
    });
    check("said to be erased elsewhere", "erasure", Some(EARLY as u64), &digest, |case| {
        case.material.erased.push((EARLY as u64, case.marks.erased_digest.clone()));
    });
    check("not a digest", "erasure", Some(9), "digest", |case| case.material.erased.push((9, "?".to_owned())));
}

#[test]
fn key_statements() {
    let reason = Reason::Rotation;
    let third = RecordKey::from_seed(&seed("ahadi test record key 3"));
    let row = |name: &str, field: &str, make: &dyn Fn(u64) -> ledger::key::SignedStatement| {
        let end = Case::new().size;
        check(name, "key statements", Some(end), field, |case| {
            case.sample.add_statement(make(end));
            case.material = case.sample.material(&[end + 1]);
        });
    };
    use ledger::key::{Action, Role};
    let add = || statement(Action::Added, Role::Record, &third, reason);
    row("not by the root", "root_signature", &|_| add().sign(&second_key(), Some(&third)));
    row("without possession", "possession_signature", &|_| add().sign(&root_key(), None));
    row("possession of another", "possession_signature", &|_| add().sign(&root_key(), Some(&second_key())));
    row("for another log", "origin", &|_| {
        let mut other = add();
        other.origin = "ledger.test/other".to_owned();
        other.sign(&root_key(), Some(&third))
    });
    row("back-dated", "from_position", &|end| {
        let mut early = add();
        early.from_position = Some(end);
        early.sign(&root_key(), Some(&third))
    });
    row("revoked in hindsight", "from_position", &|_| {
        let mut early = statement(Action::Revoked, Role::Record, &second_key(), Reason::Compromise);
        early.from_position = Some(40);
        early.sign(&root_key(), None)
    });
    row("a key that was retired", "kid", &|_| {
        statement(Action::Added, Role::Record, &record_key(), reason).sign(&root_key(), Some(&record_key()))
    });
    row("the log key as record key", "kid", &|_| {
        let key = crate::sample::log_key_as_record_key();
        statement(Action::Added, Role::Record, &key, reason).sign(&root_key(), Some(&key))
    });
    row("the root key as record key", "kid", &|_| {
        statement(Action::Added, Role::Record, &root_key(), reason).sign(&root_key(), Some(&root_key()))
    });
    row("a key nobody knows retired", "kid", &|_| {
        statement(Action::Retired, Role::Record, &third, reason).sign(&root_key(), None)
    });
}

/// Two faults far apart in different steps are both named, and neither hides behind the other.
#[test]
fn independent_faults_are_all_named() {
    let report = check("three at once", "signature", Some(EARLY as u64), "signature", |case| {
        case.payload(EARLY, |text| text.replace("\"duration_s\":17", "\"duration_s\":71"));
        case.jws(33).clear();
        case.material.entries[50].2[0] = case.sample.private(0, "phone", "+254700000099").encoded;
    });
    let position = |step: &str| report.step(step).unwrap().finding.as_ref().unwrap().position;
    assert_eq!((position("record"), position("disclosures")), (Some(33), Some(50)), "{report}");
    assert_eq!(report.step("versions").unwrap().status, Status::Pass, "{report}");
}
