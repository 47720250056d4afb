//! Bundles: complete ones pass, and nothing in one can be changed unnoticed.

use ledger::bundle::{Bundle, BundleKeyRecord, BundleKeys, BundleRecord, Kept};
use ledger::checkpoint::LogKey;
use ledger::hash::sha256;
use ledger::key::{Action, Reason, RecordKey, Role};
use ledger::object;
use ledger::proof::{TlogProof, consistency, inclusion};
use ledger::verify::{Pins, Report, Status};
use proptest::prelude::*;

use crate::sample::{CONTRACT, Landmarks, Material, ORIGIN, Sample, log_key, pins, root_key, seed, tile_set};

/// The bundle an honest ledger gives out about a stream.
fn bundle(sample: &Sample, stream: &str, document: Option<&str>) -> Bundle {
    let size = sample.entries.len() as u64;
    let Material { tiles, notes, .. } = sample.material(&[size]);
    let tiles = tile_set(&tiles);
    let proof = |position: u64| {
        let path = inclusion(position, size, &tiles).unwrap();
        TlogProof { extra: None, index: position, path, checkpoint: notes[0].clone() }.format()
    };
    let of_stream = |stream: &str| {
        let all = sample.entries.iter().enumerate();
        let chosen = all.filter(|(_, entry)| entry.draft.stream.as_str() == stream);
        chosen.map(|(position, entry)| (position as u64, entry.clone())).collect::<Vec<_>>()
    };
    let chosen = of_stream(stream);
    Bundle {
        v: "ahadi.bundle/1".to_owned(),
        origin: ORIGIN.to_owned(),
        stream: stream.to_owned(),
        document: document.map(str::to_owned),
        records: chosen
            .iter()
            .map(|(position, entry)| BundleRecord { position: *position, jws: entry.jws.clone() })
            .collect(),
        disclosures: chosen
            .iter()
            .filter(|(_, entry)| !entry.disclosures.is_empty())
            .map(|(position, entry)| (*position, entry.disclosures.clone()))
            .collect(),
        document_disclosures: Vec::new(),
        proofs: chosen.iter().map(|(position, _)| proof(*position)).collect(),
        checkpoint: notes[0].clone(),
        keys: BundleKeys {
            root: root_key().public().into(),
            log_vkey: log_key().vkey(),
            records: of_stream("ledger/keys")
                .into_iter()
                .map(|(position, entry)| BundleKeyRecord { position, jws: entry.jws, proof: proof(position) })
                .collect(),
        },
    }
}

fn contract_bundle() -> (Bundle, Sample, Landmarks) {
    let (sample, marks) = Sample::story();
    let mut bundle = bundle(&sample, CONTRACT, Some(&marks.document));
    // The party's number opens a commitment of the document; here it is given as one of the document's.
    let given = bundle.disclosures.get_mut(&(marks.drafted as u64)).unwrap();
    bundle.document_disclosures.push(given.pop().unwrap());
    (bundle, sample, marks)
}

#[test]
fn a_complete_bundle_passes() {
    let (bundle, _, _) = contract_bundle();
    let read = Bundle::from_json(bundle.to_json().as_bytes()).unwrap();
    assert_eq!(read, bundle);
    let report = read.verify(&pins(), &[]);
    assert_eq!(report.exit_code(), 0, "{report}");
    let expected = [
        ("document", 2),
        ("disclosures", 2),
        ("record", 7),
        ("key statements", 4),
        ("key", 7),
        ("signature", 7),
        ("versions", 7),
        ("links", 7),
        ("times", 7),
        ("ids", 7),
        ("checkpoint", 1),
        ("inclusion", 7),
    ];
    for (name, checked) in expected {
        let step = report.step(name).unwrap();
        assert_eq!((step.status, step.checked), (Status::Pass, checked), "{name}:\n{report}");
    }
    assert_eq!(report.step("tiles").unwrap().status, Status::NotChecked, "a part is not the whole\n{report}");
}

#[test]
fn what_is_not_pinned_or_not_there_is_not_passed() {
    let (whole, _, _) = contract_bundle();
    let check = |name: &str, step: &str, report: Report| {
        assert_eq!(report.exit_code(), 2, "{name}:\n{report}");
        assert_eq!(report.step(step).unwrap().status, Status::NotChecked, "{name}:\n{report}");
    };
    check("no pins", "root key pinned", whole.verify(&Pins::default(), &[]));
    check("origin", "origin pinned", whole.verify(&Pins { origin: None, ..pins() }, &[]));
    check("root", "root key pinned", whole.verify(&Pins { root: None, ..pins() }, &[]));
    let report = whole.verify(&Pins { log_vkey: None, ..pins() }, &[]);
    assert_eq!(report.exit_code(), 0, "the pinned root names the log key\n{report}");
    let mut bundle = whole.clone();
    bundle.document = None;
    bundle.document_disclosures.clear();
    bundle.disclosures.clear();
    check("no document", "document", bundle.verify(&pins(), &[]));
}

#[test]
fn bundles_of_other_streams_pass() {
    let (sample, _) = Sample::story();
    for stream in ["ledger/keys", "call/minivoice/MV-0003", "erasure/0001"] {
        let report = bundle(&sample, stream, None).verify(&pins(), &[]);
        assert_eq!(report.exit_code(), 0, "{stream}:\n{report}");
    }
}

#[test]
fn kept_checkpoints() {
    let (bundle, sample, _) = contract_bundle();
    let size = sample.entries.len() as u64;
    let material = sample.material(&[30]);
    let tiles = tile_set(&material.tiles);
    let earlier =
        Kept { note: material.notes[0].clone(), path: Some(consistency(30, size, &tiles).unwrap()) };
    let same = Kept { note: bundle.checkpoint.clone(), path: None };
    let mut longer = sample.clone();
    longer.add_calls(10);
    let (later, later_size) = (longer.material(&[size + 10]), size + 10);
    let path = consistency(size, later_size, &tile_set(&later.tiles)).unwrap();
    let later = Kept { note: later.notes[0].clone(), path: Some(path) };
    let report = bundle.verify(&pins(), &[earlier.clone(), same.clone(), later]);
    assert_eq!(report.exit_code(), 0, "{report}");
    assert_eq!(report.step("checkpoints kept").unwrap().checked, 3);

    let unproven = Kept { path: None, ..earlier.clone() };
    let report = bundle.verify(&pins(), &[unproven]);
    assert_eq!(
        (report.exit_code(), report.step("checkpoints kept").unwrap().status),
        (2, Status::NotChecked)
    );

    let fork = |size: u64| log_key().sign(size, &sha256(b"another history"));
    let other_key = LogKey::from_seed(ORIGIN, &seed("somebody else")).unwrap();
    for (name, kept) in [
        ("fork earlier", Kept { note: fork(30), ..earlier.clone() }),
        ("fork at the same size", Kept { note: fork(size), ..same.clone() }),
        ("wrong path", Kept { path: Some(vec![sha256(b"hash")]), ..earlier }),
        ("somebody else's", Kept { note: other_key.sign(30, &sha256(b"any")), ..same }),
    ] {
        let report = bundle.verify(&pins(), &[kept]);
        assert_eq!(report.exit_code(), 1, "{name}:\n{report}");
        assert_eq!(report.step("checkpoints kept").unwrap().status, Status::Fail, "{name}:\n{report}");
    }
}

#[test]
fn tampered_bundles() {
    let (whole, sample, marks) = contract_bundle();
    let check = |name: &str, step: &str, position: Option<usize>, tamper: &dyn Fn(&mut Bundle)| {
        let mut bundle = whole.clone();
        tamper(&mut bundle);
        let report = bundle.verify(&pins(), &[]);
        assert_eq!(report.exit_code(), 1, "{name}:\n{report}");
        let found = report.step(step).unwrap();
        assert_eq!(found.status, Status::Fail, "{name}: {step}\n{report}");
        let at = found.finding.as_ref().unwrap().position;
        assert_eq!(at, position.map(|position| position as u64), "{name}: {step}\n{report}");
    };
    let confirmed = Some(marks.confirmed);
    check("document edited", "document", Some(marks.drafted), &|bundle| {
        bundle.document = Some(marks.document.replace("500 kg", "900 kg"));
    });
    check("document reformatted", "document", None, &|bundle| {
        bundle.document = Some(marks.document.replace(",", ", "));
    });
    check("last record left out with its proof", "inclusion", None, &|bundle| drop(bundle.proofs.pop()));
    check("middle record left out", "versions", confirmed, &|bundle| {
        bundle.records.remove(1);
        bundle.proofs.remove(1);
    });
    check("first record left out", "versions", Some(21), &|bundle| {
        bundle.records.remove(0);
        bundle.proofs.remove(0);
        bundle.disclosures.clear();
        bundle.document_disclosures.clear();
    });
    check("all records left out", "versions", None, &|bundle| {
        bundle.records.clear();
        bundle.proofs.clear();
        bundle.disclosures.clear();
        bundle.document = None;
        bundle.document_disclosures.clear();
    });
    check("order changed", "record", Some(21), &|bundle| bundle.records.swap(1, 2));
    check("record of another position", "inclusion", confirmed, &|bundle| {
        let last = bundle.proofs.len() - 1;
        bundle.proofs[last] = bundle.keys.records[0].proof.clone();
    });
    check("position changed", "inclusion", Some(marks.confirmed + 1), &|bundle| {
        bundle.records[2].position += 1;
    });
    check("record never in the log", "inclusion", confirmed, &|bundle| {
        let mut forged = sample.clone();
        let key = forged.entries[marks.confirmed].key.clone();
        forged.resign(marks.confirmed, &key, |draft| draft.data = object! {"party": 2i64});
        bundle.records[2].jws = forged.entries[marks.confirmed].jws.clone();
    });
    check("proof with more in it", "inclusion", confirmed, &|bundle| {
        bundle.proofs[2] = bundle.proofs[2].replacen("index", "extra AAAA\nindex", 1);
    });
    check("key record left out", "key", confirmed, &|bundle| drop(bundle.keys.records.remove(2)));
    check("first key record left out", "key statements", None, &|bundle| {
        bundle.keys.records.clear();
        bundle.keys.root.x = "AAAA".to_owned();
    });
    check("another stream among the keys", "key statements", confirmed, &|bundle| {
        let (record, proof) = (bundle.records[2].clone(), bundle.proofs[2].clone());
        bundle.keys.records.push(BundleKeyRecord { position: record.position, jws: record.jws, proof });
    });
    check("another root key", "root key pinned", None, &|bundle| {
        bundle.keys.root = RecordKey::from_seed(&seed("somebody else")).public().into();
    });
    check("another log key", "log key pinned", None, &|bundle| {
        bundle.keys.log_vkey = LogKey::from_seed(ORIGIN, &seed("somebody else")).unwrap().vkey();
    });
    check("another log", "origin", None, &|bundle| bundle.origin = "ledger.test/other".to_owned());
    check("another stream", "versions", None, &|bundle| {
        bundle.stream = "contract/AGRI-2026-009999".to_owned();
    });
    check("disclosure for no record", "disclosures", Some(3), &|bundle| {
        bundle.disclosures.insert(3, vec!["WyJhIl0".to_owned()]);
    });
    check("disclosure of something else", "disclosures", confirmed, &|bundle| {
        bundle.disclosures.insert(marks.confirmed as u64, sample.entries[3].disclosures.clone());
    });
    check("disclosure twice", "disclosures", None, &|bundle| {
        let one = bundle.document_disclosures[0].clone();
        bundle.document_disclosures.push(one);
    });
    check("checkpoint of another size", "checkpoint", None, &|bundle| {
        bundle.checkpoint = bundle.checkpoint.replacen("\n62\n", "\n63\n", 1);
    });
}

#[test]
fn lists_and_keys_that_do_not_fit_together() {
    let (sample, _) = Sample::story();
    let fails = |bundle: &Bundle, pins: &Pins, step: &str, field: &str| {
        let report = bundle.verify(pins, &[]);
        assert_eq!(report.exit_code(), 1, "{report}");
        let finding = report.step(step).unwrap().finding.as_ref().unwrap();
        assert_eq!(
            (report.step(step).unwrap().status, finding.field.as_str()),
            (Status::Fail, field),
            "{report}"
        );
    };
    let mut two = bundle(&sample, "ledger/keys", None);
    two.records[1].jws = sample.entries[3].jws.clone();
    fails(&two, &pins(), "record", "position");

    let mut other = bundle(&sample, CONTRACT, None);
    let key = LogKey::from_seed("ledger.test/other", &seed("ahadi test log key")).unwrap();
    other.checkpoint = key.sign(62, &sha256(b"any"));
    other.keys.log_vkey = key.vkey();
    fails(&other, &Pins { log_vkey: None, ..pins() }, "checkpoint", "origin");

    let mut unnamed = bundle(&sample, CONTRACT, None);
    unnamed.keys.log_vkey = LogKey::from_seed(ORIGIN, &seed("somebody else")).unwrap().vkey();
    fails(&unnamed, &Pins { log_vkey: None, ..pins() }, "log key pinned", "log_vkey");
}

/// Whoever holds neither root nor log key cannot make a bundle an auditor with the root pinned accepts, even where
/// everything inside it fits together.
#[test]
fn a_whole_forged_log_fails_at_the_pins() {
    let (sample, _) = Sample::story();
    let honest = bundle(&sample, CONTRACT, None);
    let stranger = RecordKey::from_seed(&seed("somebody else"));
    let mut forged = Sample::started();
    let mut signed = crate::sample::statement(Action::Added, Role::Record, &stranger, Reason::Rotation);
    signed.reason = None;
    forged.add_statement(&signed.sign(&stranger, Some(&stranger)));
    forged.sign_with(stranger);
    forged.add(CONTRACT, "contract.drafted", object! {}, &[]);
    let report = bundle(&forged, CONTRACT, None).verify(&pins(), &[]);
    assert_eq!(report.exit_code(), 1, "{report}");
    assert_eq!(
        report.step("key statements").unwrap().finding.as_ref().unwrap().field,
        "root_signature",
        "{report}"
    );
    assert_eq!(report.step("key").unwrap().finding.as_ref().unwrap().position, Some(3), "{report}");
    let other_pins = Pins { root: Some(sample.entries[0].key.public().clone()), ..pins() };
    assert_eq!(honest.verify(&other_pins, &[]).exit_code(), 1);
}

#[test]
fn the_container_is_closed() {
    let (bundle, _, marks) = contract_bundle();
    let text = bundle.to_json();
    let position = marks.drafted;
    let check = |name: &str, from: &str, to: &str| {
        assert!(text.contains(from), "{name}: {text}");
        assert!(Bundle::from_json(text.replacen(from, to, 1).as_bytes()).is_err(), "{name}");
    };
    check("version", "ahadi.bundle/1", "ahadi.bundle/2");
    check("unknown member", "\"origin\"", "\"extra\": 1, \"origin\"");
    check("member twice", "\"origin\"", "\"stream\": \"call/a\", \"origin\"");
    check("missing member", "\"checkpoint\"", "\"checkpoints\"");
    check("position spelled otherwise", &format!("\"{position}\": ["), &format!("\"0{position}\": ["));
    check("position twice", &format!("\"{position}\": ["), &format!("\"{position}\": [], \"{position}\": ["));
    assert!(!format!("{bundle:?}").contains(&bundle.document_disclosures[0]));
}

fn detected(bytes: &[u8], pins: &Pins) -> bool {
    Bundle::from_json(bytes).map_or(true, |bundle| bundle.verify(pins, &[]).exit_code() != 0)
}

/// Every byte of a small bundle, each with one bit flipped.
#[test]
fn every_flipped_byte_is_detected() {
    let mut sample = Sample::started();
    let private = sample.private(0, "phone", "+254712345678");
    sample.add("call/tryvox/1", "call.started", object! {}, &[private]);
    let text = bundle(&sample, "call/tryvox/1", None).to_json();
    let mut bytes = text.clone().into_bytes();
    assert!(!detected(&bytes, &pins()), "{text}");
    for at in 0..bytes.len() {
        let bit = 1 << (at % 7);
        // One kind of white space for another changes nothing.
        if bytes[at].is_ascii_whitespace() && (bytes[at] ^ bit).is_ascii_whitespace() {
            continue;
        }
        bytes[at] ^= bit;
        assert!(detected(&bytes, &pins()), "byte {at} of\n{}", String::from_utf8_lossy(&bytes));
        bytes[at] ^= bit;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Any byte of the contract's bundle replaced by any other, in any place that is not white space.
    #[test]
    fn any_changed_byte_is_detected(place in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = BUNDLE.clone();
        let at = place.index(bytes.len());
        prop_assume!(bytes[at] != byte && !bytes[at].is_ascii_whitespace());
        bytes[at] = byte;
        prop_assert!(detected(&bytes, &pins()), "byte {} of\n{}", at, String::from_utf8_lossy(&bytes));
    }
}

static BUNDLE: std::sync::LazyLock<Vec<u8>> =
    std::sync::LazyLock::new(|| contract_bundle().0.to_json().into_bytes());
