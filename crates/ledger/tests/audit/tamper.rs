//! The tamper table: what was done to a log, and the step, position and field at which the audit says so.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ledger::hash::sha256;
use ledger::key::RecordKey;
use ledger::object;
use ledger::record::Draft;
use ledger::time::Timestamp;
use ledger::verify::{Report, Status};

use crate::sample::{Landmarks, Material, START_MILLIS, Sample, record_key, root_key, second_key, seed};

pub struct Case {
    pub sample: Sample,
    pub marks: Landmarks,
    pub material: Material,
    pub size: u64,
}

impl Case {
    pub fn new() -> Case {
        let (sample, marks) = Sample::story();
        let size = sample.entries.len() as u64;
        let mut material = sample.material(&[size, 10, 30]);
        material.erased.push((marks.forgotten as u64, marks.erased_digest.clone()));
        Case { sample, marks, material, size }
    }

    /// Puts the sample's present records before the auditor; what is stored beside them stays.
    pub fn show(&mut self) {
        for (entry, shown) in self.sample.entries.iter().zip(&mut self.material.entries) {
            shown.1.clone_from(&entry.jws);
        }
    }

    /// As [`Case::show`], with columns, nodes and tiles recomputed.
    pub fn store(&mut self) {
        self.show();
        self.material.derive_storage();
    }

    /// Changes one draft, signs it with the key that signed it before, and shows it.
    pub fn change(&mut self, position: usize, change: impl FnOnce(&mut Draft)) {
        let key = self.sample.entries[position].key.clone();
        self.sample.resign(position, &key, change);
        self.show();
    }

    pub fn jws(&mut self, position: usize) -> &mut String {
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
pub fn check(
    name: &str,
    step: &str,
    position: Option<u64>,
    field: &str,
    tamper: impl FnOnce(&mut Case),
) -> Report {
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
pub const EARLY: usize = 17;
pub const LATE: usize = 45;

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
    let report =
        check("signed again", "stored columns", at, "payload_sha256", |case| case.change(EARLY, edit));
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
    let failed: Vec<_> =
        report.steps.iter().filter(|step| step.status == Status::Fail).map(|step| step.name).collect();
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
    assert_eq!(
        report.step("entries").unwrap().finding.as_ref().unwrap().position,
        Some(size - 1),
        "{report}"
    );
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
    check("a position far away", "entries", at, "position", |case| {
        case.material.entries[20].0 = u64::MAX / 2;
    });
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
    assert_eq!(
        report.step("signature").unwrap().status,
        Status::Pass,
        "well signed, but not entitled\n{report}"
    );
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

/// An entry that cannot be read excuses one version missing from one stream, not more.
#[test]
fn one_unreadable_entry_excuses_one_version() {
    let mut case = Case::new();
    case.jws(EARLY).clear();
    case.material.entries.remove(33);
    case.material.entries.iter_mut().enumerate().for_each(|(position, entry)| entry.0 = position as u64);
    let report = case.material.audit();
    let position = |step: &str| report.step(step).unwrap().finding.as_ref().unwrap().position;
    assert_eq!(position("record"), Some(EARLY as u64), "{report}");
    let stream = &case.sample.entries[33].draft.stream;
    let mut later = case.sample.entries.iter().enumerate().skip(34);
    let next = later.find(|(_, entry)| entry.draft.stream == *stream).unwrap().0;
    assert_eq!(position("versions"), Some(next as u64 - 1), "{report}");
}

/// Nor does it excuse two versions missing at once, wherever it stands.
#[test]
fn one_unreadable_entry_does_not_excuse_two_versions() {
    let mut case = Case::new();
    let stream = case.sample.entries[EARLY].draft.stream.clone();
    let of_stream = case.sample.entries.iter().enumerate().filter(|(_, entry)| entry.draft.stream == stream);
    let of_stream: Vec<usize> = of_stream.map(|(position, _)| position).collect();
    let first = of_stream.iter().position(|position| *position == EARLY).unwrap();
    case.jws(LATE).clear();
    case.material.entries.remove(of_stream[first + 1]);
    case.material.entries.remove(EARLY);
    case.material.entries.iter_mut().enumerate().for_each(|(position, entry)| entry.0 = position as u64);
    let report = case.material.audit();
    let position = |step: &str| report.step(step).unwrap().finding.as_ref().unwrap().position;
    assert_eq!(position("record"), Some(LATE as u64 - 2), "{report}");
    assert_eq!(position("versions"), Some(of_stream[first + 2] as u64 - 2), "{report}");
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
