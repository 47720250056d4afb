//! Reading a party's text: `YES 4821`, `NO-AGRI-2026-000001`, `ndio 4821`, `HAPANA`, any case and spacing.

use crate::command::Answer;

/// Longest text looked at, in characters; the rest of a longer one is ignored.
const REPLY_CHARS_MAX: usize = 400;

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
    /// Nothing like an answer.
    Nothing,
}

/// Reads a text.
pub fn read(text: &str) -> Reply {
    let text: String = text.chars().take(REPLY_CHARS_MAX).map(fold).collect();
    let words: Vec<&str> =
        text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()).collect();
    let mut answers = Vec::new();
    let mut codes = Vec::new();
    let mut contracts = Vec::new();
    let mut n = 0;
    while n < words.len() {
        let word = words[n];
        if let Some(id) = contract_at(&words[n..]) {
            contracts.push(id);
            n += 3;
            continue;
        }
        match word {
            "YES" | "NDIO" | "NDIYO" | "ACCEPT" | "AGREE" | "NAKUBALI" => answers.push(Answer::Yes),
            "NO" | "HAPANA" | "REJECT" | "DECLINE" | "NAKATAA" | "SIKUBALI" => answers.push(Answer::No),
            // A word that turns an answer around makes the text unclear: "not yes", "si ndio".
            "NOT" | "DONT" | "SI" => return Reply::Ambiguous,
            _ if word.len() == 4 && word.bytes().all(|b| b.is_ascii_digit()) => codes.push(word.to_owned()),
            _ => {}
        }
        n += 1;
    }
    codes.dedup();
    contracts.dedup();
    answers.dedup();
    match (answers.as_slice(), codes.len(), contracts.len()) {
        ([], ..) => Reply::Nothing,
        ([answer], 0..=1, 0..=1) => {
            Reply::Answer { answer: *answer, code: codes.pop(), contract_id: contracts.pop() }
        }
        _ => Reply::Ambiguous,
    }
}

/// `AGRI 2026 000001`, however the hyphens were written.
fn contract_at(words: &[&str]) -> Option<String> {
    let [prefix, year, number, ..] = words else { return None };
    let digits = |word: &str| word.bytes().all(|b| b.is_ascii_digit());
    let fits = ["AGRI", "SERV", "LOAN"].contains(prefix) && year.len() == 4 && digits(year);
    (fits && number.len() >= 6 && digits(number)).then(|| format!("{prefix}-{year}-{number}"))
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
        check("hello", (None, None, None));
        check("", (None, None, None));
    }
}
