//! Deliveries and payments: what one party says happened, and what the others say to it.

use std::collections::BTreeMap;

use super::Taken;
use crate::agreement::{Agreement, REPORTS_MAX, ReportWord};
use crate::command::{Details, Payment, ReportRef};
use crate::decide::Stop;
use crate::decide::notice::{Audience, Notice, tell};
use crate::event::{EventData, ReportAnswered, Reported, Template};
use crate::lifecycle::Step;
use crate::money::Currency;
use crate::outcome::Refusal;
use crate::world::Recorder;

pub(super) fn deliver(taken: &Taken<'_>, details: &Details, recorder: &mut Recorder<'_>) -> Result<(), Stop> {
    report(taken, Step::Deliver, details, recorder)
}

pub(super) fn pay(taken: &Taken<'_>, payment: &Payment, recorder: &mut Recorder<'_>) -> Result<(), Stop> {
    let invalid = |field: &str, reason: String| Refusal::Invalid { field: field.into(), reason };
    let agreed = taken.agreement(recorder)?.term("currency");
    let code = payment.currency.clone().or(agreed);
    let currency: Currency = match code {
        Some(code) => {
            code.parse().map_err(|e| invalid("currency", crate::money::AmountError::to_string(&e)))?
        }
        None => Currency::KES,
    };
    let amount = payment.amount.in_currency(currency).map_err(|e| invalid("amount", e.to_string()))?;
    let mut details = payment.details.clone();
    details.insert("amount".into(), amount);
    details.insert("currency".into(), currency.code().to_owned());
    report(taken, Step::Pay, &details, recorder)
}

fn report(
    taken: &Taken<'_>,
    step: Step,
    details: &BTreeMap<String, String>,
    recorder: &mut Recorder<'_>,
) -> Result<(), Stop> {
    let party = taken.own_party()?;
    let known = taken.agreement(recorder)?;
    if is_told(known, step, party, details)? {
        return Err(taken.already());
    }
    taken.may(step, recorder)?;
    if taken.agreement(recorder)?.reports.len() >= REPORTS_MAX {
        return Err(Refusal::TooOften { what: "reporting".into(), max: REPORTS_MAX as u64 }.into());
    }
    let data = Reported { party, channel: taken.channel };
    let (event, template) = match step {
        Step::Pay => (EventData::ContractPaymentReported(data), Template::PaymentReported),
        _ => (EventData::ContractDeliveryReported(data), Template::DeliveryReported),
    };
    let private: Vec<(&str, &str)> = details.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    recorder.record(&taken.stream, event, None, &private)?;
    let notice = Notice::of(template).by(taken.party);
    tell(&taken.stream, notice, Audience::Others(taken.party), &[], recorder)
}

/// Whether this party has reported this before. What tells two reports apart is the reference, or where there is none
/// all that was told.
fn is_told(
    known: &Agreement,
    step: Step,
    party: u32,
    details: &BTreeMap<String, String>,
) -> Result<bool, Refusal> {
    let mut own = known.reports.values().filter(|report| report.step == step && report.party == party);
    let Some(reference) = details.get("reference") else {
        return Ok(own.any(|report| report.details == *details));
    };
    match own.find(|report| report.details.get("reference") == Some(reference)) {
        None => Ok(false),
        Some(report) if report.details == *details => Ok(true),
        Some(_) => {
            let reason = "stands on another report of this party already".into();
            Err(Refusal::Invalid { field: "reference".into(), reason })
        }
    }
}

/// Says that another party's report is so, or is not. The last word of a party counts; what it acknowledged it cannot
/// contest.
pub(super) fn answer(
    taken: &Taken<'_>,
    named: &ReportRef,
    is_so: bool,
    recorder: &mut Recorder<'_>,
) -> Result<(), Stop> {
    let party = taken.own_party()?;
    let known = taken.agreement(recorder)?;
    let report = known.reports.get(&named.report).ok_or(Refusal::NotFound { what: "report".into() })?;
    if report.party == party {
        let reason = "is a report of this party itself".into();
        return Err(Refusal::Invalid { field: "report".into(), reason }.into());
    }
    let word = if is_so { ReportWord::Acknowledged } else { ReportWord::Contested };
    match report.answers.get(&party) {
        Some(said) if *said == word => return Err(taken.already()),
        Some(ReportWord::Acknowledged) => return Err(Refusal::AnsweredOtherwise.into()),
        Some(ReportWord::Contested) | None => {}
    }
    taken.may(if is_so { Step::Acknowledge } else { Step::Contest }, recorder)?;
    let data = ReportAnswered { party, channel: taken.channel, report: named.report };
    let event = match word {
        ReportWord::Acknowledged => EventData::ContractReportAcknowledged(data),
        ReportWord::Contested => EventData::ContractReportContested(data),
    };
    let note: Vec<(&str, &str)> = named.note.iter().map(|note| ("note", note.as_str())).collect();
    recorder.record(&taken.stream, event, None, &note)?;
    if is_so {
        return Ok(());
    }
    let notice = Notice::of(Template::ReportContested).by(taken.party);
    tell(&taken.stream, notice, Audience::Others(taken.party), &[], recorder)
}
