//! The calendar for other programs, in a file.

use crate::App;
use crate::calendar::checked;
use crate::error::CallError;
use crate::export::{file_of, unwritable};
use crate::view::calendar::{SaveCalendarRequest, SavedCalendar};
use slipway_domain::refusal::Finding;
use slipway_domain::time::Window;
use slipway_sync::ical::{FEED_DAYS, Warnings, calendar};
use std::path::Path;

/// How programs that show it call the calendar.
const NAME: &str = "Slipway";

/// Writes the calendar of a period.
///
/// # Errors
/// `WRONG_PERIOD`, `WRONG_FILE`, that the file cannot be written, or trouble.
pub fn save(app: &App, request: &SaveCalendarRequest) -> Result<SavedCalendar, CallError> {
    let path = Path::new(&request.path);
    if path.extension().is_none_or(|end| !end.eq_ignore_ascii_case("ics")) {
        return Err(Finding::new(
            "WRONG_FILE",
            format!("{} does not end in .ics.", path.display()),
            "Name it something.ics: other programs know a calendar by that.",
        )
        .with("field", "path")
        .into());
    }
    let now = app.host().now();
    let period = Window {
        start: request.from.unwrap_or_else(|| now.plus_days(-FEED_DAYS.0)),
        end: request.to.unwrap_or_else(|| now.plus_days(FEED_DAYS.1)),
    };
    checked(&period)?;
    let text = app.read(|sight| Ok(calendar(NAME, &period, sight.now, Warnings::Given, sight.records)?))?;
    file_of(path, &mut |out| {
        out.write_all(text.as_bytes()).map_err(|error| unwritable(&path.display().to_string(), &error))
    })?;
    Ok(SavedCalendar { path: request.path.clone(), events: text.matches("BEGIN:VEVENT").count() })
}
