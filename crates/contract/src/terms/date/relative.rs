//! Days counted from the day of the call, and days of the week.

use chrono::{Datelike, Days, Months, NaiveDate, Weekday};

use super::{Calendar, english_unit, month, swahili_unit, weekday};
use crate::terms::talk::Gap;

/// Behind a weekday, the one of the next week.
const NEXT: &[&str] = phrases! {
    "ijayo", "ujao", "lijalo", "inayokuja", "unaokuja", "linalokuja", "ya wiki ijayo", "wiki ijayo",
    "next week", "of next week", "the week after", "in the next week", "next"
};
/// Days that were, and days that come again.
const PAST: &[&str] = &["iliyopita", "uliopita", "lililopita", "ya juzi", "ago", "zilizopita"];
const EVERY: &[&str] = &["every", "each", "kila", "last", "any"];

/// Days with a name, by how many days they are ahead.
const NAMED: &[(&str, u64)] = &[
    ("the day after tomorrow", 2),
    ("day after tomorrow", 2),
    ("kesho kutwa", 2),
    ("keshokutwa", 2),
    ("tomorrow", 1),
    ("kesho", 1),
    ("today", 0),
    ("leo", 0),
    ("tonight", 0),
    ("in a fortnight", 14),
    ("a fortnight from now", 14),
    ("in a week", 7),
    ("within a week", 7),
    ("a week from today", 7),
    ("a week from now", 7),
    ("in one week's time", 7),
    ("in a week's time", 7),
];

/// What ends.
#[derive(Clone, Copy)]
enum End {
    /// A month, so many after that of the call.
    Month(u32),
    /// A week, likewise.
    Week(i64),
    /// The year.
    Year,
    /// Each one: no day.
    Every,
}

/// Behind "the end of".
const ENDS: &[(&str, End)] = &[
    ("every month", End::Every),
    ("each month", End::Every),
    ("kila mwezi", End::Every),
    ("every week", End::Every),
    ("kila wiki", End::Every),
    ("next month", End::Month(1)),
    ("the next month", End::Month(1)),
    ("mwezi ujao", End::Month(1)),
    ("mwezi unaokuja", End::Month(1)),
    ("this month", End::Month(0)),
    ("the month", End::Month(0)),
    ("month", End::Month(0)),
    ("mwezi huu", End::Month(0)),
    ("mwezi", End::Month(0)),
    ("this week", End::Week(0)),
    ("the week", End::Week(0)),
    ("wiki hii", End::Week(0)),
    ("wiki", End::Week(0)),
    ("next week", End::Week(1)),
    ("wiki ijayo", End::Week(1)),
    ("the year", End::Year),
    ("year", End::Year),
    ("this year", End::Year),
    ("mwaka", End::Year),
    ("mwaka huu", End::Year),
];

impl Calendar<'_> {
    /// "today", "kesho kutwa", "in two weeks", "ndani ya siku tano", "wiki mbili kuanzia leo".
    pub(super) fn relative(&self, at: usize) -> Option<(NaiveDate, usize)> {
        if let Some((days, end)) =
            NAMED.iter().find_map(|(p, n)| Some((*n, at + self.talk.phrase(at, p))).filter(|(_, e)| *e > at))
        {
            let bound =
                self.talk.any(end, &["of *", "after *", "from delivery", "baada ya"]) > 0 && days == 7;
            return if bound { None } else { Some((self.today.checked_add_days(Days::new(days))?, end)) };
        }
        self.counted(at)
    }

    /// A count of days, weeks or months from the call.
    fn counted(&self, at: usize) -> Option<(NaiveDate, usize)> {
        let talk = self.talk;
        let opened = talk.any(
            at,
            phrases! {
                "within the next", "in the next", "in", "within", "ndani ya", "baada ya", "after", "katika",
                "not more than", "the next", "zinazokuja", "for"
            },
        );
        let opener = talk.text(at);
        let mut start = at + opened;
        let mut unit = swahili_unit(talk.text(start));
        start += usize::from(unit.is_some());
        let (count, mut end) = match self.count(start) {
            Some((count, end, false)) => (count, end),
            _ if unit.is_none() && matches!(talk.text(start), "a" | "an") && opened > 0 => (1, start + 1),
            _ => return None,
        };
        if unit.is_none() {
            unit = english_unit(talk.text(end));
            end += 1;
        }
        let (unit, closed) = (
            unit?,
            self.talk.any(
                end,
                phrases! {
                    "from now", "from today", "from the call", "kuanzia leo", "kutoka leo",
                    "from this call", "zijazo", "ijayo", "hence", "time"
                },
            ),
        );
        if matches!(opener, "for")
            || (matches!(opener, "after" | "baada") && closed == 0 && self.names_event(end))
            || (closed == 0 && (opened == 0 || self.names_event(end)))
        {
            return None;
        }
        Some((self.later(count, unit)?, end + closed))
    }

    /// "ten days of delivery": counted from something that happens, not from the call.
    fn names_event(&self, at: usize) -> bool {
        let talk = self.talk;
        let said = talk.any(
            at,
            phrases! {
                "of", "after", "from", "baada ya", "tangu", "kutoka", "kuanzia", "past", "following",
                "za kupokea", "ya kupokea", "since"
            },
        ) > 0;
        let english = said && !matches!(talk.text(at + 1), "now" | "today" | "leo");
        english || talk.any(at, &["nikipokea", "ukileta", "ikifika"]) > 0
    }

    fn later(&self, count: u32, unit: &str) -> Option<NaiveDate> {
        match unit {
            "month" => self.today.checked_add_months(Months::new(count)),
            "week" => self.today.checked_add_days(Days::new(7 * u64::from(count))),
            _ => self.today.checked_add_days(Days::new(u64::from(count))),
        }
    }

    /// "end of next month", "mwisho wa mwezi huu", "the end of April"; not "the end of every month".
    pub(super) fn end_of(&self, at: usize) -> Option<(Option<NaiveDate>, usize)> {
        let talk = self.talk;
        let opened = talk.any(
            at,
            phrases! {
                "the end of", "end of", "month end", "mwisho wa", "mwisho ya", "the last day of",
                "last day of", "end month"
            },
        );
        if opened == 0 {
            return None;
        }
        let start = at + opened;
        if at > 0 && EVERY.contains(&talk.text(at - 1)) {
            return Some((None, start + 1));
        }
        let month_of = |months: u32| last_day(self.today.checked_add_months(Months::new(months))?);
        let sunday = |weeks: i64| {
            let back = i64::from(self.today.weekday().num_days_from_monday());
            self.today.checked_add_signed(chrono::Duration::days(6 - back + 7 * weeks))
        };
        if talk.text(at) == "month" {
            return Some((month_of(0), start));
        }
        let named = start;
        let hit = ENDS
            .iter()
            .filter_map(|(p, k)| Some((talk.phrase(named, p), *k)).filter(|(n, _)| *n > 0))
            .max_by_key(|(n, _)| *n);
        let swahili = (talk.text(named) == "mwezi" && talk.text(named + 1) == "wa")
            .then(|| self.month_behind(named))
            .flatten();
        let month = swahili.or_else(|| month(talk.text(named)).map(|m| (m, named + 1)));
        if let Some((m, end)) = month {
            let date = (0..2).find_map(|y| {
                last_day(NaiveDate::from_ymd_opt(self.today.year() + y, m, 1)?).filter(|d| *d > self.today)
            });
            return Some((date, end));
        }
        let (count, kind) = hit?;
        let date = match kind {
            End::Month(ahead) => month_of(ahead),
            End::Week(ahead) => sunday(ahead),
            End::Year => NaiveDate::from_ymd_opt(self.today.year(), 12, 31),
            End::Every => None,
        };
        Some((date, named + count))
    }

    /// "Friday", "this Friday", "Friday of next week", "Ijumaa wiki ijayo", "next week on Friday".
    pub(super) fn on_weekday(&self, at: usize) -> Option<(Option<NaiveDate>, usize)> {
        let talk = self.talk;
        let week = talk.any(
            at,
            &[
                "next week on",
                "next week",
                "wiki ijayo siku ya",
                "wiki ijayo",
                "wiki inayokuja",
                "juma lijalo",
            ],
        );
        if week > 0
            && let Some(day) = weekday(talk.text(at + week))
        {
            return Some((self.next_week(day), at + week + 1));
        }
        let opened = usize::from(
            matches!(talk.text(at), "next" | "this" | "coming") && weekday(talk.text(at + 1)).is_some(),
        );
        let day = weekday(talk.text(at + opened))?;
        let mut end = at + opened + 1;
        let before = if at > 0 { talk.text(at - 1) } else { "" };
        if EVERY.contains(&before) || talk.any(end, PAST) > 0 {
            return Some((None, end));
        }
        let of = talk.words.get(end).is_some_and(|w| w.gap <= Gap::Comma);
        let closed = if of { talk.any(end, NEXT) } else { 0 };
        let date = if talk.text(at) == "next" || closed > 0 { self.next_week(day) } else { self.coming(day) };
        end += closed;
        if closed == 0 && talk.any(end, &["hii", "this week", "wiki hii", "of this week", "ya wiki hii"]) > 0
        {
            end += talk.any(end, &["hii", "this week", "wiki hii", "of this week", "ya wiki hii"]);
        }
        Some((date, end))
    }

    fn coming(&self, day: Weekday) -> Option<NaiveDate> {
        (1..=7).find_map(|n| self.today.checked_add_days(Days::new(n)).filter(|d| d.weekday() == day))
    }

    fn next_week(&self, day: Weekday) -> Option<NaiveDate> {
        let monday = self
            .today
            .checked_add_days(Days::new(u64::from(7 - self.today.weekday().num_days_from_monday())))?;
        monday.checked_add_days(Days::new(u64::from(day.num_days_from_monday())))
    }
}

/// The last day of the month of `date`.
fn last_day(date: NaiveDate) -> Option<NaiveDate> {
    date.with_day(1)?.checked_add_months(Months::new(1))?.pred_opt()
}
