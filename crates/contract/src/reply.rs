//! Reading a party's text: `YES 4821`, `NO-AGRI-2026-000001`, `ndio 4821`, `HAPANA`, any case and spacing.

use std::collections::BTreeSet;

use crate::command::Answer;

/// Longest text that can be an answer, in characters; in a longer one nobody knows what the rest says.
const REPLY_CHARS_MAX: usize = 400;

/// Words that may stand beside an answer without changing it. Any other word might: "YES 4821 but only 400 kg" agrees
/// to another contract, "I don't agree" to none.
const HARMLESS: [&str; 26] = [
    "I",
    "WE",
    "MIMI",
    "SISI",
    "OK",
    "OKAY",
    "SAWA",
    "PLEASE",
    "TAFADHALI",
    "THANK",
    "THANKS",
    "YOU",
    "ASANTE",
    "SANA",
    "TO",
    "THE",
    "THIS",
    "WITH",
    "NA",
    "KWA",
    "CODE",
    "NAMBA",
    "CONTRACT",
    "MKATABA",
    "HUU",
    "MY",
];

/// Words that ask for no more messages, and for messages again.
const STOP: [&str; 3] = ["STOP", "ACHA", "UNSUBSCRIBE"];
const START: [&str; 2] = ["START", "ANZA"];
/// Words that may stand beside those.
const ABOUT_TEXTS: [&str; 7] = ["ALL", "SMS", "MESSAGE", "MESSAGES", "TEXTS", "UJUMBE", "KUNITUMIA"];

/// What a text says, before anybody asks whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// One answer, with what it names.
    Answer {
        /// Yes or no.
        answer: Answer,
        /// The code it holds.
        code: Option<String>,
        /// The contract it names.
        contract_id: Option<String>,
    },
    /// Yes and no, or two codes, or two contracts: never taken for an answer.
    Ambiguous,
    /// Asks for no more messages.
    Stop,
    /// Asks for messages again.
    Start,
    /// Nothing like an answer.
    Nothing,
}

/// Reads a text. Whoever writes more than an answer is asked again rather than guessed at.
pub fn read(text: &str) -> Reply {
    if text.chars().count() > REPLY_CHARS_MAX {
        return Reply::Ambiguous;
    }
    let text: String = text.chars().map(fold).collect();
    let between = |c: char| c.is_whitespace() || c.is_ascii_punctuation() || "“”‘’«»–—…".contains(c);
    let words: Vec<&str> = text.split(between).filter(|w| !w.is_empty()).collect();
    if let Some(wish) = about_texts(&words) {
        return wish;
    }
    let mut answers = Vec::new();
    let mut codes = BTreeSet::new();
    let mut contracts = BTreeSet::new();
    let mut unclear = false;
    let mut rest = words.as_slice();
    while let [word, behind @ ..] = rest {
        rest = behind;
        match *word {
            "YES" | "NDIO" | "NDIYO" | "ACCEPT" | "AGREE" | "NAKUBALI" => answers.push(Answer::Yes),
            "NO" | "HAPANA" | "REJECT" | "DECLINE" | "NAKATAA" | "SIKUBALI" => answers.push(Answer::No),
            "AGRI" | "SERV" | "LOAN" => match contract_at(word, behind) {
                Some(id) => {
                    contracts.insert(id);
                    rest = &behind[2..];
                }
                None => unclear = true,
            },
            code if code.len() == 4 && code.bytes().all(|b| b.is_ascii_digit()) => {
                codes.insert(code.to_owned());
            }
            other => unclear |= !HARMLESS.contains(&other),
        }
    }
    answers.dedup();
    match (answers.as_slice(), codes.len(), contracts.len()) {
        ([], ..) => Reply::Nothing,
        ([answer], 0..=1, 0..=1) if !unclear => {
            Reply::Answer { answer: *answer, code: codes.pop_first(), contract_id: contracts.pop_first() }
        }
        _ => Reply::Ambiguous,
    }
}

/// A wish about messages themselves counts only where the text says nothing else: who opts out by mistake misses the
/// next contract.
fn about_texts(words: &[&str]) -> Option<Reply> {
    let rest = |word: &&str| HARMLESS.contains(word) || ABOUT_TEXTS.contains(word);
    let says = |list: &[&str]| words.iter().any(|word| list.contains(word));
    let only = |list: &[&str]| words.iter().all(|word| list.contains(word) || rest(word));
    match (says(&STOP), says(&START)) {
        (true, false) if only(&STOP) => Some(Reply::Stop),
        (false, true) if only(&START) => Some(Reply::Start),
        _ => None,
    }
}

/// `AGRI 2026 000001`, however the hyphens were written.
fn contract_at(prefix: &str, behind: &[&str]) -> Option<String> {
    let [year, number, ..] = behind else { return None };
    let digits = |word: &str| word.bytes().all(|b| b.is_ascii_digit());
    let fits = year.len() == 4 && digits(year) && number.len() >= 6 && digits(number);
    fits.then(|| format!("{prefix}-{year}-{number}"))
}

/// Upper case without the accents that keyboards add.
fn fold(c: char) -> char {
    match c {
        'á' | 'à' | 'â' | 'ä' | 'Á' | 'À' => 'A',
        'é' | 'è' | 'ê' | 'ë' | 'É' | 'È' => 'E',
        'í' | 'ì' | 'î' | 'ï' | 'Í' | 'Ì' => 'I',
        'ó' | 'ò' | 'ô' | 'ö' | 'Ó' | 'Ò' => 'O',
        'ú' | 'ù' | 'û' | 'ü' | 'Ú' | 'Ù' => 'U',
        _ => c.to_ascii_uppercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: (Option<Answer>, Option<&str>, Option<&str>)) {
        let read = read(text);
        let got = match &read {
            Reply::Answer { answer, code, contract_id } => {
                (Some(*answer), code.as_deref(), contract_id.as_deref())
            }
            _ => (None, None, None),
        };
        assert_eq!(got, expected, "{text:?} was read as {read:?}");
    }

    #[test]
    fn answers_as_people_write_them() {
        let id = Some("AGRI-2026-000001");
        check("YES-AGRI-2026-000001", (Some(Answer::Yes), None, id));
        check("yes agri-2026-000001", (Some(Answer::Yes), None, id));
        check(" Yes  AGRI 2026 000001 ", (Some(Answer::Yes), None, id));
        check("NO-AGRI-2026-000001", (Some(Answer::No), None, id));
        check("YES 4821", (Some(Answer::Yes), Some("4821"), None));
        check("Ndío 4821", (Some(Answer::Yes), Some("4821"), None));
        check("NDIYO4821", (None, None, None));
        check("hapana 4821.", (Some(Answer::No), Some("4821"), None));
        check("YES", (Some(Answer::Yes), None, None));
        check("yes yes 4821", (Some(Answer::Yes), Some("4821"), None));
        check("yes no 4821", (None, None, None));
        check("YES 4821 1234", (None, None, None));
        check("si ndio 4821", (None, None, None));
        check("I agree to this contract, code 4821. Thank you!", (Some(Answer::Yes), Some("4821"), None));
        check("YES CODE 4821 AGRI-2026-000001", (Some(Answer::Yes), Some("4821"), id));
        check("“Yes” 4821", (Some(Answer::Yes), Some("4821"), None));
        check("hello", (None, None, None));
        check("", (None, None, None));
    }

    #[test]
    fn wishes_about_messages_stand_alone() {
        for (text, expected) in [
            ("STOP", Reply::Stop),
            (" stop. ", Reply::Stop),
            ("Acha", Reply::Stop),
            ("tafadhali acha kunitumia ujumbe", Reply::Stop),
            ("STOP ALL", Reply::Stop),
            ("unsubscribe", Reply::Stop),
            ("START", Reply::Start),
            ("anza", Reply::Start),
            ("stop start", Reply::Nothing),
            ("stop the maize", Reply::Nothing),
            ("acha mahindi, 400", Reply::Nothing),
            ("STOP 4821", Reply::Nothing),
            ("YES 4821 STOP", Reply::Ambiguous),
            ("stop no 4821", Reply::Ambiguous),
        ] {
            assert_eq!(read(text), expected, "{text:?}");
        }
    }

    #[test]
    fn more_than_an_answer_is_never_one() {
        for text in [
            "I don't agree 4821",
            "I don’t agree 4821",
            "cannot agree 4821",
            "not yes 4821",
            "YES 4821 but only 400 kg",
            "YES 4821 if you pay first",
            "NDIO 4821 lakini kilo 400",
            "yes or no 4821",
            "YES AGRI-2026-00001",
            "YES AGRI 2026",
            "YES AGRI-2026-000001 AGRI-2026-000002",
            "YES 4821\u{2060}9",
            "YES ４８２１",
            &format!("YES 4821{}NOT", " ".repeat(400)),
        ] {
            assert_eq!(read(text), Reply::Ambiguous, "{text:?}");
        }
    }
}
