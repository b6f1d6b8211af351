//! The next free slot: the first time that is long enough, lies in working hours, and has neither freeze nor collision.

use crate::calendar::plans;
use crate::cmdb::impact::{self, Direction, Question};
use crate::collision::{DEPENDENCIES, DEPTH, Planned, collisions};
use crate::freeze::Affected;
use crate::id::CiId;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Fault, Finding};
use crate::setting::Freeze;
use crate::time::{Timestamp, Window};
use std::collections::BTreeSet;

/// Slots that are told to have been passed over, at most; the search itself goes on.
pub const PASSED_MOST: usize = 50;

/// What a slot is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// What is planned; its window says nothing.
    pub plan: Planned,
    /// What it affects, as freezes ask.
    pub affected: Affected,
    /// How long it takes.
    pub minutes: u32,
    /// Where the slot may lie, in order and without overlaps: working hours.
    pub hours: Vec<Window>,
    /// A soft freeze is no hindrance.
    pub through_soft: bool,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The first slot; `None` when there is none within the hours.
    pub slot: Option<Window>,
    /// Slots before it that were passed over, each with everything that stands in its way: the first [`PASSED_MOST`].
    pub passed: Vec<Passed>,
    /// Working hours that are too short for it were passed over as well.
    pub too_short: bool,
}

/// A slot that is not free.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// When.
    pub slot: Window,
    /// Freezes and collisions.
    pub why: Vec<Finding>,
}

/// Something that is in the way of every slot that overlaps it.
struct Obstacle {
    window: Window,
    why: Vec<Finding>,
}

/// Looks for the first free slot, and says why each earlier one was passed over.
///
/// # Errors
/// A storage fault.
pub fn next_free(wanted: &Wanted, now: Timestamp, records: &dyn Records) -> Result<Found, Fault> {
    let mut found = Found { slot: None, passed: Vec::new(), too_short: false };
    let (Some(first), Some(last)) = (wanted.hours.first(), wanted.hours.last()) else { return Ok(found) };
    let horizon = Window { start: first.start, end: last.end };
    let obstacles = obstacles(wanted, &horizon, now, records)?;
    let length = i64::from(wanted.minutes).saturating_mul(60_000);
    for hours in &wanted.hours {
        let mut start = hours.start;
        loop {
            let slot = Window { start, end: Timestamp(start.0.saturating_add(length)) };
            if slot.end > hours.end {
                found.too_short |= start == hours.start;
                break;
            }
            let met: Vec<&Obstacle> = obstacles.iter().filter(|o| o.window.overlaps(&slot)).collect();
            let Some(free_from) = met.iter().map(|o| o.window.end).max() else {
                found.slot = Some(slot);
                return Ok(found);
            };
            if found.passed.len() < PASSED_MOST {
                let why = met.iter().flat_map(|o| o.why.iter().cloned()).collect();
                found.passed.push(Passed { slot, why });
            }
            start = free_from;
        }
    }
    Ok(found)
}

fn obstacles(wanted: &Wanted, horizon: &Window, now: Timestamp, records: &dyn Records) -> Result<Vec<Obstacle>, Fault> {
    let mut obstacles = Vec::new();
    let label = &wanted.plan.record.label;
    for freeze in records.all::<Freeze>()? {
        if !freeze.covers(&wanted.affected) || (wanted.through_soft && freeze.is_soft()) {
            continue;
        }
        for window in freeze.occurrences(horizon) {
            obstacles.push(Obstacle { window, why: vec![super::in_freeze(label, &freeze, &window)] });
        }
    }
    let near = near(&wanted.plan, records)?;
    for plan in plans(horizon, records)? {
        if plan.record.id() == wanted.plan.record.id || !plan.is_ahead(now) {
            continue;
        }
        let Some(other) = plan.planned() else { continue };
        let shares = !other.services.is_disjoint(&wanted.plan.services) || !other.cis.is_disjoint(&near);
        if shares {
            // At its own time the two would meet.
            let mine = Planned { window: other.window, ..wanted.plan.clone() };
            let why = collisions(&mine, &other, records)?;
            if !why.is_empty() {
                obstacles.push(Obstacle { window: other.window, why });
            }
        }
    }
    obstacles.sort_by_key(|o| o.window);
    Ok(obstacles)
}

/// The plan's CIs, what they depend on, and what depends on them.
fn near(plan: &Planned, records: &dyn Records) -> Result<BTreeSet<CiId>, Fault> {
    let mut near = plan.cis.clone();
    for direction in [Direction::Upstream, Direction::Downstream] {
        let question = Question {
            of: plan.cis.clone(),
            direction,
            depth: DEPTH,
            types: Some(DEPENDENCIES.into()),
            most: crate::collision::VISITED,
            // Two plans collide however redundant the CIs are that they work on.
            redundancy: false,
        };
        near.extend(impact::analyse(&question, records)?.reached.iter().map(|reached| reached.ci));
    }
    Ok(near)
}
