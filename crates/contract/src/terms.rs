//! Terms of an agreement, read from the transcript of the call that made it: English, Swahili, and both mixed.
//!
//! What is found is a claim about what was said, with the bytes it was read from; it binds nobody before the parties
//! have confirmed it. A term that was not said, or not agreed, is not there. The rules are documented in
//! `docs/reference/terms.md`.
//!
//! ```text
//! transcript ─► words, turns ─► numbers, days ─► figures with a role ─► what still stands ─► terms
//! ```

mod assembly;
mod date;
mod deadline;
mod deal;
mod figure;
mod lexicon;
mod loan;
mod number;
mod payment;
mod place;
mod product;
mod quality;
mod reading;
mod service;
mod talk;
mod trade;

use std::fmt;
use std::ops::Range;

use chrono::NaiveDate;

/// What a call is about: it decides which terms there can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Goods, from a farm or a shop.
    Goods,
    /// Goods that are carried from one place to another.
    Transport,
    /// Work for pay.
    Service,
    /// Money lent.
    Loan,
}

impl Subject {
    /// Reads the word for a contract type: `agricultural_supply`, `goods_purchase`, `logistics`, `service_agreement`,
    /// `loan_agreement`.
    pub fn from_word(word: &str) -> Option<Subject> {
        match word {
            "agricultural_supply" | "goods_purchase" => Some(Subject::Goods),
            "logistics" => Some(Subject::Transport),
            "service_agreement" => Some(Subject::Service),
            "loan_agreement" => Some(Subject::Loan),
            _ => None,
        }
    }
}

/// A transcript with what must be known to read it.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// What was said; a line that begins with a name and a colon is a turn of that speaker.
    pub transcript: &'a str,
    /// What it is about.
    pub subject: Subject,
    /// The day of the call, where it was held: "tomorrow" is counted from it.
    pub date: NaiveDate,
}

impl fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Call({:?}, {} bytes)", self.subject, self.transcript.len())
    }
}

macro_rules! fields {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// A term.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Field { $($(#[$doc])* $name,)* }

        impl Field {
            /// All of them, in the order in which they are given.
            pub const ALL: &'static [Field] = &[$(Field::$name,)*];

            /// Its name.
            pub fn as_str(self) -> &'static str {
                match self { $(Field::$name => $word,)* }
            }
        }
    };
}

fields! {
    /// What is sold or carried, in English.
    Product = "product",
    /// What work is done, in English.
    Service = "service",
    /// How many units.
    Quantity = "quantity",
    /// How many hours, where work is paid by the hour.
    Hours = "hours",
    /// What is counted, singular.
    Unit = "unit",
    /// Price of one unit of goods.
    UnitPrice = "unit_price",
    /// Price of one unit of work.
    Rate = "rate",
    /// Money lent.
    Principal = "principal",
    /// Percent, decimal.
    InterestRate = "interest_rate",
    /// `month`, `year` or `flat`.
    InterestPeriod = "interest_period",
    /// ISO 8601 duration of whole months, weeks or days.
    RepaymentPeriod = "repayment_period",
    /// How many payments.
    Instalments = "instalments",
    /// One payment.
    InstalmentAmount = "instalment_amount",
    /// The whole price, or the whole sum to pay back.
    TotalAmount = "total_amount",
    /// ISO 4217.
    Currency = "currency",
    /// The place of handing over or of the work.
    DeliveryLocation = "delivery_location",
    /// The last day of handing over.
    DeliveryDeadline = "delivery_deadline",
    /// When work begins.
    StartDate = "start_date",
    /// When work is done.
    EndDate = "end_date",
    /// Conditions, sorted, joined by `; `.
    QualityRequirements = "quality_requirements",
    /// Paid before delivery, as an amount.
    UpfrontPayment = "upfront_payment",
    /// When the last payment falls due.
    PaymentTerms = "payment_terms",
}

/// A term that was agreed.
#[derive(Clone, PartialEq, Eq)]
pub struct Term {
    /// Which one.
    pub field: Field,
    /// Its value in canonical form: a decimal, an ISO code or date, or lower-case words.
    pub value: String,
    /// The bytes of the transcript it was read from.
    pub span: Range<usize>,
    /// How sure the reading is, percent: what was said in so many words against what was inferred.
    pub confidence: u8,
}

impl fmt::Debug for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Term({:?}, {:?}, {}%)", self.field, self.span, self.confidence)
    }
}

/// The Swahili name of goods, in the form in which they are bought and sold.
pub fn goods_in_swahili(english: &str) -> Option<&'static str> {
    lexicon::goods::swahili(english)
}

/// The Swahili name of a unit.
pub fn unit_in_swahili(unit: &str) -> Option<&'static str> {
    lexicon::unit_in_swahili(unit)
}

/// The agreed terms of a call, in the order of [`Field::ALL`], each at most once. None when no deal was made.
pub fn extract(call: &Call<'_>) -> Vec<Term> {
    let reading = reading::Reading::new(call);
    if reading.talk.words.is_empty() || !deal::is_made(&reading) {
        return Vec::new();
    }
    assembly::terms(&reading)
}
