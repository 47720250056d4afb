//! The report as text and as JSON. Neither holds a personal value, for no finding does.

use std::fmt::Write;

use ledger::verify::{Finding, Report, Status, Step};
use serde_json::json;

/// The result in one word.
pub fn result(report: &Report) -> &'static str {
    match report.exit_code() {
        0 => "pass",
        1 => "fail",
        _ => "not_checked",
    }
}

/// For programs.
pub fn json(what: &str, report: &Report) -> String {
    let first = report.first_fault().map(|(step, finding)| json!({ "step": step.name, "finding": finding }));
    let report = json!({
        "target": what,
        "result": result(report),
        "exit_code": report.exit_code(),
        "first_fault": first,
        "steps": report.steps,
    });
    // Pretty printing of a value cannot fail: its keys are strings.
    serde_json::to_string_pretty(&report).unwrap_or_default()
}

/// For people: one line per step, then what is wrong, then what was not checked.
pub fn text(what: &str, report: &Report) -> String {
    let mut text = format!("verify {what}\n\n");
    for step in &report.steps {
        let optional = if step.required || step.status != Status::NotChecked { "" } else { "  optional" };
        let Step { level, name, status, checked, .. } = step;
        let _ = writeln!(text, "{level:<14}  {name:<18}  {status:<11}  {checked:>9}{optional}");
    }
    let of = |status| report.steps.iter().filter(move |step| step.status == status);
    for step in of(Status::Fail) {
        text.push_str(&told("FAIL", step));
    }
    for step in of(Status::NotChecked).filter(|step| step.required) {
        text.push_str(&told("NOT CHECKED", step));
    }
    text.push_str(match report.exit_code() {
        0 => "\nRESULT: PASS",
        1 => "\nRESULT: FAIL",
        _ => "\nRESULT: NOT CHECKED in full",
    });
    if let Some((step, finding)) = report.first_fault() {
        let _ = write!(text, ", first at {} ({}, {})", place(finding), step.name, finding.field);
    }
    text
}

fn told(word: &str, step: &Step) -> String {
    let Some(finding) = &step.finding else { return format!("\n{word} {}\n", step.name) };
    let mut text = format!("\n{word} {}: {}\n  {}\n", step.name, finding.message, place(finding));
    let _ = writeln!(text, "  field     {}", finding.field);
    if !finding.expected.is_empty() || !finding.actual.is_empty() {
        let _ = writeln!(text, "  expected  {}\n  actual    {}", finding.expected, finding.actual);
    }
    text
}

fn place(finding: &Finding) -> String {
    match (finding.position, &finding.stream, finding.version) {
        (Some(position), Some(stream), Some(version)) => {
            format!("record {position}, {stream} version {version}")
        }
        (Some(position), ..) => format!("record {position}"),
        (None, Some(stream), _) => format!("the log, {stream}"),
        (None, None, _) => "the log".to_owned(),
    }
}
