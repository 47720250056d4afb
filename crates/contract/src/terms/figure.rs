//! What each figure of a negotiation stands for: a quantity, a price, a sum, money ahead, or nothing of the deal.

mod context;
mod standing;
mod unit;

use std::ops::Range;

use rust_decimal::Decimal;

use crate::terms::number::{Number, Shape};
use crate::terms::reading::Reading;

pub(crate) use context::{has_money, is_negated, is_percent};
pub(crate) use standing::{is_noise, is_wish};

/// What a figure stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// How many units.
    Quantity,
    /// The price of one unit.
    Price,
    /// The whole price.
    Total,
    /// Paid ahead.
    Upfront,
    /// Paid ahead, as a part of the whole: 0.3.
    Share,
    /// What remains to be paid.
    Balance,
    /// Nothing that is agreed.
    Other,
}

/// A figure with its meaning.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    /// Its words.
    pub words: Range<usize>,
    /// Its value.
    pub value: Decimal,
    /// What it stands for.
    pub role: Role,
    /// The unit beside it, or the one it is the price of.
    pub unit: Option<&'static str>,
    /// Words beside it say so; else it was inferred.
    pub explicit: bool,
    /// Withdrawn, refused, or said of somebody else or of another year.
    pub dropped: bool,
}

/// The figures of a talk about goods, transport or work, in order, those that were withdrawn marked.
pub(crate) fn figures(reading: &Reading) -> Vec<Figure> {
    let mut found: Vec<Figure> = Vec::new();
    for number in &reading.numbers {
        if let Some(figure) = figure(reading, number, &found) {
            found.push(figure);
        } else if is_negated(reading, number.words.start) {
            withdraw(&mut found, number.value);
        }
    }
    found.extend(context::halves(reading));
    found.sort_by_key(|f| f.words.start);
    standing::refusals(reading, &mut found);
    found
}

/// How far back a withdrawn figure is looked for. Enough for any negotiation, and bounds the work on endless texts.
const WITHDRAW_FIGURES_MAX: usize = 40;

/// "not sixteen": what was sixteen no longer counts.
fn withdraw(found: &mut [Figure], value: Decimal) {
    for figure in found.iter_mut().rev().take(WITHDRAW_FIGURES_MAX) {
        let same = figure.value == value || figure.value == value * Decimal::ONE_THOUSAND;
        if same && figure.role != Role::Other {
            figure.dropped = true;
        }
    }
}

fn figure(reading: &Reading, number: &Number, before: &[Figure]) -> Option<Figure> {
    if number.shape == Shape::Ordinal || is_negated(reading, number.words.start) {
        return None;
    }
    let made = |role, unit, explicit, value| Figure {
        words: number.words.clone(),
        value,
        role,
        unit,
        explicit,
        dropped: false,
    };
    let mut figure = if let Some((role, unit)) = context::stated(reading, number, before) {
        made(role, unit, true, number.value)
    } else {
        let (role, value) = inferred(reading, number, before)?;
        made(role, None, false, value)
    };
    if figure.role == Role::Quantity && number.shape == Shape::Dozen && figure.unit.is_none() {
        figure.unit = Some("piece");
    }
    if let Some(value) = shortened(number, &figure, before) {
        figure.value = value;
    }
    if figure.role != Role::Share {
        figure.dropped = is_noise(reading, &number.words)
            || (figure.role != Role::Quantity && is_wish(reading, &number.words));
    }
    Some(figure)
}

/// Short forms say thousands in hundreds or leave the thousand out, when the figure before was a full one.
fn shortened(number: &Number, figure: &Figure, before: &[Figure]) -> Option<Decimal> {
    if !matches!(figure.role, Role::Price | Role::Total | Role::Upfront) {
        return None;
    }
    let peers = || before.iter().rev().take(RECENT_FIGURES_MAX).filter(|f| f.role == figure.role);
    let thousand = number.value * Decimal::ONE_THOUSAND;
    let near = |a: Decimal, b: Decimal| {
        !b.is_zero() && a * Decimal::TEN >= b * Decimal::from(4) && a * Decimal::TEN <= b * Decimal::from(25)
    };
    if number.value < Decimal::ONE_THOUSAND && number.value.is_integer() && peers().next().is_some() {
        let full = peers().any(|f| near(number.value, f.value));
        if !full && peers().any(|f| near(thousand, f.value)) {
            return Some(thousand);
        }
    }
    if number.shape == Shape::Short {
        let digits = number.value / Decimal::ONE_HUNDRED;
        let low = (digits / Decimal::TEN).trunc() * Decimal::TEN + digits % Decimal::TEN;
        if peers().any(|f| near(low, f.value)) && !peers().any(|f| near(number.value, f.value)) {
            return Some(low);
        }
    }
    None
}

/// How many figures back a bare one is compared with.
const RECENT_FIGURES_MAX: usize = 24;

/// A figure without words that say what it is: the same as one before, the product of two, an answer to a question,
/// or of the size of one that is being negotiated.
fn inferred(reading: &Reading, number: &Number, before: &[Figure]) -> Option<(Role, Decimal)> {
    let recent = || before.iter().rev().take(RECENT_FIGURES_MAX).filter(|f| f.role != Role::Other);
    let value = number.value;
    if value <= Decimal::ONE {
        return None;
    }
    let thousand = value * Decimal::ONE_THOUSAND;
    let same = recent().find(|f| f.value == value && !f.dropped);
    if is_product(before, value) && same.is_none_or(|f| !f.explicit) {
        return Some((Role::Total, value));
    }
    if let Some(same) = same {
        return Some((same.role, value));
    }
    if context::is_part(reading, number.words.start, before, value) {
        return Some((Role::Upfront, value));
    }
    if let Some(role) = context::asked(reading, number.words.start) {
        return Some((role, value));
    }
    if value < Decimal::ONE_THOUSAND
        && let Some(same) = recent().find(|f| f.value == thousand)
    {
        return Some((same.role, thousand));
    }
    let money = has_money(reading, &number.words);
    if value < Decimal::from(20) && !money && context::noun_follows(reading, number.words.end) {
        return None;
    }
    if let Some(peer) = peer(before, value, money) {
        return Some((peer.role, value));
    }
    let quantity = recent().any(|f| f.role == Role::Quantity);
    let priced = recent().any(|f| f.role == Role::Price);
    match (money, quantity, priced) {
        (true, _, false) => Some((Role::Price, value)),
        (false, true, false) if value >= Decimal::TEN => Some((Role::Price, value)),
        (false, false, _) if context::is_wanted(reading, number.words.start) => Some((Role::Quantity, value)),
        (false, false, true) if value < Decimal::ONE_THOUSAND => Some((Role::Quantity, value)),
        _ => None,
    }
}

/// The figure under negotiation that is nearest in size; "forty-five" may be forty-five thousand.
fn peer(before: &[Figure], value: Decimal, money: bool) -> Option<&Figure> {
    let thousand = value * Decimal::ONE_THOUSAND;
    let close = |f: &&Figure| {
        let (two, five) = (Decimal::TWO, Decimal::from(5));
        let fits = |v: Decimal| v * five >= f.value * two && v * two <= f.value * five;
        let money_role = matches!(f.role, Role::Price | Role::Total);
        let short = money_role && value < Decimal::ONE_THOUSAND && fits(thousand);
        (money_role || (f.role == Role::Quantity && !money)) && (fits(value) || short)
    };
    let apart = |f: &&Figure| {
        let full = if f.value > value * Decimal::TEN { thousand } else { value };
        (full - f.value).abs().checked_div(f.value).unwrap_or(Decimal::MAX)
    };
    before.iter().rev().take(RECENT_FIGURES_MAX).filter(close).min_by_key(apart)
}

/// Whether some quantity times some price gives the value.
pub(crate) fn is_product(before: &[Figure], value: Decimal) -> bool {
    let of = |role| {
        before
            .iter()
            .rev()
            .take(RECENT_FIGURES_MAX)
            .filter(move |f: &&Figure| f.role == role && f.value > Decimal::ONE)
    };
    of(Role::Quantity).any(|q| of(Role::Price).any(|p| q.value.checked_mul(p.value) == Some(value)))
}
