//! Inclusion proofs as text (C2SP tlog-proof).

use ledger::checkpoint::{CheckpointError, LogKey};
use ledger::hash::{Hash, leaf_hash, node_hash};
use ledger::proof::{ProofError, TlogProof};

use super::{ORIGIN, line, log_key, seed};

fn leaves() -> [Hash; 3] {
    [leaf_hash(b"zero"), leaf_hash(b"one"), leaf_hash(b"two")]
}

/// That "one" is entry 1 of 3.
fn proof() -> TlogProof {
    let [zero, one, two] = leaves();
    let root = node_hash(&node_hash(&zero, &one), &two);
    TlogProof { extra: None, index: 1, path: vec![zero, two], checkpoint: log_key().sign(3, &root) }
}

#[test]
fn a_proof_is_lines_and_the_checkpoint_verbatim() {
    let [zero, one, two] = leaves();
    let mut proof = proof();
    proof.checkpoint.push_str(&line("w.example", [1; 4], &[1; 72]));
    let lines = format!("index 1\n{}\n{}\n\n{}", zero.base64(), two.base64(), proof.checkpoint);
    assert_eq!(proof.format(), format!("c2sp.org/tlog-proof@v1\n{lines}"));
    assert_eq!(TlogProof::parse(&proof.format()), Ok(proof.clone()));
    proof.extra = Some(b"more".to_vec());
    assert_eq!(proof.format(), format!("c2sp.org/tlog-proof@v1\nextra bW9yZQ==\n{lines}"));
    assert_eq!(TlogProof::parse(&proof.format()), Ok(proof.clone()));
    let checkpoint = proof.verify(&one, log_key().verifier()).unwrap();
    assert_eq!((checkpoint.origin.as_str(), checkpoint.size), (ORIGIN, 3));
    proof.extra = Some(Vec::new());
    assert_eq!(TlogProof::parse(&proof.format()).unwrap().extra, None);
}

#[test]
fn the_only_entry_has_an_empty_path() {
    let only = leaf_hash(b"only");
    let proof = TlogProof { extra: None, index: 0, path: vec![], checkpoint: log_key().sign(1, &only) };
    assert!(proof.format().starts_with("c2sp.org/tlog-proof@v1\nindex 0\n\nledger.example/one\n1\n"));
    assert_eq!(TlogProof::parse(&proof.format()), Ok(proof.clone()));
    assert!(proof.verify(&only, log_key().verifier()).is_ok());
}

#[test]
fn malformed_proofs_are_refused_at_their_line() {
    let text = proof().format();
    let hash = leaves()[0].base64();
    let check = |changed: &str, line: usize| match TlogProof::parse(changed) {
        Err(ProofError::Text { line: refused, .. }) => assert_eq!(refused, line, "{changed:?}"),
        other => panic!("{changed:?} gave {other:?}"),
    };
    check("", 1);
    check("c2sp.org/tlog-proof@v1", 1);
    check(&text.replace("@v1", "@v2"), 1);
    check(&text.replace("c2sp", " c2sp"), 1);
    check(&format!("\n{text}"), 1);
    check(&text.replace('\n', "\r\n"), 1);
    check("c2sp.org/tlog-proof@v1\n", 2);
    for index in ["", "01", "00", "+1", "-1", " 1", "1 ", "one", "0x1", "9223372036854775808"] {
        check(&text.replace("index 1", &format!("index {index}")), 2);
    }
    for index in
        ["index", "Index 1", "index\t1", "", "extra", "extras bW9yZQ==", "extra ", "extra ?", "extra bW9yZQ"]
    {
        check(&text.replace("index 1", index), 2);
    }
    check(&text.replace("index 1", "extra bW9yZQ==\nextra bW9yZQ==\nindex 1"), 3);
    check(&text.replace("index 1", "index 1\nindex 1"), 3);
    check(&text.replace("index 1", "index 1\nextra bW9yZQ=="), 3);
    check(&text.replace(&hash, &hash[1..]), 3);
    check(&text.replace(&hash, &format!(" {hash}")), 3);
    check(&text.replace(&hash, &format!("{hash}{hash}")), 3);
    check(&text.replace(&hash, hash.trim_end_matches('=')), 3);
    check(&text.replacen("\n\n", "\n", 1), 5);
    check(text.split_once("\n\n").unwrap().0, 4);
    check(&format!("{}\n", text.split_once("\n\n").unwrap().0), 5);
    check(&format!("{}\n\n", text.split_once("\n\n").unwrap().0), 6);
    let longest = |hashes: usize| text.replace(&hash, &vec![hash.as_str(); hashes].join("\n"));
    assert_eq!(TlogProof::parse(&longest(62)).unwrap().path.len(), 63);
    check(&longest(63), 66);
}

#[test]
fn a_proof_of_something_else_is_refused() {
    let (proof, [zero, one, two]) = (proof(), leaves());
    let verifier = log_key().verifier().clone();
    assert!(proof.verify(&one, &verifier).is_ok());
    assert!(matches!(proof.verify(&zero, &verifier), Err(ProofError::RootMismatch { size: 3, .. })));
    let check = |change: &dyn Fn(&mut TlogProof), expected: ProofError| {
        let mut changed = proof.clone();
        change(&mut changed);
        assert_eq!(changed.verify(&one, &verifier), Err(expected));
    };
    check(&|proof| proof.index = 3, ProofError::IndexOutOfRange { index: 3, size: 3 });
    check(&|proof| proof.path.truncate(1), ProofError::PathTooShort);
    check(&|proof| proof.path.push(two), ProofError::PathTooLong);
    check(&|proof| proof.checkpoint.clear(), CheckpointError::Shape.into());
    let bad = CheckpointError::BadSignature(ORIGIN.to_owned());
    check(&|proof| proof.checkpoint = proof.checkpoint.replacen("\n3\n", "\n4\n", 1), bad.into());
    let other = LogKey::from_seed("ledger.example/two", &seed()).unwrap();
    let not_signed = CheckpointError::NotSigned("ledger.example/two".to_owned());
    assert_eq!(proof.verify(&one, other.verifier()), Err(not_signed.into()));
}

#[test]
fn any_changed_byte_is_refused() {
    let (text, one) = (proof().format(), leaves()[1]);
    let verifies = |text: &str| {
        TlogProof::parse(text).is_ok_and(|proof| proof.verify(&one, log_key().verifier()).is_ok())
    };
    assert!(verifies(&text));
    for place in 0..text.len() {
        for bit in 0..8 {
            let mut bytes = text.clone().into_bytes();
            bytes[place] ^= 1 << bit;
            if let Ok(changed) = String::from_utf8(bytes) {
                assert!(!verifies(&changed), "byte {place}: {changed:?}");
            }
        }
        if text.is_char_boundary(place) {
            assert!(!verifies(&text[..place]), "cut at {place}");
        }
    }
}
