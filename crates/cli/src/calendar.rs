//! `slipwayctl calendar`: what is planned when.

use crate::desk::Desk;
use crate::print::{Answer, at, rows, text, wrong_use};
use crate::transfer::whole;
use crate::when;
use chrono::{DateTime, Days, Local, NaiveTime, TimeZone};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use slipway_app::error::CallError;
use std::fmt::Write as _;
use std::path::PathBuf;

/// Days that are shown when nothing is said.
const DAYS: u64 = 28;

/// What is planned when: rollout windows, changes, freezes, and what collides.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = "Examples:
  slipwayctl calendar
  slipwayctl calendar next-slot --release REL-000131 --days sat,sun --between 22:00-05:00
  slipwayctl calendar --from 2026-12-01 --to 2027-01-01
  slipwayctl --json calendar --from 2026-12-01 --to 2026-12-08")]
pub struct Calendar {
    /// From the beginning of this day in this computer's zone, as 2026-12-01, or from a time; today when left out.
    #[arg(long)]
    from: Option<String>,
    /// Up to before this day, or a time; four weeks later when left out.
    #[arg(long)]
    to: Option<String>,
    #[command(subcommand)]
    call: Option<CalendarCall>,
}

#[derive(Subcommand)]
enum CalendarCall {
    /// The next time that is long enough and has neither freeze nor collision, and why earlier ones have. Example:
    /// slipwayctl calendar next-slot --release REL-000131 --days sat,sun --between 22:00-05:00
    NextSlot(Slot),
    /// Write the calendar for other programs, as iCalendar. Example: slipwayctl calendar export --output slipway.ics
    Export(Export),
}

/// The calendar into a file.
#[derive(Args)]
struct Export {
    /// The file, which ends in .ics; one that is there is replaced.
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    /// From the beginning of this day in this computer's zone, or from a time; five weeks ago when left out.
    #[arg(long)]
    from: Option<String>,
    /// Up to before this day, or a time; a year from now when left out.
    #[arg(long)]
    to: Option<String>,
}

/// What a slot is looked for.
#[derive(Args)]
struct Slot {
    /// For this release.
    #[arg(long, required_unless_present_any = ["change", "cis"])]
    release: Option<String>,
    /// For this change.
    #[arg(long, conflicts_with = "release")]
    change: Option<String>,
    /// For work on this CI, by name, number, serial number or tag; may be given several times.
    #[arg(long = "ci", value_name = "CI", conflicts_with_all = ["release", "change"])]
    cis: Vec<String>,
    /// How long; what the release's or change's own window or rollout plan says when left out.
    #[arg(long)]
    minutes: Option<u32>,
    /// Not before this day or time; now when left out.
    #[arg(long)]
    after: Option<String>,
    /// Only on these days, as mon,sat,sun.
    #[arg(long, value_delimiter = ',')]
    days: Vec<String>,
    /// Only between these times in this computer's zone, as 22:00-05:00.
    #[arg(long)]
    between: Option<String>,
    /// Soft freezes are no hindrance.
    #[arg(long)]
    through_soft: bool,
}

pub async fn run(desk: &Desk, call: Calendar) -> Result<Answer, CallError> {
    match &call.call {
        Some(CalendarCall::NextSlot(slot)) => return next_slot(desk, slot).await,
        Some(CalendarCall::Export(call)) => return export(desk, call).await,
        None => {}
    }
    let (from, to) = period(call.from.as_deref(), call.to.as_deref())?;
    let page = desk.call("calendar.get", json!({ "from": from, "to": to })).await?;
    let shown = agenda(&page, from);
    Ok(Answer::new(page, shown))
}

async fn export(desk: &Desk, call: &Export) -> Result<Answer, CallError> {
    let day = |text: &Option<String>| text.as_deref().map(when::local_day).transpose();
    let request = json!({ "path": whole(&call.output)?, "from": day(&call.from)?, "to": day(&call.to)? });
    let saved = desk.call("calendar.save", request).await?;
    let said = format!("wrote {} events to {}", at(&saved, "/events"), call.output.display());
    Ok(Answer::new(saved, said))
}

async fn next_slot(desk: &Desk, call: &Slot) -> Result<Answer, CallError> {
    let days = call.days.iter().map(|day| weekday(day)).collect::<Result<Vec<u8>, _>>()?;
    let (from, to) = match call.between.as_deref().map(|text| text.split_once('-').ok_or(text)) {
        None => (None, None),
        Some(Ok((from, to))) => (Some(from.trim()), Some(to.trim())),
        Some(Err(text)) => {
            return Err(wrong_use(format!("{text:?} are no hours."), "Write them as 22:00-05:00."));
        }
    };
    let after = call.after.as_deref().map(when::local_day).transpose()?;
    let request = json!({
        "release": call.release,
        "change": call.change,
        "cis": call.cis,
        "minutes": call.minutes,
        "after": after,
        "days": days,
        "from": from,
        "to": to,
        "through_soft": call.through_soft,
    });
    let page = desk.call("calendar.next_slot", request).await?;
    let mut said = String::new();
    for passed in rows(&page, "/passed") {
        let _ = writeln!(said, "{}  not free", slot_span(at(passed, "/slot")));
        for finding in rows(passed, "/why") {
            let _ = writeln!(said, "      ! {}", text(finding, "/sentence"));
        }
    }
    if at(&page, "/too_short") == true {
        let _ = writeln!(said, "Some hours are shorter than {} minutes.", at(&page, "/minutes"));
    }
    let slot = at(&page, "/slot");
    if slot.is_null() {
        let _ = writeln!(said, "There is no free slot until {}.", when::shown(at(&page, "/until")));
    } else {
        let _ = writeln!(said, "{}  is free for {}", slot_span(slot), text(&page, "/label"));
    }
    Ok(Answer::new(page, said))
}

fn slot_span(slot: &Value) -> String {
    format!("{} - {}", when::shown(at(slot, "/start")), when::shown(at(slot, "/end")))
}

/// 1 for Monday to 7 for Sunday.
fn weekday(text: &str) -> Result<u8, CallError> {
    let day = text.trim().parse::<chrono::Weekday>();
    let number = day.ok().and_then(|day| u8::try_from(day.number_from_monday()).ok());
    number.ok_or_else(|| wrong_use(format!("{text:?} is no day of the week."), "Write it as mon or monday."))
}

/// The period that was asked for, in milliseconds UTC.
fn period(from: Option<&str>, to: Option<&str>) -> Result<(i64, i64), CallError> {
    let from = from.map_or_else(|| Ok(today()), when::local_day)?;
    let to = to.map_or_else(|| Ok(later(from, DAYS)), when::local_day)?;
    Ok((from, to))
}

/// The beginning of today in this computer's zone.
fn today() -> i64 {
    let now = chrono::Utc::now();
    let midnight = now.with_timezone(&Local).date_naive().and_time(NaiveTime::MIN);
    // Where the clocks are put forward at midnight the day begins an hour later.
    Local.from_local_datetime(&midnight).earliest().map_or(now.timestamp_millis(), |at| at.timestamp_millis())
}

fn later(from: i64, days: u64) -> i64 {
    local(from).and_then(|at| at.checked_add_days(Days::new(days))).map_or(from, |at| at.timestamp_millis())
}

fn local(at: i64) -> Option<DateTime<Local>> {
    DateTime::from_timestamp_millis(at).map(|at| at.with_timezone(&Local))
}

/// Day by day, in this computer's zone; what began before the period is told on its first day.
fn agenda(page: &Value, from: i64) -> String {
    let mut lines: Vec<(i64, String)> = Vec::new();
    for freeze in rows(page, "/freezes") {
        let line = format!("{}  FREEZE  {}: {}", span(freeze), text(freeze, "/title"), text(freeze, "/covers"));
        lines.push((start(freeze), line));
    }
    for plan in rows(page, "/plans") {
        let mut line =
            format!("{}  {}  {}  [{}]", span(plan), text(plan, "/label"), text(plan, "/title"), text(plan, "/state"));
        if let Some(release) = at(plan, "/carried_by/label").as_str() {
            let _ = write!(line, "  with {release}");
        }
        for finding in rows(plan, "/findings") {
            let _ = write!(line, "\n      ! {}", text(finding, "/sentence"));
        }
        lines.push((start(plan), line));
    }
    if lines.is_empty() {
        return "Nothing is planned in this period.".to_owned();
    }
    lines.sort_by_key(|(start, _)| *start);
    let mut out = String::new();
    let mut day = String::new();
    for (start, line) in lines {
        let on = local(start.max(from)).map(|at| at.format("%a %Y-%m-%d").to_string()).unwrap_or_default();
        if on != day {
            let _ = writeln!(out, "{}{on}", if out.is_empty() { "" } else { "\n" });
            day = on;
        }
        let _ = writeln!(out, "  {line}");
    }
    let shown = rows(page, "/plans").len();
    if at(page, "/total").as_u64().is_some_and(|total| total > shown as u64) {
        let _ = writeln!(out, "\nThere are {} plans; the first {shown} are shown.", at(page, "/total"));
    }
    if at(page, "/not_compared") == true {
        out.push_str("\nToo much is planned at once to look for collisions: ask for a shorter period.\n");
    }
    out
}

fn start(of: &Value) -> i64 {
    at(of, "/window/start").as_i64().unwrap_or_default()
}

/// `22:00-02:00`, with both days where it is longer than half a day.
fn span(of: &Value) -> String {
    let (from, to) = (start(of), at(of, "/window/end").as_i64().unwrap_or_default());
    let form = if to - from > 12 * 3_600_000 { "%a %d %b %H:%M" } else { "%H:%M" };
    let shown = |moment| local(moment).map(|at| at.format(form).to_string()).unwrap_or_default();
    format!("{}-{}", shown(from), shown(to))
}
