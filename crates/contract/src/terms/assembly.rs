//! All claims together: what was left open is taken out, the rest is given in order.

use crate::terms::reading::{Claim, Reading};
use crate::terms::{
    Field, Subject, Term, deadline, deal, loan, payment, place, product, quality, service, trade,
};

/// The terms of a call on which a deal was made.
pub(crate) fn terms(reading: &Reading) -> Vec<Term> {
    let mut claims = match reading.subject {
        Subject::Loan => loan::claims(reading),
        Subject::Service => {
            let mut claims = trade::claims(reading);
            claims.extend(service::claims(reading));
            claims.extend(place::claim(reading));
            claims.extend(payment::claim(reading));
            claims
        }
        Subject::Goods | Subject::Transport => {
            let mut claims = trade::claims(reading);
            claims.extend(product::claim(reading));
            claims.extend(place::claim(reading));
            claims.extend(deadline::claim(reading));
            claims.extend(quality::claim(reading));
            claims.extend(payment::claim(reading));
            claims
        }
    };
    deal::leave_open(reading, &mut claims);
    tidy(reading, &mut claims);
    claims.sort_by_key(|c| c.field);
    claims.dedup_by_key(|c| c.field);
    let term = |c: Claim| Term {
        field: c.field,
        span: reading.talk.span(c.words),
        value: c.value,
        confidence: c.confidence,
    };
    claims.into_iter().map(term).collect()
}

/// A unit says nothing without a count or a price, a currency nothing without money.
fn tidy(reading: &Reading, claims: &mut Vec<Claim>) {
    let has = |claims: &[Claim], fields: &[Field]| claims.iter().any(|c| fields.contains(&c.field));
    if !has(claims, &[Field::Quantity, Field::Hours, Field::UnitPrice, Field::Rate]) {
        claims.retain(|c| c.field != Field::Unit);
    }
    let money = [
        Field::UnitPrice,
        Field::Rate,
        Field::TotalAmount,
        Field::UpfrontPayment,
        Field::Principal,
        Field::InstalmentAmount,
    ];
    if has(claims, &money) {
        claims.extend(trade::currency(reading));
    }
}
