//! The tamper table, second part: disclosures, stored columns, tiles, nodes, checkpoints, erasures, key statements.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ledger::checkpoint::LogKey;
use ledger::disclosure::{Disclosure, Salt, digest};
use ledger::hash::{leaf_hash, sha256};
use ledger::key::{Action, Reason, RecordKey, Role, SignedStatement};
use ledger::tile::TileId;
use ledger::tree::Node;
use ledger::verify::Auditor;

use crate::sample::{
    CONTRACT, Material, ORIGIN, Sample, columns_of, log_key, log_key_as_record_key, pins, record_key,
    root_key, second_key, seed, statement,
};
use crate::tamper::{Case, EARLY, check};

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
        let digest = digest(&encoded).base64url();
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
    row("two of one name", |case| {
        let (first, second) = (case.sample.private(0, "phone", "a"), case.sample.private(1, "phone", "b"));
        case.change(EARLY, |draft| draft.disclosures = vec![first.digest.clone(), second.digest.clone()]);
        case.material.entries[EARLY].2 = vec![first.encoded, second.encoded];
        case.sample.reseal_from(EARLY + 1);
        case.store();
    });
    let drafted = Case::new().marks.drafted;
    check("one for record and document", "disclosures", Some(drafted as u64), "disclosures", |case| {
        let party = digest(&case.material.entries[drafted].2[1]).base64url();
        case.change(drafted, |draft| draft.disclosures.push(party));
        case.sample.reseal_from(drafted + 1);
        case.store();
    });
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
        assert_eq!(
            (failed.name, finding.position, finding.field.as_str()),
            (step, Some(position), field),
            "{name}:\n{report}"
        );
    };
    check("node changed", "stored nodes", 256, "node 1/1", |material| {
        material.nodes[1].hash = sha256(b"other");
    });
    check("node missing", "stored nodes", 256, "node 1/1", |material| material.nodes.truncate(1));
    let mut without = clean.clone();
    without.nodes.clear();
    without.tiles.clear();
    let all_expected = || Auditor::new(pins()).expecting_all_disclosures().expecting_stored_nodes();
    let report = without.audit_with(all_expected());
    let (failed, finding) = report.first_fault().expect("no node is stored");
    assert_eq!(
        (failed.name, finding.position, finding.field.as_str()),
        ("stored nodes", Some(0), "node 1/0")
    );
    assert_eq!(without.audit().exit_code(), 2, "nobody said that there are any");
    assert_eq!(clean.audit_with(all_expected()).exit_code(), 0);
    check("node twice", "stored nodes", 0, "node 1/0", |material| material.nodes.push(material.nodes[0]));
    check("node behind the end", "stored nodes", 512, "node 1/2", |material| {
        material.nodes.push(Node { level: 1, index: 2, hash: sha256(b"other") });
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
    let erased = marks.erased_digest;
    let disclose_again = |case: &mut Case| {
        let (whole, _) = Sample::story();
        let salt = Salt::derive(&seed(&format!("ahadi test input {}", case.marks.forgotten)), 0);
        let value = "+254700000001".into();
        let kept = Disclosure::new(&salt, "phone", &value);
        assert_eq!(whole.entries[case.marks.forgotten].draft.disclosures[0], kept.digest);
        case.material.entries[case.marks.forgotten].2.push(kept.encoded);
    };
    check("erased, yet still there", "erasure", forgotten, &erased, disclose_again);
    check("the same, of which the store says nothing", "erasure", forgotten, &erased, |case| {
        disclose_again(case);
        case.material.erased.clear();
    });
    let first = Case::new().sample.entries[EARLY].draft.disclosures[0].clone();
    check("gone without a record", "erasure", Some(EARLY as u64), &first, |case| {
        let first = case.sample.entries[EARLY].draft.disclosures[0].clone();
        case.material.entries[EARLY].2.retain(|one| digest(one).base64url() != first);
    });
    check("said to be erased without a record", "erasure", Some(EARLY as u64), &first, |case| {
        case.material.erased.push((EARLY as u64, case.sample.entries[EARLY].draft.disclosures[0].clone()));
    });
    check("said to be erased elsewhere", "erasure", Some(EARLY as u64), &erased, |case| {
        case.material.erased.push((EARLY as u64, case.marks.erased_digest.clone()));
    });
    check("not a digest", "erasure", Some(9), "digest", |case| {
        case.material.erased.push((9, "?".to_owned()));
    });
}

#[test]
fn key_statements() {
    let reason = Reason::Rotation;
    let third = RecordKey::from_seed(&seed("ahadi test record key 3"));
    let row = |name: &str, field: &str, make: &dyn Fn(u64) -> SignedStatement| {
        let end = Case::new().size;
        check(name, "key statements", Some(end), field, |case| {
            case.sample.add_statement(&make(end));
            case.material = case.sample.material(&[end + 1]);
        });
    };
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
        let key = log_key_as_record_key();
        statement(Action::Added, Role::Record, &key, reason).sign(&root_key(), Some(&key))
    });
    row("the root key as record key", "kid", &|_| {
        statement(Action::Added, Role::Record, &root_key(), reason).sign(&root_key(), Some(&root_key()))
    });
    row("a key nobody knows retired", "kid", &|_| {
        statement(Action::Retired, Role::Record, &third, reason).sign(&root_key(), None)
    });
}
