//! Times as people type them.

use crate::print::wrong_use;
use chrono::{DateTime, Local, NaiveDateTime, TimeZone};
use serde_json::{Value, json};
use slipway_app::error::CallError;

/// Milliseconds UTC of `2026-11-28T22:00:00Z`, or of `2026-11-28 22:00` in this computer's zone.
pub fn moment(text: &str) -> Result<i64, CallError> {
    let text = text.trim();
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(at.timestamp_millis());
    }
    let plain = ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S"];
    plain
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        .and_then(|at| Local.from_local_datetime(&at).earliest())
        .map(|at| at.timestamp_millis())
        .ok_or_else(|| {
            wrong_use(
                format!("{text:?} is no time."),
                "Write it as 2026-11-28 22:00 (this computer's zone) or 2026-11-28T22:00:00Z.",
            )
        })
}

/// A window from `START..END`.
pub fn window(text: &str) -> Result<Value, CallError> {
    let Some((start, end)) = text.split_once("..") else {
        return Err(wrong_use(
            format!("{text:?} is no window."),
            "Write it as \"2026-11-28 22:00..2026-11-29 02:00\".",
        ));
    };
    Ok(json!({ "start": moment(start)?, "end": moment(end)? }))
}

/// A moment for people, in this computer's zone.
pub fn shown(millis: &Value) -> String {
    millis
        .as_i64()
        .and_then(DateTime::from_timestamp_millis)
        .map(|at| at.with_timezone(&Local).format("%Y-%m-%d %H:%M").to_string())
        .unwrap_or_default()
}

/// Milliseconds UTC of the beginning of a day written as `2026-11-28`, or of a moment.
pub fn day(text: &str) -> Result<i64, CallError> {
    match chrono::NaiveDate::parse_from_str(text.trim(), "%Y-%m-%d") {
        Ok(day) => Ok(day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis()),
        Err(_) => moment(text),
    }
}

/// Milliseconds UTC of the beginning of a day in this computer's zone, written as `2026-11-28`, or of a moment.
pub fn local_day(text: &str) -> Result<i64, CallError> {
    match chrono::NaiveDate::parse_from_str(text.trim(), "%Y-%m-%d") {
        // Where the clocks are put forward at midnight the day begins an hour later.
        Ok(day) => (0..=2)
            .find_map(|hour| Local.from_local_datetime(&day.and_hms_opt(hour, 0, 0)?).earliest())
            .map(|at| at.timestamp_millis())
            .ok_or_else(|| wrong_use(format!("{text:?} is no day here."), "Write it as 2026-11-28.")),
        Err(_) => moment(text),
    }
}
