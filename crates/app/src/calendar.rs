//! The calendar over a period: rollout windows, planned changes, freezes, and what stands in whose way.

pub mod file;
pub mod hours;
pub mod moving;
pub mod slot;

use crate::App;
use crate::error::CallError;
use crate::pills;
use crate::sight::{Sight, path};
use crate::view::calendar::{CalendarFreeze, CalendarPage, CalendarPlan, CalendarRequest};
use crate::view::common::Named;
use slipway_domain::calendar::{Hindrances, PERIOD_DAYS_MOST, Plan, hindrances, plans};
use slipway_domain::record::{Kind, Record};
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::{Fault, Finding};
use slipway_domain::setting::{Freeze, FreezeScope};
use slipway_domain::time::Window;

/// Plans in one answer.
const PLANS_MOST: usize = 2_000;

/// What is planned within a period.
///
/// # Errors
/// `WRONG_PERIOD`, or trouble.
pub fn get(app: &App, request: &CalendarRequest) -> Result<CalendarPage, CallError> {
    let period = Window { start: request.from, end: request.to };
    checked(&period)?;
    app.read(|sight| {
        let freezes: Vec<Freeze> = sight.records.all()?;
        let mut shown = plans(&period, sight.records)?;
        let total = u32::try_from(shown.len()).unwrap_or(u32::MAX);
        shown.truncate(PLANS_MOST);
        let Hindrances { mut of, not_compared } = hindrances(&shown, &freezes, sight.now, sight.records)?;
        let plans = shown
            .iter()
            .map(|one| plan(sight, one, of.remove(&one.record.id()).unwrap_or_default()))
            .collect::<Result<_, _>>()?;
        let mut held = Vec::new();
        for one in &freezes {
            for window in one.occurrences(&period) {
                held.push(freeze(sight, one, window)?);
            }
        }
        held.sort_by_key(|one| one.window);
        Ok(CalendarPage { period, plans, freezes: held, total, not_compared })
    })
}

pub(crate) fn checked(period: &Window) -> Result<(), CallError> {
    if !period.is_ordered() {
        return Err(Finding::new(
            "WRONG_PERIOD",
            "The period ends before it begins.",
            "Choose an end that lies after the beginning.",
        )
        .with("field", "to")
        .into());
    }
    if period.start.plus_days(PERIOD_DAYS_MOST) < period.end {
        return Err(Finding::new(
            "WRONG_PERIOD",
            format!("The period is longer than {PERIOD_DAYS_MOST} days."),
            "Choose a shorter one.",
        )
        .with("field", "to")
        .into());
    }
    Ok(())
}

fn plan(sight: Sight<'_>, plan: &Plan, findings: Vec<Finding>) -> Result<CalendarPlan, Fault> {
    let (title, who, release) = match &plan.record {
        Record::Release(r) => (r.title.clone(), Some(r.manager), None),
        Record::Change(c) => (c.title.clone(), c.coordinator, c.release),
        other => (other.label(), None, None),
    };
    let named = |kind, id: Option<uuid::Uuid>| -> Result<Option<Named>, Fault> {
        id.map(|id| sight.named(kind, id)).transpose()
    };
    let pill = pills::of(&plan.record);
    Ok(CalendarPlan {
        id: plan.record.id().to_string(),
        kind: plan.record.kind(),
        label: plan.record.label(),
        title,
        state: pill.label,
        hue: pill.hue,
        window: plan.window,
        who: named(Kind::Person, who.map(Into::into))?,
        carried_by: named(Kind::Release, release.map(Into::into))?,
        ahead: plan.is_ahead(sight.now),
        path: path(&plan.record).unwrap_or_default(),
        sync: sight.mark(&plan.record)?,
        findings,
    })
}

fn freeze(sight: Sight<'_>, freeze: &Freeze, window: Window) -> Result<CalendarFreeze, Fault> {
    Ok(CalendarFreeze {
        id: freeze.id.to_string(),
        title: freeze.title.clone(),
        window,
        covers: covers(sight, freeze)?,
        soft: freeze.is_soft(),
        repeats: freeze.repeats.map(|repeat| repeat.every),
    })
}

/// What a freeze covers, in words.
fn covers(sight: Sight<'_>, freeze: &Freeze) -> Result<String, Fault> {
    fn all<I: Copy + Into<uuid::Uuid>>(
        sight: Sight<'_>,
        kind: Kind,
        ids: impl Iterator<Item = I>,
    ) -> Result<String, Fault> {
        let names = ids.map(|id| sight.label(kind, id)).collect::<Result<Vec<_>, _>>()?;
        Ok(names.join(", "))
    }
    match &freeze.scope {
        FreezeScope::Everything => Ok("everything".to_owned()),
        FreezeScope::Services(services) => all(sight, Kind::Ci, services.iter().copied()),
        FreezeScope::Sites(sites) => all(sight, Kind::Site, sites.iter().copied()),
    }
}
