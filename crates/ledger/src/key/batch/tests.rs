//! Signatures on which verifiers are known to differ, each made here: the batch may never accept what the strict check
//! refuses, alone or in company that makes it cancel.
#![allow(clippy::unwrap_used)]

use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT as B, EIGHT_TORSION};
use ed25519_dalek::{Signature, VerifyingKey};
use proptest::prelude::*;

use super::*;
use crate::hash::sha256;

/// The order of the group of prime order, in little-endian bytes.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

type Signed = (Vec<u8>, [u8; 64]);

fn scalar(name: &str) -> Scalar {
    let mut wide = [0; 64];
    wide[..32].copy_from_slice(&sha256(name.as_bytes()).0);
    Scalar::from_bytes_mod_order_wide(&wide)
}

/// A key without the checks of [`PublicKey::from_bytes`], as the arithmetic sees it.
fn key_of(point: EdwardsPoint) -> PublicKey {
    PublicKey::of(VerifyingKey::from_bytes(point.compress().as_bytes()).unwrap())
}

fn challenge(r: &[u8; 32], key: &PublicKey, message: &[u8]) -> Scalar {
    let hash = Sha512::new().chain_update(r).chain_update(key.as_bytes()).chain_update(message);
    Scalar::from_bytes_mod_order_wide(&hash.finalize().into())
}

fn joined(r: &[u8; 32], s: &[u8; 32]) -> [u8; 64] {
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(r);
    signature[32..].copy_from_slice(s);
    signature
}

/// A signature by secret `a` whose R is off by a torsion point, as only the signer can make it.
fn sign(a: &Scalar, key: &PublicKey, message: &str, torsion: &EdwardsPoint) -> Signed {
    let nonce = scalar(&format!("nonce {message}"));
    let r = (nonce * B + torsion).compress().to_bytes();
    let s = nonce + challenge(&r, key, message.as_bytes()) * a;
    (message.as_bytes().to_vec(), joined(&r, s.as_bytes()))
}

/// The verdict of the library, which ours has to be, for one signature and for many.
fn strict(key: &PublicKey, (message, signature): &Signed) -> bool {
    let verdict = key.verifying.verify_strict(message, &Signature::from_bytes(signature)).is_ok();
    assert_eq!(key.verify(message, signature).is_ok(), verdict, "by itself");
    assert_eq!(key.verify_each([(message.as_slice(), signature)]), [verdict], "the only one");
    verdict
}

/// Verdicts on many at once are those on each.
fn assert_each(key: &PublicKey, signed: &[Signed]) {
    let verdicts = key.verify_each(signed.iter().map(|(message, signature)| (message.as_slice(), signature)));
    let alone: Vec<bool> = signed.iter().map(|one| strict(key, one)).collect();
    assert_eq!(verdicts, alone);
}

fn together(key: &PublicKey, signed: &[Signed]) -> bool {
    let mut batch = Batch::new(key);
    signed.iter().for_each(|(message, signature)| batch.add(message, signature));
    batch.verifies()
}

fn pair() -> (Scalar, PublicKey) {
    let a = scalar("secret");
    (a, key_of(a * B))
}

fn good(count: usize) -> Vec<Signed> {
    let (a, key) = pair();
    (0..count).map(|n| sign(&a, &key, &format!("good {n}"), &EdwardsPoint::identity())).collect()
}

/// Alone, among good ones, and twice among good ones.
fn refused(key: &PublicKey, company: &[Signed], bad: &Signed, what: &str) {
    assert!(!strict(key, bad), "{what}: refused by the strict check");
    assert!(!together(key, std::slice::from_ref(bad)), "{what}: alone");
    for copies in [1, 2, 4, 8] {
        let mut all = company.to_vec();
        (0..copies).for_each(|n| all.insert(n * company.len() / 8, bad.clone()));
        assert_each(key, &all);
        assert!(!together(key, &all), "{what}: {copies} in company");
    }
}

#[test]
fn good_signatures_verify_together() {
    let (_, key) = pair();
    for count in [0, 1, 2, 3, 4, 5, 63, 300] {
        let signed = good(count);
        assert!(signed.iter().all(|one| strict(&key, one)) && together(&key, &signed), "{count}");
    }
    let ours = crate::key::RecordKey::from_seed(&[7; 32]);
    let signed: Vec<Signed> = (0..20_u8)
        .map(|n| (vec![n; usize::from(n) * 100], ours.sign(&vec![n; usize::from(n) * 100])))
        .collect();
    assert!(together(ours.public(), &signed));
}

#[test]
fn torsion_in_r_is_found_though_it_cancels() {
    let (a, key) = pair();
    let company = good(40);
    for torsion in &EIGHT_TORSION[1..] {
        let bad = sign(&a, &key, "off by torsion", torsion);
        refused(&key, &company, &bad, "mixed order R");
        // Two that cancel whatever odd numbers they are multiplied with, and two that are opposite.
        for other in [*torsion, -torsion] {
            let mut all = company.clone();
            all.extend([bad.clone(), sign(&a, &key, "the other", &other)]);
            assert!(!together(&key, &all), "two that cancel");
        }
    }
    // Every signature of the batch off by the point of order two: the plain random sum is zero half of the time.
    let all: Vec<Signed> = (0..64).map(|n| sign(&a, &key, &format!("all {n}"), &EIGHT_TORSION[4])).collect();
    assert!(!together(&key, &all));
}

#[test]
fn r_of_small_order_and_in_other_spellings_is_refused() {
    let (a, key) = pair();
    let company = good(24);
    let mut encodings: Vec<[u8; 32]> = EIGHT_TORSION.iter().map(|t| t.compress().to_bytes()).collect();
    // The second spellings of y = 0 and y = 1 as p and p + 1, and signs for an x of zero.
    for low in [0xed, 0xee] {
        for high in [0x7f, 0xff] {
            let mut encoded = [0xff; 32];
            (encoded[0], encoded[31]) = (low, high);
            encodings.push(encoded);
        }
    }
    for (least, high) in [(1, 0x80), (0xec, 0xff)] {
        let mut encoded = if least == 1 { [0; 32] } else { [0xff; 32] };
        (encoded[0], encoded[31]) = (least, high);
        encodings.push(encoded);
    }
    for r in encodings {
        let s = challenge(&r, &key, b"small R") * a;
        refused(&key, &company, &(b"small R".to_vec(), joined(&r, s.as_bytes())), "small or respelt R");
    }
    // All further y from p + 2 on that are points at all.
    for low in 0xef..=0xff {
        let mut r = [0xff; 32];
        (r[0], r[31]) = (low, 0x7f);
        let s = challenge(&r, &key, b"respelt") * a;
        refused(&key, &company, &(b"respelt".to_vec(), joined(&r, s.as_bytes())), "y above the prime");
        assert!(!is_reduced(&r));
    }
    let mut greatest = [0xff; 32];
    (greatest[0], greatest[31]) = (0xec, 0x7f);
    assert!(is_reduced(&greatest) && is_reduced(&[0; 32]));
}

#[test]
fn s_must_be_reduced() {
    let (_, key) = pair();
    let company = good(24);
    let (message, mut signature) = company[0].clone();
    let mut carry = 0;
    for (byte, order) in signature[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        (*byte, carry) = (sum.to_le_bytes()[0], sum >> 8);
    }
    refused(&key, &company, &(message.clone(), signature), "S + order");
    signature[32..].fill(0xff);
    refused(&key, &company, &(message, signature), "S out of all bounds");
}

#[test]
fn keys_of_small_or_mixed_order_are_left_to_the_strict_check() {
    let a = scalar("secret");
    for torsion in &EIGHT_TORSION {
        let small = key_of(*torsion);
        let r = (scalar("r") * B).compress().to_bytes();
        let zero: Signed = (b"any".to_vec(), joined(&r, scalar("r").as_bytes()));
        assert!(PublicKey::from_bytes(torsion.compress().as_bytes()).is_err() && !strict(&small, &zero));
        let mixed = key_of(a * B + torsion);
        let signed: Vec<Signed> =
            (0..9).map(|n| sign(&a, &mixed, &format!("mixed {n}"), &EdwardsPoint::identity())).collect();
        let accepted = together(&mixed, &signed);
        assert!(
            !accepted || signed.iter().all(|one| strict(&mixed, one)),
            "never more than the strict check"
        );
        assert_eq!(accepted, torsion.is_identity());
    }
}

#[test]
fn another_message_key_or_order_is_refused() {
    let (a, key) = pair();
    let company = good(24);
    let (message, signature) = company[3].clone();
    refused(&key, &company, &([message.clone(), vec![0]].concat(), signature), "another message");
    let mut changed = signature;
    changed[40] ^= 1;
    refused(&key, &company, &(message, changed), "another S");
    let other = key_of(scalar("other") * B);
    assert!(!together(&other, &company));
    let crossed = sign(&(a + Scalar::ONE), &key, "crossed", &EdwardsPoint::identity());
    refused(&key, &company, &crossed, "signed by another");
    // The halves of two signatures exchanged: their plain sum is still right.
    let (mut one, mut two) = (company[0].clone(), company[1].clone());
    one.1[32..].swap_with_slice(&mut two.1[32..]);
    assert!(!together(&key, &[one, two]));
}

proptest! {
    /// Whatever mixture: together exactly when each is strict, but for keys with torsion, which are not looked at.
    #[test]
    fn the_batch_agrees_with_the_strict_check(
        kinds in prop::collection::vec((0..6_usize, 0..8_usize), 1..12), flip in 0..64_usize,
    ) {
        let (a, key) = pair();
        let mut signed: Vec<Signed> = Vec::new();
        for (n, (kind, which)) in kinds.iter().enumerate() {
            let torsion = if *kind == 0 { EIGHT_TORSION[*which] } else { EdwardsPoint::identity() };
            let mut one = sign(&a, &key, &format!("message {n}"), &torsion);
            if *kind == 1 && *which == 0 {
                one.1[flip] ^= 1;
            }
            signed.push(one);
        }
        assert_each(&key, &signed);
        prop_assert_eq!(together(&key, &signed), signed.iter().all(|one| strict(&key, one)));
    }
}
