//! Money: a decimal text and an ISO 4217 currency, never a float.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// The most significant digits an amount may have. `Decimal` holds 28; more would be rounded, so more is refused.
pub const AMOUNT_DIGITS_MAX: usize = 28;

/// Why a text is not an amount.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone)]
pub enum AmountError {
    /// Something else than digits with at most one dot.
    #[error("not a decimal number: digits with at most one dot, no sign, no exponent")]
    NotDecimal,
    /// Below zero.
    #[error("the amount is negative")]
    Negative,
    /// More than 28 digits.
    #[error("the amount has more than {AMOUNT_DIGITS_MAX} digits")]
    TooLong,
    /// The currency has fewer decimals than the amount uses.
    #[error("{currency} has {decimals} decimals")]
    TooPrecise {
        /// ISO 4217 code.
        currency: String,
        /// How many decimals it has.
        decimals: u16,
    },
    /// Not an ISO 4217 code.
    #[error("unknown currency; use an ISO 4217 code like KES")]
    UnknownCurrency,
}

/// A non-negative exact decimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Amount(Decimal);

impl Amount {
    /// The value.
    pub fn decimal(self) -> Decimal {
        self.0
    }

    /// Writes the amount with exactly the currency's decimals, as it stands in contract.json.
    ///
    /// # Errors
    /// [`AmountError::TooPrecise`] when digits would be lost.
    pub fn in_currency(self, currency: Currency) -> Result<String, AmountError> {
        let decimals = currency.decimals();
        let value = self.0.normalize();
        if value.scale() > u32::from(decimals) {
            return Err(AmountError::TooPrecise { currency: currency.to_string(), decimals });
        }
        // Filled up as text: `Decimal` has no room for decimals behind 28 digits and would leave them out.
        let mut text = value.to_string();
        if decimals > 0 && value.scale() == 0 {
            text.push('.');
        }
        text.extend(std::iter::repeat_n('0', usize::from(decimals) - value.scale() as usize));
        Ok(text)
    }
}

impl FromStr for Amount {
    type Err = AmountError;
    fn from_str(text: &str) -> Result<Amount, AmountError> {
        if text.starts_with('-') {
            return Err(AmountError::Negative);
        }
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !all_digits(whole) || !all_digits(fraction) {
            return Err(AmountError::NotDecimal);
        }
        let significant = text.trim_start_matches('0').bytes().filter(u8::is_ascii_digit).count();
        if significant > AMOUNT_DIGITS_MAX || text.len() > AMOUNT_DIGITS_MAX + 2 {
            return Err(AmountError::TooLong);
        }
        Decimal::from_str_exact(text).map(Amount).map_err(|_| AmountError::TooLong)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.normalize().fmt(f)
    }
}

impl TryFrom<String> for Amount {
    type Error = AmountError;
    fn try_from(text: String) -> Result<Amount, AmountError> {
        text.parse()
    }
}

impl From<Amount> for String {
    fn from(amount: Amount) -> String {
        amount.to_string()
    }
}

/// An ISO 4217 currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Currency(iso_currency::Currency);

impl Currency {
    /// Kenyan shilling, the default where a client names none.
    pub const KES: Currency = Currency(iso_currency::Currency::KES);

    /// How many decimals amounts in it have (ISO 4217 minor unit; 0 where it has none).
    pub fn decimals(self) -> u16 {
        self.0.exponent().unwrap_or(0)
    }

    /// The three letters.
    pub fn code(self) -> &'static str {
        self.0.code()
    }
}

impl FromStr for Currency {
    type Err = AmountError;
    fn from_str(code: &str) -> Result<Currency, AmountError> {
        iso_currency::Currency::from_code(&code.trim().to_ascii_uppercase())
            .map(Currency)
            .ok_or(AmountError::UnknownCurrency)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[allow(clippy::needless_pass_by_value)] // so that each case reads as it is
    fn check(text: &str, currency: &str, expected: Result<&str, AmountError>) {
        let currency: Currency = currency.parse().unwrap();
        let written = text.parse::<Amount>().and_then(|a| a.in_currency(currency));
        assert_eq!(written.as_deref().map_err(Clone::clone), expected, "{text} {currency}");
    }

    #[test]
    fn amounts_are_exact() {
        check("25000", "KES", Ok("25000.00"));
        check("25000.5", "KES", Ok("25000.50"));
        check("25000.00", "UGX", Ok("25000"));
        check("0", "KES", Ok("0.00"));
        check("0.001", "KES", Err(AmountError::TooPrecise { currency: "KES".into(), decimals: 2 }));
        check("10.50", "UGX", Err(AmountError::TooPrecise { currency: "UGX".into(), decimals: 0 }));
        check("-1", "KES", Err(AmountError::Negative));
        check("1e20", "KES", Err(AmountError::NotDecimal));
        check("NaN", "KES", Err(AmountError::NotDecimal));
        check(".5", "KES", Err(AmountError::NotDecimal));
        check("1.", "KES", Err(AmountError::NotDecimal));
        check(&"9".repeat(29), "KES", Err(AmountError::TooLong));
        check(&"9".repeat(28), "KES", Ok(&format!("{}.00", "9".repeat(28))));
        check(&"9".repeat(28), "UGX", Ok(&"9".repeat(28)));
    }
}
