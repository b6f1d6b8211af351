//! What would bring the CIs back to a baseline, as a CI update plan: it goes into a release and is approved like any
//! other. Nothing is ever restored directly.

use crate::cmdb::baseline::compare::{Comparison, Left, Way, is_over};
use crate::cmdb::ci::{Ci, CiStatus, FieldChange};
use crate::cmdb::moment::STATUS;
use crate::cmdb::relation::Relation;
use crate::cmdb::update_plan::CiUpdate;
use crate::id::CiId;
use crate::records::{Records, RecordsExt};
use crate::refusal::Fault;
use std::collections::{BTreeSet, VecDeque};

/// A plan, and what it cannot do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restoring {
    /// In the order in which it applies: what comes back first, so that relations find it.
    pub plan: Vec<CiUpdate>,
    /// Sentences about what no plan brings back.
    pub notes: Vec<String>,
}

/// The plan that undoes what [`super::compare::compare`] found between a baseline and now.
///
/// # Errors
/// A storage fault.
pub fn plan(since: &Comparison, records: &dyn Records) -> Result<Restoring, Fault> {
    let mut out = Restoring::default();
    let mut back = BTreeSet::new();
    for (id, left) in &since.removed {
        if let Left::Altogether(was) = left {
            back.insert(*id);
            out.plan.push(CiUpdate::Create(was.clone()));
        }
    }
    let mut returning = Vec::new();
    for (relation, way) in since.relations.values() {
        match way {
            Way::Added => out.plan.push(CiUpdate::RemoveRelation(relation.clone())),
            Way::Removed => returning.push(relation),
        }
    }
    for relation in returning {
        if ends_exist(relation, &back, records)? {
            out.plan.push(CiUpdate::AddRelation(relation.clone()));
        } else {
            out.notes.push(format!(
                "A relation ({}) had an end that is there no more: it cannot come back.",
                relation.relation_type
            ));
        }
    }
    for (id, changes) in &since.changed {
        let Some(now) = records.get::<Ci>(*id)? else { continue };
        out.fields(&now, changes);
    }
    for id in &since.added {
        if let Some(ci) = records.get::<Ci>(*id)?
            && !is_over(ci.status)
        {
            out.status(&ci, CiStatus::Retired);
        }
    }
    Ok(out)
}

/// The plan that gives some fields of a CI the values back that they had at an earlier state.
#[must_use]
pub fn fields(now: &Ci, then: &Ci, wanted: &BTreeSet<String>) -> Restoring {
    let changes: Vec<FieldChange> =
        crate::cmdb::moment::field_changes(then, now).into_iter().filter(|c| wanted.contains(&c.field)).collect();
    let mut out = Restoring::default();
    out.fields(now, &changes);
    out
}

impl Restoring {
    /// Lines that take changes back.
    fn fields(&mut self, now: &Ci, changes: &[FieldChange]) {
        let fields: Vec<FieldChange> = changes
            .iter()
            .filter(|change| change.field != STATUS)
            .map(|c| FieldChange { field: c.field.clone(), from: c.to.clone(), to: c.from.clone() })
            .collect();
        if !fields.is_empty() {
            self.plan.push(CiUpdate::SetFields { ci: now.id, fields });
        }
        let status = changes.iter().find(|change| change.field == STATUS);
        if let Some(to) = status.and_then(|change| change.from.parse::<CiStatus>().ok()) {
            self.status(now, to);
        }
    }

    /// Lines that lead to a status, each a move of the table.
    fn status(&mut self, ci: &Ci, to: CiStatus) {
        let Some(path) = path(ci.status, to) else {
            self.notes.push(format!("{} is {} and cannot become {to} again.", ci.name, ci.status));
            return;
        };
        let mut from = ci.status;
        for to in path {
            self.plan.push(CiUpdate::SetStatus { ci: ci.id, from, to });
            from = to;
        }
    }
}

fn ends_exist(relation: &Relation, back: &BTreeSet<CiId>, records: &dyn Records) -> Result<bool, Fault> {
    for end in [relation.source, relation.target] {
        if !back.contains(&end) && records.get::<Ci>(end)?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The shortest way from one status to another by moves of the table, without the first; `None` if none leads there.
#[must_use]
pub fn path(from: CiStatus, to: CiStatus) -> Option<Vec<CiStatus>> {
    let mut ways = VecDeque::from([vec![from]]);
    let mut seen = BTreeSet::from([from]);
    while let Some(way) = ways.pop_front() {
        let last = *way.last()?;
        if last == to {
            return Some(way.into_iter().skip(1).collect());
        }
        for next in CiStatus::ALL {
            if last.may_become(*next) && seen.insert(*next) {
                ways.push_back(way.iter().copied().chain([*next]).collect());
            }
        }
    }
    None
}
