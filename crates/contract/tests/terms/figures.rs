//! Numbers, units and money, as they are said in both languages.

use super::read;

const DAY: &str = "2026-03-10";

/// A quantity of bags in words.
fn quantity(said: &str, expected: &str) {
    let found =
        read(&format!("We agreed. I take {said} of maize at 90 shillings each."), "agricultural_supply", DAY);
    assert_eq!(found.get("quantity").map(String::as_str), Some(expected), "{said}: {found:?}");
}

#[test]
fn numbers_in_words_and_digits() {
    for (said, expected) in [
        ("200 bags", "200"),
        ("1,250 bags", "1250"),
        ("3.5 tonnes", "3.5"),
        ("three and a half tonnes", "3.5"),
        ("one point five tonnes", "1.5"),
        ("two hundred and fifty bags", "250"),
        ("a hundred bags", "100"),
        ("twelve hundred bags", "1200"),
        ("fifty-nine hundred bags", "5900"),
        ("seven twenty bags", "720"),
        ("thirteen fifty bags", "1350"),
        ("one one four bags", "114"),
        ("eight zero bags", "80"),
        ("two thousand two fifty bags", "2250"),
        ("six hundred and fifty six hundred and fifty bags", "650"),
        ("three thousand three hundred and sixty bags", "3360"),
        ("10k bags", "10000"),
        ("magunia mia mbili", "200"),
        ("magunia kumi na mbili", "12"),
        ("magunia mia moja na ishirini na tano", "125"),
        ("magunia elfu moja mia tano", "1500"),
        ("tani mbili na nusu", "2.5"),
        ("tani tatu nukta tano", "3.5"),
        ("magunia mia na hamsini", "150"),
        ("bags sabini", "70"),
        ("crates mia moja", "100"),
    ] {
        quantity(said, expected);
    }
}

#[test]
fn dozens_become_pieces() {
    let found = read("We agreed ten dozen eggs at 180 bob a dozen.", "agricultural_supply", DAY);
    assert_eq!(found["quantity"], "120");
    assert_eq!(found["unit"], "piece");
    assert_eq!(found["unit_price"], "15");
}

/// The total of a loan's or a purchase's money in words.
fn total(said: &str, expected: &str, currency: Option<&str>) {
    let found = read(&format!("Tumekubaliana. The machine is sold, total {said}."), "goods_purchase", DAY);
    assert_eq!(found.get("total_amount").map(String::as_str), Some(expected), "{said}: {found:?}");
    assert_eq!(found.get("currency").map(String::as_str), currency, "{said}: {found:?}");
}

#[test]
fn money_with_its_currency() {
    for (said, expected, currency) in [
        ("KES 840,000", "840000", Some("KES")),
        ("Ksh.500", "500", Some("KES")),
        ("2,350/=", "2350", Some("KES")),
        ("sixty-five thousand shillings", "65000", Some("KES")),
        ("eighty-six four hundred bob", "86400", Some("KES")),
        ("shilingi laki moja na elfu ishirini", "120000", Some("KES")),
        ("shilingi laki moja na nusu", "150000", Some("KES")),
        ("shilingi milioni tatu na laki nne na elfu hamsini", "3450000", Some("KES")),
        ("shilingi elfu ishirini na tano", "25000", Some("KES")),
        ("hamsini elfu", "50000", None),
        ("elfu tano za Tanzania shilingi", "5000", Some("TZS")),
        ("three point three six million Ugandan shillings", "3360000", Some("UGX")),
        ("310.50 US dollars", "310.5", Some("USD")),
        ("$99,200", "99200", Some("USD")),
        ("nine thousand birr", "9000", Some("ETB")),
        ("28,500 Rwandan francs", "28500", Some("RWF")),
        ("thirty k", "30000", None),
    ] {
        total(said, expected, currency);
    }
}

#[test]
fn an_amount_the_currency_cannot_express_is_not_given() {
    let found = read("We agreed. Total 100.50 Ugandan shillings.", "goods_purchase", DAY);
    assert_eq!(found.get("total_amount"), None, "UGX has no decimals");
    let found = read("We agreed. Total 100.50 Kenya shillings.", "goods_purchase", DAY);
    assert_eq!(found["total_amount"], "100.5");
}

#[test]
fn money_ahead_and_parts_of_the_whole() {
    let deal = |ahead: &str| {
        let talk = format!("Confirmed: 50 chairs at 900 shillings each, total 45,000 shillings. {ahead}");
        read(&talk, "goods_purchase", DAY).get("upfront_payment").cloned()
    };
    assert_eq!(deal("30 percent upfront.").as_deref(), Some("13500"));
    assert_eq!(deal("Half now and half on delivery.").as_deref(), Some("22500"));
    assert_eq!(deal("Deposit of ten thousand today.").as_deref(), Some("10000"));
    assert_eq!(deal("Natanguliza elfu tano.").as_deref(), Some("5000"));
    assert_eq!(deal("No deposit."), None);
    assert_eq!(deal("The whole amount is paid in full before loading."), None);
}

#[test]
fn a_part_of_an_unknown_whole_is_unknown() {
    let found =
        read("We agreed 50 chairs at 900 shillings each. Half is paid upfront.", "goods_purchase", DAY);
    assert_eq!(found.get("upfront_payment"), None);
}
