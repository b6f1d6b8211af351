//! Working hours as times: on these days of the week from one time to another, in the zone of this computer.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeZone, Weekday};
use slipway_domain::time::{Timestamp, Window};

/// When one may work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
    /// On these days; hours that end on the day after belong to the one on which they begin.
    pub days: Vec<Weekday>,
    /// From this time.
    pub from: NaiveTime,
    /// To this one; of the day after where it is not later.
    pub to: NaiveTime,
}

impl Hours {
    /// At any time.
    pub fn all() -> Self {
        let days = (0..7).filter_map(|n| Weekday::try_from(n).ok()).collect();
        Self { days, from: NaiveTime::MIN, to: NaiveTime::MIN }
    }

    /// The times within a window, in order; those that touch one another are one.
    pub fn within<Z: TimeZone>(&self, window: Window, zone: &Z) -> Vec<Window> {
        let mut found: Vec<Window> = Vec::new();
        let at = |moment: Timestamp| {
            DateTime::from_timestamp_millis(moment.0).map(|utc| utc.with_timezone(zone).date_naive())
        };
        let (Some(first), Some(last)) = (at(window.start), at(window.end)) else { return found };
        // The night before may reach into the window.
        let mut day = first.pred_opt().unwrap_or(first);
        while day <= last {
            let next = day.checked_add_days(Days::new(1));
            if self.days.contains(&day.weekday()) {
                let end = if self.to > self.from { Some(day) } else { next };
                let span = end.and_then(|end| Some((moment(day, self.from, zone)?, moment(end, self.to, zone)?)));
                if let Some((start, end)) = span {
                    let (start, end) = (start.max(window.start), end.min(window.end));
                    match found.last_mut() {
                        Some(before) if start <= before.end => before.end = before.end.max(end),
                        _ if start < end => found.push(Window { start, end }),
                        _ => {}
                    }
                }
            }
            let Some(next) = next else { break };
            day = next;
        }
        found
    }
}

/// A time of a day; where the clocks are put forward over it, the first one after that.
fn moment<Z: TimeZone>(day: NaiveDate, time: NaiveTime, zone: &Z) -> Option<Timestamp> {
    let mut at = day.and_time(time);
    for _ in 0..4 {
        if let Some(found) = zone.from_local_datetime(&at).earliest() {
            return Some(Timestamp(found.timestamp_millis()));
        }
        at = at.checked_add_signed(chrono::TimeDelta::minutes(30))?;
    }
    None
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::Hours;
    use chrono::{FixedOffset, NaiveTime, Weekday};
    use slipway_domain::time::{Timestamp, Window};

    const HOUR: i64 = 3_600_000;
    /// Saturday, 2026-11-28, midnight in UTC.
    const SATURDAY: i64 = 1_795_824_000_000;

    fn hours(days: &[Weekday], from: u32, to: u32) -> Hours {
        let time = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap();
        Hours { days: days.to_vec(), from: time(from), to: time(to) }
    }

    /// Beginning and end in hours after midnight of Saturday in UTC.
    fn found(hours: &Hours, from: i64, to: i64, zone: i32) -> Vec<(i64, i64)> {
        let at = |hour: i64| Timestamp(SATURDAY + hour * HOUR);
        let zone = FixedOffset::east_opt(zone * 3_600).unwrap();
        let found = hours.within(Window { start: at(from), end: at(to) }, &zone);
        found.iter().map(|w| ((w.start.0 - SATURDAY) / HOUR, (w.end.0 - SATURDAY) / HOUR)).collect()
    }

    #[test]
    fn a_night_is_of_the_day_on_which_it_begins() {
        let nights = hours(&[Weekday::Sat], 22, 5);
        assert_eq!(found(&nights, 0, 7 * 24, 0), [(22, 29)]);
        assert_eq!(found(&nights, 25, 7 * 24, 0), [(25, 29)], "what is left of the night that has begun");
        assert_eq!(found(&nights, 0, 7 * 24, 2), [(20, 27)], "in a zone east of here it is earlier");
    }

    #[test]
    fn days_that_touch_are_one_time() {
        assert_eq!(found(&Hours::all(), 3, 60, 1), [(3, 60)]);
        let weekend = hours(&[Weekday::Sat, Weekday::Sun], 0, 0);
        assert_eq!(found(&weekend, -24, 240, 0), [(0, 48), (168, 216)]);
        assert_eq!(found(&hours(&[], 0, 0), 0, 48, 0), []);
    }

    #[test]
    fn hours_of_a_day_end_on_it() {
        assert_eq!(found(&hours(&[Weekday::Sat, Weekday::Mon], 8, 17), 0, 96, 0), [(8, 17), (56, 65)]);
    }
}
