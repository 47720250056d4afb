//! Days, as they are said in both languages, against the day of the call.

use super::read;

/// The deadline that was said on Tuesday, 10 March 2026.
fn check(said: &str, expected: &str) {
    let found =
        read(&format!("We agreed. You deliver the maize {said}."), "agricultural_supply", "2026-03-10");
    assert_eq!(found.get("delivery_deadline").map(String::as_str), Some(expected), "{said}: {found:?}");
}

#[test]
fn days_counted_from_the_call() {
    for (said, expected) in [
        ("today", "2026-03-10"),
        ("leo", "2026-03-10"),
        ("tomorrow", "2026-03-11"),
        ("kesho", "2026-03-11"),
        ("the day after tomorrow", "2026-03-12"),
        ("kesho kutwa", "2026-03-12"),
        ("in five days", "2026-03-15"),
        ("within two weeks", "2026-03-24"),
        ("ndani ya siku kumi", "2026-03-20"),
        ("in one month", "2026-04-10"),
    ] {
        check(said, expected);
    }
}

#[test]
fn days_of_the_week() {
    for (said, expected) in [
        ("on Friday", "2026-03-13"),
        ("this Friday", "2026-03-13"),
        ("Ijumaa", "2026-03-13"),
        ("on Tuesday", "2026-03-17"),
        ("next Friday", "2026-03-20"),
        ("Friday next week", "2026-03-20"),
        ("Ijumaa ijayo", "2026-03-20"),
        ("Ijumaa wiki ijayo", "2026-03-20"),
        ("not this Friday, the Friday of next week", "2026-03-20"),
    ] {
        check(said, expected);
    }
}

#[test]
fn dates() {
    for (said, expected) in [
        ("by 15 March", "2026-03-15"),
        ("before the 15th of March", "2026-03-15"),
        ("by March 15", "2026-03-15"),
        ("by the 22nd", "2026-03-22"),
        ("by the 5th", "2026-04-05"),
        ("by the twenty fifth of september", "2026-09-25"),
        ("by 5 March", "2027-03-05"),
        ("by 5 March 2028", "2028-03-05"),
        ("by 2026-04-30", "2026-04-30"),
        ("by 30/4/2026", "2026-04-30"),
        ("tarehe 22", "2026-03-22"),
        ("tarehe kumi na tano mwezi wa tatu", "2026-03-15"),
        ("tarehe mosi mwezi wa nne", "2026-04-01"),
        ("kabla ya tarehe thelathini mwezi huu", "2026-03-30"),
        ("on Sunday, the 15th of March", "2026-03-15"),
    ] {
        check(said, expected);
    }
}

#[test]
fn ends() {
    for (said, expected) in [
        ("by the end of this month", "2026-03-31"),
        ("mwisho wa mwezi huu", "2026-03-31"),
        ("by the end of next month", "2026-04-30"),
        ("mwisho wa mwezi ujao", "2026-04-30"),
        ("by the end of February", "2027-02-28"),
    ] {
        check(said, expected);
    }
}

#[test]
fn a_month_is_clipped_to_its_end() {
    let found = read("We agreed. You deliver the maize in one month.", "agricultural_supply", "2026-01-31");
    assert_eq!(found["delivery_deadline"], "2026-02-28");
}

#[test]
fn days_of_something_else_are_no_deadline() {
    for said in
        ["I tested it on Sunday.", "You pay on Friday.", "We met last Monday.", "Call me every Saturday."]
    {
        let found =
            read(&format!("We agreed: ten bags of maize. {said}"), "agricultural_supply", "2026-03-10");
        assert_eq!(found.get("delivery_deadline"), None, "{said}");
    }
}
