//! The mobile networks phones are on, as callbacks name them.

/// What callbacks say about a phone's network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Operator {
    /// `callerCountryCode`: the dial code.
    pub(crate) country_code: &'static str,
    /// `callerCarrierName`.
    pub(crate) carrier_name: &'static str,
    /// `currencyCode` of the account there.
    pub(crate) currency: &'static str,
    /// `networkCode` of messages: country and network code of the SIM.
    pub(crate) network_code: &'static str,
}

const OPERATORS: [Operator; 5] = [
    Operator { country_code: "254", carrier_name: "Safaricom", currency: "KES", network_code: "63902" },
    Operator { country_code: "255", carrier_name: "Vodacom", currency: "TZS", network_code: "64004" },
    Operator { country_code: "256", carrier_name: "MTN", currency: "UGX", network_code: "64110" },
    Operator { country_code: "250", carrier_name: "MTN", currency: "RWF", network_code: "63510" },
    Operator { country_code: "234", carrier_name: "MTN", currency: "NGN", network_code: "62130" },
];

/// What is said of a caller whose network is not known.
const UNKNOWN: Operator =
    Operator { country_code: "-1", carrier_name: super::NONE, currency: "KES", network_code: "99999" };

/// The network of a phone in international form.
pub(crate) fn operator(phone: &str) -> Operator {
    let digits = phone.trim_start_matches('+');
    OPERATORS.into_iter().find(|operator| digits.starts_with(operator.country_code)).unwrap_or(UNKNOWN)
}
