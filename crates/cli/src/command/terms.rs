//! `ahadi terms`: the terms that transcripts hold, to be looked at or scored.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use contract::terms::{Call, Subject, Term, extract};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Which transcripts to read.
#[derive(Args, Clone, Debug)]
pub struct TermsArguments {
    /// A file with one JSON object a line: `id`, `transcript`, `contract_type`, `call_date` (YYYY-MM-DD).
    #[arg(long = "in", value_name = "FILE")]
    pub from: PathBuf,
    /// The file to write; without, or as `-`, standard output.
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Say of each term from which bytes of the transcript it was read, and how sure that is.
    #[arg(long)]
    pub evidence: bool,
}

/// What is read of a line. Other members, labels among them, are left alone.
#[derive(Deserialize)]
struct Line {
    id: Value,
    transcript: String,
    contract_type: String,
    call_date: chrono::NaiveDate,
}

/// Writes one line `{"id", "terms"}` for each transcript, in their order.
///
/// # Errors
/// When a file cannot be read or written, or a line is not as it should be; the error names the line.
pub fn run(arguments: &TermsArguments) -> anyhow::Result<u8> {
    let name = arguments.from.display();
    let text = std::fs::read_to_string(&arguments.from).with_context(|| format!("{name} cannot be read"))?;
    let mut lines = String::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let answer =
            answer(line, arguments.evidence).with_context(|| format!("{name}, line {}", number + 1))?;
        lines.push_str(&answer.to_string());
        lines.push('\n');
    }
    match arguments.out.as_deref().filter(|path| path.as_os_str() != "-") {
        Some(path) => {
            std::fs::write(path, lines).with_context(|| format!("{} cannot be written", path.display()))?;
        }
        None => std::io::stdout().write_all(lines.as_bytes())?,
    }
    Ok(0)
}

fn answer(line: &str, evidence: bool) -> anyhow::Result<Value> {
    let line: Line = serde_json::from_str(line)?;
    let length = line.transcript.len();
    let most = contract::command::TRANSCRIPT_BYTES_MAX;
    anyhow::ensure!(length <= most, "a transcript has at most {most} bytes, this one {length}");
    let subject = Subject::from_word(&line.contract_type).context("unknown contract_type")?;
    let found = extract(&Call { transcript: &line.transcript, subject, date: line.call_date });
    let value = |term: &Term| match evidence {
        false => Value::String(term.value.clone()),
        true => {
            json!({ "value": term.value, "from": term.span.start, "to": term.span.end, "confidence": term.confidence })
        }
    };
    let terms: Map<String, Value> = found.iter().map(|t| (t.field.as_str().to_owned(), value(t))).collect();
    Ok(json!({ "id": line.id, "terms": terms }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const LINE: &str = r#"{"id": "a", "contract_type": "goods_purchase", "call_date": "2026-03-02", "labels": {},
        "transcript": "Buyer: Sixty chairs at 900 shillings each, okay?\nSeller: Agreed, bring the lorry to Embu tomorrow."}"#;

    #[test]
    fn a_line_is_answered() {
        let terms = answer(LINE, false).unwrap();
        assert_eq!(terms["id"], "a");
        assert_eq!(terms["terms"]["unit_price"], "900");
        assert_eq!(terms["terms"]["delivery_deadline"], "2026-03-03");
    }

    #[test]
    fn evidence_names_the_bytes() {
        let terms = answer(LINE, true).unwrap();
        let price = &terms["terms"]["unit_price"];
        let transcript = serde_json::from_str::<Line>(LINE).unwrap().transcript;
        let at = |name: &str| usize::try_from(price[name].as_u64().unwrap()).unwrap();
        let span = at("from")..at("to");
        assert_eq!(&transcript[span], "900");
    }

    #[test]
    fn what_is_no_call_is_refused() {
        assert!(answer("{}", false).is_err());
        let unknown = LINE.replace("goods_purchase", "marriage");
        assert!(answer(&unknown, false).unwrap_err().to_string().contains("contract_type"));
    }
}
