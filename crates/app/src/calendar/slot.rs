//! The next free slot for a release, a change or some CIs, and why earlier ones were passed over.

use crate::calendar::hours::Hours;
use crate::error::CallError;
use crate::sight::Sight;
use crate::view::calendar::{PassedSlot, SlotPage, SlotRequest};
use crate::{App, resolve};
use chrono::{Local, NaiveTime, Weekday};
use slipway_domain::calendar::slot::{Wanted, next_free};
use slipway_domain::collision::Planned;
use slipway_domain::freeze::Affected;
use slipway_domain::id::CiId;
use slipway_domain::record::{Kind, RecordRef};
use slipway_domain::refusal::Finding;
use slipway_domain::release::record::{PlanKind, Release};
use slipway_domain::time::Window;
use std::collections::BTreeSet;
use uuid::Uuid;

/// How far it is looked, in days.
const DAYS: i64 = 182;
/// The longest slot, in minutes: two weeks.
const MINUTES_MOST: u32 = 14 * 24 * 60;

/// Looks for the next free slot.
///
/// # Errors
/// `NOT_FOUND`, `MISSING_FIELD`, `WRONG_FIELD`, or trouble.
pub fn next(app: &App, request: &SlotRequest) -> Result<SlotPage, CallError> {
    let hours = hours(request)?;
    app.read(|sight| {
        let (plan, affected, usual) = subject(sight, request)?;
        let minutes = match request.minutes.or(usual) {
            Some(minutes) if (1..=MINUTES_MOST).contains(&minutes) => minutes,
            Some(_) => return Err(wrong("minutes", format!("A slot has 1 to {MINUTES_MOST} minutes."))),
            None => return Err(crate::missing("next slot", "minutes")),
        };
        let start = request.after.map_or(sight.now, |after| after.max(sight.now));
        let until = start.plus_days(DAYS);
        let label = plan.record.label.clone();
        let wanted = Wanted {
            plan,
            affected,
            minutes,
            hours: hours.within(Window { start, end: until }, &Local),
            through_soft: request.through_soft,
        };
        let found = next_free(&wanted, sight.now, sight.records)?;
        Ok(SlotPage {
            label,
            minutes,
            slot: found.slot,
            passed: found.passed.into_iter().map(|p| PassedSlot { slot: p.slot, why: p.why }).collect(),
            too_short: found.too_short,
            until,
        })
    })
}

/// What a slot is looked for, what it affects, and how long it takes as far as that is known, in minutes.
fn subject(sight: Sight<'_>, request: &SlotRequest) -> Result<(Planned, Affected, Option<u32>), CallError> {
    // Its own window says nothing here but how long it is.
    let no_window = Window { start: sight.now, end: sight.now };
    if let Some(text) = &request.release {
        let release = resolve::release(sight, text)?;
        let plan = Planned::of_release(&release).unwrap_or_else(|| Planned {
            record: RecordRef::of(&release),
            window: no_window,
            cis: release.scope.cis.clone(),
            services: release.scope.services.clone(),
        });
        let usual = release.scope.rollout_window.map_or_else(|| planned_minutes(&release), minutes_of);
        return Ok((plan, Affected::by_release(&release, sight.records)?, usual));
    }
    if let Some(text) = &request.change {
        let change = resolve::change(sight, text)?;
        let plan = Planned::of_change(&change).unwrap_or_else(|| Planned {
            record: change.reference(),
            window: no_window,
            cis: change.cis.clone(),
            services: change.services.clone(),
        });
        return Ok((plan, Affected::by_change(&change, sight.records)?, change.planned.and_then(minutes_of)));
    }
    if request.cis.is_empty() {
        return Err(crate::missing("next slot", "release, change or cis"));
    }
    let cis: BTreeSet<CiId> = request.cis.iter().map(|text| resolve::must_ci(sight, text)).collect::<Result<_, _>>()?;
    let affected = Affected::by_cis(&cis, sight.records)?;
    let record = RecordRef { kind: Kind::Ci, id: Uuid::nil(), label: "This plan".to_owned() };
    Ok((Planned { record, window: no_window, services: affected.services.clone(), cis }, affected, None))
}

fn minutes_of(window: Window) -> Option<u32> {
    u32::try_from(window.end.0.saturating_sub(window.start.0) / 60_000).ok()
}

/// The steps of the rollout plan together; `None` where it has none.
fn planned_minutes(release: &Release) -> Option<u32> {
    let steps = release.scope.plans.get(&PlanKind::Rollout)?;
    let minutes = steps.iter().fold(0_u32, |sum, step| sum.saturating_add(step.minutes));
    (minutes > 0).then_some(minutes)
}

fn hours(request: &SlotRequest) -> Result<Hours, CallError> {
    let time = |field: &str, text: &Option<String>| -> Result<NaiveTime, CallError> {
        let Some(text) = text.as_deref().map(str::trim).filter(|text| !text.is_empty()) else {
            return Ok(NaiveTime::MIN);
        };
        let text = if text == "24:00" { "00:00" } else { text };
        NaiveTime::parse_from_str(text, "%H:%M").map_err(|_| wrong(field, format!("{text:?} is no time of day.")))
    };
    let mut days = Vec::new();
    for day in &request.days {
        let from_monday = day.checked_sub(1).and_then(|n| Weekday::try_from(n).ok());
        days.push(from_monday.ok_or_else(|| wrong("days", format!("{day} is no day of the week.")))?);
    }
    if days.is_empty() {
        days = Hours::all().days;
    }
    Ok(Hours { days, from: time("from", &request.from)?, to: time("to", &request.to)? })
}

fn wrong(field: &str, sentence: String) -> CallError {
    let way_out = match field {
        "days" => "Days are 1 for Monday to 7 for Sunday.",
        "minutes" => "Ask for a shorter one.",
        _ => "Write it as 22:00.",
    };
    Finding::new("WRONG_FIELD", sentence, way_out).with("field", field).into()
}
