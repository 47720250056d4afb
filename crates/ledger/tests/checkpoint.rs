//! Checkpoint notes, verifier keys and proof texts, against `signed_note` and the letter of the C2SP specifications.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation)]

#[path = "checkpoint/keys.rs"]
mod keys;
#[path = "checkpoint/text.rs"]
mod text;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer, SigningKey, Verifier as _};
use ledger::checkpoint::{
    Checkpoint, CheckpointError, LogKey, LogVerifier, NOTE_BYTES_MAX, NOTE_SIGNATURES_MAX, add_signatures,
};
use ledger::hash::{Hash, sha256};
use proptest::prelude::*;
use sha2::{Digest, Sha512};
use signed_note::{Note, StandardSigner, StandardVerifier, Verifier, VerifierList};

const ORIGIN: &str = "ledger.example/one";

fn seed() -> [u8; 32] {
    sha256(b"log key for tests").0
}

fn log_key() -> LogKey {
    LogKey::from_seed(ORIGIN, &seed()).unwrap()
}

fn root() -> Hash {
    sha256(b"a root")
}

fn note() -> String {
    log_key().sign(12_345, &root())
}

fn key_id() -> [u8; 4] {
    let hex = log_key().vkey().split('+').nth(1).unwrap().to_owned();
    u32::from_str_radix(&hex, 16).unwrap().to_be_bytes()
}

fn line(name: &str, key_id: [u8; 4], signature: &[u8]) -> String {
    format!("— {name} {}\n", STANDARD.encode([key_id.as_slice(), signature].concat()))
}

/// A note over any text at all, validly signed by the log key.
fn signed(text: &str) -> String {
    let signature = SigningKey::from_bytes(&seed()).sign(text.as_bytes());
    format!("{text}\n{}", line(ORIGIN, key_id(), &signature.to_bytes()))
}

/// Whether `signed_note` accepts the note as one of the log key, leaving its text aside.
fn other_accepts(note: &str) -> bool {
    let verifier = StandardVerifier::new(&log_key().vkey()).unwrap();
    let known = VerifierList::new(vec![Box::new(verifier)]);
    Note::from_bytes(note.as_bytes()).is_ok_and(|note| note.verify(&known).is_ok())
}

fn open(note: &str) -> Result<Checkpoint, CheckpointError> {
    Checkpoint::open(note, log_key().verifier())
}

#[test]
fn notes_are_those_of_the_other_implementation() {
    let key = STANDARD.encode([&[1u8], seed().as_slice()].concat());
    let id = u32::from_be_bytes(key_id());
    let signer = StandardSigner::new(&format!("PRIVATE+KEY+{ORIGIN}+{id:08x}+{key}")).unwrap();
    for size in [0, 1, 255, 256, 12_345, (1 << 63) - 1] {
        let ours = log_key().sign(size, &root());
        let text =
            tlog_tiles::Checkpoint::new(ORIGIN, size, tlog_tiles::Hash(root().0), "").unwrap().to_bytes();
        let mut other = Note::new(&text, &[]).unwrap();
        other.add_sigs(&[&signer]).unwrap();
        assert_eq!(ours.as_bytes(), other.to_bytes(), "size {size}");
        assert!(other_accepts(&ours), "size {size}");
        let expected = Checkpoint { origin: ORIGIN.to_owned(), size, root: root() };
        assert_eq!(expected.text().as_bytes(), text, "size {size}");
        assert_eq!(open(&ours), Ok(expected), "size {size}");
    }
}

#[test]
fn signed_text_that_is_no_checkpoint_is_refused() {
    let check =
        |text: &str, expected: CheckpointError| assert_eq!(open(&signed(text)), Err(expected), "{text:?}");
    let root = root().base64();
    let wrong_origin =
        |actual: &str| CheckpointError::Origin { expected: ORIGIN.to_owned(), actual: actual.to_owned() };
    let with_size = |size: &str| format!("{ORIGIN}\n{size}\n{root}\n");
    let with_root = |root: &str| format!("{ORIGIN}\n7\n{root}\n");
    assert!(open(&signed(&with_size("7"))).is_ok());
    assert!(open(&signed(&with_size("9223372036854775807"))).is_ok());
    for size in ["", "07", "00", "+7", "-7", " 7", "7 ", "0x7", "7.0", "1e3", "seven", "\u{0667}", "1_000"] {
        let expected = if size.is_empty() { CheckpointError::Lines } else { CheckpointError::Size };
        check(&with_size(size), expected);
    }
    for size in
        ["9223372036854775808", "18446744073709551615", "18446744073709551616", "99999999999999999999999"]
    {
        check(&with_size(size), CheckpointError::Size);
    }
    // 32 zero bytes, unpadded, with a loose bit at the end, shorter, longer, with a space, and in the url alphabet.
    let zeros = "A".repeat(43);
    assert!(open(&signed(&with_root(&format!("{zeros}=")))).is_ok());
    for ending in ["", "==", "A=", " =", "= ", "=AAAA"] {
        check(&with_root(&format!("{zeros}{ending}")), CheckpointError::Root);
    }
    for start in ["", "AAAA", "AAAAAAA"] {
        check(&with_root(&format!("{}{start}B=", &zeros[8..])), CheckpointError::Root);
    }
    check(&with_root(&format!("{}=", zeros.replacen('A', "-", 1))), CheckpointError::Root);
    check(&format!("ledger.example/two\n7\n{root}\n"), wrong_origin("ledger.example/two"));
    check(&format!("{ORIGIN} \n7\n{root}\n"), wrong_origin("ledger.example/one "));
    check(&format!("\n7\n{root}\n"), CheckpointError::Lines);
    check(&format!("{ORIGIN}\n7\n"), CheckpointError::Lines);
    check("\n", CheckpointError::Lines);
    check(&format!("{ORIGIN}\n7\n\n{root}\n"), CheckpointError::Lines);
    check(&format!("{ORIGIN}\n7\n{root}\n\n"), CheckpointError::Lines);
    check(&format!("{ORIGIN}\n7\n{root}\nextension\n\nafter a gap\n"), CheckpointError::Lines);
}

#[test]
fn extension_lines_are_signed_and_ignored() {
    let text = format!("{ORIGIN}\n7\n{}\nany line\n— another one\n", root().base64());
    let expected = Checkpoint { origin: ORIGIN.to_owned(), size: 7, root: root() };
    assert_eq!(open(&signed(&text)), Ok(expected));
    let changed = signed(&text).replace("any line", "any lime");
    assert_eq!(open(&changed), Err(CheckpointError::BadSignature(ORIGIN.to_owned())));
}

#[test]
fn the_shape_of_a_note_is_exact() {
    let note = note();
    let (text, signature) = note.split_once("\n\n").unwrap();
    let check = |changed: &str, expected: CheckpointError| {
        assert_eq!(open(changed), Err(expected), "{changed:?}");
        assert!(!other_accepts(changed), "{changed:?}");
    };
    let malformed = CheckpointError::SignatureLine;
    check("", CheckpointError::Shape);
    check("\n\n", CheckpointError::Shape);
    check(text, CheckpointError::Shape);
    check(&format!("{text}\n\n"), CheckpointError::Shape);
    check(&format!("{text}\n{signature}"), CheckpointError::Shape);
    check(note.trim_end(), CheckpointError::Shape);
    check(&format!("{note}\n"), CheckpointError::Shape);
    check(&format!("{note}\n\n"), CheckpointError::Shape);
    check(&format!("{note}trailing\n"), malformed(2));
    check(&format!("{note} \n"), malformed(2));
    check(&note.replace('\n', "\r\n"), CheckpointError::ControlCharacter);
    check(&note.replacen('\n', "\r\n", 1), CheckpointError::ControlCharacter);
    check(&format!("{note}\0"), CheckpointError::ControlCharacter);
    check(&note.replacen("ledger", "led\tger", 1), CheckpointError::ControlCharacter);
    check(&note.replace("— ", "- "), malformed(1));
    check(&note.replace("— ", "—"), malformed(1));
    check(&note.replace("— ", " — "), malformed(1));
    check(&note.replace(&format!("— {ORIGIN} "), "—  "), malformed(1));
    check(&note.replace(&format!("— {ORIGIN} "), "— "), malformed(1));
    check(&note.replace(&format!("— {ORIGIN} "), &format!("— {ORIGIN}  ")), malformed(1));
    check(&note.replace(&format!("— {ORIGIN} "), "— a+b "), malformed(1));
    check(&note.replace(&format!("— {ORIGIN} "), "— a\u{a0}b "), malformed(1));
    check(&format!("{}!\n", note.trim_end()), malformed(1));
    check(&format!("{} \n", note.trim_end()), malformed(1));
    check(&format!("{note}— w.example \n"), malformed(2));
    check(&format!("{note}— w.example AAAAAA==\n"), malformed(2));
    check(&format!("{note}— w.example AAAAAAA\n"), malformed(2));
    assert_eq!(open(&format!("\n{note}")), Err(CheckpointError::BadSignature(ORIGIN.to_owned())));
}

#[test]
fn signatures_of_others_are_ignored_and_those_of_the_log_are_not() {
    let (note, id) = (note(), key_id());
    let good = note.split_once("\n\n").unwrap().1.to_owned();
    let text = note.split_once("\n\n").unwrap().0.to_owned() + "\n";
    let bad = |name: &str, id| line(name, id, &[9; 64]);
    let expected = Ok(Checkpoint { origin: ORIGIN.to_owned(), size: 12_345, root: root() });
    let not_signed = Err(CheckpointError::NotSigned(ORIGIN.to_owned()));
    let wrong = Err(CheckpointError::BadSignature(ORIGIN.to_owned()));
    let check = |lines: &[&str], expected: &Result<Checkpoint, CheckpointError>| {
        let note = format!("{text}\n{}", lines.concat());
        assert_eq!(&open(&note), expected, "{note}");
        note
    };
    let agrees = |lines: &[&str], expected: &Result<Checkpoint, CheckpointError>| {
        assert_eq!(other_accepts(&check(lines, expected)), expected.is_ok(), "{lines:?}");
    };
    let (same_name, same_id) = (bad(ORIGIN, [1, 2, 3, 4]), bad("other.example", id));
    let post_quantum = line("w.example", [6; 4], &[6; 5_000]);
    agrees(&[&good], &expected);
    agrees(&[&good, &same_name, &same_id], &expected);
    agrees(&[&same_name, &post_quantum, &same_id, &good], &expected);
    agrees(&[&same_name, &same_id, &post_quantum], &not_signed);
    agrees(&[&bad(ORIGIN, id)], &wrong);
    agrees(&[&bad(ORIGIN, id), &good], &wrong);
    agrees(&[&line(ORIGIN, id, &[9; 63])], &wrong);
    agrees(&[&line(ORIGIN, id, &[9; 65]), &good], &wrong);
    agrees(&[&good, &good], &expected);
    // The specification asks to verify every signature of a known key; `signed_note` looks at the first only.
    assert!(other_accepts(&check(&[&good, &bad(ORIGIN, id)], &wrong)));
}

/// A signature with the neutral point as R, which the equation alone accepts: S is k·a for the challenge k.
fn small_order_signature(text: &[u8]) -> [u8; 64] {
    let key = SigningKey::from_bytes(&seed());
    let neutral = [[1].as_slice(), &[0; 31]].concat();
    let public = key.verifying_key();
    let challenge = Sha512::digest([&neutral, public.as_bytes().as_slice(), text].concat());
    let secret = key.to_scalar();
    let mut s = key.to_scalar() - secret; // zero
    for byte in challenge.iter().rev() {
        for bit in (0..8).rev() {
            s = s + s;
            if byte >> bit & 1 == 1 {
                s += secret;
            }
        }
    }
    [neutral, s.to_bytes().to_vec()].concat().try_into().unwrap()
}

#[test]
fn a_signature_with_a_point_of_small_order_is_refused() {
    let text = format!("{ORIGIN}\n7\n{}\n", root().base64());
    let signature = small_order_signature(text.as_bytes());
    let public = SigningKey::from_bytes(&seed()).verifying_key();
    assert!(public.verify(text.as_bytes(), &signature.into()).is_ok(), "the lenient check accepts it");
    let note = format!("{text}\n{}", line(ORIGIN, key_id(), &signature));
    assert_eq!(open(&note), Err(CheckpointError::BadSignature(ORIGIN.to_owned())));
}

#[test]
fn limits_leave_room_for_witnesses() {
    let witnesses = |count: usize, bytes: usize| -> String {
        (0..count).map(|n| line(&format!("w{n}.example"), [n as u8; 4], &vec![n as u8; bytes])).collect()
    };
    assert!(open(&(note() + &witnesses(16, 5_000))).is_ok());
    assert!(open(&(note() + &witnesses(NOTE_SIGNATURES_MAX - 1, 5_000))).is_ok());
    assert_eq!(
        open(&(note() + &witnesses(NOTE_SIGNATURES_MAX, 64))),
        Err(CheckpointError::TooManySignatures)
    );
    let longer = note() + &witnesses(1, NOTE_BYTES_MAX);
    assert_eq!(open(&longer), Err(CheckpointError::TooLong(longer.len())));
}

#[test]
fn witness_lines_are_added_once() {
    let note = note();
    let (one, two) = (line("w1.example", [1; 4], &[1; 72]), line("w2.example", [2; 4], &[2; 72]));
    let cosigned = add_signatures(&note, &one).unwrap();
    assert_eq!(cosigned, format!("{note}{one}"));
    assert_eq!(add_signatures(&cosigned, &format!("{two}{one}{two}")).unwrap(), format!("{note}{one}{two}"));
    assert_eq!(add_signatures(&cosigned, "").unwrap(), cosigned);
    assert_eq!(open(&cosigned), open(&note));
    assert_eq!(add_signatures(&note, "no signature\n"), Err(CheckpointError::SignatureLine(2)));
    assert_eq!(add_signatures(&note, one.trim_end()), Err(CheckpointError::Shape));
    assert_eq!(add_signatures("no note", &one), Err(CheckpointError::Shape));
    assert_eq!(add_signatures(&note, &format!("\n{one}")).unwrap(), cosigned);
}

#[test]
fn any_changed_byte_is_refused() {
    let note = note();
    for place in 0..note.len() {
        for change in [1, 2, 4, 8, 16, 32, 64, 128] {
            let mut bytes = note.clone().into_bytes();
            bytes[place] ^= change;
            if let Ok(changed) = String::from_utf8(bytes) {
                assert!(open(&changed).is_err(), "byte {place}: {changed:?}");
            }
        }
        if note.is_char_boundary(place) {
            assert!(open(&note[..place]).is_err(), "cut at {place}");
            assert!(open(&format!("{}\n{}", &note[..place], &note[place..])).is_err(), "newline at {place}");
        }
    }
}

proptest! {
    #[test]
    fn checkpoints_round_trip(origin in "[a-z]{1,9}\\.example(/[a-z0-9é]{1,5})?", size in 0u64..=i64::MAX as u64, root: [u8; 32], seed: [u8; 32]) {
        let key = LogKey::from_seed(&origin, &seed).unwrap();
        let verifier = LogVerifier::from_vkey(&key.vkey()).unwrap();
        let checkpoint = Checkpoint { origin, size, root: Hash(root) };
        let note = key.sign(size, &checkpoint.root);
        prop_assert_eq!(Checkpoint::open(&note, &verifier), Ok(checkpoint.clone()));
        let other = StandardVerifier::new(&key.vkey()).unwrap();
        prop_assert_eq!(other.name(), &checkpoint.origin);
        prop_assert!(Note::from_bytes(note.as_bytes()).unwrap().verify(&VerifierList::new(vec![Box::new(other)])).is_ok());
    }

    #[test]
    fn any_text_is_refused_without_panic(text in "(— |\\PC|\n|[A-Za-z0-9+/=])*") {
        prop_assert!(open(&text).is_err());
    }
}
