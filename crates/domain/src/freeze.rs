//! Freezes: what one covers, and which hold for a release or change.

use crate::change::record::Change;
use crate::cmdb::ci::Ci;
use crate::cmdb::group::CiGroup;
use crate::cmdb::merge_ci;
use crate::cmdb::update_plan::CiUpdate;
use crate::id::{CiId, SiteId};
use crate::records::{Records, RecordsExt};
use crate::refusal::Fault;
use crate::release::record::Release;
use crate::setting::{Every, Freeze, FreezeScope, FreezeStrength};
use crate::time::{Timestamp, Window};
use chrono::{DateTime, Months};
use std::collections::BTreeSet;

/// What a plan affects, as freezes ask.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Affected {
    /// Business services.
    pub services: BTreeSet<CiId>,
    /// Sites of its targets and CIs.
    pub sites: BTreeSet<SiteId>,
}

impl Affected {
    /// Services and sites that a release affects: those it names, those of its changes, and those of its CIs.
    ///
    /// # Errors
    /// A storage fault.
    pub fn by_release(release: &Release, records: &dyn Records) -> Result<Self, Fault> {
        let scope = &release.scope;
        let mut services = scope.services.clone();
        let mut sites: BTreeSet<SiteId> = scope.targets.iter().filter_map(|t| t.site).collect();
        let mut cis = scope.cis.clone();
        for change in &scope.changes {
            if let Some(change) = records.get::<Change>(*change)? {
                services.extend(change.services);
                cis.extend(change.cis);
            }
        }
        for group in &scope.ci_groups {
            match scope.frozen_groups.get(group) {
                Some(members) => cis.extend(members),
                None => cis.extend(records.get::<CiGroup>(*group)?.map(|g| g.members).unwrap_or_default()),
            }
        }
        for update in &scope.ci_plan {
            match update {
                CiUpdate::Create(ci) => sites.extend(ci.location.site),
                CiUpdate::SetFields { ci, .. } | CiUpdate::SetStatus { ci, .. } => {
                    cis.insert(*ci);
                }
                CiUpdate::AddRelation(_) | CiUpdate::RemoveRelation(_) => {}
            }
        }
        Self { services, sites }.with(cis, records)
    }

    /// Services and sites that a change affects: those it names and those of its CIs and groups.
    ///
    /// # Errors
    /// A storage fault.
    pub fn by_change(change: &Change, records: &dyn Records) -> Result<Self, Fault> {
        let mut cis = change.cis.clone();
        for group in &change.ci_groups {
            cis.extend(records.get::<CiGroup>(*group)?.map(|g| g.members).unwrap_or_default());
        }
        Self { services: change.services.clone(), sites: BTreeSet::new() }.with(cis, records)
    }

    /// Services and sites of some CIs.
    ///
    /// # Errors
    /// A storage fault.
    pub fn by_cis(cis: &BTreeSet<CiId>, records: &dyn Records) -> Result<Self, Fault> {
        Self::default().with(cis.clone(), records)
    }

    /// The same with the sites of these CIs, and those of them that are services.
    fn with(mut self, cis: BTreeSet<CiId>, records: &dyn Records) -> Result<Self, Fault> {
        for id in cis {
            let id = merge_ci::resolve(id, records)?;
            if let Some(ci) = records.get::<Ci>(id)? {
                self.sites.extend(ci.location.site);
                if ci.is_service() {
                    self.services.insert(id);
                }
            }
        }
        Ok(self)
    }
}

/// How often a freeze is looked for within a period at most: a weekly one in ten years.
const OCCURRENCES_MOST: usize = 530;

impl Freeze {
    /// Whether it only asks for a reason.
    #[must_use]
    pub fn is_soft(&self) -> bool {
        self.strength == FreezeStrength::Soft
    }

    /// When it holds within a period: each time that shares a moment with it, the earliest first.
    #[must_use]
    pub fn occurrences(&self, period: &Window) -> Vec<Window> {
        let Some(repeat) = self.repeats else {
            return [self.window].into_iter().filter(|window| window.overlaps(period)).collect();
        };
        let length = self.window.end.0.saturating_sub(self.window.start.0);
        // No earlier one can reach into the period: none is longer than the time after which it comes again.
        let away = period.start.0.saturating_sub(self.window.end.0).max(0);
        let first = u32::try_from(away.div_euclid(repeat.every.longest_ms())).unwrap_or(u32::MAX);
        (first..)
            .map_while(|n| repeat.every.after(self.window.start, n))
            .take_while(|start| *start < period.end && repeat.until.is_none_or(|until| *start < until))
            .map(|start| Window { start, end: Timestamp(start.0.saturating_add(length)) })
            .filter(|window| window.overlaps(period))
            .take(OCCURRENCES_MOST)
            .collect()
    }

    /// Whether it covers any of that.
    #[must_use]
    pub fn covers(&self, affected: &Affected) -> bool {
        match &self.scope {
            FreezeScope::Everything => true,
            FreezeScope::Services(frozen) => !frozen.is_disjoint(&affected.services),
            FreezeScope::Sites(frozen) => !frozen.is_disjoint(&affected.sites),
        }
    }
}

impl Every {
    const DAY_MS: i64 = 86_400_000;

    /// No time after which it comes again is longer.
    fn longest_ms(self) -> i64 {
        Self::DAY_MS.saturating_mul(match self {
            Self::Week => 7,
            Self::Month => 31,
            Self::Year => 366,
        })
    }

    /// No time after which it comes again is shorter.
    #[must_use]
    pub fn shortest_ms(self) -> i64 {
        Self::DAY_MS.saturating_mul(match self {
            Self::Week => 7,
            Self::Month => 28,
            Self::Year => 365,
        })
    }

    /// The nth time after this one; `None` where the calendar ends.
    fn after(self, start: Timestamp, n: u32) -> Option<Timestamp> {
        let months = match self {
            Self::Week => return Some(start.plus_days(i64::from(n).saturating_mul(7))),
            Self::Month => n,
            Self::Year => n.checked_mul(12)?,
        };
        let at = DateTime::from_timestamp_millis(start.0)?.checked_add_months(Months::new(months))?;
        Some(Timestamp(at.timestamp_millis()))
    }
}

/// The freezes that hold at a moment for what the release affects, each with the time for which it holds.
///
/// # Errors
/// A storage fault.
pub(crate) fn freezes_at(
    release: &Release,
    at: Timestamp,
    records: &dyn Records,
) -> Result<Vec<(Freeze, Window)>, Fault> {
    freezes(release, &Window { start: at, end: Timestamp(at.0.saturating_add(1)) }, records)
}

/// The freezes that hold within a window for what the release affects, each with the first time for which it holds.
///
/// # Errors
/// A storage fault.
pub(crate) fn freezes(
    release: &Release,
    within: &Window,
    records: &dyn Records,
) -> Result<Vec<(Freeze, Window)>, Fault> {
    let mut held = Vec::new();
    for freeze in records.all::<Freeze>()? {
        held.extend(freeze.occurrences(within).first().map(|window| (freeze, *window)));
    }
    if !held.is_empty() {
        let affected = Affected::by_release(release, records)?;
        held.retain(|(freeze, _)| freeze.covers(&affected));
    }
    Ok(held)
}
