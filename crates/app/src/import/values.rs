//! Texts of a file in the form that records take: decimal commas, dates, levels that other products number.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};
use serde::{Deserialize, Serialize};
use slipway_domain::time::Timestamp;
use ts_rs::TS;

/// Years that a date of an export may have: others are slips of the hand.
pub const YEARS: std::ops::RangeInclusive<i32> = 1990..=2099;

/// Which way the numbers of a level run in the other product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Numbers {
    /// 1 is the gravest.
    HighestFirst,
    /// 1 is the least.
    LowestFirst,
}

/// In which order a date is written when its year does not come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Dates {
    /// 31-12-2026
    DayFirst,
    /// 12/31/2026
    MonthFirst,
}

/// Whether a text is a number with a decimal comma: `1,5`, `1.234,50`.
#[must_use]
pub fn is_decimal_comma(text: &str) -> bool {
    let digits = text.trim().trim_start_matches(['-', '+']);
    let Some((whole, part)) = digits.split_once(',') else { return false };
    let plain = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    let mut groups = whole.split('.');
    let first = groups.next().unwrap_or_default();
    plain(part)
        && plain(first)
        && first.len() <= 3.max(whole.len() * usize::from(!whole.contains('.')))
        && groups.all(|g| g.len() == 3 && plain(g))
}

/// A number with a decimal comma as one with a decimal point; any other text as it is.
#[must_use]
pub fn decimal(text: &str) -> String {
    if !is_decimal_comma(text) {
        return text.to_owned();
    }
    text.replace('.', "").replace(',', ".")
}

/// The name of a numbered level; any other text as it is.
///
/// # Errors
/// A number beyond the scale.
pub fn level(text: &str, numbers: Numbers, gravest_first: &[&'static str]) -> Result<String, String> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(text.to_owned());
    }
    let place = text.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
    let found = match numbers {
        Numbers::HighestFirst => place.and_then(|p| gravest_first.get(p)),
        Numbers::LowestFirst => place.and_then(|p| gravest_first.iter().rev().nth(p)),
    };
    found
        .map(|name| (*name).to_owned())
        .ok_or_else(|| format!("{text} is not on a scale of 1 to {}", gravest_first.len()))
}

/// Whether a text looks like a date, and the order that it leaves possible.
#[must_use]
pub fn date_order(text: &str) -> Option<Option<Dates>> {
    let (date, _) = apart(text)?;
    match date {
        Date::YearFirst(..) => None,
        Date::YearLast(first, second, _, separator) => Some(if first > 12 {
            Some(Dates::DayFirst)
        } else if second > 12 {
            Some(Dates::MonthFirst)
        } else if separator == '/' {
            None
        } else {
            // With dashes and dots nobody writes the month first.
            Some(Dates::DayFirst)
        }),
    }
}

enum Date {
    YearFirst(i32, u32, u32),
    /// First, second, year, and what stands between.
    YearLast(u32, u32, i32, char),
}

fn apart(text: &str) -> Option<(Date, &str)> {
    let text = text.trim();
    let (date, time) = text.split_once([' ', 'T']).unwrap_or((text, ""));
    let separator = date.chars().find(|c| matches!(c, '-' | '/' | '.'))?;
    let mut parts = date.split(separator);
    let (a, b, c) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let date = if a.len() == 4 {
        Date::YearFirst(a.parse().ok()?, b.parse().ok()?, c.parse().ok()?)
    } else if c.len() == 4 {
        Date::YearLast(a.parse().ok()?, b.parse().ok()?, c.parse().ok()?, separator)
    } else {
        return None;
    };
    Some((date, time.trim()))
}

/// A date with or without a time; without an offset of its own it is `offset_minutes` east of UTC.
///
/// # Errors
/// Why it is none, in words that follow the name of the field.
pub fn moment(text: &str, dates: Option<Dates>, offset_minutes: i32) -> Result<Timestamp, String> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text.trim()) {
        return in_range(time.naive_utc().date(), text).map(|()| Timestamp(time.timestamp_millis()));
    }
    let (date, time) = apart(text).ok_or_else(|| format!("{text:?} is no date"))?;
    let (year, month, day) = match date {
        Date::YearFirst(year, month, day) => (year, month, day),
        Date::YearLast(first, second, year, _) => match dates {
            Some(Dates::DayFirst) => (year, second, first),
            Some(Dates::MonthFirst) => (year, first, second),
            None => {
                return Err(format!("{text:?} may be one of two dates; say whether the day or the month comes first"));
            }
        },
    };
    let date =
        NaiveDate::from_ymd_opt(year, month, day).ok_or_else(|| format!("{text:?} is no day of the calendar"))?;
    in_range(date, text)?;
    let time = clock(time).ok_or_else(|| format!("{text:?} has no time of day that can be read"))?;
    let local = NaiveDateTime::new(date, time).and_utc().timestamp_millis();
    Ok(Timestamp(local.saturating_sub(i64::from(offset_minutes).saturating_mul(60_000))))
}

fn in_range(date: NaiveDate, text: &str) -> Result<(), String> {
    use chrono::Datelike;
    if YEARS.contains(&date.year()) {
        return Ok(());
    }
    Err(format!("{text:?} is out of range: years from {} to {} are taken", YEARS.start(), YEARS.end()))
}

fn clock(text: &str) -> Option<NaiveTime> {
    if text.is_empty() {
        return Some(NaiveTime::MIN);
    }
    ["%H:%M:%S%.f", "%H:%M:%S", "%H:%M", "%I:%M %p", "%I:%M:%S %p"]
        .iter()
        .find_map(|format| NaiveTime::parse_from_str(text, format).ok())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("1,5", "1.5")]
    #[case("1.234,50", "1234.50")]
    #[case("-12,0", "-12.0")]
    #[case("12345,6", "12345.6")]
    #[case("1,5,2", "1,5,2")]
    #[case("1.5", "1.5")]
    #[case("a,b", "a,b")]
    #[case("1.23,4", "1.23,4")]
    #[case("", "")]
    fn a_decimal_comma_becomes_a_point(#[case] text: &str, #[case] number: &str) {
        assert_eq!(decimal(text), number);
    }

    #[rstest]
    #[case("03-11-2014 09:30", Some(Dates::DayFirst), "2014-11-03T09:30:00Z")]
    #[case("3.11.2014", Some(Dates::DayFirst), "2014-11-03T00:00:00Z")]
    #[case("11/03/2014 9:30 PM", Some(Dates::MonthFirst), "2014-11-03T21:30:00Z")]
    #[case("2014-11-03 09:30:15", None, "2014-11-03T09:30:15Z")]
    #[case("2014-11-03T09:30:15+02:00", None, "2014-11-03T07:30:15Z")]
    fn dates_are_read_as_products_write_them(#[case] text: &str, #[case] dates: Option<Dates>, #[case] rfc: &str) {
        let read = moment(text, dates, 0).unwrap();
        assert_eq!(read.0, DateTime::parse_from_rfc3339(rfc).unwrap().timestamp_millis());
        assert_eq!(moment("2014-11-03 09:30", None, 60).unwrap().0, moment("2014-11-03 08:30", None, 0).unwrap().0);
    }

    #[rstest]
    #[case("03-11-0214 09:30", "out of range")]
    #[case("03-11-2914 09:30", "out of range")]
    #[case("31-02-2014", "no day")]
    #[case("03-11-2014 25:00", "no time")]
    #[case("soon", "no date")]
    #[case("03-11-14", "no date")]
    fn what_is_no_date_says_why(#[case] text: &str, #[case] why: &str) {
        let said = moment(text, Some(Dates::DayFirst), 0).unwrap_err();
        assert!(said.contains(why), "{said}");
    }

    #[test]
    fn an_ambiguous_date_is_asked_about_and_not_guessed() {
        assert!(moment("03/04/2014", None, 0).unwrap_err().contains("two dates"));
        assert_eq!(date_order("03/04/2014"), Some(None));
        assert_eq!(date_order("13/04/2014"), Some(Some(Dates::DayFirst)));
        assert_eq!(date_order("03/14/2014"), Some(Some(Dates::MonthFirst)));
        assert_eq!(date_order("03-04-2014 10:00"), Some(Some(Dates::DayFirst)));
        assert_eq!(date_order("2014-04-03"), None, "there is nothing to ask");
    }

    #[rstest]
    #[case("1", Numbers::HighestFirst, Ok("enterprise"))]
    #[case("4", Numbers::HighestFirst, Ok("user"))]
    #[case("1", Numbers::LowestFirst, Ok("user"))]
    #[case("user", Numbers::LowestFirst, Ok("user"))]
    #[case("0", Numbers::HighestFirst, Err(()))]
    #[case("5", Numbers::HighestFirst, Err(()))]
    fn numbers_run_the_way_that_the_mapping_says(
        #[case] text: &str,
        #[case] way: Numbers,
        #[case] named: Result<&str, ()>,
    ) {
        let scale = ["enterprise", "site/department", "multiple users", "user"];
        assert_eq!(level(text, way, &scale).map_err(|_| ()), named.map(str::to_owned));
    }
}
