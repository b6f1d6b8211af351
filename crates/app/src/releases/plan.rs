//! The CI update plan: what it expects, what it leaves, what is there now; and a plan proposed from what is attached.

use crate::error::CallError;
use crate::sight::{Sight, path};
use crate::view::common::Named;
use crate::view::releases::{CiPlanRow, ProposedCiPlan, ReleaseRequest};
use crate::{App, resolve};
use slipway_domain::change::record::Change;
use slipway_domain::cmdb::ci::{Ci, CiStatus, FieldChange};
use slipway_domain::cmdb::relation::Relation;
use slipway_domain::cmdb::update_plan::CiUpdate;
use slipway_domain::dhs::record::{DhsModel, DhsUnit};
use slipway_domain::id::{ChangeId, CiId};
use slipway_domain::lookup::{Lookup, pair};
use slipway_domain::number::{Number, Series};
use slipway_domain::record::Kind;
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::Fault;
use slipway_domain::release::record::{Component, Release};
use std::collections::BTreeMap;

/// A plan, line by line, before or after its install.
///
/// # Errors
/// A storage fault.
pub fn rows(sight: Sight<'_>, installed: bool, plan: &[CiUpdate]) -> Result<Vec<CiPlanRow>, Fault> {
    let mut rows = Vec::new();
    for (index, update) in plan.iter().enumerate() {
        let line = Line { sight, index: u32::try_from(index).unwrap_or(u32::MAX), installed };
        match update {
            CiUpdate::Create(ci) => rows.push(line.create(ci)?),
            CiUpdate::SetFields { ci, fields } => {
                for field in fields {
                    rows.push(line.field(*ci, field)?);
                }
            }
            CiUpdate::SetStatus { ci, from, to } => rows.push(line.status(*ci, *from, *to)?),
            CiUpdate::AddRelation(relation) => rows.push(line.relation(relation, Wanted::There)?),
            CiUpdate::RemoveRelation(relation) => rows.push(line.relation(relation, Wanted::Gone)?),
        }
    }
    Ok(rows)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    There,
    Gone,
}

struct Line<'a> {
    sight: Sight<'a>,
    index: u32,
    installed: bool,
}

impl Line<'_> {
    fn row(&self, what: &str, ci: CiId, field: &str, [before, after, now]: [String; 3]) -> Result<CiPlanRow, Fault> {
        let record = self.sight.records.get::<Ci>(ci)?;
        let label = record.as_ref().map_or_else(|| ci.to_string(), |c| c.name.clone());
        Ok(CiPlanRow {
            index: self.index,
            what: what.to_owned(),
            ci: Named { id: ci.to_string(), label },
            path: record.and_then(|c| path(&c.into())),
            field: field.to_owned(),
            as_expected: now == if self.installed { after.as_str() } else { before.as_str() },
            before,
            after,
            now,
        })
    }

    fn create(&self, ci: &Ci) -> Result<CiPlanRow, Fault> {
        let now = self.sight.records.get::<Ci>(ci.id)?;
        let words = |c: &Ci| format!("{} {} {}", c.class, c.name, c.version).trim().to_owned();
        let there = now.as_ref().map(words).unwrap_or_default();
        let mut row = self.row("create", ci.id, "", [String::new(), words(ci), there])?;
        row.ci.label.clone_from(&ci.name);
        row.as_expected = now.is_some() == self.installed;
        Ok(row)
    }

    fn field(&self, ci: CiId, field: &FieldChange) -> Result<CiPlanRow, Fault> {
        let there = self.sight.records.get::<Ci>(ci)?.and_then(|c| c.field(&field.field)).unwrap_or_default();
        self.row("set_fields", ci, &field.field, [field.from.clone(), field.to.clone(), there])
    }

    fn status(&self, ci: CiId, from: CiStatus, to: CiStatus) -> Result<CiPlanRow, Fault> {
        let there = self.sight.records.get::<Ci>(ci)?.map(|c| c.status.to_string()).unwrap_or_default();
        self.row("set_status", ci, "status", [from.to_string(), to.to_string(), there])
    }

    fn relation(&self, relation: &Relation, wanted: Wanted) -> Result<CiPlanRow, Fault> {
        let there = self.sight.records.get::<Relation>(relation.id)?.is_some();
        let target = self.sight.label(Kind::Ci, relation.target)?;
        let words = format!("{} {target}", relation.relation_type);
        let is = |there: bool| if there { words.clone() } else { String::new() };
        let (what, before, after) = match wanted {
            Wanted::There => ("add_relation", false, true),
            Wanted::Gone => ("remove_relation", true, false),
        };
        self.row(what, relation.source, relation.relation_type.label(), [is(before), is(after), is(there)])
    }
}

/// A plan from the versions of the attached changes and from the hardware of the scope; nothing is saved.
///
/// # Errors
/// `NOT_FOUND`, or trouble.
pub fn propose(app: &App, request: &ReleaseRequest) -> Result<ProposedCiPlan, CallError> {
    app.read(|sight| {
        let release = resolve::release(sight, &request.release)?;
        let mut proposal = Proposal { sight, updates: Vec::new(), notes: Vec::new(), versions: BTreeMap::new() };
        for &change in &release.scope.changes {
            proposal.change(&release, change)?;
        }
        proposal.versions();
        for component in &release.scope.components {
            if let Component::DhsUnit(unit) = component
                && let Some(unit) = sight.records.get::<DhsUnit>(*unit)?
            {
                proposal.unit(&release, &unit)?;
            }
        }
        if proposal.updates.is_empty() && proposal.notes.is_empty() {
            proposal.notes.push(
                "Neither an attached change says which version it brings, nor is a DHS unit among the components: \
                 write the plan by hand."
                    .to_owned(),
            );
        }
        Ok(ProposedCiPlan {
            rows: rows(sight, release.install.is_some(), &proposal.updates)?,
            updates: proposal.updates,
            notes: proposal.notes,
        })
    })
}

struct Proposal<'a> {
    sight: Sight<'a>,
    updates: Vec<CiUpdate>,
    notes: Vec<String>,
    /// By CI: what is there, what shall be there, and which change says so.
    versions: BTreeMap<CiId, (String, String, String)>,
}

impl Proposal<'_> {
    fn change(&mut self, release: &Release, id: ChangeId) -> Result<(), Fault> {
        let Some(change) = self.sight.records.get::<Change>(id)? else { return Ok(()) };
        let number = slipway_domain::record::Record::from(change.clone()).label();
        let Some((from, to)) = change.versions.clone() else {
            self.notes.push(format!("{number} names no version."));
            return Ok(());
        };
        let affected = if change.cis.is_empty() { &release.scope.cis } else { &change.cis };
        for &ci in affected {
            let Some(record) = self.sight.records.get::<Ci>(ci)? else { continue };
            if record.version == to {
                self.notes.push(format!("{} has version {to} already.", record.name));
                continue;
            }
            if record.version != from {
                let there = if record.version.is_empty() { "no version" } else { record.version.as_str() };
                self.notes.push(format!("{number} expects {} at version {from}; it has {there}.", record.name));
            }
            let wanted =
                self.versions.entry(ci).or_insert_with(|| (record.version.clone(), to.clone(), number.clone()));
            if wanted.1 != to {
                self.notes.push(format!(
                    "{number} brings {} to {to}, but {} brings it to {}: only the first is planned.",
                    record.name, wanted.2, wanted.1
                ));
            }
        }
        Ok(())
    }

    fn versions(&mut self) {
        for (ci, (from, to, _)) in std::mem::take(&mut self.versions) {
            let fields = vec![FieldChange { field: "version".to_owned(), from, to }];
            self.updates.push(CiUpdate::SetFields { ci, fields });
        }
    }

    fn unit(&mut self, release: &Release, unit: &DhsUnit) -> Result<(), Fault> {
        let Some(model) = self.sight.records.get::<DhsModel>(unit.model)? else { return Ok(()) };
        let records = self.sight.records;
        let by_serial = records.find(Lookup::CiBySerial, &pair(&model.manufacturer, &unit.serial_number))?;
        let known = match unit.ci {
            Some(ci) => records.get::<Ci>(ci)?,
            None => by_serial.first().map(|&id| records.get::<Ci>(id.into())).transpose()?.flatten(),
        };
        if let Some(ci) = known {
            if ci.status != CiStatus::InUse {
                self.updates.push(CiUpdate::SetStatus { ci: ci.id, from: ci.status, to: CiStatus::InUse });
            }
            return Ok(());
        }
        // The id follows from the unit: proposing twice, here or elsewhere, proposes the same CI.
        let id = CiId(uuid::Uuid::new_v5(&unit.id.0, b"ci"));
        let name = if unit.asset_tag.is_empty() {
            format!("{} {}", model.name, unit.serial_number)
        } else {
            unit.asset_tag.clone()
        };
        let mut ci = Ci::blank(id, Number::provisional(Series::Ci, id.0), "hardware", &name);
        ci.status = CiStatus::InUse;
        ci.manufacturer = model.manufacturer;
        ci.model = model.name;
        ci.serial_number.clone_from(&unit.serial_number);
        ci.asset_tag.clone_from(&unit.asset_tag);
        ci.location.site = release.scope.targets.iter().find_map(|t| t.site);
        self.updates.push(CiUpdate::Create(Box::new(ci)));
        Ok(())
    }
}
