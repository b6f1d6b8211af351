//! Values of a filter, read by what the field holds.

use crate::filter::Reading;
use crate::filter::field::{Holds, Order};
use crate::filter::text::{natural, nearest, typed};
use crate::number::Number;
use crate::time::Timestamp;
use chrono::{DateTime, Days, Months, NaiveDate, NaiveDateTime, NaiveTime};
use std::cmp::Ordering;
use std::str::FromStr;
use uuid::Uuid;

/// How a value is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `:`
    Begins,
    /// `=`
    Is,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

/// What is looked for in a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// No value.
    Empty,
    /// Text that begins so; folded.
    Begins(String),
    /// Exactly this text; folded.
    Is(String),
    /// Text between these, ordered by its figures.
    Ordered(Bounds<Natural>),
    /// A figure, in millionths.
    Figure(Bounds<i64>),
    /// A figure of this unit, in millionths of it.
    Measure(Bounds<i64>, String),
    /// A moment, in milliseconds.
    Moment(Bounds<i64>),
    /// One of these labels, folded.
    OneOf(Vec<String>),
    /// A person or group of people.
    Party(Party),
    /// A site or CI group whose name begins so; folded.
    Called(String),
    /// A site or CI group of exactly this name; folded.
    CalledExactly(String),
    /// Yes or no.
    Flag(bool),
}

/// Whom a filter names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Party {
    /// This one.
    Id(Uuid),
    /// Whoever has this sign-in name or a name that begins so; folded.
    Called(String),
}

/// From here to there; whether the ends belong to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds<T> {
    /// Lower end; `None`: there is none.
    pub from: Option<(T, bool)>,
    /// Upper end.
    pub to: Option<(T, bool)>,
}

impl<T: Ord> Bounds<T> {
    /// Whether the value lies between.
    pub fn holds(&self, value: &T) -> bool {
        let above = self.from.as_ref().is_none_or(|(from, with)| match value.cmp(from) {
            Ordering::Greater => true,
            Ordering::Equal => *with,
            Ordering::Less => false,
        });
        let below = self.to.as_ref().is_none_or(|(to, with)| match value.cmp(to) {
            Ordering::Less => true,
            Ordering::Equal => *with,
            Ordering::Greater => false,
        });
        above && below
    }

    /// What an operator makes of a value that reaches from `low` (included) to `high` (included if `with`): a day, a
    /// month, or a single value.
    fn by(operator: Operator, low: T, high: T, with: bool) -> Self {
        let (from, to) = match operator {
            Operator::Begins | Operator::Is => (Some((low, true)), Some((high, with))),
            Operator::Less => (None, Some((low, false))),
            Operator::AtMost => (None, Some((high, with))),
            Operator::Greater => (Some((high, !with)), None),
            Operator::AtLeast => (Some((low, true)), None),
        };
        Self { from, to }
    }

    /// From the beginning of one to the end of the other.
    fn between(from: Option<Self>, to: Option<Self>) -> Self {
        Self { from: from.and_then(|b| b.from), to: to.and_then(|b| b.to) }
    }
}

/// A text ordered by its figures.
#[derive(Clone, Debug)]
pub struct Natural(pub String);

impl PartialEq for Natural {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Natural {}

impl PartialOrd for Natural {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Natural {
    fn cmp(&self, other: &Self) -> Ordering {
        natural(&self.0, &other.0)
    }
}

/// What is wrong with a value: a sentence, and what may have been meant.
pub type Wrong = (String, Option<String>);

/// A value as it was typed.
#[derive(Clone, Copy, Debug)]
pub enum Typed<'a> {
    /// One value; quoted ones are never words of the language.
    One(&'a str, bool),
    /// `a..b`, either end may be missing.
    Range(Option<&'a str>, Option<&'a str>),
}

/// Reads a value by what the field holds.
///
/// # Errors
/// What is wrong with it.
pub fn read(holds: Holds, operator: Operator, value: Typed<'_>, reading: &Reading<'_>) -> Result<Wanted, Wrong> {
    let compares = !matches!(operator, Operator::Begins | Operator::Is);
    match value {
        Typed::One(text, false) if !compares && text.eq_ignore_ascii_case("empty") => Ok(Wanted::Empty),
        Typed::One(text, quoted) => one(holds, operator, text, quoted, reading),
        Typed::Range(..) if compares => Err(("A range is not compared; write it after a colon.".to_owned(), None)),
        Typed::Range(from, to) => {
            let end = |text: Option<&str>| text.map(|t| one(holds, Operator::Is, t, false, reading)).transpose();
            range(holds, end(from)?, end(to)?)
        }
    }
}

fn one(holds: Holds, operator: Operator, text: &str, quoted: bool, reading: &Reading<'_>) -> Result<Wanted, Wrong> {
    let compares = !matches!(operator, Operator::Begins | Operator::Is);
    match holds {
        Holds::Text | Holds::Version if compares => {
            // `+90d` of a class attribute that no class describes: as the day it is written as.
            let relative = Some(text).filter(|t| t.starts_with(['+', '-', 't', 'T', 'y', 'Y']));
            let text = relative
                .and_then(|text| day(text, reading.now))
                .map_or_else(|| text.to_owned(), |(first, _)| first.to_string());
            let bound = || Natural(typed(&text));
            Ok(Wanted::Ordered(Bounds::by(operator, bound(), bound(), true)))
        }
        Holds::Text | Holds::Version => {
            let text = if quoted { text.to_lowercase() } else { typed(text) };
            Ok(if operator == Operator::Is { Wanted::Is(text) } else { Wanted::Begins(text) })
        }
        Holds::Figure => {
            let figure = millionths(text).ok_or_else(|| wrong(text, "a figure such as 20 or 1.5"))?;
            Ok(Wanted::Figure(Bounds::by(operator, figure, figure, true)))
        }
        Holds::Position => {
            let position = Number::from_str(text)
                .ok()
                .and_then(|n| n.position())
                .or_else(|| text.trim_start_matches(['t', 'T']).parse().ok())
                .ok_or_else(|| wrong(text, "a number such as 12 or CI-000012"))?;
            let figure = i64::from(position).saturating_mul(MILLION);
            Ok(Wanted::Figure(Bounds::by(operator, figure, figure, true)))
        }
        Holds::Moment => {
            let (low, high) = moment(text, reading.now).ok_or_else(|| wrong(text, DATES))?;
            Ok(Wanted::Moment(if low == high {
                Bounds::by(operator, low, high, true)
            } else {
                Bounds::by(operator, low, high, false)
            }))
        }
        Holds::Day => {
            let (first, last) = day(text, reading.now).ok_or_else(|| wrong(text, DATES))?;
            Ok(Wanted::Ordered(Bounds::by(operator, Natural(first.to_string()), Natural(last.to_string()), true)))
        }
        Holds::Choice(labels, order) => Ok(Wanted::OneOf(choose(text, operator, &labels(), order)?)),
        _ if compares => Err(("This has no order; write it after a colon.".to_owned(), None)),
        Holds::Party => Ok(Wanted::Party(party(text, quoted, reading)?)),
        Holds::Site if text.parse::<Uuid>().is_ok() => Ok(Wanted::Party(party(text, quoted, reading)?)),
        Holds::Site | Holds::CiGroup => {
            let name = typed(text);
            Ok(if operator == Operator::Is { Wanted::CalledExactly(name) } else { Wanted::Called(name) })
        }
        Holds::Flag => match typed(text).as_str() {
            "yes" | "true" | "y" => Ok(Wanted::Flag(true)),
            "no" | "false" | "n" => Ok(Wanted::Flag(false)),
            _ => Err((format!("{text} is neither yes nor no."), Some("yes".to_owned()))),
        },
    }
}

const DATES: &str = "a date such as 2027-01-31, 2027-01, today, +90d or -2w";

fn wrong(text: &str, expected: &str) -> Wrong {
    (format!("{text} is not {expected}."), None)
}

fn range(holds: Holds, from: Option<Wanted>, to: Option<Wanted>) -> Result<Wanted, Wrong> {
    fn natural(wanted: Wanted) -> Option<Bounds<Natural>> {
        match wanted {
            Wanted::Is(text) => Some(Bounds::by(Operator::Is, Natural(text.clone()), Natural(text), true)),
            Wanted::Ordered(bounds) => Some(bounds),
            _ => None,
        }
    }
    match holds {
        Holds::Text | Holds::Version | Holds::Day => {
            Ok(Wanted::Ordered(Bounds::between(from.and_then(natural), to.and_then(natural))))
        }
        Holds::Figure | Holds::Position => {
            let figure = |wanted| if let Wanted::Figure(bounds) = wanted { Some(bounds) } else { None };
            Ok(Wanted::Figure(Bounds::between(from.and_then(figure), to.and_then(figure))))
        }
        Holds::Moment => {
            let moment = |wanted| if let Wanted::Moment(bounds) = wanted { Some(bounds) } else { None };
            Ok(Wanted::Moment(Bounds::between(from.and_then(moment), to.and_then(moment))))
        }
        Holds::Choice(labels, order) if order != Order::None => {
            let labels: Vec<String> = labels().iter().map(|l| l.to_lowercase()).collect();
            let place = |wanted: &Option<Wanted>, last: bool| match wanted {
                Some(Wanted::OneOf(chosen)) => {
                    let places = chosen.iter().filter_map(|c| labels.iter().position(|l| l == c));
                    if last { places.max() } else { places.min() }
                }
                _ => None,
            };
            let (mut low, mut high) = (place(&from, false), place(&to, true));
            if order == Order::Down {
                (low, high) = (place(&to, false), place(&from, true));
            }
            let between = |n: usize| low.is_none_or(|low| low <= n) && high.is_none_or(|high| n <= high);
            Ok(Wanted::OneOf(labels.into_iter().enumerate().filter(|(n, _)| between(*n)).map(|(_, l)| l).collect()))
        }
        _ => Err(("This has no order, so there is no range of it.".to_owned(), None)),
    }
}

/// The labels that a text is the beginning of, or that are less or more than the one it names.
///
/// # Errors
/// That there is no such label, with the nearest one.
pub fn choose(text: &str, operator: Operator, labels: &[&str], order: Order) -> Result<Vec<String>, Wrong> {
    let wanted = typed(text).replace(['-', '/'], " ");
    let plain = |label: &str| typed(label).replace(['-', '/'], " ");
    let all: Vec<String> = labels.iter().map(|label| label.to_lowercase()).collect();
    let is = |label: &str| match operator {
        Operator::Is => plain(label) == wanted,
        _ => plain(label).starts_with(&wanted),
    };
    let unknown = || {
        let near = nearest(text, labels.iter().copied()).map(|label| label.to_lowercase().replace(' ', "_"));
        (format!("{text} is none of {}.", all.join(", ")), near)
    };
    if matches!(operator, Operator::Begins | Operator::Is) {
        let chosen: Vec<String> = labels.iter().filter(|label| is(label)).map(|label| label.to_lowercase()).collect();
        return if chosen.is_empty() { Err(unknown()) } else { Ok(chosen) };
    }
    if order == Order::None {
        return Err(("This has no order; write it after a colon.".to_owned(), None));
    }
    let exact = labels.iter().position(|label| plain(label) == wanted);
    let at = exact.or_else(|| labels.iter().position(|label| plain(label).starts_with(&wanted)));
    let at = at.ok_or_else(unknown)?;
    let keeps = |n: usize| {
        let more = if order == Order::Up { n.cmp(&at) } else { at.cmp(&n) };
        match operator {
            Operator::Less => more == Ordering::Less,
            Operator::AtMost => more != Ordering::Greater,
            Operator::Greater => more == Ordering::Greater,
            _ => more != Ordering::Less,
        }
    };
    Ok(all.into_iter().enumerate().filter(|(n, _)| keeps(*n)).map(|(_, label)| label).collect())
}

fn party(text: &str, quoted: bool, reading: &Reading<'_>) -> Result<Party, Wrong> {
    if !quoted && text.eq_ignore_ascii_case("me") {
        let nobody = || ("Nobody is signed in here, so there is no me.".to_owned(), None);
        return reading.me.map(|me| Party::Id(me.0)).ok_or_else(nobody);
    }
    Ok(text.parse().map_or_else(|_| Party::Called(typed(text)), Party::Id))
}

/// Millionths in one.
pub(super) const MILLION: i64 = 1_000_000;

/// A decimal figure in millionths; what is more exact is cut off.
#[must_use]
pub fn millionths(text: &str) -> Option<i64> {
    let text = text.trim();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let is_figures = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && part.is_empty()) || !is_figures(whole) || !is_figures(part) {
        return None;
    }
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let mut part: String = part.chars().take(6).collect();
    while part.len() < 6 {
        part.push('0');
    }
    whole.checked_mul(MILLION)?.checked_add(part.parse().ok()?)?.checked_mul(sign)
}

/// A day or days: first and last.
fn day(text: &str, now: Timestamp) -> Option<(NaiveDate, NaiveDate)> {
    let today = DateTime::from_timestamp_millis(now.0)?.date_naive();
    let one = |day: Option<NaiveDate>| day.map(|day| (day, day));
    let lower = text.trim().to_lowercase();
    match lower.as_str() {
        "today" | "now" => return Some((today, today)),
        "yesterday" => return one(today.checked_sub_days(Days::new(1))),
        "tomorrow" => return one(today.checked_add_days(Days::new(1))),
        _ => {}
    }
    if let Some(rest) = lower.strip_prefix(['+', '-']) {
        let back = lower.starts_with('-');
        let (amount, unit) = rest.split_at_checked(rest.len().checked_sub(1)?)?;
        let amount: u32 = amount.parse().ok()?;
        let days = |n: u32| {
            let days = Days::new(u64::from(n));
            if back { today.checked_sub_days(days) } else { today.checked_add_days(days) }
        };
        let months = |n: Option<u32>| {
            let months = Months::new(n?);
            if back { today.checked_sub_months(months) } else { today.checked_add_months(months) }
        };
        return match unit {
            "d" => one(days(amount)),
            "w" => one(days(amount.checked_mul(7)?)),
            "m" => one(months(Some(amount))),
            "y" => one(months(amount.checked_mul(12))),
            _ => None,
        };
    }
    let mut parts = lower.split('-');
    let year = parts.next().filter(|year| year.len() == 4)?.parse().ok()?;
    let month = parts.next();
    let day = parts.next();
    if parts.next().is_some() {
        return None;
    }
    let two = |text: &str| if text.len() == 2 { text.parse::<u32>().ok() } else { None };
    match (month, day) {
        (None, _) => Some((NaiveDate::from_ymd_opt(year, 1, 1)?, NaiveDate::from_ymd_opt(year, 12, 31)?)),
        (Some(month), None) => {
            let first = NaiveDate::from_ymd_opt(year, two(month)?, 1)?;
            Some((first, first.checked_add_months(Months::new(1))?.pred_opt()?))
        }
        (Some(month), Some(day)) => one(NaiveDate::from_ymd_opt(year, two(month)?, two(day)?)),
    }
}

/// A moment or span, in milliseconds: its first, and the first after it; both the same for a single moment.
fn moment(text: &str, now: Timestamp) -> Option<(i64, i64)> {
    let lower = text.trim().to_lowercase();
    if lower == "now" {
        return Some((now.0, now.0));
    }
    if let Some(hours) = lower.strip_suffix('h').and_then(|hours| hours.parse::<i64>().ok())
        && lower.starts_with(['+', '-'])
    {
        let at = now.plus_hours(hours).0;
        return Some((at, at));
    }
    if let Some((_, time)) = lower.split_once('t')
        && !time.is_empty()
    {
        let form = if time.len() == 5 { "%Y-%m-%dt%H:%M" } else { "%Y-%m-%dt%H:%M:%S" };
        let at = NaiveDateTime::parse_from_str(lower.trim_end_matches('z'), form);
        if let Ok(at) = at {
            let at = at.and_utc().timestamp_millis();
            return Some((at, at));
        }
    }
    let (first, last) = day(text, now)?;
    let start = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc().timestamp_millis();
    Some((start(first), start(last.succ_opt()?)))
}
