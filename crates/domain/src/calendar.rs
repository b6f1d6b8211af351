//! The calendar: which releases and changes are planned within a period, and what stands in the way of each.

use crate::change::record::{Change, ChangeState};
use crate::collision::{Planned, among, collisions};
use crate::freeze::Affected;
use crate::lookup::Lookup;
use crate::record::{Kind, Record, RecordRef};
use crate::records::{Records, RecordsExt};
use crate::refusal::{Fault, Finding};
use crate::release::record::{Phase, Release};
use crate::setting::Freeze;
use crate::time::{Timestamp, Window};
use std::collections::BTreeMap;
use uuid::Uuid;

pub mod moving;
pub mod slot;

/// The longest period that a calendar shows: two years and a little.
pub const PERIOD_DAYS_MOST: i64 = 740;

/// Plans that are compared with one another at most; where more are planned at once, only freezes are looked for.
pub const COMPARED_MOST: usize = 1_000;

const WEEK_MS: i64 = 7 * 86_400_000;

/// Weeks that a window may touch and still be found by each of them; a longer one is found whatever the period.
const WEEKS_MOST: i64 = 26;

/// When a release or change is planned, unless it was given up; `None` for what is unscheduled.
#[must_use]
pub fn window_of(record: &Record) -> Option<Window> {
    match record {
        Record::Release(r) if r.phase != Phase::Terminated => r.scope.rollout_window,
        Record::Change(c) if c.state != ChangeState::Cancelled => c.planned,
        _ => None,
    }
    .filter(Window::is_ordered)
}

/// Keys under which a plan is found ([`Lookup::PlannedIn`]): its kind and the number of each week since 1970 that its
/// window touches, so that what a period costs follows the period.
#[must_use]
pub fn keys(kind: Kind, window: &Window) -> Vec<String> {
    let (first, last) = weeks(window);
    if last.saturating_sub(first) >= WEEKS_MOST {
        return vec![long_key(kind)];
    }
    (first..=last).map(|week| week_key(kind, week)).collect()
}

fn week_key(kind: Kind, week: i64) -> String {
    format!("{}|{week}", kind.name())
}

fn long_key(kind: Kind) -> String {
    format!("{}|long", kind.name())
}

/// The first and last week of a window that is in order.
fn weeks(window: &Window) -> (i64, i64) {
    (window.start.0.div_euclid(WEEK_MS), window.end.0.saturating_sub(1).div_euclid(WEEK_MS))
}

/// A release or change of the calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The record.
    pub record: Record,
    /// When it is planned.
    pub window: Window,
}

impl Plan {
    /// Whether it is still to be done, by itself: not installed, not over, and not a change that a release carries.
    #[must_use]
    pub fn is_ahead(&self, now: Timestamp) -> bool {
        let open = match &self.record {
            Record::Release(r) => !r.phase.is_closed() && r.install.is_none(),
            Record::Change(c) => !c.is_over() && c.state != ChangeState::Implemented && c.release.is_none(),
            _ => false,
        };
        open && self.window.end > now
    }

    fn planned(&self) -> Option<Planned> {
        match &self.record {
            Record::Release(r) => Planned::of_release(r),
            Record::Change(c) => Planned::of_change(c),
            _ => None,
        }
    }

    /// What it affects, as freezes ask.
    ///
    /// # Errors
    /// A storage fault.
    pub fn affected(&self, records: &dyn Records) -> Result<Affected, Fault> {
        match &self.record {
            Record::Release(r) => Affected::by_release(r, records),
            Record::Change(c) => Affected::by_change(c, records),
            _ => Ok(Affected::default()),
        }
    }
}

/// Releases and changes whose window shares a moment with the period, the earliest first.
///
/// # Errors
/// A storage fault.
pub fn plans(period: &Window, records: &dyn Records) -> Result<Vec<Plan>, Fault> {
    let mut found: BTreeMap<(Timestamp, Timestamp, Kind, Uuid), Plan> = BTreeMap::new();
    let mut take = |record: Record| {
        if let Some(window) = window_of(&record).filter(|window| window.overlaps(period)) {
            let key = (window.start, window.end, record.kind(), record.id());
            found.insert(key, Plan { record, window });
        }
    };
    let (first, last) = weeks(period);
    for kind in [Kind::Release, Kind::Change] {
        let keys = (first..=last).map(|week| week_key(kind, week)).chain([long_key(kind)]);
        for key in keys {
            match kind {
                Kind::Release => {
                    records.list::<Release>(Lookup::PlannedIn, &key)?.into_iter().for_each(|r| take(r.into()));
                }
                _ => records.list::<Change>(Lookup::PlannedIn, &key)?.into_iter().for_each(|c| take(c.into())),
            }
        }
    }
    Ok(found.into_values().collect())
}

/// What stands in the way of plans.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hindrances {
    /// By the plan's identity: each collision, and each freeze that it falls into.
    pub of: BTreeMap<Uuid, Vec<Finding>>,
    /// There are too many plans at once: they were not compared with one another.
    pub not_compared: bool,
}

/// What stands in the way of those of these plans that are ahead: other plans, within the period or beyond, and freezes.
///
/// # Errors
/// A storage fault.
pub fn hindrances(
    shown: &[Plan],
    freezes: &[Freeze],
    now: Timestamp,
    records: &dyn Records,
) -> Result<Hindrances, Fault> {
    let mut hindrances = Hindrances::default();
    let ahead: Vec<&Plan> = shown.iter().filter(|plan| plan.is_ahead(now)).collect();
    for plan in &ahead {
        let found = in_freezes(plan, freezes, records)?;
        if !found.is_empty() {
            hindrances.of.entry(plan.record.id()).or_default().extend(found);
        }
    }
    let start = ahead.iter().map(|plan| plan.window.start).min();
    let end = ahead.iter().map(|plan| plan.window.end).max();
    let (Some(start), Some(end)) = (start, end) else { return Ok(hindrances) };
    // A window that leaves the period collides with others out there as well.
    let all: Vec<Planned> = plans(&Window { start, end }, records)?
        .iter()
        .filter(|plan| plan.is_ahead(now))
        .filter_map(Plan::planned)
        .collect();
    if all.len() > COMPARED_MOST {
        hindrances.not_compared = true;
        return Ok(hindrances);
    }
    let is_shown = |planned: &Planned| ahead.iter().any(|plan| plan.record.id() == planned.record.id);
    for (one, other) in among(&all, records)? {
        for (mine, theirs) in [(one, other), (other, one)] {
            if is_shown(mine) {
                let found = collisions(mine, theirs, records)?;
                hindrances.of.entry(mine.record.id).or_default().extend(found);
            }
        }
    }
    hindrances.of.retain(|_, findings| !findings.is_empty());
    Ok(hindrances)
}

/// The freezes that a plan falls into.
///
/// # Errors
/// A storage fault.
pub fn in_freezes(plan: &Plan, freezes: &[Freeze], records: &dyn Records) -> Result<Vec<Finding>, Fault> {
    let mut held = freezes
        .iter()
        .filter_map(|freeze| Some((freeze, freeze.occurrences(&plan.window).into_iter().next()?)))
        .peekable();
    if held.peek().is_none() {
        return Ok(Vec::new());
    }
    let (affected, label) = (plan.affected(records)?, plan.record.label());
    Ok(held.filter(|(freeze, _)| freeze.covers(&affected)).map(|(freeze, at)| in_freeze(&label, freeze, &at)).collect())
}

fn in_freeze(label: &str, freeze: &Freeze, at: &Window) -> Finding {
    let (code, sentence) = if freeze.is_soft() {
        (
            "COLLISION_SOFT_FREEZE",
            format!("{label} falls into the soft freeze {}: it will ask for a reason.", freeze.title),
        )
    } else {
        ("COLLISION_FREEZE", format!("{label} falls into the freeze {}.", freeze.title))
    };
    Finding::new(code, sentence, "Move the window out of the freeze.")
        .about(RecordRef::of(freeze))
        .with("one", label)
        .with("other", &freeze.title)
        .with("start", at.start.0)
        .with("end", at.end.0)
}
