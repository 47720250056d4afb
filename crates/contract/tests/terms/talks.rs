//! Negotiations: offers, counter-offers, corrections, what others pay, and calls that end without a deal.

use super::read;

const DAY: &str = "2026-03-10";

#[track_caller]
fn check(transcript: &str, field: &str, expected: Option<&str>) {
    let found = read(transcript, "agricultural_supply", DAY);
    assert_eq!(found.get(field).map(String::as_str), expected, "{transcript}\n{found:?}");
}

#[test]
fn the_last_agreed_figure_counts() {
    let talk = "Buyer: I want 50 bags of beans.\nSeller: 7,000 shillings a bag.\nBuyer: 6,000.\nSeller: 6,500.\nBuyer: Okay, 6,500.";
    check(talk, "unit_price", Some("6500"));
    check(talk, "quantity", Some("50"));
}

#[test]
fn what_is_replaced_is_dropped_even_when_said_last() {
    check(
        "We agreed fish, 90 kilos at three eighty bob a kilo, not four hundred.",
        "unit_price",
        Some("380"),
    );
    check("sawa trei themanini za mayai siyo kumi na nane themanini sawa", "quantity", Some("80"));
    check("okay beans forty bags no sorry fourteen bags yes okay", "quantity", Some("14"));
}

#[test]
fn an_offer_that_is_turned_down_falls() {
    let talk = "Buyer: I take 50 bags of beans.\nSeller: They are 7,000 shillings a bag.\nBuyer: 6,000?\nSeller: No, I cannot.\nBuyer: All right. Deal.";
    check(talk, "unit_price", Some("7000"));
}

#[test]
fn prices_of_others_and_of_other_years_are_none() {
    let talk = "Buyer: The beans, 50 bags.\nSeller: 7,000 shillings a bag.\nBuyer: Last year I paid 5,500.\nSeller: That was last year.\nBuyer: Others sell at 6,000.\nSeller: Mine are better.\nBuyer: Okay, agreed.";
    check(talk, "unit_price", Some("7000"));
}

#[test]
fn numbers_that_are_no_terms() {
    let talk = "Seller: 50 bags of 90 kg of beans, my number is +254700000012.\nBuyer: At 7,000 shillings a bag. The lorry KXX 318P comes at six in the morning.\nSeller: Agreed.";
    check(talk, "quantity", Some("50"));
    check(talk, "unit", Some("bag"));
    check(talk, "unit_price", Some("7000"));
}

#[test]
fn no_deal_no_terms() {
    for end in [
        "Buyer: Let me ask my partner first.",
        "Buyer: No, that is too much. Goodbye.",
        "Buyer: Basi acha nitafute mwingine.",
        "Buyer: I will think about it and call you.",
    ] {
        let talk = format!(
            "Buyer: Do you have beans?\nSeller: 50 bags, 7,000 shillings a bag.\n{end}\nSeller: Okay."
        );
        assert!(read(&talk, "agricultural_supply", DAY).is_empty(), "{end}");
    }
}

#[test]
fn an_offer_alone_is_no_deal() {
    let offer =
        "Hello, I have 50 bags of beans at 7,000 shillings a bag. If you want them, call me before Friday.";
    assert!(read(offer, "agricultural_supply", DAY).is_empty());
}

#[test]
fn a_point_left_open_is_left_out() {
    let talk = "Buyer: 50 bags of beans at 7,000 shillings a bag.\nSeller: Deal. You collect on Friday.\nBuyer: I am not sure, we fix the day later.\nSeller: Fine.";
    check(talk, "unit_price", Some("7000"));
    check(talk, "delivery_deadline", None);
}

#[test]
fn places() {
    for (said, expected) in [
        ("Bring it to Kitale depot.", "kitale depot"),
        ("Yafike soko la Gikomba.", "gikomba market"),
        ("Deliver to Kongowea market, Mombasa.", "kongowea market"),
        ("Deliver to my mill at Sultan Hamud.", "sultan hamud"),
        ("Deliver to the school in Wajir.", "wajir"),
        ("I bring it from Molo to Naivasha.", "naivasha"),
    ] {
        check(&format!("We agreed 50 bags of beans. {said}"), "delivery_location", Some(expected));
    }
    check("We agreed 50 bags of beans. Deliver to my store.", "delivery_location", None);
}

#[test]
fn qualities() {
    let talk = "We agreed 50 bags of beans, grade one, dry, no stones, moisture at most 13 percent.";
    check(talk, "quality_requirements", Some("dry; grade 1; moisture max 13%; no stones"));
    check(
        "Tumekubaliana mahindi magunia kumi, yawe makavu na yasiwe na wadudu.",
        "quality_requirements",
        Some("dry; no pests"),
    );
    check("We agreed 50 bags of very good beans.", "quality_requirements", None);
}

#[test]
fn loans() {
    let talk = "The group lends Amina 80,000 shillings at 1.5 percent per month. She pays six monthly instalments of 14,500.";
    let found = read(talk, "loan_agreement", DAY);
    assert_eq!(found["principal"], "80000");
    assert_eq!(found["interest_rate"], "1.5");
    assert_eq!(found["interest_period"], "month");
    assert_eq!(found["repayment_period"], "P6M");
    assert_eq!(found["instalments"], "6");
    assert_eq!(found["instalment_amount"], "14500");
    assert_eq!(found.get("total_amount"), None, "it was not said");
}

#[test]
fn nothing_said_nothing_found() {
    assert!(read("", "agricultural_supply", DAY).is_empty());
    assert!(read("Hello. How are you? Fine, thank you.", "agricultural_supply", DAY).is_empty());
    assert!(read("hello there nothing agreed", "agricultural_supply", DAY).is_empty());
}
