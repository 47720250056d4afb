//! Subject tokens.

use journal::{Decoded, decode_token, encode_token, input_filter, input_subject};
use proptest::prelude::*;

use crate::sample::entry;

fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 60
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'='))
}

#[test]
fn tokens_are_as_written_down() {
    let long = "a".repeat(61);
    for (text, token) in [
        ("", "="),
        ("ATVId_abc-1", "ATVId_abc-1"),
        ("voice.status", "voice=2Estatus"),
        ("a *.> b", "a=20=2A=2E=3E=20b"),
        ("=2E", "=3D2E"),
        ("é", "=C3=A9"),
        (&"a".repeat(60), &"a".repeat(60)),
        (&long, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa==f9bf3487d17c93f0"),
    ] {
        let made = encode_token(text);
        assert!(is_token(&made), "{made}");
        assert_eq!(made, token);
        if text == long {
            assert_eq!(decode_token(&made), Decoded::Cut);
        } else {
            assert_eq!(decode_token(token), Decoded::Text(text.to_owned()));
        }
    }
}

#[test]
fn what_this_module_never_writes_is_invalid() {
    for token in ["", "a.b", "=2e", "=41", "=4", "a=", "==", "a==12", "=FF", "a==zzzzzzzzzzzzzzzz"] {
        assert_eq!(decode_token(token), Decoded::Invalid, "{token}");
    }
}

#[test]
fn an_input_has_seven_tokens_under_its_shard() {
    let subject = input_subject("ahadi", 3, &entry(1));
    assert_eq!(subject, "ahadi.in.v1.3.africastalking.voice=2Estatus.ATVId_1=2E=3E=20=2A");
    assert_eq!(input_filter("ahadi", 3), "ahadi.in.v1.3.>");
}

proptest! {
    #[test]
    fn any_text_makes_a_token_and_comes_back_unless_cut(text in any::<String>()) {
        let token = encode_token(&text);
        prop_assert!(is_token(&token), "{}", token);
        match decode_token(&token) {
            Decoded::Text(back) => prop_assert_eq!(back, text),
            Decoded::Cut => prop_assert!(text.len() > 20),
            Decoded::Invalid => prop_assert!(false, "{} cannot be read", token),
        }
    }

    #[test]
    fn different_texts_make_different_tokens(a in "[a-zA-Z.* >é]{0,90}", b in "[a-zA-Z.* >é]{0,90}") {
        prop_assert_eq!(a == b, encode_token(&a) == encode_token(&b));
    }

    #[test]
    fn a_token_that_reads_as_text_is_the_one_written_for_it(token in "[A-F0-9a-c=_.-]{0,12}") {
        if let Decoded::Text(text) = decode_token(&token) {
            prop_assert_eq!(encode_token(&text), token);
        }
    }
}
