//! When two tellings of a call's cost contradict each other.

use contract::call::Call;
use contract::fact::Leg;

#[track_caller]
fn check(known: (&str, &str), told: (Option<&str>, Option<&str>), contradicts: bool) {
    let call = Call { cost: Some((known.0.to_owned(), known.1.to_owned())), ..Call::default() };
    let leg = Leg { currency: told.0.map(str::to_owned), cost: told.1.map(str::to_owned), ..Leg::default() };
    let expected: &[&str] = if contradicts { &["cost"] } else { &[] };
    assert_eq!(call.contradictions(&leg, None, None), expected, "{known:?} {told:?}");
}

#[test]
fn what_is_not_told_contradicts_nothing() {
    check(("KES", "2.70"), (Some("KES"), Some("2.70")), false);
    check(("KES", "2.70"), (None, Some("2.70")), false);
    check(("", "2.70"), (Some("KES"), Some("2.70")), false);
    check(("KES", "2.70"), (Some("UGX"), None), false);
    check(("KES", "2.70"), (None, None), false);
    check(("KES", "2.70"), (None, Some("2.71")), true);
    check(("", "2.70"), (Some("KES"), Some("2.71")), true);
    check(("KES", "2.70"), (Some("UGX"), Some("2.70")), true);
}
