//! The figures of a trade put together: quantity, unit, price, sum, money ahead, currency.

use std::ops::Range;

use rust_decimal::Decimal;

use crate::money::{Amount, Currency};
use crate::terms::figure::{Figure, Role, figures, is_noise};
use crate::terms::lexicon;
use crate::terms::number::plain;
use crate::terms::reading::{Claim, Reading};
use crate::terms::talk::Gap;
use crate::terms::{Field, Subject, payment, product};

const SURE: u8 = 90;
const INFERRED: u8 = 65;

struct Trade<'a> {
    reading: &'a Reading,
    figures: Vec<Figure>,
}

/// Quantity, unit, price, total and money ahead of a trade or of work.
pub(crate) fn claims(reading: &Reading) -> Vec<Claim> {
    let trade = Trade { reading, figures: figures(reading) };
    let mut price = trade.price();
    let mut total = trade.total(price.as_ref()).cloned();
    let mut quantity = trade.quantity(price.as_ref());
    if let Some(found) = price.take_if(|p| trade.is_lump(p, quantity.as_ref())) {
        // "Elfu hamsini kwa safari yote": the unit was that of the price alone.
        if let Some(q) = quantity.as_mut().filter(|q| q.unit == found.unit && q.unit == Some("trip")) {
            q.unit = None;
        }
        total = total.or(Some(found));
    }
    let mut claims = Vec::new();
    let service = reading.subject == Subject::Service;
    if service && price.as_ref().is_some_and(|p| p.unit == Some("plate")) {
        quantity = trade.eaters().or(quantity);
    }
    if let (Some(q), Some(p)) = (&mut quantity, &mut price) {
        trade.reconcile(q, p);
    }
    let unit = trade.unit(quantity.as_ref(), price.as_ref());
    if service && quantity.as_ref().is_some_and(|q| q.unit.is_none() && q.value < Decimal::TWO) {
        quantity = None;
    }
    let field = if service && unit.as_deref() == Some("hour") { Field::Hours } else { Field::Quantity };
    let priced = if service { Field::Rate } else { Field::UnitPrice };
    if let (Some(unit), Some(from)) = (unit, quantity.as_ref().or(price.as_ref())) {
        claims.push(claim(Field::Unit, unit, from, from.unit.is_some()));
    }
    claims.extend(quantity.as_ref().map(|q| claim(field, plain(q.value), q, q.explicit)));
    claims.extend(price.as_ref().and_then(|p| trade.money(priced, p)));
    claims.extend(total.as_ref().and_then(|t| trade.money(Field::TotalAmount, t)));
    claims.extend(trade.upfront(total.as_ref()));
    claims
}

fn claim(field: Field, value: impl Into<String>, from: &Figure, sure: bool) -> Claim {
    Claim {
        field,
        value: value.into(),
        words: from.words.clone(),
        confidence: if sure { SURE } else { INFERRED },
    }
}

impl Trade<'_> {
    fn standing(&self, role: Role) -> impl DoubleEndedIterator<Item = &Figure> {
        self.figures.iter().filter(move |f| f.role == role && !f.dropped)
    }

    fn last(&self, role: Role) -> Option<&Figure> {
        let last = self.standing(role).next_back()?;
        // The last mention decides the value, the clearest one of that value the unit and the evidence.
        self.standing(role).filter(|f| f.value == last.value).max_by_key(|f| (f.unit.is_some(), f.explicit))
    }

    /// The price that stands, with the unit that was said with it or with an offer before it.
    fn price(&self) -> Option<Figure> {
        let mut price = self.last(Role::Price)?.clone();
        let offers = || self.figures.iter().filter(|f| f.role == Role::Price);
        price.unit = price.unit.or_else(|| {
            offers()
                .rfind(|f| f.unit.is_some() && !f.dropped)
                .or_else(|| offers().rfind(|f| f.unit.is_some()))?
                .unit
        });
        Some(price)
    }

    fn total(&self, price: Option<&Figure>) -> Option<&Figure> {
        self.last(Role::Total).filter(|t| price.is_none_or(|p| p.value != t.value))
    }

    /// The count that the price multiplies; without one, the last count.
    fn quantity(&self, price: Option<&Figure>) -> Option<Figure> {
        let unit = price.and_then(|p| p.unit);
        let one = |f: &&Figure| f.value > Decimal::ONE || f.unit.is_some();
        let service = self.reading.subject == Subject::Service;
        let allowed = |f: &&Figure| one(f) && (service || !f.unit.is_some_and(lexicon::is_time));
        let same = |f: &&Figure| f.unit.is_some() && f.unit == unit;
        let bare = |f: &&Figure| f.unit.is_none();
        let chosen = self.standing(Role::Quantity).filter(allowed).rfind(|f| same(f));
        let last = self.standing(Role::Quantity).rfind(allowed);
        let chosen = match (chosen, unit) {
            // A later correction without its unit: "nipe thelathini tu".
            (Some(found), _) => last.filter(|l| bare(l) && l.words.start > found.words.start).or(Some(found)),
            (None, Some(unit)) if service || lexicon::is_time(unit) || unit == "trip" => {
                last.filter(|l| bare(l) && !lexicon::is_time(unit))
            }
            (None, _) if service => {
                let amount = |f: &&Figure| {
                    f.unit.is_some_and(|u| !lexicon::is_time(u))
                        || (f.unit.is_none() && f.explicit && f.value > Decimal::ONE)
                };
                self.standing(Role::Quantity).rfind(amount)
            }
            (None, _) => last,
        }?;
        let mut quantity = chosen.clone();
        if quantity.unit.is_none() {
            let before = |f: &&Figure| {
                f.words.start != quantity.words.start && f.unit.is_some_and(|u| !lexicon::is_time(u))
            };
            let mut peers = self.figures.iter().filter(|f| f.role == Role::Quantity).filter(before);
            let peer = peers.rfind(|f| f.value > Decimal::ONE).and_then(|f| f.unit);
            quantity.unit = peer.or(unit.filter(|u| *u != "dozen"));
        }
        Some(quantity)
    }

    /// Who is fed: of plates there are as many.
    fn eaters(&self) -> Option<Figure> {
        let talk = &self.reading.talk;
        let eaters =
            phrases! { "guests", "people", "wageni", "watu", "participants", "visitors", "trainees" };
        let number = self.reading.numbers.iter().rfind(|n| {
            let near = |at: usize| talk.words.get(at).is_some_and(|w| w.gap < Gap::Comma);
            let before = matches!(talk.text(n.words.start.wrapping_sub(1)), "wageni" | "watu");
            (near(n.words.end) && talk.any(n.words.end, eaters) > 0) || (near(n.words.start) && before)
        })?;
        Some(Figure {
            words: number.words.clone(),
            value: number.value,
            role: Role::Quantity,
            unit: Some("plate"),
            explicit: false,
            dropped: false,
        })
    }

    /// A price that is no price of a unit: one article, a lump sum, a job.
    fn is_lump(&self, price: &Figure, quantity: Option<&Figure>) -> bool {
        let talk = &self.reading.talk;
        let per = self.standing(Role::Price).any(|f| f.explicit && self.says_unit(f)) || price.unit.is_some();
        let lump = talk.has(
            self.reading.all(),
            phrases! {
                "lump sum", "lumpsum", "for everything", "kwa kazi yote", "for the whole", "kwa mzigo wote",
                "for the whole job", "kwa kazi nzima", "kwa jumla", "fixed price", "for the lot"
            },
        );
        let single = quantity.is_none_or(|q| q.value == Decimal::ONE);
        let transport = self.reading.subject == Subject::Transport;
        let whole_way = phrases! {
            "safari yote", "safari nzima", "the whole trip", "the whole journey", "the entire trip"
        };
        if transport && price.unit == Some("trip") && talk.has(self.reading.all(), whole_way) {
            return true;
        }
        !per && (single || (lump && (transport || self.reading.subject == Subject::Service)))
    }

    /// Whether a unit was said with the price: "per bag", "each".
    fn says_unit(&self, price: &Figure) -> bool {
        let talk = &self.reading.talk;
        let near = price.words.start.saturating_sub(6)..(price.words.end + 5).min(talk.words.len());
        price.unit.is_some()
            || talk.has(near, &["each", "per", "apiece", "kila", "moja", "for one", "one", "every"])
    }

    /// Brings a price per kilogram to the tonnes that are counted, and a price per dozen to pieces.
    fn reconcile(&self, quantity: &mut Figure, price: &mut Figure) {
        let factor = match (quantity.unit, price.unit) {
            (Some("tonne"), Some("kg")) => Decimal::ONE_THOUSAND,
            (Some("quintal"), Some("kg")) => Decimal::ONE_HUNDRED,
            _ => Decimal::ONE,
        };
        price.value = price.value.checked_mul(factor).unwrap_or(price.value);
        if price.unit == Some("dozen") {
            price.value = price.value.checked_div(Decimal::from(12)).unwrap_or(price.value);
            price.unit = Some("piece");
            quantity.unit = Some("piece");
        }
    }

    fn unit(&self, quantity: Option<&Figure>, price: Option<&Figure>) -> Option<String> {
        if quantity.is_none() && price.is_none() {
            return None;
        }
        let said =
            quantity.and_then(|q| q.unit).or_else(|| price.and_then(|p| p.unit)).filter(|u| *u != "dozen");
        let animal = product::is_animal(self.reading);
        match said {
            Some("piece") if animal => Some("head".into()),
            Some(unit) => Some(unit.into()),
            // Work on goods that are counted: uniforms to sew, sheets to fix.
            None if self.reading.subject == Subject::Service => {
                quantity.filter(|q| q.explicit && price.is_some()).map(|_| "piece".into())
            }
            None if animal => Some("head".into()),
            None if product::container_unit(self.reading).is_some() => {
                product::container_unit(self.reading).map(Into::into)
            }
            None => Some("piece".into()),
        }
    }

    /// Money ahead: an amount, or a part of the agreed whole.
    fn upfront(&self, total: Option<&Figure>) -> Option<Claim> {
        if payment::is_all_ahead(self.reading) {
            return None;
        }
        let amount = self.standing(Role::Upfront).next_back();
        let share = self.standing(Role::Share).next_back();
        let chosen = match (amount, share) {
            (Some(a), Some(s)) if s.words.start > a.words.start && total.is_some() => s,
            (Some(a), _) => a,
            (None, s) => s?,
        };
        if chosen.role == Role::Upfront {
            return self
                .money(Field::UpfrontPayment, chosen)
                .filter(|_| total.is_none_or(|t| t.value > chosen.value));
        }
        let hundred = if chosen.value <= Decimal::ONE { Decimal::ONE } else { Decimal::ONE_HUNDRED };
        let value = total?.value.checked_mul(chosen.value)?.checked_div(hundred)?;
        self.money(Field::UpfrontPayment, &Figure { value, ..chosen.clone() })
    }

    /// An amount that the currency of the call can express; one it cannot was misheard.
    fn money(&self, field: Field, figure: &Figure) -> Option<Claim> {
        let value = plain(figure.value);
        let code = currency(self.reading).map_or("KES".into(), |c| c.value);
        let currency: Currency = code.parse().ok()?;
        let amount: Amount = value.parse().ok()?;
        amount.in_currency(currency).ok()?;
        (!figure.value.is_zero()).then(|| claim(field, value, figure, figure.explicit))
    }
}

/// The currency of the agreed price: of the last figure that stands and names one, else of any that does.
pub(crate) fn currency(reading: &Reading) -> Option<Claim> {
    let talk = &reading.talk;
    // Whose shillings: what was said last counts, "Uganda shillings? No, Kenya shillings."
    let country = reading.all().rev().find_map(|i| {
        let code = lexicon::shillings_of(talk.text(i))?;
        let near = [i.wrapping_sub(2), i.wrapping_sub(1), i + 1];
        let adjective = matches!(talk.text(i), "ugandan" | "tanzanian" | "ugx" | "tzs");
        let of = near.iter().any(|j| lexicon::currency(talk.text(*j)) == Some("KES"))
            || talk.ends(i, &["za", "ya"]);
        (adjective || of).then_some((code, i))
    });
    let country = country.filter(|(code, _)| *code != "KES");
    let mut found: Option<(&str, Range<usize>, bool)> = None;
    for at in reading.all() {
        let Some(mut code) = lexicon::currency(talk.text(at)).filter(|_| is_money(reading, at)) else {
            continue;
        };
        if code == "KES"
            && talk.text(at) != "kes"
            && let Some((other, _)) = country
        {
            code = other;
        }
        let noise = is_noise(reading, &(at..at + 1));
        if found.as_ref().is_none_or(|(_, _, was_noise)| *was_noise || !noise) {
            found = Some((code, at..at + 1, noise));
        }
    }
    let (code, words, _) = found.or(country.map(|(code, at)| (code, at..at + 1, false)))?;
    Some(Claim { field: Field::Currency, value: code.into(), words, confidence: SURE })
}

/// Some words of money have other meanings: they need a number or a question beside them.
fn is_money(reading: &Reading, at: usize) -> bool {
    let talk = &reading.talk;
    match talk.text(at) {
        "sh" | "pounds" | "franc" => {
            let digits = |i: usize| reading.is_number(i);
            (at > 0 && digits(at - 1)) || (digits(at + 1) && talk.words[at + 1].gap < Gap::Comma)
        }
        _ => true,
    }
}
