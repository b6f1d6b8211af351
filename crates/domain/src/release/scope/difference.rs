//! What differs between two scopes, in words; and the release's own journal of such edits, so that an approval made on
//! an older scope is refused with what changed since, by whom and when.

use crate::approval::record::Approval;
use crate::cmdb::update_plan::CiUpdate;
use crate::id::PersonId;
use crate::people::Person;
use crate::record::Kind;
use crate::records::Records;
use crate::refusal::{Fault, Finding};
use crate::release::person_name;
use crate::release::record::{Component, Release, Scope};
use crate::release::scope::{ScopeDigest, digest};
use crate::time::{Timestamp, Window};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use ts_rs::TS;
use uuid::Uuid;

/// Most edits that a release remembers; the oldest go first.
pub const EDITS_KEPT: usize = 50;
/// Most lines of one edit that are kept.
pub const LINES_KEPT: usize = 40;
/// Most characters of either side of a line that are kept.
const SIDE_CHARS: usize = 200;

/// One difference between two scopes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ScopeDifference {
    /// Part of the scope, such as `rollout window`, `change`, `back-out plan`.
    pub part: String,
    /// What was there and is not any more; empty when only added.
    pub was: String,
    /// What is there now; empty when only removed.
    pub is: String,
}

/// One edit of a release's scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ScopeEdit {
    /// When, by the device's clock.
    pub at: Timestamp,
    /// Who.
    pub by: PersonId,
    /// Digest before it.
    pub before: ScopeDigest,
    /// Digest after it.
    pub after: ScopeDigest,
    /// What changed, line by line.
    pub lines: Vec<ScopeDifference>,
}

/// The edit from one state of a release to another.
///
/// # Errors
/// A storage fault.
pub(crate) fn edit(
    was: &Release,
    is: &Release,
    actor: &Person,
    at: Timestamp,
    records: &dyn Records,
) -> Result<ScopeEdit, Fault> {
    let mut lines = differences(&was.scope, &is.scope, records)?;
    if was.release_type != is.release_type {
        let words = |r: &Release| r.release_type.map(|t| t.to_string()).unwrap_or_default();
        lines.insert(0, ScopeDifference { part: "type".to_owned(), was: words(was), is: words(is) });
    }
    let more = lines.len().saturating_sub(LINES_KEPT);
    lines.truncate(LINES_KEPT);
    for line in &mut lines {
        for side in [&mut line.was, &mut line.is] {
            if side.chars().count() > SIDE_CHARS {
                *side = side.chars().take(SIDE_CHARS).chain(['…']).collect();
            }
        }
    }
    if more > 0 {
        lines.push(ScopeDifference { part: format!("{more} more lines"), was: String::new(), is: String::new() });
    }
    Ok(ScopeEdit { at, by: actor.id, before: digest(was), after: digest(is), lines })
}

/// Appends an edit to the release's journal.
pub(crate) fn remember(release: &mut Release, edit: ScopeEdit) {
    let journal = &mut release.scope_edits;
    let over = (journal.len() + 1).saturating_sub(EDITS_KEPT);
    journal.drain(..over.min(journal.len()));
    journal.push(edit);
}

/// The edits since the scope had that digest; none if the journal does not reach back so far.
#[must_use]
pub fn edits_since<'a>(release: &'a Release, digest: &ScopeDigest) -> &'a [ScopeEdit] {
    let from = release.scope_edits.iter().rposition(|e| e.before == *digest);
    from.and_then(|from| release.scope_edits.get(from..)).unwrap_or_default()
}

/// That the scope is another one than the approver saw: what changed in between, by whom and when.
///
/// # Errors
/// A storage fault.
pub(crate) fn scope_changed(
    release: &Release,
    approval: &Approval,
    seen: Option<&ScopeDigest>,
    records: &dyn Records,
) -> Result<Finding, Fault> {
    let today = digest(release);
    let seen = seen.or(approval.digest.as_ref());
    let edits = seen.map(|seen| edits_since(release, seen)).unwrap_or_default();
    let lines: Vec<String> = edits.iter().flat_map(|e| &e.lines).map(ScopeDifference::to_string).collect();
    let mut sentence = format!("The scope of {} changed after this was looked at", release.number);
    let mut finding = Finding::new("SCOPE_CHANGED", "", "Look at what changed and vote on the new request.")
        .about(crate::release::refer(release))
        .with("was", seen.map(ToString::to_string).unwrap_or_default())
        .with("is", &today);
    if let Some(last) = edits.last() {
        let mut names: Vec<String> = Vec::new();
        for edit in edits {
            let name = person_name(edit.by, records)?;
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let by = names.join(", ");
        sentence.push_str(&format!(": {} (by {by}, last on {})", lines.join("; "), last.at.to_rfc3339()));
        finding = finding.with("by", by).with("at", last.at.to_rfc3339()).with("diff", lines.join("\n"));
    }
    sentence.push('.');
    Ok(Finding { sentence, ..finding })
}

impl std::fmt::Display for ScopeDifference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.was.as_str(), self.is.as_str()) {
            ("", "") => write!(f, "{}", self.part),
            ("", is) => write!(f, "{} + {is}", self.part),
            (was, "") => write!(f, "{} - {was}", self.part),
            (was, is) => write!(f, "{}: {was} → {is}", self.part),
        }
    }
}

/// What differs between two scopes, line by line.
///
/// # Errors
/// A storage fault.
pub fn differences(was: &Scope, is: &Scope, records: &dyn Records) -> Result<Vec<ScopeDifference>, Fault> {
    let mut found = Vec::new();
    let mut set = |part: &str, kind: Kind, was: &BTreeSet<Uuid>, is: &BTreeSet<Uuid>| -> Result<(), Fault> {
        for id in was.difference(is) {
            found.push(removed(part, label(kind, *id, records)?));
        }
        for id in is.difference(was) {
            found.push(added(part, label(kind, *id, records)?));
        }
        Ok(())
    };
    set("change", Kind::Change, &ids(&was.changes), &ids(&is.changes))?;
    set("affected CI", Kind::Ci, &ids(&was.cis), &ids(&is.cis))?;
    set("CI group", Kind::CiGroup, &ids(&was.ci_groups), &ids(&is.ci_groups))?;
    set("service", Kind::Ci, &ids(&was.services), &ids(&is.services))?;
    for group in was.frozen_groups.keys().chain(is.frozen_groups.keys()).collect::<BTreeSet<_>>() {
        let part = format!("member of {}", label(Kind::CiGroup, group.0, records)?);
        let members = |of: &Scope| of.frozen_groups.get(group).map(ids).unwrap_or_default();
        set(&part, Kind::Ci, &members(was), &members(is))?;
    }
    let mut texts = |part: &str, was: Vec<String>, is: Vec<String>| {
        found.extend(was.iter().filter(|text| !is.contains(text)).map(|gone| removed(part, gone.clone())));
        found.extend(is.iter().filter(|text| !was.contains(text)).map(|new| added(part, new.clone())));
    };
    let components =
        |of: &Scope| of.components.iter().map(|c| component(c, records)).collect::<Result<Vec<_>, Fault>>();
    texts("component", components(was)?, components(is)?);
    let targets = |of: &Scope| of.targets.iter().map(|t| t.name.clone()).collect();
    texts("target", targets(was), targets(is));
    for plan in was.plans.keys().chain(is.plans.keys()).collect::<BTreeSet<_>>() {
        let steps = |of: &Scope| {
            of.plans.get(plan).into_iter().flatten().map(|s| format!("{} ({} min)", s.text, s.minutes)).collect()
        };
        texts(&format!("{plan} plan"), steps(was), steps(is));
    }
    let lines = |of: &Scope| of.ci_plan.iter().map(|u| ci_update(u, records)).collect::<Result<Vec<_>, Fault>>();
    texts("CI update plan", lines(was)?, lines(is)?);
    for (part, was, is) in
        [("build window", was.build_window, is.build_window), ("rollout window", was.rollout_window, is.rollout_window)]
    {
        if was != is {
            found.push(ScopeDifference { part: part.to_owned(), was: window(was), is: window(is) });
        }
    }
    Ok(found)
}

fn added(part: &str, is: String) -> ScopeDifference {
    ScopeDifference { part: part.to_owned(), was: String::new(), is }
}

fn removed(part: &str, was: String) -> ScopeDifference {
    ScopeDifference { part: part.to_owned(), was, is: String::new() }
}

fn ids<T: Copy + Into<Uuid>>(of: &BTreeSet<T>) -> BTreeSet<Uuid> {
    of.iter().map(|&id| id.into()).collect()
}

fn label(kind: Kind, id: Uuid, records: &dyn Records) -> Result<String, Fault> {
    Ok(records.read(kind, id)?.map_or_else(|| id.to_string(), |record| record.label()))
}

fn window(window: Option<Window>) -> String {
    window.map(|w| format!("{} to {}", w.start.to_rfc3339(), w.end.to_rfc3339())).unwrap_or_default()
}

fn component(component: &Component, records: &dyn Records) -> Result<String, Fault> {
    match component {
        Component::DslItem(id) => label(Kind::DslItem, id.0, records),
        Component::DhsUnit(id) => label(Kind::DhsUnit, id.0, records),
        Component::DhsModel { model, quantity } => {
            Ok(format!("{quantity} x {}", label(Kind::DhsModel, model.0, records)?))
        }
    }
}

fn ci_update(update: &CiUpdate, records: &dyn Records) -> Result<String, Fault> {
    let ci = |id: crate::id::CiId| label(Kind::Ci, id.0, records);
    Ok(match update {
        CiUpdate::Create(ci) => format!("create {} {} {}", ci.class, ci.name, ci.version),
        CiUpdate::SetFields { ci: id, fields } => {
            let fields = fields.iter().map(|f| format!("{} {} → {}", f.field, f.from, f.to)).collect::<Vec<_>>();
            format!("{}: {}", ci(*id)?, fields.join(", "))
        }
        CiUpdate::SetStatus { ci: id, from, to } => format!("{}: {from} → {to}", ci(*id)?),
        CiUpdate::AddRelation(r) => format!("+ {} {} {}", ci(r.source)?, r.relation_type, ci(r.target)?),
        CiUpdate::RemoveRelation(r) => format!("- {} {} {}", ci(r.source)?, r.relation_type, ci(r.target)?),
    })
}
